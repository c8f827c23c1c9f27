"""Lifecycle rules, as oss2 puts them, and what is gone after midnight.

Learned from PutBucketLifecycle and EC 0014-00000026, -60 and -82, OSS documentation,
read 2026-12.
"""

from datetime import datetime, timezone

import oss2
import pytest
from bucket_clients import KEY_ID, PUBLIC, SECRET, client
from fake_aliyun import FakeAliyun, ManualClock
from oss2.exceptions import ServerError
from oss2.models import (
    AbortMultipartUpload,
    BucketLifecycle,
    BucketVersioningConfig,
    LifecycleExpiration,
    LifecycleRule,
    StorageTransition,
)

HOUR = 3600


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 12, 1, 20, tzinfo=timezone.utc))


@pytest.fixture
def bucket(clock: ManualClock) -> oss2.Bucket:
    cloud = FakeAliyun(access_key_id=KEY_ID, access_key_secret=SECRET, clock=clock)
    cloud.oss.create_bucket("images")
    with cloud:
        yield client(PUBLIC, "images")


def keys(bucket: oss2.Bucket) -> list[str]:
    return [found.key for found in oss2.ObjectIterator(bucket)]


def rule(prefix: str, name: str = "", **actions: object) -> LifecycleRule:
    return LifecycleRule(name or f"of {prefix}", prefix, **actions)


def put(bucket: oss2.Bucket, *rules: LifecycleRule) -> None:
    bucket.put_bucket_lifecycle(BucketLifecycle(list(rules)))


def test_an_object_is_gone_at_the_midnight_after_its_days(
    bucket: oss2.Bucket, clock: ManualClock
) -> None:
    put(bucket, rule("tmp/", expiration=LifecycleExpiration(days=1)))
    bucket.put_object("tmp/a", b"")
    bucket.put_object("kept", b"")
    clock.advance(5 * HOUR)  # 01:00, five hours after it was put
    assert keys(bucket) == ["kept", "tmp/a"]
    clock.advance(22 * HOUR)  # 23:00, a day is over
    assert keys(bucket) == ["kept", "tmp/a"]
    clock.advance(2 * HOUR)
    assert keys(bucket) == ["kept"]


def test_an_upload_is_aborted_at_the_midnight_after_its_days(
    bucket: oss2.Bucket, clock: ManualClock
) -> None:
    put(bucket, rule("", abort_multipart_upload=AbortMultipartUpload(days=1)))
    upload_id = bucket.init_multipart_upload("web.raw").upload_id
    clock.advance(24 * HOUR)
    bucket.upload_part("web.raw", upload_id, 1, b"x")
    clock.advance(5 * HOUR)
    with pytest.raises(oss2.exceptions.NoSuchUpload):
        bucket.upload_part("web.raw", upload_id, 2, b"x")


def test_an_expired_object_of_a_versioned_bucket_leaves_its_version(
    bucket: oss2.Bucket, clock: ManualClock
) -> None:
    bucket.put_bucket_versioning(BucketVersioningConfig("Enabled"))
    put(bucket, rule("", expiration=LifecycleExpiration(days=1)))
    bucket.put_object("a", b"")
    clock.advance(48 * HOUR)
    listed = bucket.list_object_versions()
    assert (len(listed.versions), len(listed.delete_marker)) == (1, 1)


def test_a_disabled_rule_drops_nothing(bucket: oss2.Bucket, clock: ManualClock) -> None:
    expiration = LifecycleExpiration(days=1)
    put(bucket, rule("", expiration=expiration, status=LifecycleRule.DISABLED))
    bucket.put_object("a", b"")
    clock.advance(48 * HOUR)
    assert keys(bucket) == ["a"]


def test_rules_are_replaced_as_a_whole(bucket: oss2.Bucket) -> None:
    for prefix in ("a/", "b/"):
        put(bucket, rule(prefix, expiration=LifecycleExpiration(days=1)))
    assert [r.prefix for r in bucket.get_bucket_lifecycle().rules] == ["b/"]
    bucket.delete_bucket_lifecycle()
    with pytest.raises(oss2.exceptions.NoSuchLifecycle):
        bucket.get_bucket_lifecycle()


DAY = LifecycleExpiration(days=1)


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([rule("")], "MalformedXML"),
        ([rule("a", expiration=LifecycleExpiration(days=0))], "MalformedXML"),
        ([rule("a", expiration=DAY), rule("ab", expiration=DAY)], "InvalidArgument"),
        ([rule("a", "x", expiration=DAY), rule("b", "x", expiration=DAY)],
         "InvalidArgument"),
    ],
    ids=["no action", "no days", "overlapping", "one ID twice"],
)  # fmt: skip
def test_rules_that_say_nothing_or_contradict_are_refused(
    bucket: oss2.Bucket, rules: list[LifecycleRule], code: str
) -> None:
    with pytest.raises(ServerError) as caught:
        put(bucket, *rules)
    assert caught.value.code == code


def test_what_is_not_imitated_of_a_rule_is_refused_loudly(bucket: oss2.Bucket) -> None:
    transition = StorageTransition(days=1, storage_class="IA")
    with pytest.raises(Exception, match="'Transition' of a rule"):
        put(bucket, rule("", storage_transitions=[transition]))
