"""A bucket's own policy through oss2: how it is kept, and what it lets pass."""

import json
from typing import Any

import oss2
import pytest
import requests
from bucket_clients import PUBLIC, ClientOf
from fake_aliyun import FakeAliyun, NotImitatedError
from fake_aliyun.ecs.errors import EcsError
from oss2.exceptions import AccessDenied, NoSuchBucket, ServerError
from waiting import PATIENCE_SECONDS

ACCOUNT = "1234567890123456"
OWN = "acs:oss:*:*:images/*"
READ_ALL = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["oss:Get*"], "Resource": ["*"]}],
}


def statement(effect: str, *principals: str, **changes: Any) -> dict[str, Any]:
    plain = {
        "Effect": effect,
        "Action": ["oss:PutObject"],
        "Principal": list(principals),
        "Resource": [OWN],
    }
    return {**plain, **changes}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "1", "Statement": statements})


def user(cloud: FakeAliyun, name: str, *grants: Any) -> oss2.Bucket:
    """Return the bucket "images" as a user sees it; READ_ALL unless told."""
    keys = cloud.ram.create_user(name)
    for grant in grants or (READ_ALL,):
        cloud.ram.attach_policy(f"user/{name}", grant)
    auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
    return oss2.Bucket(auth, PUBLIC, "images", region="cn-hangzhou")


def may_put(bucket: oss2.Bucket, key: str = "k") -> bool:
    try:
        bucket.put_object(key, b"")
    except AccessDenied:
        return False
    return True


def test_a_policy_is_given_back_as_it_was_put(bucket: oss2.Bucket) -> None:
    text = document(statement("Deny", "20214760404935"))
    bucket.put_bucket_policy(text)
    found = bucket.get_bucket_policy()
    assert (found.policy, found.headers["Content-Type"]) == (text, "application/json")
    assert bucket.delete_bucket_policy().status == 204
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.get_bucket_policy()
    assert (caught.value.status, caught.value.code) == (404, "NoSuchBucketPolicy")
    assert bucket.delete_bucket_policy().status == 204


def test_no_bucket_has_no_policy(cloud: FakeAliyun, client_of: ClientOf) -> None:
    with cloud, pytest.raises(NoSuchBucket):
        client_of(PUBLIC, "none").get_bucket_policy()


MALFORMED = {
    "no JSON": "{",
    "a list": "[]",
    "a number as Version": '{"Version": 1, "Statement": []}',
    "Version 2": '{"Version": "2", "Statement": []}',
    "no statement": '{"Version": "1", "Statement": []}',
    "a statement that is none": '{"Version": "1", "Statement": ["x"]}',
    "no principal": document({"Effect": "Deny", "Action": "x", "Resource": "*"}),
    "one principal that is no list": document(statement("Deny", Principal="*")),
    "a principal by its name": document(statement("Deny", "user/ann")),
    "a number as action": document(statement("Deny", "*", Action=[1])),
    "a text as condition": document(statement("Deny", "*", Condition="")),
    "a text as StringLike": document(
        statement("Deny", "*", Condition={"StringLike": "oss:Prefix"})
    ),
    "a number as prefix": document(
        statement("Deny", "*", Condition={"StringLike": {"oss:Prefix": 1}})
    ),
    "another effect": document(statement("Refuse", "*")),
    "too large": document(statement("Deny", "*", Resource=["x" * 16_384])),
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_policy_is_refused(images: oss2.Bucket, text: str) -> None:
    with pytest.raises(ServerError) as caught:
        images.put_bucket_policy(text)
    assert (caught.value.status, caught.value.code) == (400, "MalformedPolicy")
    assert caught.value.details["EC"].startswith("0030-0000000")
    with pytest.raises(ServerError):
        images.get_bucket_policy()


NOT_IMITATED = {
    "NotPrincipal": statement("Deny", "*", NotPrincipal=["1"]),
    "NotAction": statement("Deny", "*", NotAction=["oss:GetObject"]),
    "IpAddress": statement(
        "Deny", "*", Condition={"IpAddress": {"acs:SourceIp": ["10.0.0.1"]}}
    ),
    "session": statement("Deny", f"arn:sts::{ACCOUNT}:assumed-role/r/one"),
}


@pytest.mark.parametrize("said", NOT_IMITATED)
def test_what_is_not_imitated_is_never_ignored(images: oss2.Bucket, said: str) -> None:
    with pytest.raises(NotImitatedError, match=said):
        images.put_bucket_policy(document(NOT_IMITATED[said]))


def test_an_allow_of_either_side_is_enough(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    ann, bob = user(cloud, "ann"), user(cloud, "bob")
    assert not may_put(ann)
    images.put_bucket_policy(document(statement("Allow", cloud.ram.user_id("ann"))))
    assert (may_put(ann), may_put(bob)) == (True, False)
    assert ann.get_object("k").read() == b""  # that one RAM allows


@pytest.mark.parametrize("denies", ["the bucket's policy", "RAM"])
def test_a_deny_of_either_side_wins(
    cloud: FakeAliyun, images: oss2.Bucket, denies: str
) -> None:
    deny = json.loads(document(statement("Deny")))
    del deny["Statement"][0]["Principal"]
    grants = ["AliyunOSSFullAccess", *([deny] if denies == "RAM" else [])]
    ann = user(cloud, "ann", *grants)
    effect = "Allow" if denies == "RAM" else "Deny"
    images.put_bucket_policy(document(statement(effect, cloud.ram.user_id("ann"))))
    assert not may_put(ann)


def test_a_deny_beats_an_allow_of_the_same_policy(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    ann = user(cloud, "ann")
    uid = cloud.ram.user_id("ann")
    ledger = "acs:oss:*:*:images/.image-import/*"
    deny = statement("Deny", uid, Resource=ledger)
    images.put_bucket_policy(document(statement("Allow", uid), deny))
    assert (may_put(ann), may_put(ann, ".image-import/x")) == (True, False)


def test_a_star_or_nobody_named_is_everyone_but_the_owner(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    ann = user(cloud, "ann", "AliyunOSSFullAccess")
    for principals in (["*"], []):
        images.put_bucket_policy(document(statement("Deny", *principals)))
        assert (may_put(ann), may_put(images)) == (False, True)


def test_a_star_with_a_condition_binds_the_owner_too(images: oss2.Bucket) -> None:
    condition = {"StringLike": {"oss:Prefix": ["secret/*"]}}
    deny = statement(
        "Deny",
        "*",
        Action="oss:ListObjects",
        Resource="acs:oss:*:*:images",
        Condition=condition,
    )
    images.put_bucket_policy(document(deny))
    assert images.list_objects_v2("open/").object_list == []
    with pytest.raises(ServerError) as caught:
        images.list_objects_v2("secret/x")
    assert caught.value.status == 403


def test_the_owner_may_be_denied_by_its_uid(images: oss2.Bucket) -> None:
    images.put_bucket_policy(document(statement("Deny", ACCOUNT)))
    assert not may_put(images)
    images.delete_bucket_policy()
    assert may_put(images)


ROLE = "fake-function-role"


@pytest.mark.parametrize(
    ("principal", "concerned"),
    [
        (f"arn:sts::{ACCOUNT}:assumed-role/{ROLE}/*", True),
        ("arn:sts::*:*/*/*", True),
        ("arn:sts::*:assumed-role/fake-*/*", True),
        (f"arn:sts::{ACCOUNT}:assumed-role/another/*", False),
        (f"arn:sts::99:assumed-role/{ROLE}/*", False),
        (ACCOUNT, False),
    ],
)
def test_a_role_is_known_by_its_arn(
    cloud: FakeAliyun, images: oss2.Bucket, principal: str, *, concerned: bool
) -> None:
    images.put_bucket_policy(document(statement("Deny", principal)))
    keys = cloud.ram.assume_role(ROLE)
    held = (keys.access_key_id, keys.access_key_secret, keys.security_token, "v4")
    auth = oss2.StsAuth(*held)
    seen = oss2.Bucket(auth, PUBLIC, "images", region="cn-hangzhou")
    assert may_put(seen) is not concerned


def test_whoever_has_no_key_may_do_what_everybody_may(images: oss2.Bucket) -> None:
    url = "https://images.oss-cn-hangzhou.aliyuncs.com/k"
    images.put_object("k", b"data")
    images.put_bucket_policy(document(statement("Allow", "*", Action="oss:GetObject")))
    assert requests.get(url, timeout=PATIENCE_SECONDS).content == b"data"
    assert requests.put(url, data=b"", timeout=PATIENCE_SECONDS).status_code == 403
    images.put_bucket_acl(oss2.BUCKET_ACL_PUBLIC_READ_WRITE)
    images.put_bucket_policy(document(statement("Deny", "*", Action="oss:*")))
    assert requests.get(url, timeout=PATIENCE_SECONDS).status_code == 403
    assert requests.put(url, data=b"", timeout=PATIENCE_SECONDS).status_code == 403


def test_a_user_needs_the_right_to_read_and_write_policies(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    put = {**READ_ALL["Statement"][0], "Action": "oss:PutBucketPolicy"}  # type: ignore[dict-item]
    ann = user(cloud, "ann", {"Version": "1", "Statement": [put]})
    ann.put_bucket_policy(document(statement("Deny", "*")))
    for refused in (ann.get_bucket_policy, ann.delete_bucket_policy):
        with pytest.raises(ServerError) as caught:
            refused()
        assert caught.value.status == 403
    assert images.get_bucket_policy().policy


def test_the_source_of_a_copy_is_held_to_its_own_bucket_s_policy(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    cloud.oss.put("secrets", "k", b"data")
    ann = user(cloud, "ann", "AliyunOSSFullAccess")
    deny = statement("Deny", "*", Action="oss:GetObject", Resource="*")
    other = oss2.Bucket(images.auth, PUBLIC, "secrets", region="cn-hangzhou")
    ann.copy_object("secrets", "k", "mine")
    other.put_bucket_policy(document(deny))
    with pytest.raises(ServerError) as caught:
        ann.copy_object("secrets", "k", "mine")
    assert caught.value.status == 403


def test_ecs_s_role_is_bound_too(cloud: FakeAliyun, images: oss2.Bucket) -> None:
    images.put_object("web.raw", b"bytes")
    role = f"arn:sts::{ACCOUNT}:assumed-role/AliyunECSImageImportDefaultRole/*"
    deny = statement("Deny", role, Action="oss:GetObject")
    images.put_bucket_policy(document(deny))
    wanted = {
        "RegionId": "cn-hangzhou",
        "ImageName": "web",
        "DiskDeviceMapping.1.OSSBucket": "images",
        "DiskDeviceMapping.1.OSSObject": "web.raw",
    }
    with pytest.raises(EcsError) as caught:
        cloud._backends.ecs.import_image(wanted, door="public")
    assert caught.value.code == "InvalidOSS.NotAuthorized"
