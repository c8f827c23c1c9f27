"""Checksums in sidecars, metadata and files beside an image."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from image_import.errors import SidecarError
from image_import.sidecar.checksums import (
    MAX_FILE_BYTES,
    checksum_file_keys,
    images_of,
    is_checksum_file,
    metadata_checksums,
    stated_in,
)
from image_import.sidecar.fields import read_checksums

IMAGE = b"an image"
MD5 = hashlib.md5(IMAGE, usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(IMAGE).hexdigest()


def values(file_key: str, data: bytes, object_key: str = "in/web.qcow2") -> list[str]:
    found = stated_in(file_key, data, object_key=object_key)
    return [f"{one.name} {one.value}" for one in found]


def test_a_sidecar_may_write_a_crc_64_as_a_number() -> None:
    assert read_checksums({"Crc64": 12, "Md5": MD5}, within="") == {
        "Crc64": "12",
        "Md5": MD5,
    }


def test_a_bad_checksum_is_named_with_its_path() -> None:
    with pytest.raises(SidecarError, match="is 'abc'; write 32 hex") as caught:
        read_checksums({"Md5": "abc"}, within="DiskDeviceMapping[1]")
    assert caught.value.field == "DiskDeviceMapping[1].Md5"


def test_metadata_of_other_names_says_nothing() -> None:
    said = {"sha256": f" {SHA256} ", "md5chksum": "?", "crc64": ""}
    assert metadata_checksums(said) == {"Sha256": SHA256}


def test_metadata_that_is_no_checksum_is_refused_by_its_name() -> None:
    with pytest.raises(SidecarError) as caught:
        metadata_checksums({"crc64": "12ab"})
    assert caught.value.field == "x-oss-meta-crc64"


def test_a_file_of_checksums_stands_behind_the_image_s_name_or_in_its_folder() -> None:
    assert checksum_file_keys("in/web.qcow2") == (
        "in/web.qcow2.crc64",
        "in/web.qcow2.md5",
        "in/web.qcow2.sha256",
        "in/MD5SUMS",
        "in/SHA256SUMS",
    )
    assert all(map(is_checksum_file, checksum_file_keys("web.qcow2")))


@pytest.mark.parametrize(
    "key", ["web.qcow2", "notes.txt.md5", ".md5", "web.qcow2.json", "SHA512SUMS", "in/"]
)
def test_other_files_are_none_of_checksums(key: str) -> None:
    assert not is_checksum_file(key)


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="GNU coreutils are missing")
@pytest.mark.parametrize("options", [[], ["-b"], ["--tag"]])
@pytest.mark.parametrize(
    ("program", "name", "said"),
    [
        ("md5sum", "MD5SUMS", f"Md5 {MD5}"),
        ("sha256sum", "SHA256SUMS", f"Sha256 {SHA256}"),
        ("md5sum", "web.qcow2.md5", f"Md5 {MD5}"),
    ],
)
def test_what_gnu_coreutils_write_is_read(
    tmp_path: Path, program: str, name: str, said: str, options: list[str]
) -> None:
    (tmp_path / "web.qcow2").write_bytes(IMAGE)
    (tmp_path / "other file.img").write_bytes(b"other")
    files = ["./web.qcow2"] if "web" in name else ["other file.img", "./web.qcow2"]
    made = subprocess.run(
        [program, *options, *files], cwd=tmp_path, capture_output=True, check=True
    )
    assert values(f"in/{name}", made.stdout) == [said]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("web.qcow2.sha256", SHA256),
        ("web.qcow2.sha256", f"{SHA256}  /tmp/build/output.qcow2\n"),
        ("SHA256SUMS", f"# a comment\n\n{SHA256} *web.qcow2\n"),
        ("SHA256SUMS", f"-----BEGIN PGP SIGNED MESSAGE-----\n{SHA256}  web.qcow2\n"),
        ("SHA256SUMS", f"{SHA256}  web.qcow2\n{SHA256}  ./web.qcow2\n"),
        ("SHA256SUMS", f"\ufeff{SHA256}  web.qcow2\r\n"),
    ],
    ids=["bare", "old name", "comment", "signed", "twice the same", "from Windows"],
)
def test_a_sha_256_is_found(name: str, text: str) -> None:
    assert values(f"in/{name}", text.encode()) == [f"Sha256 {SHA256}"]


@pytest.mark.parametrize("text", ["17", "CRC64-ECMA             : 17\n"])
def test_a_crc_64_is_read_as_ossutil_prints_it(text: str) -> None:
    assert values("in/web.qcow2.crc64", text.encode()) == ["Crc64 17"]


def test_a_list_that_lacks_an_image_says_nothing_of_it() -> None:
    assert values("in/MD5SUMS", f"{MD5}  other.qcow2\n".encode()) == []


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("web.qcow2.md5", b"", "holds no line with an MD5"),
        ("web.qcow2.md5", b"\xff", "is not UTF-8"),
        ("web.qcow2.md5", f"{MD5}  a\n{MD5}  b\n".encode(), "says no Md5 of web.qcow2"),
        ("web.qcow2.md5", SHA256.encode(), "write 32 hexadecimal digits"),
        ("MD5SUMS", b"\n" * (MAX_FILE_BYTES + 1), "larger than 256 KiB"),
        (
            "MD5SUMS",
            f"{MD5}  web.qcow2\n{MD5[::-1]}  web.qcow2\n".encode(),
            "says two Md5",
        ),
    ],
    ids=["empty", "binary", "of others", "another sum", "large", "two"],
)
def test_a_file_that_cannot_be_believed_is_refused(
    name: str, data: bytes, why: str
) -> None:
    with pytest.raises(SidecarError, match=why):
        values(f"in/{name}", data)


def test_a_file_of_one_image_speaks_of_it_alone() -> None:
    assert images_of("in/web.qcow2.md5", b"") == ["in/web.qcow2"]


def test_a_list_speaks_of_each_image_once() -> None:
    lines = [f"{MD5}  {name}" for name in ("a.qcow2", "./a.qcow2", "b.txt", "c.vhd")]
    assert images_of("in/MD5SUMS", "\n".join(lines).encode()) == [
        "in/a.qcow2",
        "in/c.vhd",
    ]


def test_a_list_of_a_mirror_is_too_long_to_look_for_all_of_it() -> None:
    lines = "\n".join(f"{MD5}  {number}.qcow2" for number in range(101))
    with pytest.raises(SidecarError, match="lists 101 images; at most 100"):
        images_of("MD5SUMS", lines.encode())
