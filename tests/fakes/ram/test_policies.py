"""Policies, and each principal that they bind."""

from typing import Any

import oss2
import pytest
import requests
from fake_aliyun import FakeAliyun, NotImitatedError
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ram.policies import Policy, is_allowed
from oss2.exceptions import ServerError
from waiting import PATIENCE_SECONDS

PUBLIC = "https://oss-cn-hangzhou.aliyuncs.com"


def policy(*statements: tuple[str, str | list[str], str | list[str]]) -> dict[str, Any]:
    return {
        "Version": "1",
        "Statement": [
            {"Effect": effect, "Action": action, "Resource": resource}
            for effect, action, resource in statements
        ],
    }


READ = ("Allow", ["oss:Get*"], "acs:oss:*:*:images/in/*")


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([READ], True),
        ([("Allow", "oss:*", "*")], True),
        ([("Allow", "OSS:getobject", "acs:oss:*:*:images/in/a.ra?")], True),
        ([("Allow", "oss:PutObject", "*")], False),
        ([("Allow", "oss:GetObject", "acs:oss:*:*:images")], False),
        ([("Allow", "oss:GetObject", "acs:oss:*:*:images/out/*")], False),
        ([READ, ("Deny", "*", "acs:oss:*:*:images/*")], False),
        ([("Deny", "oss:PutObject", "*"), READ], True),
        ([], False),
    ],
    ids=str,
)
def test_a_policy_allows_what_it_says(statements: list[Any], allowed: bool) -> None:
    granted = Policy.from_document(policy(*statements))
    resource = "acs:oss:cn-hangzhou:1:images/in/a.raw"
    assert is_allowed([granted], "oss:GetObject", resource) is allowed


def listing(condition: dict[str, Any]) -> dict[str, Any]:
    document = policy(("Allow", "oss:ListObjects", "*"))
    document["Statement"][0]["Condition"] = condition
    return document


@pytest.mark.parametrize(
    ("prefix", "allowed"), [("in/", True), ("in/a", True), ("", False), ("out/", False)]
)
def test_a_listing_may_be_limited_to_a_prefix(prefix: str, allowed: bool) -> None:
    document = listing({"StringLike": {"oss:Prefix": ["in/*"]}})
    granted = Policy.from_document(document)
    said = {"oss:Prefix": prefix}
    assert is_allowed([granted], "oss:ListObjects", "x", said) is allowed


@pytest.mark.parametrize(
    ("document", "error", "said"),
    [
        ({"Version": "2", "Statement": []}, ValueError, "Version 1"),
        (policy(("allow", "x", "y")), ValueError, "Allow or Deny"),
        (
            {"Version": "1", "Statement": [{"Effect": "Allow", "NotAction": "x"}]},
            NotImitatedError,
            "NotAction",
        ),
        (
            listing({"IpAddress": {"acs:SourceIp": "::1"}}),
            NotImitatedError,
            "IpAddress",
        ),
        (
            listing({"StringLike": {"oss:Delimiter": "/"}}),
            NotImitatedError,
            "Delimiter",
        ),
    ],
    ids=["version", "effect", "element", "operator", "key"],
)
def test_what_is_no_policy_is_refused(
    document: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        Policy.from_document(document)


def test_an_unknown_system_policy_lists_the_known(cloud: FakeAliyun) -> None:
    with pytest.raises(NotImitatedError, match="- AliyunOSSReadOnlyAccess"):
        cloud.ram.attach_policy("user/ann", "AliyunOSSReadAccess")


def bucket_as(cloud: FakeAliyun, name: str, *grants: Any) -> oss2.Bucket:
    """Return the bucket "images" as a user with some grants sees it."""
    keys = cloud.ram.create_user(name)
    for grant in grants:
        cloud.ram.attach_policy(f"user/{name}", grant)
    auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
    return oss2.Bucket(auth, PUBLIC, "images", region="cn-hangzhou")


def refused(bucket: oss2.Bucket, method: str, *arguments: object) -> str:
    with pytest.raises(ServerError) as caught:
        getattr(bucket, method)(*arguments)
    assert (caught.value.status, caught.value.code) == (403, "AccessDenied")
    return str(caught.value.details["AuthAction"])


def test_a_user_may_do_only_what_was_granted(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "in/k", b"data")
    with cloud:
        bucket = bucket_as(cloud, "ann", policy(READ))
        assert bucket.get_object("in/k").read() == b"data"
        assert bucket.head_object("in/k").content_length == 4
        assert refused(bucket, "get_object", "out/k") == "oss:GetObject"
        assert refused(bucket, "put_object", "in/k", b"") == "oss:PutObject"
        assert refused(bucket, "append_object", "in/l", 0, b"") == "oss:PutObject"
        assert refused(bucket, "init_multipart_upload", "in/k") == "oss:PutObject"
        assert refused(bucket, "list_objects_v2") == "oss:ListObjects"


def test_a_listing_is_held_to_the_prefix_that_it_asks_for(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "in/k", b"data")
    with cloud:
        allowed = listing({"StringLike": {"oss:Prefix": ["in/*"]}})
        bucket = bucket_as(cloud, "eve", allowed)
        found = bucket.list_objects_v2("in/").object_list
        assert [item.key for item in found] == ["in/k"]
        assert refused(bucket, "list_objects_v2", "") == "oss:ListObjects"
        assert refused(bucket, "list_objects_v2", "out/") == "oss:ListObjects"


def test_a_prefix_can_be_kept_from_uploaders(cloud: FakeAliyun) -> None:
    cloud.oss.create_bucket("images")
    keep = ("Deny", "oss:PutObject", "acs:oss:*:*:images/.image-import/*")
    with cloud:
        bucket = bucket_as(cloud, "bob", "AliyunOSSFullAccess", policy(keep))
        bucket.put_object("web.raw", b"")
        key = ".image-import/x"
        assert refused(bucket, "append_object", key, 0, b"") == "oss:PutObject"


def test_a_copy_needs_to_read_its_source(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "secret", b"data")
    write = ("Allow", "oss:PutObject", "*")
    with cloud:
        bucket = bucket_as(cloud, "eve", policy(write))
        seen = refused(bucket, "copy_object", "images", "secret", "mine")
    assert seen == "oss:GetObject"


def test_deleting_many_needs_the_right_on_each(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "in/k", b"")
    cloud.oss.put("images", "out/k", b"")
    delete = ("Allow", "oss:DeleteObject", "acs:oss:*:*:images/in/*")
    with cloud:
        bucket = bucket_as(cloud, "ann", policy(delete))
        bucket.batch_delete_objects(["in/k"])
        seen = refused(bucket, "batch_delete_objects", ["out/k"])
    assert (seen, cloud.oss.keys("images")) == ("oss:DeleteObject", ["out/k"])


def test_a_version_and_tags_need_rights_of_their_own(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "in/k", b"")
    allowed = policy(("Allow", ["oss:GetObject", "oss:PutObject"], "*"))
    with cloud:
        bucket = bucket_as(cloud, "ann", allowed)
        version = {"versionId": "null"}
        by_version = refused(
            bucket, "get_object", "in/k", None, None, None, None, version
        )
        tags = {"x-oss-tagging": "a=b"}
        by_tags = refused(bucket, "put_object", "in/k", b"", tags)
    assert (by_version, by_tags) == ("oss:GetObjectVersion", "oss:PutObjectTagging")


def import_web(cloud: FakeAliyun, **changes: str) -> None:
    cloud._backends.ecs.import_image(
        {
            "RegionId": "cn-hangzhou",
            "ImageName": "web",
            "DiskDeviceMapping.1.OSSBucket": "images",
            "DiskDeviceMapping.1.OSSObject": "web.raw",
            **changes,
        },
        door="public",
    )


def test_ecs_reads_with_its_own_role_and_not_the_callers(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "web.raw", b"bytes")
    role = "role/AliyunECSImageImportDefaultRole"
    cloud.ram.attach_policy(role, policy(("Allow", "oss:*", "acs:oss:*:*:other/*")))
    with pytest.raises(EcsError) as caught:
        import_web(cloud)
    assert (caught.value.status, caught.value.code) == (403, "InvalidOSS.NotAuthorized")
    cloud.ram.attach_policy(role, "AliyunECSImageImportRolePolicy")
    import_web(cloud)


def test_ecs_cannot_assume_a_role_that_trusts_another_service(
    cloud: FakeAliyun,
) -> None:
    cloud.oss.put("images", "web.raw", b"bytes")
    cloud.ram.create_role("mine", service="fc.aliyuncs.com")
    with pytest.raises(EcsError) as caught:
        import_web(cloud, RoleName="mine")
    assert caught.value.code == "NoSetRoletoECSServiceAcount"


def test_a_role_of_a_function_binds_its_session(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "in/k", b"data")
    cloud.ram.attach_policy("role/fake-function-role", policy(READ))
    keys = cloud.context().credentials
    auth = oss2.StsAuth(
        keys.access_key_id, keys.access_key_secret, keys.security_token, "v4"
    )
    with cloud:
        bucket = oss2.Bucket(auth, PUBLIC, "images", region="cn-hangzhou")
        assert bucket.get_object("in/k").read() == b"data"
        assert refused(bucket, "delete_object", "in/k") == "oss:DeleteObject"


def test_ecs_refuses_callers_without_the_right(cloud: FakeAliyun) -> None:
    keys = cloud.ram.create_user("ann")
    cloud.ram.attach_policy("user/ann", policy(("Allow", "ecs:ImportImage", "*")))
    from aliyunsdkcore.acs_exception.exceptions import ServerException  # noqa: PLC0415
    from aliyunsdkcore.client import AcsClient  # noqa: PLC0415 - slow to import
    from aliyunsdkecs.request.v20140526 import DescribeImagesRequest  # noqa: PLC0415

    client = AcsClient(keys.access_key_id, keys.access_key_secret, "cn-hangzhou")
    request = DescribeImagesRequest.DescribeImagesRequest()
    with cloud.serve() as server:
        request.set_endpoint(server.url.removeprefix("http://"))
        request.set_protocol_type("http")
        with pytest.raises(ServerException) as caught:
            client.do_action_with_exception(request)
    assert caught.value.get_error_code() == "Forbidden.RAM"


def test_secrets_are_not_shown(cloud: FakeAliyun) -> None:
    keys = cloud.ram.assume_role("fake-function-role")
    assert keys.access_key_secret not in repr(keys)
    assert keys.security_token not in repr(keys)
    with cloud:
        requests.get(f"{PUBLIC}/", timeout=PATIENCE_SECONDS)
    assert "Signature" not in repr(cloud.requests)
