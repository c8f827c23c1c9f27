"""The layer with what looking into images takes, for Function Compute.

Source: "Create a custom layer", Function Compute documentation, read 2026-11: a layer's
zip is unpacked to /opt, and of it /opt/python stands on sys.path.
"""

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from image_import_cli.package import archive, tools
from image_import_cli.package.build import BuildOrder, Built
from image_import_cli.package.lock import Pinned, read_lock

LAYERS = ("inspect",)
FOLDER = "python"
STEPS = (
    "Downloading wheels",
    "Leaving out dead weight",
    "Compiling",
    "Writing the zip",
)


def build_layer(order: BuildOrder, output: Path, *, step: Callable[[], None]) -> Built:
    """Build a layer's zip and return what it became.

    Raises:
        PackagingError: A program that it takes failed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        top = Path(scratch) / "opt"
        folder = top / FOLDER
        tools.install_wheels(
            layer_only(order),
            python_version=order.python_version,
            wheels=Path(scratch) / "wheels",
            folder=folder,
        )
        step()
        archive.prune(folder)
        stripped = tools.strip_libraries(folder)
        packages = tuple(archive.packages_in(folder))
        step()
        _compile(order, folder)
        step()
        about: dict[str, object] = {
            "layer": order.layer,
            "lock_sha256": hashlib.sha256(order.lock.read_bytes()).hexdigest(),
            "platform": tools.PLATFORM,
            "python": order.python_version,
            "stripped": stripped,
        }
        archive.write_manifest(folder, packages=packages, about=about)
        output.parent.mkdir(parents=True, exist_ok=True)
        files = archive.write_zip(top, output)
        step()
    return Built(
        path=output,
        size_bytes=output.stat().st_size,
        files=files,
        packages=packages,
        stripped=stripped,
    )


def layer_only(order: BuildOrder) -> list[Pinned]:
    """Return what a layer's lock pins and the function's does not."""
    version = order.python_version
    function = order.clone / "locks" / "function.txt"
    own = read_lock(function.read_text("utf-8"), python_version=version)
    in_function = {pinned.name for pinned in own}
    wanted = read_lock(order.lock.read_text("utf-8"), python_version=version)
    return [pinned for pinned in wanted if pinned.name not in in_function]


def _compile(order: BuildOrder, folder: Path) -> None:
    if order.interpreter is None:
        return
    names = [
        path.name
        for path in folder.iterdir()
        if not path.name.endswith((".dist-info", ".so"))
    ]
    if names:
        tools.compile_folder(
            order.interpreter,
            folder,
            names=names,
            mode="unchecked-hash",
            at="/opt/python",
        )
