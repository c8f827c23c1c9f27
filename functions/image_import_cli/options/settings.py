"""Settings on the command line: the environment, and what `--set` puts over it."""

import difflib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from image_import.config.settings import SETTINGS, Settings, read_settings
from image_import.errors import SettingsError

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
NAMES = {row.name for row in SETTINGS} | {*PROXIES, *map(str.lower, PROXIES)}
"""What `--set` takes: a misspelt setting must not be one that has no effect."""

Command = TypeVar("Command", bound=Callable[..., Any])


def set_option(command: Command) -> Command:
    """Add `--set NAME=VALUE` to a command."""
    return click.option(
        "--set",
        "assignments",
        metavar="NAME=VALUE",
        multiple=True,
        shell_complete=complete_setting,
        help="A setting of the function, over what the environment says.",
    )(command)


def complete_setting(
    ctx: click.Context,  # noqa: ARG001 - click's
    param: click.Parameter,  # noqa: ARG001 - click's
    incomplete: str,
) -> list[str]:
    """Have the shell complete a setting's name, and its value where it is a word."""
    name, equals, begun = incomplete.partition("=")
    if not equals:
        return [f"{row.name}=" for row in SETTINGS if row.name.startswith(name.upper())]
    allowed = next((row.allowed for row in SETTINGS if row.name == name), "")
    words = re.fullmatch(r"[\w.-]+(?:(?:, | or )[\w.-]+)+", allowed)
    values = re.split(r", | or ", allowed) if words else []
    return [f"{name}={value}" for value in values if value.startswith(begun)]


def environment(
    assignments: Iterable[str], *, base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment with what was given on the command line.

    Raises:
        click.UsageError: An assignment has no `=`, or names no setting.
    """
    given = dict(os.environ if base is None else base)
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise click.UsageError(
                f"--set takes NAME=VALUE, as in --set IMPORT_TARGET=public, not "
                f"{assignment!r}"
            )
        if name not in NAMES:
            raise click.UsageError(_unknown(name))
        given[name] = value
    return given


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name.upper(), NAMES, n=3)
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    return f"--set {name}: there is no such setting{meant}"


def read_env_file(path: Path) -> dict[str, str]:
    """Return the NAME=VALUE lines of a file; `#` begins a comment line."""
    lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    pairs = [line.partition("=") for line in lines if line and line[0] != "#"]
    return {name.strip(): value.strip() for name, _, value in pairs}


def checked_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings.

    Raises:
        click.UsageError: One of them holds what it may not.
    """
    try:
        return read_settings(environ)
    except SettingsError as exc:
        raise click.UsageError(str(exc)) from exc
