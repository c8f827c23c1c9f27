"""Everything that alibabacloud-oss-v2 is asked of OSS here.

Arguments: URL, key ID, secret, v1 or v4.
"""

import sys

import alibabacloud_oss_v2 as oss

BUCKET = "conformance"
PART = bytes(100 * 1024)
POLICY = """{"Version": "1", "Statement": [{"Effect": "Deny", "Action": ["oss:*"],
"Principal": ["20214760404935"], "Resource": ["acs:oss:*:*:conformance/*"]}]}"""


def objects(client: oss.Client) -> None:
    put = oss.PutObjectRequest(bucket=BUCKET, key="a b/ü", body=b"0123456789")
    assert client.put_object(put).status_code == 200
    get = oss.GetObjectRequest(bucket=BUCKET, key="a b/ü")
    assert client.get_object(get).body.content == b"0123456789"
    some = oss.GetObjectRequest(bucket=BUCKET, key="a b/ü", range_header="bytes=2-4")
    assert client.get_object(some).body.content == b"234"
    head = oss.HeadObjectRequest(bucket=BUCKET, key="a b/ü")
    assert client.head_object(head).content_length == 10
    meta = oss.GetObjectMetaRequest(bucket=BUCKET, key="a b/ü")
    assert client.get_object_meta(meta).content_length == 10
    append = oss.AppendObjectRequest(bucket=BUCKET, key="log", position=0, body=b"one")
    assert client.append_object(append).next_position == 3
    copy = oss.CopyObjectRequest(bucket=BUCKET, key="copy", source_key="a b/ü")
    assert client.copy_object(copy).etag
    listed = client.list_objects(oss.ListObjectsRequest(bucket=BUCKET)).contents or []
    assert [entry.key for entry in listed] == ["a b/ü", "copy", "log"]
    wanted = oss.ListObjectsV2Request(bucket=BUCKET, prefix="l")
    found = client.list_objects_v2(wanted).contents or []
    assert [entry.key for entry in found] == ["log"]
    gone = [oss.DeleteObject(key="log")]
    client.delete_multiple_objects(
        oss.DeleteMultipleObjectsRequest(bucket=BUCKET, objects=gone)
    )
    client.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key="copy"))


def uploads(client: oss.Client) -> None:
    def begin(key: str) -> str:
        wanted = oss.InitiateMultipartUploadRequest(bucket=BUCKET, key=key)
        return str(client.initiate_multipart_upload(wanted).upload_id)

    upload_id = begin("big")
    place = {"bucket": BUCKET, "key": "big", "upload_id": upload_id}
    first = client.upload_part(
        oss.UploadPartRequest(**place, part_number=1, body=PART)
    ).etag
    second = client.upload_part_copy(
        oss.UploadPartCopyRequest(
            **place, part_number=2, source_key="a b/ü", source_range="bytes=0-4"
        )
    ).etag
    parts = [
        oss.UploadPart(part_number=1, etag=first),
        oss.UploadPart(part_number=2, etag=second),
    ]
    assert len(client.list_parts(oss.ListPartsRequest(**place)).parts or []) == 2
    under_way = oss.ListMultipartUploadsRequest(bucket=BUCKET)
    assert len(client.list_multipart_uploads(under_way).uploads or []) == 1
    client.complete_multipart_upload(
        oss.CompleteMultipartUploadRequest(
            **place, complete_multipart_upload=oss.CompleteMultipartUpload(parts=parts)
        )
    )
    get = oss.GetObjectRequest(bucket=BUCKET, key="big")
    assert client.get_object(get).body.content == PART + b"01234"
    other = {"bucket": BUCKET, "key": "other", "upload_id": begin("other")}
    client.abort_multipart_upload(oss.AbortMultipartUploadRequest(**other))


def properties(client: oss.Client) -> None:
    place = {"bucket": BUCKET, "key": "big"}
    tags = oss.Tagging(tag_set=oss.TagSet(tags=[oss.Tag(key="from", value="oss")]))
    client.put_object_tagging(oss.PutObjectTaggingRequest(**place, tagging=tags))
    found = client.get_object_tagging(oss.GetObjectTaggingRequest(**place)).tag_set
    assert [(tag.key, tag.value) for tag in found.tags] == [("from", "oss")]
    client.delete_object_tagging(oss.DeleteObjectTaggingRequest(**place))
    link = {"bucket": BUCKET, "key": "link"}
    client.put_symlink(oss.PutSymlinkRequest(**link, target="big"))
    assert client.get_symlink(oss.GetSymlinkRequest(**link)).target == "big"
    client.put_object_acl(oss.PutObjectAclRequest(**place, acl="private"))
    assert client.get_object_acl(oss.GetObjectAclRequest(**place)).acl == "private"
    cold = {"bucket": BUCKET, "key": "cold"}
    client.put_object(oss.PutObjectRequest(**cold, storage_class="Archive", body=b""))
    assert client.restore_object(oss.RestoreObjectRequest(**cold)).status_code == 202


def buckets(client: oss.Client) -> None:
    listed = client.list_buckets(oss.ListBucketsRequest()).buckets or []
    assert BUCKET in [bucket.name for bucket in listed]
    info = client.get_bucket_info(oss.GetBucketInfoRequest(bucket=BUCKET))
    assert info.bucket_info.name == BUCKET
    location = client.get_bucket_location(oss.GetBucketLocationRequest(bucket=BUCKET))
    assert location.location == "oss-cn-hangzhou"
    stat = client.get_bucket_stat(oss.GetBucketStatRequest(bucket=BUCKET))
    assert stat.object_count > 0
    client.put_bucket_acl(oss.PutBucketAclRequest(bucket=BUCKET, acl="private"))
    assert client.get_bucket_acl(oss.GetBucketAclRequest(bucket=BUCKET)).acl
    default = oss.ApplyServerSideEncryptionByDefault(sse_algorithm="AES256")
    rule = oss.ServerSideEncryptionRule(apply_server_side_encryption_by_default=default)
    client.put_bucket_encryption(
        oss.PutBucketEncryptionRequest(bucket=BUCKET, server_side_encryption_rule=rule)
    )
    shown = client.get_bucket_encryption(
        oss.GetBucketEncryptionRequest(bucket=BUCKET)
    ).server_side_encryption_rule
    chosen = shown.apply_server_side_encryption_by_default
    assert chosen.sse_algorithm == "AES256"
    client.delete_bucket_encryption(oss.DeleteBucketEncryptionRequest(bucket=BUCKET))
    client.put_bucket_policy(oss.PutBucketPolicyRequest(bucket=BUCKET, body=POLICY))
    held = client.get_bucket_policy(oss.GetBucketPolicyRequest(bucket=BUCKET))
    assert held.body == POLICY
    client.delete_bucket_policy(oss.DeleteBucketPolicyRequest(bucket=BUCKET))


def versions(client: oss.Client) -> None:
    enabled = oss.VersioningConfiguration(status="Enabled")
    client.put_bucket_versioning(
        oss.PutBucketVersioningRequest(bucket=BUCKET, versioning_configuration=enabled)
    )
    shown = client.get_bucket_versioning(
        oss.GetBucketVersioningRequest(bucket=BUCKET)
    ).version_status
    assert shown == "Enabled"
    client.put_object(oss.PutObjectRequest(bucket=BUCKET, key="big", body=b"new"))
    client.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key="big"))
    listed = client.list_object_versions(oss.ListObjectVersionsRequest(bucket=BUCKET))
    every = [*(listed.delete_marker or []), *(listed.version or [])]
    assert len(every) == 6
    for version in every:
        client.delete_object(
            oss.DeleteObjectRequest(
                bucket=BUCKET, key=version.key, version_id=version.version_id
            )
        )
    client.delete_bucket(oss.DeleteBucketRequest(bucket=BUCKET))


def main(url: str, key_id: str, secret: str, version: str) -> None:
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(
        key_id, secret
    )
    config.region = "cn-hangzhou"
    config.endpoint = url
    config.use_path_style = True
    config.signature_version = version
    client = oss.Client(config)
    client.put_bucket(oss.PutBucketRequest(bucket=BUCKET))
    for session in (objects, uploads, properties, buckets, versions):
        session(client)


if __name__ == "__main__":
    main(*sys.argv[1:])
