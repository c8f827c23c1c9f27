"""Registry hives that hivexregedit filled, read beside libregf; and damaged ones."""

import io
import random
from contextlib import suppress
from pathlib import Path

import hives
import made_images
import pyregf
import pytest
from image_import.inspection.contents import open_file_system
from image_import.inspection.parts import (
    CannotTellError,
    DamagedError,
    FileMissingError,
)
from image_import.inspection.registry import Hive
from image_import.inspection.seen import Seen
from image_import.inspection.volumes import find_volumes
from image_import.inspection.windows import Windows
from memory_files import BytesSource
from program_bytes import pe

KEY = "Microsoft\\Windows NT\\CurrentVersion"
ENTRIES = r"""[HIVE\Types]
"text"="a \"quoted\" text"
"number"=dword:0001e240
"bytes"=hex:00,01,fe,ff,10
"expanded"=hex(2):25,00,41,00,25,00,00,00
"list"=hex(7):61,00,00,00,62,00,63,00,00,00,00,00
"long"="{long}"

[HIVE\Many]

{many}
"""


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    many = "\n\n".join(f"[HIVE\\Many\\key {n}]" for n in range(1500))
    said = ENTRIES.replace("{long}", "x" * 9000).replace("{many}", many)
    return hives.make_hive(tmp_path_factory.mktemp("hive"), said)


def oracle(data: bytes) -> pyregf.file:
    file = pyregf.file()
    file.open_file_object(io.BytesIO(data))
    return file


@pytest.mark.needs(*hives.NEEDS)
@pytest.mark.parametrize("name", ["text", "number", "expanded", "list", "long"])
def test_a_value_is_what_libregf_reads(hive: bytes, name: str) -> None:
    theirs = oracle(hive).get_key_by_path("\\Types").get_value_by_name(name)
    ours = Hive(BytesSource(hive)).value("Types", name)
    expected = {
        4: theirs.get_data_as_integer,
        7: lambda: list(theirs.get_data_as_multi_string()),
    }.get(theirs.type, theirs.get_data_as_string)
    assert ours == expected()


@pytest.mark.needs(*hives.NEEDS)
def test_bytes_and_names_in_other_case_are_found(hive: bytes) -> None:
    assert Hive(BytesSource(hive)).value("TYPES", "Bytes") == bytes.fromhex(
        "0001feff10"
    )


@pytest.mark.needs(*hives.NEEDS)
def test_the_keys_of_a_large_key_are_those_that_libregf_lists(hive: bytes) -> None:
    theirs = oracle(hive).get_key_by_path("\\Many")
    names = [theirs.get_sub_key(n).name for n in range(theirs.number_of_sub_keys)]
    assert len(names) == 1500
    assert sorted(Hive(BytesSource(hive)).subkeys("Many")) == sorted(names)


@pytest.mark.needs(*hives.NEEDS)
@pytest.mark.parametrize(("key", "name"), [("Types", "none"), ("Types\\none", "text")])
def test_what_is_not_there_says_so(hive: bytes, key: str, name: str) -> None:
    with pytest.raises(FileMissingError, match="none"):
        Hive(BytesSource(hive)).value(key, name)


def test_an_empty_hive_is_one_and_something_else_is_none() -> None:
    assert Hive(BytesSource(hives.empty_hive())).subkeys("") == []
    with pytest.raises(DamagedError, match="expected regf"):
        Hive(BytesSource(bytes(8192)))


@pytest.mark.needs(*hives.NEEDS)
def test_a_damaged_or_cut_hive_ends_in_an_answer_or_cannot_tell(hive: bytes) -> None:
    chance = random.Random(5)  # noqa: S311 - the same each time
    told = 0
    for _ in range(300):
        damaged = bytearray(hive[: chance.choice([len(hive), 6000, 9000])])
        for _ in range(40):
            at = chance.randrange(4096, len(damaged) - 4)
            damaged[at : at + 4] = chance.randbytes(4)
        with suppress(CannotTellError):
            told += Hive(BytesSource(bytes(damaged))).value("Types", "number") == 123456
    assert told


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
