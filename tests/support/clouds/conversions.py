"""Uploads in formats that ECS does not take, and what a conversion leaves behind."""

import io
import random
import struct
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from image_import.config.settings import read_settings
from image_import.importing.conversion.converter import do_jobs
from image_import.importing.runtime import make_invocation
from image_import.model.result import Result
from uploads import BUCKET, LEDGER, Uploads

MIB = 1024**2
CONVERTED = f"{LEDGER}converted/"


def plain_disk(folder: Path, *, data_bytes: int = 3 * MIB) -> Path:
    """Return a disk of some MiB: noise, and zeros behind it."""
    path = folder / "disk.raw"
    noise = random.Random(1).randbytes(data_bytes)  # noqa: S311 - bytes
    path.write_bytes(noise.ljust(-(-data_bytes // 512) * 1024, b"\0"))
    return path


def in_format(disk: Path, driver: str, options: str = "") -> bytes:
    """Return a disk as qemu-img writes it."""
    path = disk.with_name(f"{disk.name}.{driver}{options}")
    if not path.exists():
        chosen = ["-o", options] if options else []
        command = ["qemu-img", "convert", "-O", driver, *chosen, str(disk), str(path)]
        subprocess.run(command, check=True)
    return path.read_bytes()


def one_block_vdi() -> bytes:
    """Return the VDI of a disk of 8 MiB with a boot record in its first block.

    Source: QEMU, block/vdi.c, read 2026-12.
    """
    head = bytearray(1024)
    struct.pack_into("<II", head, 64, 0xBEDA107F, 0x00010001)
    struct.pack_into("<II", head, 72, 400, 1)
    struct.pack_into("<II", head, 340, 512, 1024)
    struct.pack_into("<I", head, 360, 512)
    struct.pack_into("<QIIII", head, 368, 8 * MIB, MIB, 0, 8, 1)
    struct.pack_into("<8I", head, 512, 0, *[0xFFFFFFFF] * 7)
    block = bytearray(MIB)
    block[446:462] = b"\x80\0\0\0\x83\0\0\0\x01\0\0\0\x00\x08\0\0"
    block[510:512] = b"\x55\xaa"
    return bytes(head + block)


def in_tar(members: Sequence[tuple[str, bytes]]) -> bytes:
    """Return files as a tar."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name, data in members:
            about = tarfile.TarInfo(name)
            about.size = len(data)
            tar.addfile(about, io.BytesIO(data))
    return held.getvalue()


def jobs_of(uploads: Uploads) -> list[str]:
    """Return the keys of the jobs that wait."""
    return uploads.cloud.oss.keys(BUCKET, f"{LEDGER}jobs/")


def do_job(uploads: Uploads, key: str, *, timeout_seconds: int = 600) -> Result:
    """Run the converter for one job, as OSS's trigger does."""
    event = uploads.cloud.oss.event(BUCKET, key)
    context = uploads.cloud.context(timeout_seconds=timeout_seconds)
    with uploads.cloud:
        settings = read_settings(uploads.environ)
        invocation = make_invocation(
            settings, context, environ={}, runtime=uploads.runtime
        )
        invocation = replace(invocation, sleep=uploads.clock.advance)
        results, bugs = do_jobs(event, invocation)
    assert bugs == []
    (result,) = results
    return result


def track_to_the_end(uploads: Uploads, *, runs: int = 3) -> None:
    """Let the tracker run until what is under way has ended."""
    for _ in range(runs):
        uploads.clock.advance(1300)
        uploads.track()


def left_behind(uploads: Uploads) -> list[str]:
    """Return what no conversion may leave: targets, jobs, notes and open uploads."""
    folders = ("converted/", "jobs/", "open/")
    bucket = uploads.cloud.oss.buckets[BUCKET]
    return [
        *(k for f in folders for k in uploads.cloud.oss.keys(BUCKET, f"{LEDGER}{f}")),
        *(upload.key for upload in bucket.uploads.values()),
    ]
