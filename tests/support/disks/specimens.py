"""Disk images made with qemu-img, as commands, and the ends of each as files.

tests/data/headers/specimens.json holds, by name, how each one is made (`commands`, run
in an empty folder; the image is called `image`) and what qemu-img said of it then. Its
head and tail stand beside it, so that most tests need no qemu-img. Images encrypted
with LUKS are kept whole, 512 bytes large: qemu-img times the key derivation when it
makes one, and fails to on a busy machine ("Unable to get accurate CPU usage"). To make
heads and tails anew:

    PYTHONPATH=functions:tests/support:tests/support/disks python -m specimens
"""

import json
import lzma
import shlex
import subprocess
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from disk_images.formats.detect import HEAD_BYTES, TAIL_BYTES, Header, read_header
from repository import DATA

FOLDER = DATA / "headers"
TABLE = FOLDER / "specimens.json"


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """One image.

    Attributes:
        driver: What qemu-img calls the format; "raw" where it knows none.
        detected: What we call it.
        refused: A word of the reason, "" if it is importable.
        head_bytes: How much of the head is kept: as little as its parser needs.
        kept_as: The options with which qemu-img opens an image that is kept whole.
    """

    name: str
    commands: list[str]
    driver: str
    detected: str
    refused: str
    head_bytes: int
    object_size_bytes: int
    virtual_size_bytes: int
    kept_as: str = ""

    @property
    def head(self) -> bytes:
        return (FOLDER / f"{self.name}.head").read_bytes()

    @property
    def tail(self) -> bytes:
        return (FOLDER / f"{self.name}.tail").read_bytes()

    def read(self) -> Header:
        size = self.object_size_bytes
        return read_header(self.head, self.tail, object_size_bytes=size)

    def make(self, folder: Path, size: str | None = None) -> Path:
        """Return the path of the image, made now, perhaps with another size."""
        if self.kept_as:
            return self._unpacked(folder, size or self.size)
        for command in self.commands:
            words = [
                size if size and w == self.size else w for w in shlex.split(command)
            ]
            run(*words, cwd=folder)
        return folder / "image"

    def _unpacked(self, folder: Path, size: str) -> Path:
        image = folder / "image"
        image.write_bytes(lzma.decompress((FOLDER / f"{self.name}.xz").read_bytes()))
        if size.isdigit():
            size = str(-(-int(size) // 512) * 512)
        secret = ("--object", "secret,id=key,data=abc")
        options = ("--image-opts", f"{self.kept_as},file.filename=image")
        run("qemu-img", "resize", "-q", *secret, *options, size, cwd=folder)
        return image

    @property
    def size(self) -> str:
        """The size that its last command names, "" if it takes another image's."""
        last = self.commands[-1].split()[-1]
        return last if last[0].isdigit() else ""


def run(*words: str, cwd: Path) -> str:
    """Return what a program prints."""
    done = subprocess.run(words, cwd=cwd, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def qemu_info(path: Path, driver: str) -> dict[str, Any]:
    """Return what qemu-img says of an image whose format it is told."""
    words = ["qemu-img", "info", "-f", driver, "--output=json", path.name]
    info: dict[str, Any] = json.loads(run(*words, cwd=path.parent))
    return info


def read_file(path: Path) -> Header:
    """Return what we say of a file, seeing only its ends."""
    head, tail = ends_of(path)
    return read_header(head, tail, object_size_bytes=path.stat().st_size)


def ends_of(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return head, file.read(TAIL_BYTES)


def load() -> list[Specimen]:
    return [Specimen(**entry) for entry in json.loads(TABLE.read_text())]


def make_all() -> None:
    """Write the ends and sizes of all specimens anew."""
    made = []
    for specimen in load():
        with tempfile.TemporaryDirectory() as folder:
            path = specimen.make(Path(folder))
            head, tail = ends_of(path)
            (FOLDER / f"{specimen.name}.head").write_bytes(head[: specimen.head_bytes])
            (FOLDER / f"{specimen.name}.tail").write_bytes(tail)
            size = path.stat().st_size
            virtual = qemu_info(path, specimen.driver)["virtual-size"]
        made.append(
            replace(specimen, object_size_bytes=size, virtual_size_bytes=virtual)
        )
    rows = [asdict(specimen) for specimen in made]
    for row in rows:
        if not row["kept_as"]:
            del row["kept_as"]
    table = json.dumps(rows, indent=1)
    TABLE.write_text(table + "\n")


if __name__ == "__main__":
    make_all()
