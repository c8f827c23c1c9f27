"""A Windows on NTFS is known by a registry hive that hivexregedit filled."""

from pathlib import Path

import hives
import made_images
import pytest
from image_import.inspection.contents import open_file_system
from image_import.inspection.seen import Seen
from image_import.inspection.volumes import find_volumes
from image_import.inspection.windows import Windows
from memory_files import BytesSource
from program_bytes import pe


@pytest.mark.needs(*hives.NEEDS, *made_images.NEEDS["ntfs"], *made_images.NEEDS["gpt"])
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
    disk = made_images.make_disk(tmp_path, tree, file_system="ntfs")
    layout = find_volumes(BytesSource(disk.read_bytes()))
    (volume,) = [v for v in layout.volumes if v.kind == "ntfs"]
    found = Windows(Seen(name="C:", file_system=open_file_system(volume))).findings()
    assert found["os_name"].value == product
    assert found["os_version"].value == f"21H2 build {build}"
    assert found["platforms"].public == platform
    assert found["architecture"].value == "x86_64"
    assert found["virtio"].value == "yes"
    assert found["nvme"].value == "no"
