import pytest
from image_import.model.revision import (
    DiskRevision,
    ImageRevision,
    key_hash,
    normal_etag,
)

DISK = DiskRevision(object_key="web.qcow2", etag="A1")
DATA = DiskRevision(object_key="data.qcow2", etag="B1")
ONE = ImageRevision(bucket="images", disks=(DISK,))


@pytest.mark.parametrize(
    "other",
    [
        ImageRevision(bucket="others", disks=(DISK,)),
        ImageRevision(
            bucket="images", disks=(DiskRevision(object_key="web.qcow2", etag="A2"),)
        ),
        ImageRevision(
            bucket="images", disks=(DiskRevision(object_key="Web.qcow2", etag="A1"),)
        ),
        ImageRevision(bucket="images", disks=(DISK, DATA)),
        ImageRevision(bucket="images", disks=(DISK,), attempt=2),
    ],
    ids=["bucket", "bytes", "key", "disks", "attempt"],
)
def test_whatever_differs_makes_another_version(other: ImageRevision) -> None:
    assert other.revision_hash != ONE.revision_hash
    assert other.mark != ONE.mark


def test_the_order_of_disks_is_part_of_the_version() -> None:
    forth = ImageRevision(bucket="images", disks=(DISK, DATA))
    back = ImageRevision(bucket="images", disks=(DATA, DISK))
    assert forth.revision_hash != back.revision_hash


def test_a_token_is_64_ascii_characters_and_covers_the_parameters() -> None:
    token = ONE.client_token({"ImageName": "a"})
    assert len(token) == 64
    assert token.isascii()
    assert token != ONE.client_token({"ImageName": "b"})


def test_a_token_does_not_depend_on_the_order_of_parameters() -> None:
    forth = ONE.client_token({"a": "1", "b": "2"})
    assert forth == ONE.client_token({"b": "2", "a": "1"})


@pytest.mark.parametrize("etag", ['"a1-2"', "A1-2", ' "A1-2" ', "a1-2"])
def test_an_etag_is_one_whether_quoted_or_not(etag: str) -> None:
    assert normal_etag(etag) == "A1-2"


def test_a_key_of_any_characters_has_a_hash() -> None:
    assert len(key_hash("images", "\udcff/镜像 \n")) == 16
