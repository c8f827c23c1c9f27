"""Make the tables of docs/reference anew from the code that they describe.

Run it from a clone: `python tools/make_reference.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import click
from image_import.aliyun.error_catalogue import CATALOGUE
from image_import.config.settings import SETTINGS
from image_import.model.image_fields import GUARDED_FIELDS, PUBLIC_ONLY
from image_import.sidecar.parser import SIDECAR_FIELDS
from image_import_cli.main import cli
from image_import_cli.ui.language import chinese


def settings_markdown() -> str:
    """Return the table of settings."""
    rows = [(f"`{s.name}`", s.default_text, s.allowed, s.meaning) for s in SETTINGS]
    return markdown(("variable", "default", "may hold", "meaning"), rows)


def catalogue_markdown() -> str:
    """Return the table of error codes."""
    head = ("service", "code", "class", "who acts", "cause", "what to do")
    rows = [
        (e.service, f"`{e.code}`", e.kind, e.who, e.cause, e.fix) for e in CATALOGUE
    ]
    return markdown(head, rows)


WHO_ACTS = {
    "account": "账号管理员",
    "nobody": "无需处理",
    "operator": "运维人员",
    "uploader": "上传者",
}


def chinese_catalogue_markdown() -> str:
    """Return the table of error codes in Chinese; codes and classes stay."""
    head = ("服务", "错误码", "类别", "处理者", "原因", "处理方法")
    told = chinese().told
    rows = [
        (e.service, f"`{e.code}`", e.kind, WHO_ACTS[e.who], told(e.cause), told(e.fix))
        for e in CATALOGUE
    ]
    return markdown(head, rows)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; pipes and line ends in cells are made harmless."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


def sidecar_markdown() -> str:
    """Return the table of what a sidecar may say, by target."""
    rows = [
        (
            f"`{name}`",
            "public" if name in PUBLIC_ONLY else "all targets",
            "only if `SIDECAR_MAY_SET` names it" if name in GUARDED_FIELDS else "yes",
        )
        for name in sorted(SIDECAR_FIELDS)
    ]
    return markdown(("field", "taken by", "an uploader may set it"), rows)


def options_markdown() -> str:
    """Return the table of commands and their options."""
    return markdown(("command", "option", "meaning"), _option_rows())


def _option_rows() -> Iterator[tuple[str, str, str]]:
    """Yield what `--help` says: a row per command, and one per option."""
    ctx = click.Context(cli, info_name="image-import")
    for name in cli.list_commands(ctx):
        command = cli.get_command(ctx, name)
        if command is None:
            continue
        own = click.Context(command, info_name=name)
        usage = " ".join([name, *command.collect_usage_pieces(own)[1:]])
        yield f"`{usage}`", "", _first_sentence(command)
        options = [p for p in command.params if isinstance(p, click.Option)]
        for option in options:
            if record := option.get_help_record(own):
                yield "", f"`{record[0]}`", record[1]


def _first_sentence(command: click.Command) -> str:
    return " ".join((command.help or "").partition("\n\n")[0].split())


TABLES: dict[str, Callable[[], str]] = {
    "commands": options_markdown,
    "settings": settings_markdown,
    "errors": catalogue_markdown,
    "sidecar-fields": sidecar_markdown,
    "../zh/reference/errors": chinese_catalogue_markdown,
}
"""What stands in which page of docs/reference, and what makes it."""

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"


def refreshed(page: str, table: str) -> str:
    """Return a page with its table made anew, between its two markers."""
    begin, end = "<!-- table -->\n", "<!-- /table -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{table}\n{end}{after}"


if __name__ == "__main__":
    for name, make in TABLES.items():
        path = REFERENCE / f"{name}.md"
        path.write_text(refreshed(path.read_text("utf-8"), make()), "utf-8")
