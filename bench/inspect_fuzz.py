"""Damage images at random and inspect them: nothing may fail, hang or grow.

    .venv-test/bin/python bench/inspect_fuzz.py --minutes 10

Images of each format and file system are made by Debian's tools; each round damages
one in its structures, or cuts it, and inspects it whole, with the handler's budget.
Printed at the end: rounds, what they came to, the longest one and the memory used.
"""

import argparse
import mmap
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
HELPERS = [str(ROOT / "tests/support" / room) for room in (".", "disks")]
sys.path[:0] = [str(ROOT / "functions"), *HELPERS]

import hives  # noqa: E402
from disk_images.blocks.remote import Bounded, Budget  # noqa: E402
from disk_images.formats.detect import HEAD_BYTES, read_header  # noqa: E402
from disk_images.formats.types import FormatError  # noqa: E402
from disk_images.survey import inspect_bytes  # noqa: E402
from made_images import make_disk, run  # noqa: E402
from small_debian import DEBIAN, PE_X86_64  # noqa: E402

MIB = 1 << 20
SECONDS, MOST_BYTES = 20.0, 16 * MIB
MEMORY = 8 << 30
"""Of addresses: the images are mapped, not read."""
FILE_SYSTEMS = ("ext4", "xfs", "btrfs", "ntfs", "squashfs", "erofs")
FORMATS = {
    "raw": ("-O", "raw"),
    "qcow2": ("-O", "qcow2"),
    "qcow2-zlib": ("-c", "-O", "qcow2"),
    "qcow2-zstd": ("-c", "-O", "qcow2", "-o", "compression_type=zstd"),
    "vhd": ("-O", "vpc"),
}


@dataclass
class Image:
    """A file, and bytes over it; nothing of it is copied.

    Attributes:
        where: Its sectors that are not zeros; as it is nearly empty, its structures.
    """

    data: mmap.mmap
    where: list[int]
    size: int = 0
    patches: list[tuple[int, bytes]] = field(default_factory=list)

    def fetch(self, offset: int, count: int) -> bytes:
        end = min(offset + count, self.size)
        found = bytearray(self.data[offset:end])
        for at, patch in self.patches:
            first, last = max(at, offset), min(at + len(patch), end)
            if first < last:
                found[first - offset : last - offset] = patch[first - at : last - at]
        return bytes(found)


def make_images(folder: Path) -> dict[str, Image]:
    tree = {p[1:]: t.encode() if isinstance(t, str) else t for p, t in DEBIAN.items()}
    tree["Windows/System32/ntoskrnl.exe"] = PE_X86_64
    said = hives.software("Windows Server 2022 Datacenter", 20348, "21H2")
    tree["Windows/System32/config/SOFTWARE"] = hives.make_hive(folder, said)
    said = hives.system("AMD64", viostor=0, stornvme=0)
    tree["Windows/System32/config/SYSTEM"] = hives.make_hive(folder, said)
    tree["Windows/System32/drivers/viostor.sys"] = PE_X86_64
    images = {}
    for file_system in FILE_SYSTEMS:
        for scheme in ("gpt", "mbr"):
            esp = {"EFI/BOOT/BOOTX64.EFI": PE_X86_64}
            disk = make_disk(
                folder, tree, scheme=scheme, file_system=file_system, esp=esp
            )
            for name, options in FORMATS.items():
                made = folder / f"{name}-{scheme}-{file_system}"
                run("qemu-img", "convert", "-f", "raw", *options, disk, made)
                images[made.name] = open_image(made)
            disk.unlink()
    return images


def open_image(path: Path) -> Image:
    size = path.stat().st_size
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        where = []
        at = 0
        while at < size:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            end = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            where += [n for n in range(at, end, 512) if any(data[n : n + 512])]
            at = end
    return Image(data=data, where=where, size=size)


def damage(image: Image, chance: random.Random) -> None:
    image.size, image.patches = len(image.data), []
    for _ in range(chance.choice([1, 1, 2, 5, 20, 100])):
        at = chance.choice(image.where) + chance.randrange(512)
        kind = chance.random()
        if kind < 0.4:
            patch = chance.randbytes(1)
        elif kind < 0.7:
            value = bytes([chance.choice([0, 1, 0x7F, 0xFF])])
            patch = value * chance.choice([2, 4, 8])
        elif kind < 0.9:
            other = chance.choice(image.where)
            patch = image.data[other : other + 64]
        else:
            patch = chance.randbytes(16)
        image.patches.append((at, patch))
    if chance.random() < 0.05:
        image.size = chance.randrange(1, len(image.data))


def inspect(image: Image) -> tuple[str, float]:
    started = time.monotonic()
    size = image.size
    head, tail = image.fetch(0, HEAD_BYTES), image.fetch(max(0, size - 512), 512)
    try:
        header = read_header(head, tail, object_size_bytes=size)
    except FormatError:
        return "refused by its header", 0.0
    if not header.is_importable:
        return "refused by its header", 0.0
    budget = Budget(seconds=SECONDS, most_bytes=MOST_BYTES)
    source = Bounded(fetch=image.fetch, size_bytes=size, budget=budget)
    inspection = inspect_bytes(source, header)
    took = time.monotonic() - started
    assert inspection.spent.bytes_read <= MOST_BYTES
    assert took <= SECONDS + 5, took
    if "make no sense" in inspection.why_not:
        return f"CAUGHT: {inspection.why_not}", took
    if inspection.why_not or not inspection.findings.os_type:
        return "could not tell", took
    return "told", took


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        images = make_images(Path(folder))
    sound = {name: inspect(image)[0] for name, image in images.items()}
    print("sound images:", Counter(sound.values()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    came: Counter[str] = Counter()
    longest = (0.0, "", 0)
    end, rounds = time.monotonic() + asked.minutes * 60, 0
    while time.monotonic() < end:
        name = chance.choice(list(images))
        damage(images[name], chance)
        said, took = inspect(images[name])
        came[said] += 1
        rounds += 1
        longest = max(longest, (took, name, rounds))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{rounds:,} rounds in {asked.minutes:g} minutes, seed {asked.seed}")
    for said, count in came.most_common():
        print(f"  {count:8,}  {said}")
    print(f"longest: {longest[0]:.2f} s ({longest[1]}, round {longest[2]:,})")
    print(
        f"memory: {before / 1024:,.0f} MiB with all images, {after / 1024:,.0f} at most"
    )


if __name__ == "__main__":
    main()
