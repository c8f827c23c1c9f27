"""An image in which no system is found is no good one, whatever else passes."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from image_import_cli.preview.inspect import inspect
from made_images import MIB, NEEDS, make_disk
from small_debian import PE_X86_64

ESP = {"EFI/BOOT/BOOTX64.EFI": PE_X86_64}
LUKS = b"LUKS\xba\xbe\0\2"
pytestmark = pytest.mark.needs(
    *NEEDS["ext4"], *NEEDS["gpt"], *NEEDS["vfat"], *NEEDS["xfs"]
)


def told(image: Path) -> dict[str, Any]:
    answer = CliRunner().invoke(inspect, [str(image), "--json"])
    said: dict[str, Any] = json.loads(answer.stdout)
    fails = [check["seen"] for check in said["checks"] if check["verdict"] == "fails"]
    return {**said, "exit": answer.exit_code, "fails": fails}


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_a_disk_whose_file_system_is_empty_is_no_good(
    tmp_path: Path, kind: str
) -> None:
    said = told(make_disk(tmp_path, {}, file_system=kind, esp=ESP))
    assert (said["exit"], said["boot_mode"], said["fails"]) == (1, "UEFI", [])
    nothing = "there is no file system with a system on it"
    assert said["error"]["message"] == f"no system was found: {nothing}"


def test_a_disk_whose_file_system_cannot_be_read_is_no_good(tmp_path: Path) -> None:
    disk = make_disk(tmp_path, {"etc/os-release": b"ID=debian\n"}, esp=ESP)
    data = bytearray(disk.read_bytes())
    at = data.index(b"\x53\xef", 2 * MIB) - 56 - 1024
    data[at : at + 4096] = LUKS.ljust(4096, b"\0")
    disk.write_bytes(data)
    said = told(disk)
    assert said["exit"] == 1
    assert said["error"]["message"].startswith(
        "could not tell which system boots: partition "
    )
    report = CliRunner().invoke(inspect, [str(disk)], env={"COLUMNS": "120"})
    assert report.stdout.startswith(" could not tell which system boots ")
