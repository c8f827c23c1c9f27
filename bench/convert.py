"""`image-import convert` beside qemu-img, on the same files, in alternating rounds.

    PYTHONPATH=functions python bench/convert.py [--mib 256] [--rounds 3]

Prints medians of wall and CPU seconds of each arm's processes, the peak of memory of
the largest one, and ratios to the tool. Both write qcow2 from files in the page cache.
Then the CPU seconds and requests of a plan by wrap, of disks of 1 GiB and 1 TiB with
the same data in them: the copy is made by whoever stores it, and is not counted.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from disk_images.blocks.open import open_disk
from disk_images.blocks.source import Fetched
from disk_images.convert.ahead import ReadAhead
from disk_images.convert.parts import PartLimits
from disk_images.convert.wrap_lane import plan_wrap

MIB = 1 << 20
OURS = [sys.executable, "-m", "image_import_cli", "convert", "--force", "--json"]


class Taken(NamedTuple):
    """Seconds, and MiB of the largest process."""

    wall: float
    cpu: float
    peak: float


def make_disk(path: Path, mib: int) -> None:
    """Write a disk of twice the data's size: a third packs well, the rest less."""
    chance = random.Random(1)
    words = [chance.randbytes(chance.randrange(3, 9)).hex() for _ in range(4000)]
    with path.open("wb") as file:
        file.truncate(2 * mib * MIB)
        for number in range(mib):
            file.seek(2 * number * MIB)
            if number % 3:
                text = " ".join(chance.choices(words, k=MIB // 12)).encode()
                file.write(text[:MIB])
            else:
                file.write(chance.randbytes(MIB // 2) + bytes(MIB // 4))


def taken(command: str) -> Taken:
    """Run a command line, and return what it took."""
    began = time.perf_counter()
    process = subprocess.Popen(["/bin/sh", "-ec", command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    wall = time.perf_counter() - began
    return Taken(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def arms(folder: Path) -> dict[str, dict[str, str]]:
    """Return the command lines of each comparison, the tool's first."""
    ours = " ".join(OURS)
    qemu = "qemu-img convert -O qcow2"
    out, plain = folder / "out.qcow2", folder / "plain.raw"

    def ours_of(name: str, *options: str) -> str:
        return f"rm -f {out}; {ours} {' '.join(options)} {folder / name} {out}"

    def unpacked(tool: str, name: str) -> str:
        return f"{tool} {folder / name} > {plain}; {qemu} -f raw {plain} {out}"

    return {
        "VMDK, streamOptimized (map)": {
            "tool": f"{qemu} -f vmdk {folder / 'disk.vmdk'} {out}",
            "1 thread": ours_of("disk.vmdk", "--threads", "1"),
            "2 threads": ours_of("disk.vmdk", "--threads", "2"),
        },
        "VHDX (wrap)": {
            "tool": f"{qemu} -f vhdx {folder / 'disk.vhdx'} {out}",
            "wrap": ours_of("disk.vhdx"),
        },
        "gzip (stream)": {
            "tool": unpacked("gzip -dc", "disk.raw.gz"),
            "stream": ours_of("disk.raw.gz"),
        },
        "xz (stream)": {
            "tool": unpacked("xz -T1 -dc", "disk.raw.xz"),
            "stream": ours_of("disk.raw.xz"),
        },
    }


def main() -> None:
    """Make the files, run the rounds, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=256, help="of data")
    parser.add_argument("--rounds", type=int, default=3)
    order = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        disk = folder / "disk.raw"
        make_disk(disk, order.mib)
        qemu = f"qemu-img convert -f raw {disk} -O"
        stream = "-o subformat=streamOptimized"
        for command in (
            f"{qemu} vmdk {stream} {folder}/disk.vmdk",
            f"{qemu} vhdx {folder}/disk.vhdx",
            f"gzip -1k {disk}",
            f"xz -T1 -0k {disk}",
        ):
            taken(command)
        for title, commands in arms(folder).items():
            compare(title, commands, order.rounds)
        print(f"load {os.getloadavg()}")
        for driver in ("vhdx", "vdi", "vmdk"):
            for gib in (1, 1024):
                wrap(folder, driver, gib, order.rounds)


def wrap(folder: Path, driver: str, gib: int, rounds: int) -> None:
    """Plan a disk of some GiB with 64 MiB of data by wrap, and print what it took."""
    disk, made = folder / "sparse.raw", folder / f"sparse.{driver}"
    disk.write_bytes(random.Random(1).randbytes(64 * MIB))
    os.truncate(disk, gib << 30)
    taken(f"qemu-img convert -f raw {disk} -O {driver} {made}")
    limits = PartLimits(smallest_bytes=100 << 10, largest_copy_bytes=5 << 30)
    seconds = []
    with made.open("rb") as file:
        size = made.stat().st_size
        for _ in range(rounds):
            reads: list[int] = []

            def fetch(at: int, count: int, reads: list[int] = reads) -> bytes:
                reads.append(count)
                return os.pread(file.fileno(), count, at)

            began = time.process_time()
            source = ReadAhead(Fetched(fetch=fetch, size_bytes=size))
            plan = plan_wrap(
                open_disk(source), source_bytes=size, reason="", limits=limits
            )
            seconds.append(time.process_time() - began)
    copies = sum(part.make is None for part in plan.parts)
    print(
        f"wrap, {driver} of {gib:,} GiB: CPU {statistics.median(seconds):.3f} s,"
        f" {len(reads)} reads of {sum(reads) / MIB:.1f} MiB, {copies} copies,"
        f" {len(plan.parts) - copies} written"
    )


def compare(title: str, commands: dict[str, str], rounds: int) -> None:
    """Run the arms in turns, and print their medians."""
    found: dict[str, list[Taken]] = {arm: [] for arm in commands}
    for number in range(rounds):
        names = list(commands) if number % 2 == 0 else list(commands)[::-1]
        for arm in names:
            found[arm].append(taken(commands[arm]))
    print(title)
    first = [statistics.median(column) for column in zip(*found["tool"], strict=True)]
    for arm, results in found.items():
        wall, cpu, peak = map(statistics.median, zip(*results, strict=True))
        print(
            f"  {arm:<10} wall {wall:6.2f} s ({wall / first[0]:4.2f})  CPU {cpu:6.2f} s"
            f" ({cpu / first[1]:4.2f})  peak {peak:4.0f} MiB"
        )


if __name__ == "__main__":
    main()
