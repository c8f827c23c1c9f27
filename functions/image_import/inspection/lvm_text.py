"""The text in which LVM2 keeps what it knows.

    name { key = "text"   other = 42   list = ["a", 1]   section { ... } }

Source: LVM2, libdm/libdm-config.c; read 2026-11.

Room: core.
"""

import re
from collections.abc import Iterator
from typing import TypeAlias

from image_import.inspection.parts import DamagedError

_Scalar: TypeAlias = "str | int"
_Value: TypeAlias = "_Scalar | list[_Scalar] | Section"

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|(?P<word>[A-Za-z_0-9.+-]+)|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<mark>[{}=\[\],])""",
    re.DOTALL,
)
_MAX_DEPTH = 16


class Section:
    """What stands between two braces."""

    def __init__(self) -> None:
        self.values: dict[str, _Value] = {}

    def sections(self) -> Iterator[tuple[str, "Section"]]:
        """Yield the sections in it, by name."""
        for name, value in self.values.items():
            if isinstance(value, Section):
                yield name, value

    def section(self, name: str) -> "Section":
        """Return a section, an empty one if it is missing."""
        value = self.values.get(name)
        return value if isinstance(value, Section) else Section()

    def number(self, name: str) -> int:
        """Return a number, which must be there."""
        value = self.values.get(name)
        if not isinstance(value, int):
            raise DamagedError(f"LVM2 metadata has {value!r} as {name}")
        return value

    def text(self, name: str) -> str:
        """Return a text, which must be there."""
        value = self.values.get(name)
        if not isinstance(value, str):
            raise DamagedError(f"LVM2 metadata has {value!r} as {name}")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, an empty one if it is missing."""
        value = self.values.get(name)
        return [str(item) for item in value] if isinstance(value, list) else []

    def pair(self, name: str) -> tuple[str, int]:
        """Return a list of a name and a number, which must be there."""
        match self.values.get(name):
            case [str(first), int(second)]:
                return first, second
        raise DamagedError(f"LVM2 metadata has no pair as {name}")


def parse_metadata(text: str) -> Section:
    """Return the whole text as a section.

    Raises:
        DamagedError: It is no such text.
    """
    tokens = _tokens(text)
    return _section(tokens, depth=0)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and content of each token."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise DamagedError(f"LVM2 metadata has {text[at : at + 10]!r} in it")
        at = match.end()
        if match.lastgroup:
            yield match.lastgroup, match[match.lastgroup]


def _section(tokens: Iterator[tuple[str, str]], *, depth: int) -> Section:
    """Return what follows up to the closing brace, or to the end on the top."""
    if depth > _MAX_DEPTH:
        raise DamagedError("LVM2 metadata is nested too deep")
    found = Section()
    for kind, name in tokens:
        if (kind, name) == ("mark", "}") and depth:
            return found
        sign = next(tokens, ("end", ""))[1]
        if kind == "mark" or sign not in {"=", "{"}:
            raise DamagedError(f"LVM2 metadata has {sign!r} after {name!r}")
        if sign == "{":
            found.values[name] = _section(tokens, depth=depth + 1)
        else:
            found.values[name] = _value(tokens)
    if depth:
        raise DamagedError("LVM2 metadata ends in the middle")
    return found


def _value(tokens: Iterator[tuple[str, str]]) -> _Value:
    first = next(tokens, ("end", ""))
    if first != ("mark", "["):
        return _scalar(first)
    values: list[_Scalar] = []
    for token in tokens:
        if token == ("mark", "]"):
            return values
        if token != ("mark", ","):
            values.append(_scalar(token))
    raise DamagedError("an LVM2 list has no end")


def _scalar(token: tuple[str, str]) -> _Scalar:
    kind, content = token
    if kind == "text":
        return content
    if kind != "word" or not re.fullmatch(r"-?\d{1,19}", content):
        # Numbers with a point are there for the creation time of nothing we read.
        return content
    return int(content)
