"""From a clone, or from what is installed, to the zip, in seven steps."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import image_import

from image_import_cli.package import archive, tools
from image_import_cli.package.lock import read_lock

OURS = ("disk_images", "image_import")
"""The packages of this project that the function is made of."""

STEPS = (
    "Installing the build tools",
    "Building what has no wheels",
    "Downloading wheels",
    "Leaving out dead weight",
    "Adding the function",
    "Compiling",
    "Writing the zip",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildOrder:
    """What to build, and from where.

    Attributes:
        clone: The repository, or a folder that has its locks and licence alone.
        layer: The name of a layer; "" for the function itself.
    """

    clone: Path
    python_version: str
    interpreter: tools.Interpreter | None
    layer: str = ""

    @property
    def functions(self) -> Path:
        """Where the function's packages are; without a clone, as installed."""
        own = self.clone / "functions"
        return own if own.is_dir() else Path(image_import.__file__).parents[1]

    @property
    def lock(self) -> Path:
        """The pinned dependencies of what is built."""
        return self.clone / "locks" / f"{self.layer or 'function'}.txt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """What came out."""

    path: Path
    size_bytes: int
    files: int
    packages: tuple[archive.Package, ...]
    stripped: bool


def build(order: BuildOrder, output: Path, *, step: Callable[[], None]) -> Built:
    """Build the zip and return what it became; `step` is called after each step.

    Raises:
        PackagingError: A program that it takes failed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "code"
        _install(order, Path(scratch), folder, step=step)
        archive.leave_out_encryption(folder)
        archive.prune(folder)
        stripped = tools.strip_libraries(folder)
        packages = tuple(archive.packages_in(folder))
        dependencies = [path.name for path in folder.iterdir()]
        step()
        _add_function(order, folder, packages=packages, stripped=stripped)
        step()
        _compile(order, folder, dependencies)
        step()
        output.parent.mkdir(parents=True, exist_ok=True)
        files = archive.write_zip(folder, output)
        step()
    size_bytes = output.stat().st_size
    return Built(
        path=output,
        size_bytes=size_bytes,
        files=files,
        packages=packages,
        stripped=stripped,
    )


def _install(
    order: BuildOrder, scratch: Path, folder: Path, *, step: Callable[[], None]
) -> None:
    version_wanted = order.python_version
    pinned = read_lock(order.lock.read_text("utf-8"), python_version=version_wanted)
    build_tools, wheels = scratch / "tools", scratch / "wheels"
    tools.install_build_tools(order.clone / "locks" / "build.txt", build_tools)
    step()
    tools.build_pure_wheels(pinned, tools=build_tools, folder=wheels)
    step()
    tools.install_wheels(
        pinned, python_version=version_wanted, wheels=wheels, folder=folder
    )
    step()


def _add_function(
    order: BuildOrder,
    folder: Path,
    *,
    packages: tuple[archive.Package, ...],
    stripped: bool,
) -> None:
    sources = (order.functions / name for name in OURS)
    source_hash = archive.copy_source(sources, folder)
    shutil.copy(order.clone / "LICENSE", folder / "LICENSE")
    ours = archive.package_of(distribution("image-import").read_text("METADATA") or "")
    lock_hash = hashlib.sha256(order.lock.read_bytes()).hexdigest()
    about: dict[str, object] = {
        "image_import": {
            "licence": ours.licence,
            "sha256": source_hash,
            "version": ours.version,
        },
        "lock_sha256": lock_hash,
        "platform": tools.PLATFORM,
        "precompiled_by": order.interpreter.version if order.interpreter else None,
        "python": order.python_version,
        "stripped": stripped,
    }
    archive.write_manifest(folder, packages=packages, about=about)


def _compile(order: BuildOrder, folder: Path, dependencies: list[str]) -> None:
    """Compile all; whoever edits the function's own files still sees the change."""
    if order.interpreter is None:
        return
    python = [n for n in dependencies if not n.endswith((".dist-info", ".so"))]
    tools.compile_folder(order.interpreter, folder, names=python, mode="unchecked-hash")
    tools.compile_folder(order.interpreter, folder, names=OURS, mode="checked-hash")
