"""Who may import whom: the three packages, and the three rooms of image_import."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parent.parent / "functions"
OURS = {"image_import", "image_import_cli", "fake_aliyun"}
MAY_IMPORT = {
    "image_import": {"image_import"},
    "fake_aliyun": {"fake_aliyun"},
    "image_import_cli": OURS,
}
# What a core module would need to reach outside of its arguments.
IMPURE = {
    "asyncio", "getpass", "http", "io", "logging", "multiprocessing", "os", "oss2",
    "pathlib", "platform", "random", "requests", "secrets", "select", "selectors",
    "shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading",
    "time", "urllib.request", "urllib3", "uuid.uuid1", "uuid.uuid4",
}  # fmt: skip
ROOM = re.compile(r"^Room: (core|edge|shell)\.", re.MULTILINE)


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


def room(path: Path) -> str:
    found = ROOM.search(ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "")
    return found[1] if found else ""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(FUNCTIONS).with_suffix("").parts)


def within(name: str, packages: set[str]) -> bool:
    return any(name == p or name.startswith(p + ".") for p in packages)


@pytest.mark.parametrize("package", sorted(OURS))
def test_a_package_imports_only_the_siblings_it_may(package: str) -> None:
    for path in modules(package):
        foreign = {n.split(".")[0] for n in imported(path)} & OURS
        assert foreign <= MAY_IMPORT[package], path


def test_every_module_of_the_function_names_its_room() -> None:
    homeless = [
        name_of(path)
        for path in modules("image_import")
        if path.name != "__init__.py" and not room(path)
    ]
    assert homeless == []


def test_core_reaches_nothing_outside_its_arguments() -> None:
    core = [path for path in modules("image_import") if room(path) == "core"]
    reached = {
        (name_of(path), name)
        for path in core
        for name in imported(path)
        if within(name, IMPURE)
    }
    assert core
    assert reached == set()


def test_core_imports_core_and_edge_never_imports_shell() -> None:
    rooms = {name_of(path): room(path) for path in modules("image_import")}
    allowed = {"core": {"core"}, "edge": {"core", "edge"}, "shell": set(rooms.values())}
    wrong = [
        (importer, module)
        for importer, home in rooms.items()
        if home
        for name in imported(FUNCTIONS / Path(*importer.split(".")).with_suffix(".py"))
        for module in (name, name.rpartition(".")[0])
        if rooms.get(module) and rooms[module] not in allowed[home]
    ]
    assert wrong == []


def test_the_standard_library_list_is_of_real_modules() -> None:
    third_party = {"oss2", "requests", "urllib3"}
    tops = {name.split(".")[0] for name in IMPURE - third_party}
    assert tops <= set(sys.stdlib_module_names)
