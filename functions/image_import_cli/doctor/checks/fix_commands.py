"""Commands about buckets, spelled for the Aliyun CLI, as those of docs/deploy.md are.

Source: oss/lib of github.com/aliyun/aliyun-cli, read 2026-11: `aliyun oss` has mb,
set-acl, bucket-encryption and bucket-policy of ossutil 1, with the same arguments.
"""

from image_import_cli.doctor.account.facts import BucketFacts

POLICY_FILE = "policy.json"


def new_bucket(name: str, region_id: str, *, storage_class: str = "") -> str:
    """Return what makes a bucket, of the usual class unless one is named."""
    chosen = f" --storage-class {storage_class}" if storage_class else ""
    return _aliyun("mb", name, region_id, after=chosen)


def private(bucket: BucketFacts) -> str:
    """Return what lets nobody in but those whom a policy lets."""
    return _aliyun("set-acl", bucket.name, bucket.region_id, after=" private -b")


def no_encryption(bucket: BucketFacts) -> str:
    """Return what makes a bucket store new objects as they come."""
    return _aliyun("bucket-encryption --method delete", bucket.name, bucket.region_id)


def get_policy(bucket: BucketFacts) -> str:
    """Return what writes a bucket's own policy to a file."""
    return _policy("get", bucket)


def put_policy(bucket: BucketFacts) -> str:
    """Return what replaces a bucket's own policy by that of the file."""
    return _policy("put", bucket)


def _policy(method: str, bucket: BucketFacts) -> str:
    return _aliyun(
        f"bucket-policy --method {method}",
        bucket.name,
        bucket.region_id,
        after=f" {POLICY_FILE}",
    )


def _aliyun(verb: str, bucket: str, region_id: str, *, after: str = "") -> str:
    return f"aliyun oss {verb} oss://{bucket}{after} --region {region_id}"
