"""What the command says to a person, in Chinese where the person reads Chinese.

Messages are written in English where they arise. Their Chinese is in
`assets/zh/*.json`, by the English; `{name}` stands for whatever a message names, which
is itself put into Chinese where it is a message. What has no Chinese stays as it is,
and so do codes, names, and whatever a program reads.
"""

import copy
import inspect
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import click

VARIABLE = "IMAGE_IMPORT_LANG"
LANGUAGES = ("en", "zh")
LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Source: POSIX.1-2017, 8.2 "Internationalization Variables": the first that is set
and not empty counts.
"""

VERBATIM = "\b"
"""Before a paragraph of help that is printed as it is.

Source: "Documenting Scripts", click documentation, read 2026-12.
"""

HOLE = re.compile(r"\{(\w+)\}")
_MARKS = {".": "。", ";": "；", ":": "："}
_HELD = r"(?:(?!\.\s).)+?"
"""What a hole takes in: no more than a sentence."""

_BETWEEN_SENTENCES = re.compile(r"(?<=[.;:!?])\s+")


def language(environ: Mapping[str, str]) -> str:
    """Return "zh" or "en": by IMAGE_IMPORT_LANG, else by the locale."""
    chosen = environ.get(VARIABLE, "").lower()
    if chosen in LANGUAGES:
        return chosen
    locale = next((told for name in LOCALES if (told := environ.get(name))), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def localized(text: str) -> str:
    """Return a message in the language of whoever runs the command."""
    return chinese().told(text) if language(os.environ) == "zh" else text


def with_localized_help(command: click.Command) -> click.Command:
    """Return a command whose help, and that of its options, the reader understands."""
    if language(os.environ) == "en":
        return command
    local = copy.copy(command)
    local.context_class = _LocalContext
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    local.help = "\n\n".join(
        text if text.startswith(VERBATIM) else localized(" ".join(text.split()))
        for text in paragraphs
    )
    local.epilog = localized(command.epilog or "")
    local.params = [_with_localized_help(option) for option in command.params]
    return local


class _LocalFormatter(click.HelpFormatter):
    """Help whose own words are Chinese as well."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line that begins with `Usage:`."""
        super().write_usage(prog, args, localized(prefix or "Usage:"))

    def write_heading(self, heading: str) -> None:
        """Write a title, such as that of the options."""
        super().write_heading(localized(heading))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write names, each with its help and what click adds in brackets."""
        local = [(name, _EXTRAS.sub(_extra, localized(text))) for name, text in rows]
        super().write_dl(local, col_max, col_spacing)


class _LocalContext(click.Context):
    formatter_class = _LocalFormatter


_EXTRAS = re.compile(r"(?<=[\[; ])(default: |env var: |required(?=[\];]))")


def _extra(found: re.Match[str]) -> str:
    return localized(found[0].strip())


def tell_locally(exc: click.ClickException) -> None:
    """Have click tell a failure in the language of whoever runs the command."""
    said = localized(exc.format_message())

    def show(file: Any = None) -> None:  # noqa: ANN401, ARG001 - click's
        if isinstance(exc, click.UsageError) and exc.ctx:
            asked = f"Try '{exc.ctx.command_path} --help' for help."
            click.echo(f"{exc.ctx.get_usage()}\n{localized(asked)}\n", err=True)
        click.echo("".join(_joined(iter((localized("Error:"), said)))), err=True)

    exc.show = show  # type: ignore[method-assign]  # click has no other place for it


def _with_localized_help(option: click.Parameter) -> click.Parameter:
    if not isinstance(option, click.Option) or not option.help:
        return option
    local = copy.copy(option)
    local.help = localized(" ".join(option.help.split()))
    return local


class Chinese:
    """The Chinese of messages.

    Attributes:
        messages: By their English; holes have the same names in both.
    """

    def __init__(self, messages: Mapping[str, str]) -> None:
        self.messages = messages
        self._whole = {en: zh for en, zh in messages.items() if not HOLE.search(en)}
        patterns = [en for en in messages if en not in self._whole]
        # What says most by itself comes first: the others' holes would take it in.
        patterns.sort(key=lambda en: len(HOLE.sub("", en)), reverse=True)
        self._patterns = [(_pattern(en), messages[en]) for en in patterns]

    def told(self, text: str) -> str:
        """Return a message in Chinese, as far as it is known."""
        if known := self._known(text):
            return known
        parts = _BETWEEN_SENTENCES.split(text)
        if len(parts) == 1:
            return text
        return "".join(_joined(self._longest(parts)))

    def _longest(self, parts: list[str]) -> Iterator[str]:
        """Yield the parts in Chinese, of those known together the longest run."""
        at = 0
        while at < len(parts):
            for end in range(len(parts), at, -1):
                if known := self._known(" ".join(parts[at:end])):
                    yield known
                    at = end
                    break
            else:
                yield parts[at]
                at += 1

    def _known(self, text: str) -> str | None:
        if found := self._whole.get(text):
            return found
        # A mark at the end is no part of what a hole before it takes in.
        if mark := _MARKS.get(text[-1:]):
            bare = text[:-1]
            if found := self._whole.get(bare) or self._filled(bare):
                return found + mark
        return self._filled(text)

    def _filled(self, text: str) -> str | None:
        for pattern, template in self._patterns:
            if found := pattern.fullmatch(text):
                # A name stays as it is: a bucket may be called `image`.
                held = {
                    hole: part if hole == "name" else self.told(part)
                    for hole, part in found.groupdict().items()
                }
                return template.format_map(held)
        return None


def _pattern(template: str) -> re.Pattern[str]:
    """Return what a template is found by."""
    literal = HOLE.split(template)
    source = re.escape(literal[0])
    seen: set[str] = set()
    for name, text in zip(literal[1::2], literal[2::2], strict=True):
        source += f"(?P={name})" if name in seen else f"(?P<{name}>{_HELD})"
        source += re.escape(text)
        seen.add(name)
    return re.compile(source, re.DOTALL)


def _joined(parts: Iterator[str]) -> Iterator[str]:
    """Yield parts with a space between them, but not after a Chinese full stop."""
    before = "。"
    for part in parts:
        yield part if before.endswith(tuple("。；：！？")) else f" {part}"
        before = part


@cache
def chinese() -> Chinese:
    """Return all messages that have Chinese."""
    messages: dict[str, str] = {}
    for table in sorted(
        files("image_import_cli").joinpath("assets/zh").iterdir(), key=str
    ):
        messages |= json.loads(table.read_text("utf-8"))
    return Chinese(messages)
