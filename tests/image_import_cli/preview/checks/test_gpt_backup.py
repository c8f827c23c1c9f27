"""Whether Linux takes a GPT: checksums, the backup, and a disk that was resized."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from disk_images.findings import Findings
from disk_images.formats.detect import Header
from disk_images.survey import examine
from image_import.model.targets import TARGETS
from image_import_cli.preview.checks.check import Check
from image_import_cli.preview.checks.image import CheckedImage, check
from made_images import MIB, NEEDS, CountingFile, make_disk, run
from recorded_images import recorded

pytestmark = pytest.mark.needs(*NEEDS["ext4"], *NEEDS["gpt"])

TREE = {"etc/os-release": b"ID=debian\n", "usr/lib/x": b""}


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return make_disk(tmp_path, TREE)


def patch(disk: Path, at: int, data: bytes) -> None:
    """Overwrite bytes; from the end if `at` is negative."""
    with disk.open("r+b") as file:
        file.seek(at, os.SEEK_END if at < 0 else os.SEEK_SET)
        file.write(data)


def resize(disk: Path, by: int) -> None:
    with disk.open("r+b") as file:
        file.truncate(disk.stat().st_size + by)


def checklist(findings: Findings) -> list[Check]:
    image = CheckedImage(header=Header(detected="raw-gpt"), findings=findings)
    return check(image, TARGETS["public"])


def seen(disk: Path) -> tuple[str, str]:
    """Return the verdict on the GPT, and what was seen."""
    findings = examine(CountingFile(disk))
    checks = checklist(findings)
    (found,) = [c for c in checks if c.requirement == "GPT is whole, and its backup"]
    return found.verdict, found.seen


def test_a_gpt_as_it_was_made_passes(disk: Path) -> None:
    assert seen(disk) == ("passes", "whole, with its backup at the end of the disk")


def test_a_disk_that_was_grown_passes(disk: Path) -> None:
    resize(disk, 4 * MIB)
    said = "whole, with its backup 8,192 sectors before the end: the disk grew"
    assert seen(disk) == ("passes", said)


IGNORED: dict[str, tuple[Callable[[Path], None], str]] = {
    "entries": (
        lambda disk: patch(disk, 1024 + 56, b"X"),
        "the primary GPT is damaged (the entries' checksum is wrong)",
    ),
    "header": (
        lambda disk: patch(disk, 512 + 60, b"X"),
        "the primary GPT is damaged (the header's checksum is wrong)",
    ),
    "no header": (
        lambda disk: patch(disk, 512, bytes(512)),
        "the primary GPT is damaged (sector 1 does not begin with EFI PART)",
    ),
    "no protective MBR": (
        lambda disk: patch(disk, 446, bytes(64)),
        "the MBR has no entry of type 0xee, which protects a GPT",
    ),
}


@pytest.mark.parametrize(("damage", "why"), IGNORED.values(), ids=list(IGNORED))
def test_what_linux_ignores_fails(
    disk: Path, damage: Callable[[Path], None], why: str
) -> None:
    damage(disk)
    verdict, said = seen(disk)
    assert verdict == "fails"
    assert said.startswith(f"ignored by Linux: {why}")


@pytest.mark.parametrize(
    ("at", "why"),
    [(-512, "does not begin with EFI PART"), (-512 * 33 + 56, "entries' checksum")],
    ids=["header", "entries"],
)
def test_a_backup_that_is_damaged_is_advice(disk: Path, at: int, why: str) -> None:
    patch(disk, at, b"X")
    verdict, said = seen(disk)
    assert verdict == "advice"
    assert said.startswith("its backup in sector 36,863 is none: ")
    assert why in said


def test_a_disk_cut_behind_its_partitions_is_advice(disk: Path) -> None:
    resize(disk, -MIB // 2)
    verdict, said = seen(disk)
    assert verdict == "advice"
    assert said.startswith(
        "it reaches to sector 36,830, but the disk has 35,840: Linux"
    )


def test_an_mbr_is_asked_nothing_of_a_gpt(tmp_path: Path) -> None:
    findings = examine(CountingFile(make_disk(tmp_path, TREE, scheme="mbr")))
    checks = checklist(findings)
    assert not [c for c in checks if "GPT" in c.requirement]


@pytest.mark.needs("sgdisk")
def test_sgdisk_mends_what_the_advice_says_it_does(disk: Path) -> None:
    patch(disk, 1024 + 56, b"X")
    run("sgdisk", "-e", disk)
    assert seen(disk)[0] == "passes"
    patch(disk, -512, bytes(512))
    run("sgdisk", "-e", disk)
    assert seen(disk)[0] == "passes"


def test_a_gpt_for_sectors_of_4096_bytes_fails(tmp_path: Path) -> None:
    verdict, said = seen(recorded("gpt4096", tmp_path))
    assert (verdict, said) == (
        "fails",
        "made for sectors of 4,096 bytes: a machine whose disks have 512 finds no GPT",
    )
