"""Everything that oss2 is asked of OSS here.

Arguments: URL, key ID, secret, v1 or v4.
"""

import sys

import oss2
from oss2.models import (
    AbortMultipartUpload,
    BatchDeleteObjectVersion,
    BatchDeleteObjectVersionList,
    BucketLifecycle,
    BucketVersioningConfig,
    LifecycleExpiration,
    LifecycleRule,
    PartInfo,
    ServerSideEncryptionRule,
    Tagging,
    TaggingRule,
)

PART = bytes(100 * 1024)
POLICY = """{"Version": "1", "Statement": [{"Effect": "Deny", "Action": ["oss:*"],
"Principal": ["20214760404935"], "Resource": ["acs:oss:*:*:conformance/*"]}]}"""


def objects(bucket: oss2.Bucket) -> None:
    assert bucket.put_object("a b/ü", b"0123456789").status == 200
    assert bucket.get_object("a b/ü").read() == b"0123456789"
    assert bucket.get_object("a b/ü", byte_range=(2, 4)).read() == b"234"
    assert bucket.head_object("a b/ü").content_length == 10
    assert bucket.get_object_meta("a b/ü").content_length == 10
    assert bucket.append_object("log", 0, b"one").next_position == 3
    assert bucket.copy_object(bucket.bucket_name, "a b/ü", "copy").status == 200
    assert [o.key for o in oss2.ObjectIterator(bucket)] == ["a b/ü", "copy", "log"]
    assert [o.key for o in oss2.ObjectIteratorV2(bucket, prefix="l")] == ["log"]
    bucket.batch_delete_objects(["log"])
    bucket.delete_object("copy")


def uploads(bucket: oss2.Bucket) -> None:
    upload_id = bucket.init_multipart_upload("big").upload_id
    parts = [PartInfo(1, bucket.upload_part("big", upload_id, 1, PART).etag)]
    name = bucket.bucket_name
    copied = bucket.upload_part_copy(name, "a b/ü", (0, 4), "big", upload_id, 2)
    parts.append(PartInfo(2, copied.etag))
    assert len(list(oss2.PartIterator(bucket, "big", upload_id))) == 2
    assert len(list(oss2.MultipartUploadIterator(bucket))) == 1
    bucket.complete_multipart_upload("big", upload_id, parts)
    assert bucket.get_object("big").read() == PART + b"01234"
    other = bucket.init_multipart_upload("other").upload_id
    bucket.abort_multipart_upload("other", other)


def properties(bucket: oss2.Bucket) -> None:
    rule = TaggingRule()
    rule.add("from", "oss")
    bucket.put_object_tagging("big", Tagging(rule))
    tags = bucket.get_object_tagging("big").tag_set.tagging_rule
    assert tags == {"from": "oss"}
    bucket.delete_object_tagging("big")
    bucket.put_symlink("big", "link")
    assert bucket.get_symlink("link").target_key == "big"
    bucket.put_object_acl("big", oss2.OBJECT_ACL_PRIVATE)
    assert bucket.get_object_acl("big").acl == "private"
    headers = {"x-oss-storage-class": "Archive"}
    bucket.put_object("cold", b"", headers=headers)
    assert bucket.restore_object("cold").status == 202


def buckets(bucket: oss2.Bucket) -> None:
    service = oss2.Service(bucket.auth, bucket.endpoint, region=bucket.region)
    assert bucket.bucket_name in [b.name for b in oss2.BucketIterator(service)]
    (found,) = service.describe_regions("oss-cn-hangzhou").regions
    assert found.region == "oss-cn-hangzhou"
    assert bucket.get_bucket_info().name == bucket.bucket_name
    assert bucket.get_bucket_location().location == "oss-cn-hangzhou"
    assert bucket.get_bucket_stat().object_count > 0
    bucket.put_bucket_acl(oss2.BUCKET_ACL_PRIVATE)
    assert bucket.get_bucket_acl().acl == "private"
    bucket.put_bucket_encryption(ServerSideEncryptionRule("AES256"))
    assert bucket.get_bucket_encryption().sse_algorithm == "AES256"
    bucket.delete_bucket_encryption()
    bucket.put_bucket_policy(POLICY)
    assert bucket.get_bucket_policy().policy == POLICY
    bucket.delete_bucket_policy()
    rule = LifecycleRule(
        "old",
        "tmp/",
        expiration=LifecycleExpiration(days=7),
        abort_multipart_upload=AbortMultipartUpload(days=1),
    )
    bucket.put_bucket_lifecycle(BucketLifecycle([rule]))
    (found,) = bucket.get_bucket_lifecycle().rules
    assert (found.expiration.days, found.abort_multipart_upload.days) == (7, 1)
    bucket.delete_bucket_lifecycle()


def versions(bucket: oss2.Bucket) -> None:
    bucket.put_bucket_versioning(BucketVersioningConfig("Enabled"))
    assert bucket.get_bucket_versioning().status == "Enabled"
    bucket.put_object("big", b"new")
    bucket.delete_object("big")
    listed = bucket.list_object_versions()
    assert (len(listed.delete_marker), len(listed.versions)) == (1, 5)
    every = [*listed.delete_marker, *listed.versions]
    chosen = [BatchDeleteObjectVersion(v.key, v.versionid) for v in every]
    bucket.delete_object_versions(BatchDeleteObjectVersionList(chosen))
    bucket.delete_bucket()


def main(url: str, key_id: str, secret: str, version: str) -> None:
    auth = (oss2.AuthV4 if version == "v4" else oss2.Auth)(key_id, secret)
    bucket = oss2.Bucket(auth, url, "conformance", region="cn-hangzhou")
    bucket.create_bucket()
    for session in (objects, uploads, properties, buckets, versions):
        session(bucket)


if __name__ == "__main__":
    main(*sys.argv[1:])
