"""Operations on buckets, except listings of what is in them."""

from collections.abc import Sequence

from fake_aliyun.core import xml
from fake_aliyun.core.clock import iso_date
from fake_aliyun.core.hosts import REGION_IDS
from fake_aliyun.core.http import Response
from fake_aliyun.oss.api.base import (
    Handlers,
    flag,
    ok,
    read_body,
    read_count,
    xml_answer,
)
from fake_aliyun.oss.api.copies import ACLS, acl_answer, read_xml
from fake_aliyun.oss.api.request import OssRequest
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.lifecycle import read_rules
from fake_aliyun.oss.models import Bucket, check_class
from fake_aliyun.oss.objects import OssObject
from fake_aliyun.oss.policies import BucketPolicy

ENCRYPTIONS = frozenset({"AES256", "KMS", "SM4"})


class BucketHandlers(Handlers):
    """Answers operations on buckets."""

    def list_buckets(self, request: OssRequest) -> Response:
        """Return the account's buckets, a page of them.

        Source: ListBuckets, "Response elements", OSS documentation, read 2026-11: if
        all are returned, nothing is said of pages.
        """
        parameters = request.parameters
        names = sorted(
            name
            for name in self.backend.buckets
            if name.startswith(parameters.get("prefix", ""))
            and name > parameters.get("marker", "")
        )
        size = read_count(request, "max-keys", default=100)
        page = [self.backend.buckets[name] for name in names[:size]]
        shown: list[tuple[str, xml.Children]] = [
            self.owner(),
            ("Buckets", [("Bucket", _summary(bucket)) for bucket in page]),
        ]
        if len(names) > size:
            shown = [
                ("Prefix", parameters.get("prefix", "")),
                ("Marker", parameters.get("marker", "")),
                ("MaxKeys", str(size)),
                ("IsTruncated", flag(True)),
                ("NextMarker", page[-1].name),
                *shown,
            ]
        return xml_answer("ListAllMyBucketsResult", shown)

    def describe_regions(self, request: OssRequest) -> Response:
        """Return the regions that there are, or the one that is named.

        Source: DescribeRegions, OSS documentation, and alibabacloud-oss-v2's own
        suite, `test_describe_regions`; read 2026-12.
        """
        wanted = request.parameters["regions"]
        names = [f"oss-{region_id}" for region_id in REGION_IDS]
        if wanted and wanted not in names:
            raise OssError("NoSuchRegion", RegionId=wanted)
        shown = [
            (
                "RegionInfo",
                [
                    ("Region", name),
                    ("InternetEndpoint", f"{name}.aliyuncs.com"),
                    ("InternalEndpoint", f"{name}-internal.aliyuncs.com"),
                    ("AccelerateEndpoint", "oss-accelerate.aliyuncs.com"),
                ],
            )
            for name in names
            if wanted in {"", name}
        ]
        return xml_answer("RegionInfoList", shown)

    def put_bucket(self, request: OssRequest) -> Response:
        """Make a bucket, or change the ACL of one's own."""
        region_id = request.endpoint_region_id
        bucket = self.backend.create_bucket(request.bucket, region_id=region_id)
        if request.http.body:
            root = read_xml(request, "CreateBucketConfiguration")
            bucket.storage_class = check_class(
                xml.text(root, "StorageClass") or "Standard"
            )
        bucket.acl = _read_acl(request) or bucket.acl
        return ok({"Location": f"/{bucket.name}"})

    def delete_bucket(self, request: OssRequest) -> Response:
        """Remove an empty bucket."""
        self.backend.delete_bucket(request.bucket)
        return ok(status=204)

    def get_bucket_info(self, request: OssRequest) -> Response:
        """Return what is known of a bucket."""
        bucket = self.bucket_of(request)
        rule = [("SSEAlgorithm", bucket.encryption or "None")]
        shown: list[tuple[str, xml.Children]] = [
            *_summary(bucket),
            self.owner(),
            ("AccessControlList", [("Grant", bucket.acl)]),
            ("ServerSideEncryptionRule", rule),
        ]
        if bucket.versioning:
            shown.append(("Versioning", bucket.versioning))
        return xml_answer("BucketInfo", [("Bucket", shown)])

    def get_bucket_location(self, request: OssRequest) -> Response:
        """Return the bucket's region as OSS spells it."""
        return xml_answer("LocationConstraint", _location(self.bucket_of(request)))

    def get_bucket_stat(self, request: OssRequest) -> Response:
        """Return how much is in a bucket."""
        bucket = self.bucket_of(request)
        versions = [
            v for key in bucket.versions.all_keys() for v in bucket.versions.of(key)
        ]
        objects = [version for version in versions if isinstance(version, OssObject)]
        return xml_answer(
            "BucketStat",
            [
                ("Storage", str(sum(found.size_bytes for found in objects))),
                ("ObjectCount", str(len(objects))),
                ("MultipartUploadCount", str(len(bucket.uploads))),
                ("LiveChannelCount", "0"),
                ("LastModifiedTime", _last_change(objects)),
            ],
        )

    def get_bucket_acl(self, request: OssRequest) -> Response:
        """Return the bucket's ACL."""
        return acl_answer(self.backend.account_id, self.bucket_of(request).acl)

    def put_bucket_acl(self, request: OssRequest) -> Response:
        """Replace the bucket's ACL."""
        self.bucket_of(request).acl = _read_acl(request) or "private"
        return ok()

    def get_bucket_versioning(self, request: OssRequest) -> Response:
        """Return Enabled, Suspended or, if it was never set, nothing."""
        versioning = self.bucket_of(request).versioning
        shown = [("Status", versioning)] if versioning else []
        return xml_answer("VersioningConfiguration", shown)

    def put_bucket_versioning(self, request: OssRequest) -> Response:
        """Turn versions on or off."""
        status = xml.text(read_xml(request, "VersioningConfiguration"), "Status")
        bucket = self.bucket_of(request)
        if status == "Enabled":
            bucket.versioning = "Enabled"
        elif status == "Suspended":
            bucket.versioning = "Suspended"
        else:
            raise OssError("MalformedXML", ErrorDetail="Status")
        return ok()

    def get_bucket_encryption(self, request: OssRequest) -> Response:
        """Return the default encryption of new objects."""
        encryption = self.bucket_of(request).encryption
        if not encryption:
            raise OssError("NoSuchServerSideEncryptionRule", BucketName=request.bucket)
        default = [("SSEAlgorithm", encryption)]
        return xml_answer(
            "ServerSideEncryptionRule",
            [("ApplyServerSideEncryptionByDefault", default)],
        )

    def put_bucket_encryption(self, request: OssRequest) -> Response:
        """Set the default encryption of new objects."""
        root = read_xml(request, "ServerSideEncryptionRule")
        algorithm = next((node.text or "" for node in root.iter("SSEAlgorithm")), "")
        if algorithm not in ENCRYPTIONS:
            raise OssError("MalformedXML", ErrorDetail="SSEAlgorithm")
        self.bucket_of(request).encryption = algorithm
        return ok()

    def delete_bucket_encryption(self, request: OssRequest) -> Response:
        """Leave new objects unencrypted."""
        self.bucket_of(request).encryption = ""
        return ok(status=204)

    def get_bucket_policy(self, request: OssRequest) -> Response:
        """Return the bucket's own policy as it was put.

        Source: GetBucketPolicy, OSS documentation, read 2026-11.
        """
        policy = self.bucket_of(request).policy
        if policy is None:
            raise OssError("NoSuchBucketPolicy", BucketName=request.bucket)
        headers = {"Content-Type": "application/json"}
        return Response(status=200, headers=headers, body=policy.text.encode())

    def put_bucket_policy(self, request: OssRequest) -> Response:
        """Replace the bucket's own policy as a whole."""
        text = read_body(request).to_bytes().decode(errors="replace")
        self.bucket_of(request).policy = BucketPolicy.from_text(text)
        return ok()

    def delete_bucket_policy(self, request: OssRequest) -> Response:
        """Take the bucket's own policy away, if it has one."""
        self.bucket_of(request).policy = None
        return ok(status=204)

    def get_bucket_lifecycle(self, request: OssRequest) -> Response:
        """Return the rules by which the bucket drops what is old."""
        rules = self.bucket_of(request).lifecycle
        if not rules:
            raise OssError("NoSuchLifecycle", BucketName=request.bucket)
        shown = [("Rule", rule.shown()) for rule in rules]
        return xml_answer("LifecycleConfiguration", shown)

    def put_bucket_lifecycle(self, request: OssRequest) -> Response:
        """Replace all rules of the bucket."""
        rules = read_rules(read_xml(request, "LifecycleConfiguration"))
        self.backend.set_lifecycle(self.bucket_of(request), rules)
        return ok()

    def delete_bucket_lifecycle(self, request: OssRequest) -> Response:
        """Take the rules away, if there are any."""
        self.backend.set_lifecycle(self.bucket_of(request), ())
        return ok(status=204)


def _last_change(objects: Sequence[OssObject]) -> str:
    """Return when something changed last, in seconds since 1970; "0" for never."""
    moments = [found.last_modified.timestamp() for found in objects]
    return str(int(max(moments, default=0)))


def _read_acl(request: OssRequest) -> str:
    acl = request.header("x-oss-acl")
    if acl and acl not in ACLS - {"default"}:
        raise OssError("InvalidArgument", ArgumentName="x-oss-acl", ArgumentValue=acl)
    return acl


def _location(bucket: Bucket) -> str:
    return f"oss-{bucket.region_id}"


def _summary(bucket: Bucket) -> list[tuple[str, xml.Children]]:
    location = _location(bucket)
    return [
        ("CreationDate", iso_date(bucket.created)),
        ("ExtranetEndpoint", f"{location}.aliyuncs.com"),
        ("IntranetEndpoint", f"{location}-internal.aliyuncs.com"),
        ("Location", location),
        ("Name", bucket.name),
        ("Region", bucket.region_id),
        ("StorageClass", bucket.storage_class),
    ]
