"""What is installed from the wheel works without a clone."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from repository import ROOT

BUILT_FROM = ("functions", "locks", "pyproject.toml", "README.md", "LICENSE")
WITHOUT = """
import sys
sys.modules[{module!r}] = None
from image_import_cli.__main__ import main
sys.argv = ["image-import", *{arguments!r}]
main()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds what the wheel holds."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    tree.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in BUILT_FROM:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(source, tree / name)
    how = ["--no-deps", "--no-build-isolation", "--quiet", "-w", str(folder)]
    command = [sys.executable, "-m", "pip", "wheel", str(tree), *how]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def run(site: Path, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=site.parent,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_zip_can_be_built_from_the_wheel_alone(installed: Path) -> None:
    program = """
from image_import_cli.package.build import OURS, BuildOrder
from image_import_cli.package.command import BUNDLED, NEEDED
order = BuildOrder(clone=BUNDLED, python_version="3.12", interpreter=None)
print([str(n) for n in NEEDED if not (BUNDLED / n).is_file()])
print([n for n in OURS if not (order.functions / n / "__init__.py").is_file()])
print(order.functions)
"""
    said = run(installed, program)
    assert said.stdout.splitlines() == ["[]", "[]", str(installed)], said.stderr


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [
        ("click", ["--help"], ".[cli]"),
        ("responses", ["demo"], ".[cli,fakes]"),
        ("packaging", ["package"], ".[cli]"),
    ],
)
def test_without_an_extra_a_sentence_names_it(
    installed: Path, module: str, arguments: list[str], extra: str
) -> None:
    ended = run(installed, WITHOUT.format(module=module, arguments=arguments))
    assert ended.returncode == 1
    assert f"pip install '{extra}'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_help_shows_every_other_command_where_a_module_lacks(installed: Path) -> None:
    ended = run(installed, WITHOUT.format(module="packaging", arguments=["--help"]))
    assert ended.returncode == 0
    assert "packaging is not installed" in " ".join(ended.stdout.split())
    assert "status" in ended.stdout
