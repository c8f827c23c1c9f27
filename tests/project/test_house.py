"""The rooms of the house: who may import whom, what a pure room may not, and names.

Rooms are the folders and modules directly under a package. They are listed in the
order of the data: a room imports only what stands further down. What a rule cannot
hold yet is listed beside it, and a line of such a list that is no longer needed fails.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
TESTS = Path(__file__).parents[1]

MAY_IMPORT = {
    "disk_images": {"disk_images"},
    "image_import": {"disk_images", "image_import"},
    "fake_aliyun": {"fake_aliyun"},
    "image_import_cli": {
        "disk_images",
        "fake_aliyun",
        "image_import",
        "image_import_cli",
    },
}

ROOMS = {
    "disk_images": (
        "survey, convert > guest > volumes > filesystems > findings > blocks > formats"
    ),
    "image_import": (
        "handler > tracking > importing > notification > inspection > "
        "ledger > aliyun > sidecar > planning > filename > config > events > model > "
        "retry > errors"
    ),
    "image_import_cli": (
        "__main__ > main > commands > status, sweep, redrive, doctor, local, package > "
        "preview, delivery > options > aliyun, iam > ui"
    ),
    "fake_aliyun": (
        "__main__, pytest_plugin > decorator > cloud > dump, transport > fc > "
        "ecs, ess, messaging > oss.api > oss > ram > core"
    ),
}
"""From those that import to those that are imported. A comma parts rooms that do not
import each other. What a package offers as its own name may import all of it.
"""

PURE = (
    "image_import.model",
    "image_import.config",
    "image_import.events",
    "image_import.filename",
    "image_import.sidecar",
    "image_import.planning",
    "disk_images",
)
IMPURE = {
    "asyncio", "concurrent", "ctypes", "ftplib", "getpass", "glob",
    "http", "importlib", "logging", "multiprocessing", "os", "oss2", "pathlib",
    "random", "requests", "secrets", "shutil", "signal", "socket", "sqlite3", "ssl",
    "subprocess", "sys", "tempfile", "threading", "time", "urllib.request", "urllib3",
}  # fmt: skip
IMPURE_CALLS = {"open", "print", "input", "now", "utcnow", "today", "uuid1", "uuid4"}


READS_FROM_AFAR = "disk_images.blocks.remote"
"""Is handed what reads, and bounds it: by a clock, and several reads at once."""

TESTED_ELSEWHERE = {"startup"}
"""What only a process of its own can show: see test_hot_path."""

MOST_ENTRIES = 15

# What cannot hold yet: each of these is to be emptied.
UPWARDS: set[tuple[str, str]] = set()
CIRCLES: list[list[str]] = []
SHARED_NAMES: set[str] = set()


def module_name(path: Path) -> str:
    """Return the name under which a file is imported."""
    parts = path.relative_to(FUNCTIONS).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


@cache
def trees() -> dict[str, ast.Module]:
    """Return every module of the four packages, by name."""
    return {
        module_name(path): ast.parse(path.read_text(encoding="utf-8"))
        for package in MAY_IMPORT
        for path in sorted((FUNCTIONS / package).rglob("*.py"))
    }


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of all that is imported, anywhere, also for types alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import; write the full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def imports() -> dict[str, set[str]]:
    """Return which of our modules each of them imports."""
    known = trees()
    found: dict[str, set[str]] = {}
    for name, tree in known.items():
        whole = {
            full if full in known else full.rpartition(".")[0]
            for full in imported(tree)
        }
        found[name] = {module for module in whole if module in known} - {name}
    return found


def room_of(module: str) -> str:
    """Return the room of a module; "" for what a package offers as its own name."""
    package, _, inner = module.partition(".")
    rooms = re.split(r" > |, ", ROOMS[package])
    fitting = [room for room in rooms if f"{inner}.".startswith(f"{room}.")]
    assert fitting or not inner, f"{module} is in no room of {package}"
    return max(fitting, key=len) if fitting else ""


def ranks(package: str) -> dict[str, int]:
    """Return how far down each room stands."""
    tiers = ROOMS[package].split(" > ")
    return {room: n for n, tier in enumerate(tiers) for room in tier.split(", ")}


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_a_package_imports_only_the_siblings_it_may(package: str) -> None:
    for module, tree in trees().items():
        if module.split(".")[0] == package:
            foreign = {
                name.split(".")[0] for name in imported(tree)
            } & MAY_IMPORT.keys()
            assert foreign <= MAY_IMPORT[package], module


@pytest.mark.parametrize("package", sorted(ROOMS))
def test_a_room_imports_only_what_stands_further_down(package: str) -> None:
    rank = {"": -1, **ranks(package)}
    upwards = {
        (module, other)
        for module, others in imports().items()
        for other in others
        if module.split(".")[0] == other.split(".")[0] == package
        and room_of(module) != room_of(other)
        and rank[room_of(module)] >= rank[room_of(other)]
    }
    assert upwards == {pair for pair in UPWARDS if pair[0].split(".")[0] == package}


def circles() -> list[list[str]]:
    """Return the groups of modules that import each other, directly or not."""
    found = imports()

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for other in found[todo.pop()] - seen:
                seen.add(other)
                todo.append(other)
        return seen

    reach = {module: reached(module) for module in found}
    groups = {
        frozenset(o for o in others if module in reach[o])
        for module, others in reach.items()
        if module in others
    }
    return sorted(sorted(group) for group in groups)


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles() == CIRCLES


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_reaches_nothing_outside_of_the_program(room: str) -> None:
    """No network, file, environment, clock, randomness or log: only what is passed."""
    reached = {
        f"{module} uses {name}"
        for module, tree in trees().items()
        if f"{module}.".startswith(f"{room}.") and module != READS_FROM_AFAR
        for name in outside(tree)
    }
    assert reached == set()


def outside(tree: ast.AST) -> Iterator[str]:
    """Yield what a module reaches that no argument has given it."""
    for name in imported(tree):
        parts = name.split(".")
        heads = {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
        yield from heads & IMPURE
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in IMPURE_CALLS:
                yield called.id
            if isinstance(called, ast.Attribute) and called.attr in IMPURE_CALLS - {
                "open"
            }:
                yield called.attr


def test_a_class_name_means_one_thing_in_all_packages() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(module)
    shared = {name for name, modules in homes.items() if len(modules) > 1}
    assert shared == SHARED_NAMES


@pytest.mark.parametrize("room", ["importing", "ledger", "tracking"])
def test_a_module_of_the_shell_has_its_tests_under_its_name(room: str) -> None:
    folder = TESTS / "image_import" / room
    modules = {path.stem for path in (FUNCTIONS / "image_import" / room).glob("*.py")}
    tested = {path.stem.removeprefix("test_") for path in folder.glob("test_*.py")}
    assert modules - tested == {"__init__"} | (TESTED_ELSEWHERE & modules)


def test_a_folder_lists_about_a_dozen_things() -> None:
    long = {
        module_name(folder)
        for package in MAY_IMPORT
        for folder in [FUNCTIONS / package, *(FUNCTIONS / package).rglob("*")]
        if folder.is_dir()
        and folder.name not in {"__pycache__", "assets"}
        and sum(1 for p in folder.iterdir() if is_listed(p)) > MOST_ENTRIES
    }
    assert long == set()


def is_listed(path: Path) -> bool:
    """Whether an entry counts for whoever looks for something."""
    return not path.name.startswith(("__", ".")) and path.name != "py.typed"
