"""What is compared: the zip as it is deployed, and rivals packaged in the same way."""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from image_import_cli.package import archive as package_archive
from image_import_cli.package import tools as package_tools
from image_import_cli.package.build import BuildOrder, build
from packaging.requirements import Requirement

HERE = Path(__file__).parent
OURS = "image_import.handler:on_object_created"
RIVALS = ("oss2", "alibabacloud_ecs20140526", "alibabacloud_tea_openapi")


@dataclass(frozen=True)
class Arm:
    """A handler: where its code is, and what it is called."""

    name: str
    code: Path
    handler: str


def make_arms(folder: Path) -> dict[str, Arm]:
    """Build everything under a folder, for the Python that runs this."""
    python = package_tools.Interpreter(
        path=sys.executable, version=platform.python_version()
    )
    version = ".".join(platform.python_version_tuple()[:2])
    order = BuildOrder(clone=HERE.parent, python_version=version, interpreter=python)
    zipped = build(order, folder / "ours.zip", step=lambda: None)
    ours, rivals = folder / "ours", folder / "rivals"
    with zipfile.ZipFile(zipped.path) as archive:
        archive.extractall(ours)
    _install_rivals(rivals, python)
    bare = {code: code.with_name(f"{code.name}-nopyc") for code in (ours, rivals)}
    for code, copy in bare.items():
        shutil.copytree(code, copy, ignore=shutil.ignore_patterns("__pycache__"))
    arms = [
        Arm("ours", ours, OURS),
        Arm("official", rivals, "official:handler"),
        Arm("same", rivals, "same:handler"),
        Arm("floor", rivals, "floor:handler"),
        Arm("ours, no .pyc", bare[ours], OURS),
        Arm("official, no .pyc", bare[rivals], "official:handler"),
    ]
    return {arm.name: arm for arm in arms}


def _install_rivals(folder: Path, python: package_tools.Interpreter) -> None:
    """Copy what the rivals import out of this environment, pruned as our zip is."""
    for name in _closure(RIVALS):
        found = distribution(name)
        for file in found.files or ():
            if ".." in file.parts or file.suffix == ".pyc":
                continue
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found.locate_file(file), target)
    package_archive.prune(folder)
    package_tools.strip_libraries(folder)
    for file in (HERE / "rivals").glob("*.py"):
        shutil.copyfile(file, folder / file.name)
    names = [p.name for p in folder.iterdir() if not p.name.endswith((".so", "-info"))]
    package_tools.compile_folder(python, folder, names=names, mode="unchecked-hash")


def _closure(names: tuple[str, ...]) -> set[str]:
    """Return packages and all that they require here."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop().lower().replace("_", "-")
        if name in found:
            continue
        found.add(name)
        for text in distribution(name).requires or ():
            required = Requirement(text)
            if required.marker is None or required.marker.evaluate({"extra": ""}):
                left.append(required.name)
    return found


class Instance:
    """A process that runs one arm's handler; it is not started before `invoke`."""

    def __init__(self, arm: Arm, cloud) -> None:
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            [
                sys.executable, "-S", "-W", "ignore", str(HERE / "instance.py"),
                str(self._started), str(arm.code), arm.handler,
                cloud.key_id, cloud.key_secret,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONDONTWRITEBYTECODE": "1",
                "OSS_ENDPOINT": cloud.url,
                "ECS_ENDPOINT": cloud.url,
                "LOG_LEVEL": "WARNING",
            },
        )  # fmt: skip

    def send(self, event: str) -> None:
        """Hand over an event without waiting for its end."""
        self._process.stdin.write(" ".join(event.split("\n")).encode() + b"\n")
        self._process.stdin.flush()

    def told(self) -> dict:
        """Return what the instance says of the event that was sent."""
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args[6:8]} ended without an answer")
        return json.loads(line)

    def invoke(self, event: str) -> dict:
        """Return what an event cost."""
        self.send(event)
        return self.told()

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
