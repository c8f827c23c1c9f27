"""What a setting may hold, in words and as a function that reads it."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
# The transport writes these itself; a second opinion would break the request.
_TRANSPORT_HEADERS = {"content-length", "host", "transfer-encoding"}
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_LONGEST_LABEL = 63
"""Characters. Source: RFC 1035, section 2.3.4."""


class Unfit(ValueError):  # noqa: N818 - an answer, turned into a SettingsError
    """A text that a kind does not take; says in words what it holds."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a setting may hold.

    Attributes:
        allowed: Completes the sentence "it may hold ...".
        read: Returns the value of a text that is not empty, or raises ValueError;
            Unfit if the text is better described than shown.
        empty: The value of a setting that is not set.
        choices: All that it may hold, where those are a few words.
        limits: The lowest and the highest of a whole number.
        pattern: What a deployment's form takes, where neither of these tells it; `read`
            decides in the end.
        example: A value that fits `pattern`.
    """

    allowed: str
    read: Callable[[str], object]
    empty: object = field(default="", hash=False)
    choices: tuple[str, ...] = ()
    limits: tuple[int, int] | None = None
    pattern: str = ""
    example: str = ""


def one_of(*choices: str) -> Kind:
    """Return the kind that takes these words, in upper or lower case."""
    by_fold = {choice.lower(): choice for choice in choices}

    def read(text: str) -> str:
        if text.lower() not in by_fold:
            raise ValueError(text)
        return by_fold[text.lower()]

    return Kind(_either(choices), read, choices=choices)


def matching(pattern: str, allowed: str, *, example: str = "") -> Kind:
    """Return the kind that takes texts which this pattern matches as a whole."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(text)
        return text

    return Kind(allowed, read, pattern=pattern, example=example)


def whole_number(lowest: int, highest: int, unit: str) -> Kind:
    """Return the kind that takes a whole number of this range."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            raise ValueError(text)
        return int(text)

    allowed = f"a whole number of {unit} from {lowest:,} to {highest:,}"
    return Kind(allowed, read, limits=(lowest, highest))


def gib_range(text: str) -> tuple[int, int]:
    """Return the lowest and highest of "5-500"."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})-([1-9][0-9]{0,5})", text)
    if not match or int(match[1]) > int(match[2]):
        raise ValueError(text)
    return int(match[1]), int(match[2])


def true_or_false() -> Kind:
    """Return the kind that takes `true` and `false`."""
    words = one_of("true", "false")
    return replace(words, read=lambda text: words.read(text) == "true")


def listed(text: str) -> tuple[str, ...]:
    """Return the items of a comma list, which are printable text."""
    if not text.isprintable():
        raise ValueError(text)
    return tuple(item.strip() for item in text.split(",") if item.strip())


def pairs(text: str) -> dict[str, str]:
    """Return the names and values of a comma list such as team=web,stage=prod.

    Names that differ only in case are the same name twice.
    """
    items = listed(text)
    split = [item.partition("=") for item in items]
    found = {name.strip(): value.strip() for name, _, value in split}
    is_complete = all(name.strip() and equals for name, equals, _ in split)
    if not is_complete or len({name.lower() for name in found}) != len(items):
        raise ValueError(text)
    return found


def some_of(names: Iterable[str]) -> Kind:
    """Return the kind that takes a comma list of these names."""
    known = frozenset(names)

    def read(text: str) -> frozenset[str]:
        chosen = frozenset(listed(text))
        if not chosen <= known:
            raise ValueError(text)
        return chosen

    one = "|".join(sorted(known))
    return Kind(
        f"a comma list of {', '.join(sorted(known))}",
        read,
        empty=frozenset(),
        pattern=f"({one})(,({one}))*",
        example=min(known),
    )


def endpoint(text: str) -> str:
    """Return scheme and host of an endpoint; https where no scheme is given."""
    parts = urlsplit(text if "://" in text else f"https://{text}")
    if "@" in parts.netloc:
        raise Unfit("a URL with a user name or password")
    is_bare = parts.path in {"", "/"} and not (parts.query or parts.fragment)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not is_bare or not host:
        raise ValueError(text)
    if not _HOST.fullmatch(host) or parts.port == 0:
        raise ValueError(text)
    labels = host.removesuffix(".").split(".")
    if not all(0 < len(label) <= _LONGEST_LABEL for label in labels):
        raise Unfit("a host name with an empty label or one over 63 characters")
    return f"{parts.scheme}://{parts.netloc}"


def oss_endpoint(text: str) -> str:
    """Return an endpoint that oss2 can use.

    Source: oss2 2.19.1, `_normalize_endpoint`, read 2026-12: it loses the brackets of
    an IPv6 address.
    """
    found = endpoint(text)
    if "[" in found:
        raise Unfit("an IPv6 address, which oss2 cannot use; give a name that has it")
    return found


def headers(text: str) -> dict[str, str]:
    """Return the headers of a JSON object; its values may be secret, so never shown."""
    try:
        held = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise Unfit("something that is not JSON") from exc
    if not isinstance(held, dict):
        raise Unfit("JSON that is not an object")
    for name, value in held.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _TRANSPORT_HEADERS:
            raise Unfit(f"the header name {name!r}")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise Unfit(f"a value of {name} that is not printable ASCII text")
    return held


def key_prefix(text: str) -> str:
    """Return a key prefix; OSS has no keys that start with a slash."""
    if text.startswith("/") or not text.isprintable():
        raise ValueError(text)
    return text


def ledger_folder(text: str) -> str:
    """Return a key prefix that ends with a slash."""
    prefix = key_prefix(text)
    return prefix if prefix.endswith("/") else f"{prefix}/"


def _either(choices: tuple[str, ...]) -> str:
    return " or ".join((", ".join(choices[:-1]), choices[-1]))
