"""A Windows on NTFS is known by a registry hive that hivexregedit filled."""

from pathlib import Path
from typing import Any

import hives
import made_images
import pytest
from disk_images.filesystems.detect import open_file_system
from disk_images.guest.volume_files import Seen
from disk_images.guest.windows import Windows
from disk_images.volumes.layout import find_volumes
from image_import.inspection.platform import windows_system
from image_import.model.targets import PUBLIC
from memory_files import BytesSource
from program_bytes import pe

NEEDS = (*hives.NEEDS, *made_images.NEEDS["ntfs"], *made_images.NEEDS["gpt"])


def findings_of(folder: Path, tree: made_images.Tree) -> dict[str, Any]:
    disk = made_images.make_disk(folder, tree, file_system="ntfs")
    layout = find_volumes(BytesSource(disk.read_bytes()))
    (volume,) = [v for v in layout.volumes if v.kind == "ntfs"]
    return Windows(Seen(name="C:", file_system=open_file_system(volume))).findings()


@pytest.mark.needs(*NEEDS)
@pytest.mark.parametrize(
    ("product", "build", "platform"),
    [
        ("Windows Server 2019 Datacenter", 17763, "Windows Server 2019"),
        ("Windows Server 2022 Standard", 20348, "Windows Server 2022"),
        ("Windows 10 Pro", 22631, "Other Windows"),
    ],
)
def test_a_windows_on_ntfs_is_known_by_its_registry(
    tmp_path: Path, product: str, build: int, platform: str
) -> None:
    system32 = "Windows/System32"
    said = hives.software(product, build, "21H2")
    tree = {
        f"{system32}/config/SOFTWARE": hives.make_hive(tmp_path, said),
        f"{system32}/ntoskrnl.exe": pe(0x8664).ljust(70_000, b"\1"),
        f"{system32}/drivers/viostor.sys": b"MZ",
    }
    found = findings_of(tmp_path, tree)
    assert found["os_name"].value == product
    assert found["os_version"].value == f"21H2 build {build}"
    system = windows_system(found["release"].name, found["release"].build)
    assert system
    assert system.platform_in(PUBLIC.platforms) == platform
    assert found["architecture"].value == "x86_64"
    assert found["virtio"].value == "yes"
    assert found["nvme"].value == "no"


@pytest.mark.needs(*NEEDS)
@pytest.mark.parametrize(
    ("starts", "virtio"),
    [
        ({"viostor": 0}, "yes"),
        ({"viostor": 3}, "no: viostor has Start 3, expected 0 (at boot)"),
        ({"other": 0}, "no: viostor has Start none, expected 0 (at boot)"),
    ],
)
def test_a_driver_counts_if_it_starts_at_boot(
    tmp_path: Path, starts: dict[str, int], virtio: str
) -> None:
    system32 = "Windows/System32"
    said = hives.system("ARM64", **starts, stornvme=0)
    tree = {
        f"{system32}/config/SYSTEM": hives.make_hive(tmp_path, said),
        f"{system32}/drivers/viostor.sys": b"MZ",
        f"{system32}/drivers/StorNVMe.sys": b"MZ",
        "Program Files/Cloudbase Solutions/Cloudbase-Init": None,
    }
    found = findings_of(tmp_path, tree)
    assert found["virtio"].value == virtio
    assert found["nvme"].value == "yes"
    assert found["agent"].value == "cloudbase-init"
    # Its kernel is not to be read here: the registry knows, too.
    assert found["architecture"].value == "arm64"
