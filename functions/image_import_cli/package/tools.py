"""The programs that packaging runs: pip, strip and the Python of the runtime."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from image_import_cli.package.lock import WITHOUT_WHEELS, Pinned

PLATFORM = "manylinux2014_x86_64"
"""Runs on the glibc of FC's Debian 10; newer wheels would not load there."""

_PIP = (sys.executable, "-m", "pip")
_QUIET = ("--quiet", "--disable-pip-version-check", "--no-input")


class PackagingError(Exception):
    """A program that packaging needs failed; the message has its last words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """A Python that can compile for its own minor version."""

    path: str
    version: str


def find_interpreter(
    python_version: str, *, search_path: str, home: Path
) -> Interpreter | None:
    """Return a Python such as 3.10 from PATH or from pyenv, None if there is none.

    pyenv comes first, as its shim on PATH refuses versions that are not activated.
    """
    name = f"python{python_version}"
    from_pyenv = sorted(home.glob(f".pyenv/versions/{python_version}.*/bin/{name}"))
    on_path = shutil.which(name, path=search_path)
    for path in [*map(str, from_pyenv), *([on_path] if on_path else [])]:
        if version := _version_of(path):
            return Interpreter(path=path, version=version)
    return None


def _version_of(path: str) -> str:
    command = [path, "-c", "import platform; print(platform.python_version())"]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - found by name
    return answer.stdout.strip() if answer.returncode == 0 else ""


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Run a program to its end.

    Raises:
        PackagingError: It failed.
    """
    answer = subprocess.run(  # noqa: S603 - programs that this module names
        command,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    if answer.returncode:
        words = (answer.stderr or answer.stdout).strip().splitlines()[-12:]
        raise PackagingError(
            "\n".join([f"{' '.join(command[:4])} ... failed:", *words])
        )


def install_build_tools(lock: Path, folder: Path) -> None:
    """Install the pinned setuptools, so that pip fetches none by itself."""
    hashed = ("--require-hashes", "--no-deps", "--target", str(folder), "-r", str(lock))
    run([*_PIP, "install", *_QUIET, *hashed])


def build_pure_wheels(pinned: Iterable[Pinned], *, tools: Path, folder: Path) -> None:
    """Build wheels from source, without a compiler.

    crcmod falls back to plain Python when its extension cannot be built. A wheel of
    an earlier build, with an extension for this machine's Python, stays in pip's
    cache; it is not asked.

    Raises:
        PackagingError: A wheel is for one platform only.
    """
    wanted = [p.line() for p in pinned if p.name in WITHOUT_WHEELS]
    requirements = _written(folder, wanted)
    how = ("--no-cache-dir", "--no-deps", "--no-build-isolation", "--require-hashes")
    run(
        [*_PIP, "wheel", *_QUIET, *how, "-w", str(folder), "-r", str(requirements)],
        {"CC": "/bin/false", "PYTHONPATH": str(tools)},
    )
    for wheel in folder.glob("*.whl"):
        if not wheel.name.endswith("-none-any.whl"):
            raise PackagingError(f"{wheel.name} is not plain Python")


def install_wheels(
    pinned: Iterable[Pinned], *, python_version: str, wheels: Path, folder: Path
) -> None:
    """Install what the function needs for its runtime, whatever runs here."""
    wanted = [p.line() for p in pinned if p.name not in WITHOUT_WHEELS]
    target = ("--no-deps", "--no-compile", "--target", str(folder))
    platform = ("--platform", PLATFORM, "--implementation", "cp")
    version = ("--python-version", python_version, "--only-binary", ":all:")
    requirements = ("--require-hashes", "-r", str(_written(wheels, wanted)))
    run([*_PIP, "install", *_QUIET, *target, *platform, *version, *requirements])
    built = sorted(map(str, wheels.glob("*.whl")))
    if built:
        run([*_PIP, "install", *_QUIET, *target, "--no-index", *built])


def _written(folder: Path, lines: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "requirements.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def strip_libraries(folder: Path) -> bool:
    """Take symbols nobody needs out of shared libraries; False without `strip`."""
    if shutil.which("strip") is None:
        return False
    libraries = sorted(map(str, folder.rglob("*.so")))
    if libraries:
        run(["strip", "--strip-unneeded", *libraries])
    return True


def compile_folder(
    interpreter: Interpreter,
    folder: Path,
    *,
    names: Iterable[str],
    mode: str,
    at: str = "/code",
) -> None:
    """Compile some top-level modules; a fixed hash seed makes the bytes repeatable.

    Args:
        mode: `unchecked-hash` for what nobody edits, else `checked-hash`. With dates
            instead, a .pyc would be void once unpacked elsewhere.
        at: Where Function Compute puts the folder.
    """
    command = [interpreter.path, "-m", "compileall", "-q", "-j", "1"]
    placed = ["--invalidation-mode", mode, "-s", str(folder), "-p", at]
    sources = [str(folder / name) for name in sorted(names)]
    run([*command, *placed, *sources], {"PYTHONHASHSEED": "0"})
