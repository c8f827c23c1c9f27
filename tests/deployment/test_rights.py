"""Each right is needed: without it, something does not happen; and none is idle."""

import copy
from collections.abc import Callable
from functools import cache
from typing import get_args

import oss2
import pytest
from deployment.cloud_run import (
    ACCOUNT,
    GOOD,
    NAMES,
    REGION,
    Policies,
    Right,
    live_a_day,
    policies,
    rights_of,
)
from deployment.model import FUNCTION_ROLE
from fake_aliyun import FakeAliyun
from image_import_cli.iam.roles import (
    OnAvailable,
    trigger_role,
    uploader_policy,
)

Day = tuple[dict[str, object], set[Right]]

CHOICES: tuple[OnAvailable, ...] = get_args(OnAvailable)
GRANTED = [
    (on_available, right)
    for on_available in CHOICES
    for right in rights_of(policies(on_available))
]
# OSS asks with one of two resources; no public source says with which.
UNSURE = set(trigger_role(NAMES, fc_version="2.0").grants[0].resources)
IMAGES, LEDGER = NAMES.image_bucket, NAMES.ledger_bucket
OTHERS = (
    "incoming/web.qcow2",
    "incoming/db.qcow2",
    "incoming/db.qcow2.json",
    "incoming/late.qcow2",
    "incoming/box.vdi",
    "incoming/tar.vmdk",
)

of_each_choice = pytest.mark.parametrize("on_available", CHOICES)


def without(on_available: OnAvailable, right: Right) -> Policies:
    """Return the policies with one action less."""
    role, number, action, _ = right
    granted = copy.deepcopy(policies(on_available))
    granted[role]["Statement"][number]["Action"].remove(action)
    return granted


def elsewhere(on_available: OnAvailable, right: Right) -> Policies:
    """Return the policies with one resource that is another one."""
    role, number, _, resource = right
    granted = copy.deepcopy(policies(on_available))
    resources = granted[role]["Statement"][number]["Resource"]
    resources[resources.index(resource)] = f"{resource.rstrip('*')}-other*"
    return granted


@cache
def whole(on_available: OnAvailable) -> Day:
    """Return a day on which nobody lacks a right."""
    return live_a_day(policies(on_available), on_available)


@of_each_choice
def test_with_all_rights_the_day_goes_well(on_available: OnAvailable) -> None:
    seen, _ = whole(on_available)
    assert seen["outcomes"] == [
        ["submitted"], ["duplicate"], ["failed"], ["failed"], ["submitted"],
        ["retrying"], ["submitted"], ["converting"], ["submitted"],
    ]  # fmt: skip
    assert (seen["log"], seen["failed events"]) == (1, 1)
    assert seen["tracker"] == [
        "available None", *["create_failed ImportImageFailed"] * 3,
        "submitted None", "1 open",
    ]  # fmt: skip


@of_each_choice
def test_the_source_of_an_available_image_meets_what_was_wished_for_it(
    on_available: OnAvailable,
) -> None:
    seen, _ = whole(on_available)
    tags: dict[str, list[str]] = {key: [] for key in OTHERS}
    if on_available != "delete":
        tags[GOOD] = ["image-import"] if on_available == "tag" else []
    assert seen["sources"] == tags


@of_each_choice
def test_two_days_differ_by_rights_alone(on_available: OnAvailable) -> None:
    assert live_a_day(policies(on_available), on_available) == whole(on_available)


@of_each_choice
def test_nothing_is_granted_that_the_day_does_not_use(
    on_available: OnAvailable,
) -> None:
    _, used = whole(on_available)
    granted = {right for wish, right in GRANTED if wish == on_available}
    idle = {resource for *_, resource in granted - used}
    assert idle < UNSURE


EACH_RIGHT = [(wish, right) for wish, right in GRANTED if right[3] not in UNSURE]
IN_WORDS = [f"{wish} {r} {a} {n} {on}" for wish, (r, n, a, on) in EACH_RIGHT]


@pytest.mark.parametrize(("on_available", "right"), EACH_RIGHT, ids=IN_WORDS)
def test_without_any_one_right_something_does_not_happen(
    on_available: OnAvailable, right: Right
) -> None:
    seen, _ = live_a_day(without(on_available, right), on_available)
    assert seen != whole(on_available)[0]


@pytest.mark.parametrize(("on_available", "right"), EACH_RIGHT, ids=IN_WORDS)
def test_a_right_on_another_resource_is_no_help(
    on_available: OnAvailable, right: Right
) -> None:
    seen, _ = live_a_day(elsewhere(on_available, right), on_available)
    assert seen != whole(on_available)[0]


def test_without_invoking_nothing_happens() -> None:
    right = next(r for _, r in GRANTED if r[2] == "fc:InvokeFunction")
    seen, _ = live_a_day(without("keep", right), "keep")
    assert seen["images"] == []


def test_the_ledger_cannot_be_listed_under_another_prefix() -> None:
    granted = copy.deepcopy(policies("keep"))
    (listing,) = (s for s in granted[FUNCTION_ROLE]["Statement"] if "Condition" in s)
    listing["Condition"] = {"StringLike": {"oss:Prefix": [".image-import/images/*"]}}
    seen, _ = live_a_day(granted, "keep")
    assert seen != whole("keep")[0]


def test_looking_into_images_takes_no_more_rights() -> None:
    seen, used = live_a_day(policies("keep"), "keep", INSPECT="always")
    assert (seen, used) == whole("keep")


class Uploader:
    """A user with the policy that we print for uploaders."""

    def __init__(self, cloud: FakeAliyun, *, less: str = "") -> None:
        self._cloud = cloud
        self._keys = cloud.ram.create_user("ann")
        granted = copy.deepcopy(uploader_policy(NAMES))
        (statement,) = granted["Statement"]
        statement["Action"] = [a for a in statement["Action"] if a != less]
        cloud.ram.attach_policy("user/ann", granted)

    def may(self, bucket: str, call: Callable[[oss2.Bucket], object]) -> bool:
        auth = oss2.AuthV4(self._keys.access_key_id, self._keys.access_key_secret)
        place = f"https://oss-{REGION}.aliyuncs.com"
        with self._cloud:
            try:
                call(oss2.Bucket(auth, place, bucket, region=REGION))
            except oss2.exceptions.AccessDenied:
                return False
        return True


def in_parts(bucket: oss2.Bucket) -> None:
    """Upload as tools do what is large."""
    key = "incoming/large.raw"
    upload = bucket.init_multipart_upload(key).upload_id
    part = bucket.upload_part(key, upload, 1, b"x")
    done = oss2.models.PartInfo(1, part.etag)
    bucket.complete_multipart_upload(key, upload, [done])


BY_UPLOADERS: dict[str, tuple[str, Callable[[oss2.Bucket], object], bool]] = {
    "an image": (IMAGES, lambda b: b.put_object("incoming/a.raw", b"x"), True),
    "an image in parts": (IMAGES, in_parts, True),
    "outside": (IMAGES, lambda b: b.put_object("outgoing/a.raw", b"x"), False),
    "reading": (IMAGES, lambda b: b.get_object("incoming/a.raw"), False),
    "listing": (IMAGES, lambda b: b.list_objects_v2("incoming/"), False),
    "deleting": (IMAGES, lambda b: b.delete_object("incoming/a.raw"), False),
    "the ledger": (LEDGER, lambda b: b.put_object(".image-import/x", b"x"), False),
}


@pytest.mark.parametrize(
    ("bucket", "call", "is_allowed"), BY_UPLOADERS.values(), ids=BY_UPLOADERS
)
def test_uploaders_may_upload_and_nothing_else(
    bucket: str, call: Callable[[oss2.Bucket], object], *, is_allowed: bool
) -> None:
    cloud = FakeAliyun(region_id=REGION, account_id=ACCOUNT)
    for name in (IMAGES, LEDGER):
        cloud.oss.create_bucket(name)
    assert Uploader(cloud).may(bucket, call) is is_allowed


def test_without_its_one_right_an_uploader_uploads_nothing() -> None:
    cloud = FakeAliyun(region_id=REGION, account_id=ACCOUNT)
    cloud.oss.create_bucket(IMAGES)
    uploader = Uploader(cloud, less="oss:PutObject")
    assert not uploader.may(IMAGES, lambda b: b.put_object("incoming/a.raw", b"x"))
