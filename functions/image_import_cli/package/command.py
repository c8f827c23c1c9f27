"""`image-import package`: the zip that Function Compute runs."""

import os
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from image_import_cli.iam.deployment import RUNTIME, RUNTIMES
from image_import_cli.package.build import STEPS, BuildOrder, Built, build
from image_import_cli.package.layer import LAYERS, build_layer
from image_import_cli.package.layer import STEPS as LAYER_STEPS
from image_import_cli.package.tools import (
    Interpreter,
    PackagingError,
    find_interpreter,
)

BUNDLED = Path(__file__).parent / "needed"
"""What building takes besides the modules, as the wheel brings it."""

PYTHON_VERSIONS = tuple(name.removeprefix("python") for name in RUNTIMES)
NEEDED = (
    "locks/function.txt",
    "locks/build.txt",
    "LICENSE",
)
DEFAULT_FOLDER = Path("build")
MB = 1_000_000

NOT_COMPILED = """\
NOT PRECOMPILED: there is no Python {version} here, neither on PATH nor in pyenv.
The zip works, but each cold start compiles all its modules: about half a second
with 3.10, three quarters with 3.12. Install Python {version} and package again."""


@click.command()
@click.option(
    "--python",
    "python_version",
    type=click.Choice(PYTHON_VERSIONS),
    default=RUNTIME.removeprefix("python"),
    show_default=True,
    help="Runtime of the function; template.yml and s.yaml say python3.10.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The zip to write.  [default: build/image-import-pythonX.Y.zip]",
)
@click.option(
    "--layer",
    type=click.Choice(LAYERS),
    help="Build a layer instead: inspect reads what zstd has packed.",
)
@click.option(
    "--source",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=BUNDLED,
    help="The clone to build from.  [default: what this command is from]",
)
def package(
    python_version: str, output: Path | None, layer: str | None, source: Path
) -> None:
    """Build the zip that Function Compute runs.

    It holds the function and its pinned dependencies, and nothing else; building it
    again gives the same bytes. MANIFEST.json in it lists versions and licences.

    \b
    Example:
      image-import package --python 3.12 --output image-import.zip
    """  # noqa: D301 - \b is click's
    if lacking := [name for name in NEEDED if not (source / name).exists()]:
        raise click.UsageError(
            f"{source} has no {lacking[0]}, so it is no clone of the repository; name "
            "one, or leave --source out"
        )
    name = (
        f"image-import{f'-{layer}-layer' if layer else ''}-python{python_version}.zip"
    )
    path = output or DEFAULT_FOLDER / name
    check_place(path)
    interpreter = find_interpreter(
        python_version, search_path=os.environ.get("PATH", ""), home=Path.home()
    )
    order = BuildOrder(
        clone=source,
        python_version=python_version,
        interpreter=interpreter,
        layer=layer or "",
    )
    console = Console(stderr=True)
    try:
        built = _build_with_progress(order, path, console)
    except (PackagingError, OSError) as exc:
        raise click.ClickException(str(exc)) from exc
    report(built, interpreter, python_version=python_version, console=console)


def check_place(output: Path) -> None:
    """See that the zip can be written, before half a minute of building it.

    Raises:
        click.UsageError: It cannot; a folder that is misspelt is not made.
    """
    if not output.name:
        raise click.UsageError(
            "--output is '', expected the zip to write, such as build/function.zip"
        )
    if output.parent != DEFAULT_FOLDER and not output.parent.exists():
        raise click.UsageError(
            f"{output} cannot be written: there is no folder {output.parent}; "
            "make it, or correct --output"
        )
    try:
        output.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as exc:
        raise click.UsageError(f"{output} cannot be written: {exc.strerror}") from exc


def _build_with_progress(order: BuildOrder, output: Path, console: Console) -> Built:
    columns = (TextColumn("{task.description}"), BarColumn())
    steps, make = (LAYER_STEPS, build_layer) if order.layer else (STEPS, build)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(steps[0], total=len(steps))
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            progress.update(task, completed=done, description=steps[done % len(steps)])

        return make(order, output, step=step)


def report(
    built: Built,
    interpreter: Interpreter | None,
    *,
    python_version: str,
    console: Console,
) -> None:
    """Say what was built, and loudly what it lacks."""
    size = f"{built.size_bytes / MB:.2f} MB"
    with_pyc = f", compiled by Python {interpreter.version}" if interpreter else ""
    click.echo(f"{built.path}: {size}, {built.files} files{with_pyc}")
    for found in built.packages:
        console.print(f"  {found.name} {found.version}", style="dim", highlight=False)
    if not built.stripped:
        console.print("strip is not installed: libraries keep their symbols (+3 MB)")
    if interpreter is None:
        notice = NOT_COMPILED.format(version=python_version)
        console.print(notice, style="bold red", highlight=False)
