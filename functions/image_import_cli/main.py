"""The command `image-import`: one subcommand per question an operator has."""

import difflib
import errno
import importlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from image_import_cli.ui.errors import JSON_FLAG, failure
from image_import_cli.ui.interrupt import LEFT, STATUS, Interrupted, end_at_once
from image_import_cli.ui.language import localized, tell_locally, with_localized_help
from image_import_cli.ui.pipes import readers_may_go

COMPLETE = "_IMAGE_IMPORT_COMPLETE"
"""The variable by which a shell asks; click derives it from the program's name."""

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What a full disk, or one that fails, says to whoever writes."""

COMMANDS = {
    "cancel": "image_import_cli.commands.cancel:cancel",
    "completion": "image_import_cli.commands.completion:completion",
    "convert": "image_import_cli.commands.convert.command:convert",
    "demo": "image_import_cli.commands.demo:demo",
    "doctor": "image_import_cli.doctor.command:doctor",
    "event": "image_import_cli.commands.event:event",
    "infer": "image_import_cli.commands.infer:infer",
    "inspect": "image_import_cli.preview.inspect:inspect",
    "invoke": "image_import_cli.commands.invoke:invoke",
    "local": "image_import_cli.local.command:local",
    "notify": "image_import_cli.commands.notify:notify",
    "package": "image_import_cli.package.command:package",
    "plan": "image_import_cli.preview.plan:plan",
    "policy": "image_import_cli.commands.policy:policy",
    "redrive": "image_import_cli.redrive.command:redrive",
    "retention": "image_import_cli.commands.retention:retention",
    "status": "image_import_cli.status.command:status",
    "sweep": "image_import_cli.sweep.command:sweep",
    "upload": "image_import_cli.commands.upload:upload",
}
"""Where each subcommand is; a module is imported when its command is asked for."""


GROUPS = {
    "Try": ("demo", "local", "infer", "inspect", "plan", "convert"),
    "Deploy": ("policy", "package", "doctor", "notify"),
    "Operate": ("upload", "status", "sweep", "redrive", "cancel", "retention"),
    "Events and the shell": ("event", "invoke", "completion"),
}
"""In which order `--help` shows the commands; those in no group come last."""


def summary(command: click.Command) -> str:
    """Return the first sentence of a command's help, whole."""
    return " ".join((command.help or "").partition("\n\n")[0].split())


EXTRAS = {
    "fake_aliyun": "fakes",
    "fc2": "cli",
    "packaging": "cli",
    "responses": "fakes",
    "zstandard": "inspect",
}
"""Which extra brings a module that a command may need."""


@contextmanager
def extras_named() -> Iterator[None]:
    """Let a module that is not installed end the command with a sentence.

    Raises:
        click.ClickException: It says which extra brings the module.
    """
    try:
        yield
    except ModuleNotFoundError as exc:
        module = (exc.name or "").partition(".")[0]
        extra = EXTRAS.get(module)
        if not extra:
            raise
        brought = "cli" if extra == "cli" else f"cli,{extra}"
        raise click.ClickException(
            f"{module} is not installed; this command needs an extra: "
            f"pip install '.[{brought}]' in a clone"
        ) from exc


class LazyGroup(click.Group):
    """Commands that are imported when they are needed, so that each starts fast."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's
    ) -> click.Context:
        """Return what a run of ours is kept in.

        Raises:
            click.ClickException: An option before the command is wrong.
        """
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.ClickException as exc:
            tell_locally(exc)
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the commands group by group, each with its whole summary."""
        grouped = {name for names in GROUPS.values() for name in names}
        others = tuple(name for name in sorted(COMMANDS) if name not in grouped)
        width = max(map(len, COMMANDS))
        for title, names in {**GROUPS, "Further": others}.items():
            rows = [
                (f"{name:<{width}}", self._summary(ctx, name))
                for name in names
                if name in COMMANDS
            ]
            if rows:
                with formatter.section(localized(title)):
                    formatter.write_dl(rows)

    def _summary(self, ctx: click.Context, name: str) -> str:
        try:
            command = self.get_command(ctx, name)
        except click.ClickException as exc:
            return f"({exc.format_message()})"
        return summary(command) if command else ""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Return one command, None if there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        with extras_named():
            command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            return None
        return with_localized_help(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was asked for.

        Raises:
            click.UsageError: There is none; it names those that are near.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as exc:
            near = difflib.get_close_matches(args[0], COMMANDS, n=2)
            if near:
                raise click.UsageError(
                    f"{exc.message.rstrip('.')}; did you mean {' or '.join(near)}?", ctx
                ) from exc
            raise

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Run a command.

        With `--json` a failure is told on standard output, too.

        Raises:
            Interrupted: Ctrl-C was pressed, and the command did not see to it.
            click.ClickException: The command failed, or was asked for wrongly.
        """
        is_json = JSON_FLAG in (*ctx._protected_args, *ctx.args)  # noqa: SLF001 - click's
        try:
            with extras_named():
                return super().invoke(ctx)
        except click.ClickException as exc:
            if is_json:
                click.echo(json.dumps(failure(exc), ensure_ascii=False))
            tell_locally(exc)
            raise
        except KeyboardInterrupt:
            left = LEFT.get(ctx.invoked_subcommand or "")
            raise (Interrupted(left) if left else Interrupted()) from None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="image-import")
def cli() -> None:
    """A disk image uploaded to OSS becomes an ECS custom image.

    Exit status: 0 done, 1 something failed or was refused, 2 usage, 130 Ctrl-C.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors that we can explain are one sentence.

    Raises:
        OSError: One that is not about standard output.
    """
    try:
        with readers_may_go():
            if COMPLETE in os.environ:
                from image_import_cli.ui.bash import register  # noqa: PLC0415 - for shells only

                register()
            with_localized_help(cli).main(args=arguments, prog_name="image-import")
    except OSError as exc:
        if exc.errno not in NO_ROOM or exc.filename is not None:
            raise
        _end_without_output(exc)
    except KeyboardInterrupt:
        # Before or after the command itself, as in completion, which says nothing.
        end_at_once()
    except SystemExit as exc:
        if exc.code == STATUS:
            end_at_once()
        raise


def _end_without_output(exc: OSError) -> NoReturn:
    """Say that standard output takes no more, and end with status 1.

    What is still in its buffer goes nowhere, or the interpreter would fail on it again.
    Source: Python, "signal", note on SIGPIPE, read 2026-11.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    click.echo(f"Error: the output could not be written: {exc.strerror}", err=True)
    sys.exit(1)
