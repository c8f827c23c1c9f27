"""Each right of what follows an import is needed, and none is idle."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest
from deployment.cloud_run import (
    ACCOUNT,
    ENVIRONMENT,
    GOOD,
    NAMES,
    QCOW2,
    REGION,
    Policies,
    Right,
    policies,
    rights_of,
    rights_used,
    set_up,
)
from deployment.model import FUNCTION_ROLE
from fake_aliyun import FakeAliyun, ManualClock
from fake_aliyun.ecs.images import LaunchTemplate
from image_import.config.receivers import Receiver
from image_import.notification.news import ImportNews
from image_import.notification.receivers import Reception
from image_import.notification.sender import Told
from image_import_cli.iam.roles import AfterAvailable, function_role

COPY = {"COPY_TO_REGIONS": "cn-beijing", "NVME_SUPPORT": "supported"}
SHARE = {"SHARE_WITH": "1000000000000001"}
FAMILY = {"IMAGE_FAMILY": "app"}
RETENTION = {"KEEP_LAST": "1", "DELETE_DEPRECATED_AFTER": "1"}
CHOICES: dict[str, dict[str, str]] = {
    "copies": COPY,
    "shares": SHARE,
    "families": FAMILY,
    "retention": RETENTION,
    "retention of copies": {**COPY, **RETENTION},
    "all": {**COPY, **SHARE, **FAMILY},
    "news": {"NOTIFY": "https://hooks.example.com/"},
    "queue": {"NOTIFY": f"mns://{ACCOUNT}/queues/told"},
    "topic": {"NOTIFY": f"mns://{ACCOUNT}/topics/told"},
    "bus": {"NOTIFY": "eventbridge://told"},
}
RUNS = 4
"""Of the tracker: available, copied, features and family, and one more."""
A_DAY = 24 * 3600
NEWER = "incoming/app2.qcow2"
KEPT = ".image-import/kept/"

Seen = list[tuple[object, ...]]


class Ear:
    """A receiver that takes whatever it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def tell(self, news: ImportNews, receiver: Receiver) -> Told:
        self.heard.append(f"{receiver.label} {news.kind}")
        return Told(verdict=Reception.TOLD)


def granted_for(settings: Mapping[str, str]) -> Policies:
    """Return the policies as we print them for these settings."""
    after = AfterAvailable.read(settings)
    role = function_role(NAMES, after=after)
    return {**policies("keep"), FUNCTION_ROLE: role.policy()}


def import_one(cloud: FakeAliyun, object_key: str) -> None:
    """Upload an image and let the tracker go on with it."""
    cloud.oss.put(NAMES.image_bucket, object_key, QCOW2 + object_key.encode())
    cloud.fc.drain()
    for _ in range(RUNS):
        cloud.ecs.finish_imports()
        cloud.fc.tick()
        cloud.fc.drain()


def live(granted: Policies, settings: Mapping[str, str]) -> tuple[Seen, set[Right]]:
    """Return what has become of an upload, and which rights were used."""
    environ = {**ENVIRONMENT, **settings}
    clock, ear = ManualClock(), Ear()
    with FakeAliyun(region_id=REGION, account_id=ACCOUNT, clock=clock) as cloud:
        is_outside = settings.get("NOTIFY", "").startswith("https:")
        set_up(cloud, granted, environ, ear if is_outside else None)
        cloud.messaging.places.update({"queues/told", "topics/told", "buses/told"})
        import_one(cloud, GOOD)
        if "KEEP_LAST" in settings:
            named = LaunchTemplate(region_id=REGION, image_ids=["m-1"])
            cloud.ecs.launch_templates.append(named)
            clock.advance(60)
            import_one(cloud, NEWER)
            clock.advance(2 * A_DAY)
            cloud.fc.tick()
            cloud.fc.drain()
        seen: Seen = [
            (i.region_id, i.status, i.family, tuple(i.shared_with), dict(i.features))
            for i in cloud.ecs.everywhere
        ]
        seen.append((len(cloud.oss.keys(NAMES.ledger_bucket, KEPT)),))
        seen.append((*ear.heard, *(sent.place for sent in cloud.messaging.sent)))
        return seen, rights_used(cloud, granted)


@cache
def whole(choice: str) -> tuple[Seen, set[Right]]:
    """Return what becomes of an upload where no right is missing."""
    return live(granted_for(CHOICES[choice]), CHOICES[choice])


def more_rights(choice: str) -> list[Right]:
    """Return the rights that a choice takes beyond those of an import."""
    granted = granted_for(CHOICES[choice])
    usual = policies("keep")[FUNCTION_ROLE]["Statement"]
    held = granted[FUNCTION_ROLE]["Statement"]
    return [
        right
        for right in rights_of(granted)
        if right[0] == FUNCTION_ROLE and held[right[1]] not in usual
    ]


EACH_RIGHT = [(choice, right) for choice in CHOICES for right in more_rights(choice)]
IN_WORDS = [f"{choice} {action} {on}" for choice, (_, _, action, on) in EACH_RIGHT]


def test_what_uploaders_may_ask_for_is_granted_for_any_region() -> None:
    asked = AfterAvailable.read({"SIDECAR_MAY_SET": "CopyToRegions,ShareWith"})
    given = AfterAvailable.read({"SHARE_WITH": SHARE["SHARE_WITH"]})
    given = replace(given, copy_to_regions=("*",))
    role, same = function_role(NAMES, after=asked), function_role(NAMES, after=given)
    assert role.policy() == same.policy()
    assert role.policy() != policies("keep")[FUNCTION_ROLE]


def test_with_all_rights_an_image_is_wherever_and_whatever_it_should_be() -> None:
    seen, _ = whole("all")
    nvme = {"NvmeSupport": "supported"}
    rest = ("Available", "app", (SHARE["SHARE_WITH"],), nvme)
    assert seen == [(REGION, *rest), ("cn-beijing", *rest), (0,), ()]


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("news", "webhook hooks.example.com available"),
        ("queue", "queues/told"),
        ("topic", "topics/told"),
        ("bus", "buses/told"),
    ],
)
def test_with_all_rights_news_is_told_once(choice: str, told: str) -> None:
    seen, _ = whole(choice)
    assert seen[-1] == (told,)


@pytest.mark.parametrize("choice", CHOICES)
def test_no_choice_is_granted_more_than_it_uses(choice: str) -> None:
    _, used = whole(choice)
    assert set(more_rights(choice)) <= used


@pytest.mark.parametrize(("choice", "right"), EACH_RIGHT, ids=IN_WORDS)
def test_without_any_one_right_an_image_is_not_as_it_should_be(
    choice: str, right: Right
) -> None:
    role, number, action, _ = right
    granted = copy.deepcopy(dict(granted_for(CHOICES[choice])))
    granted[role]["Statement"][number]["Action"].remove(action)
    assert live(granted, CHOICES[choice])[0] != whole(choice)[0]


@pytest.mark.parametrize(("choice", "right"), EACH_RIGHT, ids=IN_WORDS)
def test_a_right_in_another_region_is_no_help(choice: str, right: Right) -> None:
    role, number, _, resource = right
    granted = copy.deepcopy(dict(granted_for(CHOICES[choice])))
    resources = granted[role]["Statement"][number]["Resource"]
    other = ":".join([*resource.split(":")[:2], "xx-other-1", *resource.split(":")[3:]])
    resources[resources.index(resource)] = other
    assert live(granted, CHOICES[choice])[0] != whole(choice)[0]
