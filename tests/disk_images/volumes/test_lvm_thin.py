"""Thin volumes of LVM2, whose pool's metadata thin_restore made.

thin-provisioning-tools 0.9.0; the text is as LVM2 2.03.16 writes it.
"""

import gzip
import struct
from pathlib import Path

import pytest
from disk_images.survey import examine
from disk_images.volumes.layout import find_volumes
from made_images import MIB, NEEDS, CountingFile, make_file_system, run
from repository import DATA
from small_debian import ELF_X86_64

pytestmark = pytest.mark.needs("thin_restore", *NEEDS["ext4"])

CHUNK = 64 * 1024
EXTENT = 4 * MIB
AREA = 4096
TREE = {
    "etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
    "etc/fstab": b"/dev/mapper/vg0-root / ext4 defaults 0 1\n",
    "usr/bin/env": ELF_X86_64,
    "large": b"".join(b"%07d\n" % n for n in range(100_000)),
}
INNER = """{name} {{
id = "{name}"
status = ["READ", "WRITE"]
segment_count = 1
segment1 {{
start_extent = 0
extent_count = {count}
type = "striped"
stripe_count = 1
stripes = ["pv0", {first}]
}}
}}
"""
POOL = """pool {
id = "pool"
status = ["READ", "WRITE", "VISIBLE"]
segment_count = 1
segment1 {
start_extent = 0
extent_count = 8
type = "thin-pool"
metadata = "pool_tmeta"
pool = "pool_tdata"
transaction_id = 2
chunk_size = 128
}
}
"""
THIN = """{name} {{
id = "{name}"
status = ["READ", "WRITE", "VISIBLE"]
segment_count = 1
segment1 {{
start_extent = 0
extent_count = 4
type = "thin"
thin_pool = "pool"
transaction_id = 1
device_id = {device}
}}
}}
"""


def pool_of(folder: Path, root: bytes) -> tuple[bytes, bytes]:
    """Return metadata and data of a pool with the volume; its chunks stand mixed."""
    chunks = [root[at : at + CHUNK] for at in range(0, len(root), CHUNK)]
    written = [number for number, chunk in enumerate(chunks) if any(chunk)]
    data = bytearray(8 * EXTENT)
    lines = []
    for place, number in enumerate(reversed(written), start=3):
        data[place * CHUNK : (place + 1) * CHUNK] = chunks[number]
        lines.append((number, place))
    mapped = "".join(
        f'<single_mapping origin_block="{n}" data_block="{place}" time="1"/>'
        for n, place in sorted(lines)
    )
    device = (
        f'<device dev_id="7" mapped_blocks="{len(lines)}" transaction="0"'
        f' creation_time="0" snap_time="0">{mapped}</device>'
    )
    xml = folder / "pool.xml"
    xml.write_text(
        '<superblock uuid="" time="1" transaction="2" flags="0" version="2"'
        f' data_block_size="128" nr_data_blocks="512">{device}</superblock>'
    )
    metadata = folder / "metadata"
    metadata.write_bytes(bytes(EXTENT))
    run("thin_restore", "-i", xml, "-o", metadata)
    return metadata.read_bytes(), bytes(data)


def physical_volume(folder: Path, root: bytes) -> Path:
    """Return a physical volume that has a pool and two volumes of it."""
    raw = bytearray(gzip.decompress((DATA / "lvm/linear.gz").read_bytes())[:MIB])
    offset, length = struct.unpack_from("<QQ", raw, AREA + 40)
    text = raw[AREA + offset : AREA + offset + length].decode()
    begin = text.index("logical_volumes {") + len("logical_volumes {\n")
    text = text[:begin] + INNER.format(name="pool_tmeta", count=1, first=0)
    text += INNER.format(name="pool_tdata", count=8, first=1) + POOL
    text += THIN.format(name="root", device=7) + THIN.format(name="gone", device=8)
    written = (text + "}\n}\n").encode()
    raw[AREA + 512 : AREA + 512 + len(written)] = written
    struct.pack_into("<QQ", raw, AREA + 40, 512, len(written))
    image = folder / "pv.img"
    image.write_bytes(bytes(raw) + b"".join(pool_of(folder, root)))
    return image


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("root")
    return make_file_system(folder, TREE, size_bytes=16 * MIB).read_bytes()


def test_every_byte_of_a_thin_volume_is_read(tmp_path: Path, root: bytes) -> None:
    layout = find_volumes(CountingFile(physical_volume(tmp_path, root)))
    volume = next(v for v in layout.volumes if v.name == "vg0/root")
    assert (volume.kind, volume.problem) == ("ext4", "")
    assert volume.read(0, len(root) + 1) == root


def test_a_system_on_a_thin_volume_is_told(tmp_path: Path, root: bytes) -> None:
    image = physical_volume(tmp_path, root)
    image.write_bytes(image.read_bytes().replace(b"device_id = 8", b"device_id = 7"))
    found = examine(CountingFile(image))
    assert "pool" not in found.layout.value
    assert found.release
    assert (found.release.id, found.release.version) == ("debian", "12")
    assert found.root_place.value == "logical volume vg0/root"


def test_a_volume_that_its_pool_does_not_know_cannot_be_read(
    tmp_path: Path, root: bytes
) -> None:
    layout = find_volumes(CountingFile(physical_volume(tmp_path, root)))
    volume = next(v for v in layout.volumes if v.name == "vg0/gone")
    assert volume.problem == "its pool has no device 8"


@pytest.mark.parametrize("at", [32, 320, 336])
def test_a_damaged_pool_is_a_problem_of_its_volumes(
    tmp_path: Path, root: bytes, at: int
) -> None:
    image = physical_volume(tmp_path, root)
    raw = bytearray(image.read_bytes())
    raw[MIB + at : MIB + at + 4] = b"\xff\xff\xff\x7f"
    image.write_bytes(raw)
    layout = find_volumes(CountingFile(image))
    volume = next(v for v in layout.volumes if v.name == "vg0/root")
    assert volume.problem
