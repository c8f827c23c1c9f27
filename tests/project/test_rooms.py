"""Which package may import which."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from repository import FUNCTIONS

OURS = {"disk_images", "image_import", "image_import_cli", "fake_aliyun"}
MAY_IMPORT = {
    "disk_images": {"disk_images"},
    "image_import": {"disk_images", "image_import"},
    "fake_aliyun": {"fake_aliyun"},
    "image_import_cli": OURS,
}


def modules(package: str) -> list[Path]:
    return sorted((FUNCTIONS / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Yield the absolute name of every module that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", sorted(OURS))
def test_a_package_imports_only_the_siblings_it_may(package: str) -> None:
    for path in modules(package):
        foreign = {n.split(".")[0] for n in imported(path)} & OURS
        assert foreign <= MAY_IMPORT[package], path
