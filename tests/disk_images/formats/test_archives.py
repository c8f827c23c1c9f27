import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
from disk_bytes import read_disk, read_whole
from disk_images.formats.table import FORMATS, Format


def tar_of(name: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo(name))
    return file.getvalue()


def zip_of(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, b"data")
    return file.getvalue()


DATA = bytes(5000)
UNPACK = "-dc {source} > {target}"


@pytest.mark.parametrize(
    ("data", "detected", "fix"),
    [
        pytest.param(gzip.compress(DATA), "gzip", f"gzip {UNPACK}", id="gzip"),
        pytest.param(bz2.compress(DATA), "bzip2", f"bzip2 {UNPACK}", id="bzip2"),
        pytest.param(bz2.compress(b""), "bzip2", f"bzip2 {UNPACK}", id="empty bzip2"),
        pytest.param(lzma.compress(DATA), "xz", f"xz {UNPACK}", id="xz"),
        pytest.param(
            lzma.compress(DATA, lzma.FORMAT_ALONE), "lzma",
            "xz --format=lzma -dc {source} > {target}", id="lzma",
        ),
        pytest.param(zip_of("disk.raw"), "zip", "unzip {source}", id="zip"),
        pytest.param(tar_of("disk.raw"), "tar", "tar -xf {source}", id="tar"),
        pytest.param(
            tar_of("appliance.ovf"), "ova",
            "tar -xf {source} && for disk in *.vmdk; do qemu-img convert -f vmdk"
            ' -O qcow2 "$disk" "${{disk%.vmdk}}.qcow2"; done',
            id="OVA",
        ),
    ],
)  # fmt: skip
def test_what_is_packed_is_refused_with_the_command_that_unpacks_it(
    data: bytes, detected: str, fix: str
) -> None:
    header = read_whole(data)
    assert (header.detected, header.format) == (detected, None)
    assert header.fix == fix


NAMED = [
    (row, at, magic) for row in FORMATS if not row.read for at, magic in row.magics
]


@pytest.mark.parametrize(
    ("row", "at", "magic"), NAMED, ids=[f"{r.detected} {m!r}" for r, _, m in NAMED]
)
def test_each_signature_is_found_and_refused(
    row: Format, at: int, magic: bytes
) -> None:
    header = read_disk(bytes(at) + magic + bytes(600))
    assert header.detected == row.detected
    assert header.problem == f"it is {row.name}"


OVF = b'<?xml version="1.0"?><Envelope xmlns="http://schemas.dmtf.org/ovf/1">'
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"


@pytest.mark.parametrize(
    ("data", "detected", "shown"),
    [
        (b"<!DOCTYPE HTML PUBLIC>\n<html>", "html", "<!DOCTYPE HTML PUBLIC>"),
        (b"\xef\xbb\xbf\r\n <html lang='en'>", "html", "<html lang="),
        (b'<?xml version="1.0"?>\n<Error></Error>', "xml", "<Error>"),
        (b"<Error><Code>AccessDenied</Code></Error>", "xml", "AccessDenied"),
        (OVF, "ovf", "<Envelope"),
        (LFS, "git-lfs-pointer", "git-lfs"),
        (b'{"error": "not found"}', "json", "not found"),
        (b"[1, 2]", "json", "[1, 2]"),
        (b"404 page not found", "text", "404 page not found"),
        ("没有找到".encode(), "text", "没有找到"),
    ],
)
def test_a_text_is_refused_and_shown(data: bytes, detected: str, shown: str) -> None:
    header = read_whole(data)
    assert (header.detected, header.format) == (detected, None)
    assert shown in (header.problem or "")


@pytest.mark.parametrize(
    "data", [b"text\0", b"\x01", b"   \n"], ids=["zero", "control", "blank"]
)
def test_what_is_no_text_may_be_raw(data: bytes) -> None:
    assert read_whole(data).detected == "unknown"
