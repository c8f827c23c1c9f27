"""Checksums in one spelling."""

import base64
import hashlib

import pytest
from image_import.model.checksum import normal_checksum

MD5 = hashlib.md5(b"image", usedforsecurity=False)
SHA256 = hashlib.sha256(b"image").hexdigest()


@pytest.mark.parametrize(
    ("name", "said", "normal"),
    [
        ("Crc64", "17082093128474837823", "17082093128474837823"),
        ("Crc64", "007", "7"),
        ("Md5", MD5.hexdigest().upper(), MD5.hexdigest()),
        ("Md5", base64.b64encode(MD5.digest()).decode(), MD5.hexdigest()),
        ("Sha256", SHA256.upper(), SHA256),
    ],
    ids=["decimal", "zeros in front", "MD5 in capitals", "Base64", "SHA-256"],
)
def test_two_spellings_of_a_checksum_are_one(name: str, said: str, normal: str) -> None:
    assert normal_checksum(name, said) == normal


@pytest.mark.parametrize(
    ("name", "said", "allowed"),
    [
        ("Crc64", str(2**64), "below 2"),
        ("Crc64", "0x1f", "decimal"),
        ("Crc64", "", "decimal"),
        ("Md5", SHA256, "32 hexadecimal digits"),
        ("Md5", "*" * 32, "32 hexadecimal digits"),
        ("Sha256", MD5.hexdigest(), "64 hexadecimal digits"),
    ],
)
def test_what_is_no_checksum_says_what_would_be_one(
    name: str, said: str, allowed: str
) -> None:
    with pytest.raises(ValueError, match=allowed):
        normal_checksum(name, said)
