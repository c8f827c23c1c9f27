"""The layer that INSPECT takes for what zstd has packed."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from image_import_cli.package.build import BuildOrder
from image_import_cli.package.command import BUNDLED
from image_import_cli.package.layer import build_layer, layer_only
from image_import_cli.package.tools import Interpreter

MOST_BYTES = 6_000_000
PYTHONS = [
    pytest.param(version, marks=pytest.mark.needs(f"python{version}"))
    for version in ("3.10", "3.12")
]


def order(version: str, tool_path: Callable[[str], str]) -> BuildOrder:
    python = Interpreter(path=tool_path(f"python{version}"), version="test")
    return BuildOrder(
        clone=BUNDLED, python_version=version, interpreter=python, layer="inspect"
    )


@pytest.mark.parametrize("version", PYTHONS)
def test_the_layer_is_small_lies_where_python_looks_and_works(
    version: str, tmp_path: Path, tool_path: Callable[[str], str]
) -> None:
    built = build_layer(
        order(version, tool_path), tmp_path / "layer.zip", step=lambda: None
    )
    assert built.size_bytes <= MOST_BYTES
    with zipfile.ZipFile(built.path) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"python"}
        manifest = json.loads(archive.read("python/MANIFEST.json"))
        archive.extractall(tmp_path / "opt")
    assert manifest["layer"] == "inspect"
    assert [p["licence"] for p in manifest["packages"]] == ["BSD-3-Clause"]
    program = "import zstandard as z; print(z.decompress(z.compress(b'a' * 99)))"
    run = subprocess.run(
        [tool_path(f"python{version}"), "-I", "-c", SETUP + program],
        cwd=tmp_path / "opt" / "python",
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == str(b"a" * 99)


SETUP = "import os, sys; sys.path.insert(0, os.getcwd());"


@pytest.mark.needs("python3.10")
def test_building_a_layer_again_gives_the_same_bytes(
    tmp_path: Path, tool_path: Callable[[str], str]
) -> None:
    made = [
        build_layer(
            order("3.10", tool_path), tmp_path / name, step=lambda: None
        ).path.read_bytes()
        for name in ("one.zip", "two.zip")
    ]
    assert made[0] == made[1]


def test_a_layer_has_nothing_that_the_function_has() -> None:
    asked = BuildOrder(
        clone=BUNDLED, python_version="3.10", interpreter=None, layer="inspect"
    )
    assert [pinned.name for pinned in layer_only(asked)] == ["zstandard"]


def test_the_function_itself_has_nothing_of_the_layer() -> None:
    lock = (BUNDLED / "locks" / "function.txt").read_text("utf-8")
    assert "zstandard" not in lock


def test_without_the_library_all_but_zstd_is_read(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['zstandard'] = None\n"
        "import image_import.inspection.inspect\n"
        "from disk_images.blocks.decompress import unpack_zstd\n"
        "from disk_images.blocks.source import CannotTellError\n"
        "try: unpack_zstd(b'', 1)\n"
        "except CannotTellError as exc: print(exc)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(BUNDLED / "functions")},
    )
    assert "takes the extra or layer inspect" in run.stdout
