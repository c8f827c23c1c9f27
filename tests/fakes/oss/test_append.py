"""AppendObject: its position is a lock that holds."""

import threading
from contextlib import suppress

import oss2
import pytest
from fake_aliyun import FakeAliyun
from oss2.exceptions import ObjectNotAppendable, PositionNotEqualToLength


def test_appends_add_up_and_say_where_the_next_goes(bucket: oss2.Bucket) -> None:
    first = bucket.append_object("log", 0, b"one\n", headers={"x-oss-meta-a": "1"})
    second = bucket.append_object("log", first.next_position, b"two\n")
    assert (first.next_position, second.next_position) == (4, 8)
    assert bucket.get_object("log").read() == b"one\ntwo\n"
    found = bucket.head_object("log")
    assert found.object_type == "Appendable"
    assert found.headers["x-oss-next-append-position"] == "8"
    assert found.headers["x-oss-meta-a"] == "1"


def test_a_wrong_position_names_the_right_one(bucket: oss2.Bucket) -> None:
    bucket.append_object("log", 0, b"one")
    with pytest.raises(PositionNotEqualToLength) as caught:
        bucket.append_object("log", 0, b"two")
    assert (caught.value.status, caught.value.next_position) == (409, 3)
    assert caught.value.ec == "0026-00000016"


def test_a_put_object_cannot_be_appended_to(bucket: oss2.Bucket) -> None:
    bucket.put_object("k", b"abc")
    with pytest.raises(ObjectNotAppendable) as caught:
        bucket.append_object("k", 3, b"d")
    assert caught.value.status == 409


def test_a_put_makes_an_appendable_object_normal(bucket: oss2.Bucket) -> None:
    bucket.append_object("k", 0, b"abc")
    bucket.put_object("k", b"abc")
    assert bucket.head_object("k").object_type == "Normal"


def test_a_forbidden_overwrite_is_not_a_header_of_append(images: oss2.Bucket) -> None:
    with pytest.raises(Exception, match="x-oss-forbid-overwrite' of AppendObject"):
        images.append_object("k", 0, b"", headers={"x-oss-forbid-overwrite": "true"})


def test_only_one_of_many_writers_wins_each_position(
    cloud: FakeAliyun, bucket: oss2.Bucket
) -> None:
    won: list[str] = []

    def write(name: str) -> None:
        with suppress(PositionNotEqualToLength):
            bucket.append_object("log", 0, name.encode())
            won.append(name)

    threads = [threading.Thread(target=write, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert cloud.oss.get("images", "log").content.to_bytes() == won[0].encode()


def test_in_a_versioned_bucket_the_current_version_grows(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    cloud.oss.buckets["images"].versioning = "Enabled"
    first = images.append_object("log", 0, b"a")
    second = images.append_object("log", 1, b"b")
    assert first.versionid == second.versionid
    images.delete_object("log")
    assert images.append_object("log", 0, b"c").versionid != first.versionid
