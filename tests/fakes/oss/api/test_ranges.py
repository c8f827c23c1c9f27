"""Ranged reads, as OSS answers them and not as RFC 9110 does."""

import oss2
import pytest
from fake_aliyun.oss.api.objects import read_range
from fake_aliyun.oss.errors import OssError

WHOLE = None


@pytest.mark.parametrize(
    ("header", "default", "standard"),
    [
        ("bytes=0-499", (0, 500), (0, 500)),
        ("bytes=999-999", (999, 1000), (999, 1000)),
        ("bytes=500-", (500, 1000), (500, 1000)),
        ("bytes=0-", (0, 1000), (0, 1000)),
        ("bytes=-500", (500, 1000), (500, 1000)),
        ("bytes=-1000", (0, 1000), (0, 1000)),
        ("bytes=500-2000", WHOLE, (500, 1000)),
        ("bytes=0-1000", WHOLE, (0, 1000)),
        ("bytes=1000-2000", WHOLE, "InvalidRange"),
        ("bytes=1000-", WHOLE, "InvalidRange"),
        ("bytes=-2000", WHOLE, (0, 1000)),
        ("bytes=-0", WHOLE, "InvalidRange"),
        ("byte=0-499", WHOLE, WHOLE),
        ("bytes=9-5", WHOLE, WHOLE),
        ("bytes=a-b", WHOLE, WHOLE),
        ("bytes=-", WHOLE, WHOLE),
        ("bytes=0-1,5-6", "InvalidRange", "InvalidRange"),
    ],
)
def test_a_range_of_a_thousand_bytes(
    header: str, default: object, standard: object
) -> None:
    assert (answer(header, standard=False), answer(header, standard=True)) == (
        default,
        standard,
    )


def answer(header: str, *, standard: bool) -> object:
    try:
        span = read_range(header, size_bytes=1000, standard=standard)
    except OssError as error:
        return error.code
    return None if span is None else tuple(span)


def test_a_range_that_does_not_fit_sends_everything_with_200(
    bucket: oss2.Bucket,
) -> None:
    bucket.put_object("k", b"0123456789")
    found = bucket.get_object("k", byte_range=(None, 512))
    assert (found.status, found.content_range) == (200, None)
    assert found.read() == b"0123456789"


def test_a_range_that_fits_says_so(bucket: oss2.Bucket) -> None:
    bucket.put_object("k", b"0123456789")
    found = bucket.get_object("k", byte_range=(2, 4))
    assert (found.status, found.content_range) == (206, "bytes 2-4/10")
    assert (found.content_length, found.read()) == (3, b"234")


def test_the_standard_behaviour_can_be_asked_for(bucket: oss2.Bucket) -> None:
    bucket.put_object("k", b"0123456789")
    standard = {"x-oss-range-behavior": "standard"}
    clipped = bucket.get_object("k", byte_range=(8, 99), headers=standard)
    assert (clipped.status, clipped.read()) == (206, b"89")
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.get_object("k", byte_range=(10, None), headers=standard)
    assert (caught.value.status, caught.value.code) == (416, "InvalidRange")


def test_a_folder_object_ignores_ranges(bucket: oss2.Bucket) -> None:
    bucket.put_object("folder/", b"0123456789")
    assert bucket.get_object("folder/", byte_range=(0, 1)).status == 200
