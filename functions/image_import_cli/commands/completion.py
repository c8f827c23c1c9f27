"""`image-import completion`: what makes a shell complete our commands."""

import click
from click.shell_completion import get_completion_class

from image_import_cli.ui.bash import register

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "image-import"
VARIABLE = "_IMAGE_IMPORT_COMPLETE"
"""By which the shell asks; click derives the name from the program's."""


@click.command(epilog='Example: eval "$(image-import completion bash)"')
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands and options in SHELL.

    Evaluate it in the shell's start-up file: ~/.bashrc, ~/.zshrc, or for fish a file
    in ~/.config/fish/completions.
    """
    register()
    root = ctx.find_root().command
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"this version of click does not know {shell}")
    script = made(root, {}, PROGRAM, VARIABLE)
    click.echo(script.source_template % script.source_vars())
