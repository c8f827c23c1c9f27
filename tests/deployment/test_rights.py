"""Each right is needed: without it, something does not happen; and none is idle."""

import copy
from functools import cache
from typing import get_args

import pytest
from deployment.cloud_run import GOOD, Policies, live_a_day, policies
from image_import_cli.policies import (
    ECS_ROLE,
    FUNCTION_ROLE,
    TRIGGER_ROLE,
    OnAvailable,
)

Day = tuple[dict[str, object], set[tuple[str, str]]]

CHOICES: tuple[OnAvailable, ...] = get_args(OnAvailable)
# (ON_AVAILABLE, role, number of the statement, action)
GRANTED = [
    (on_available, role, number, action)
    for on_available in CHOICES
    for role, policy in policies(on_available).items()
    for number, statement in enumerate(policy["Statement"])
    for action in statement["Action"]
]
OTHERS = (
    "incoming/web.qcow2",
    "incoming/db.qcow2",
    "incoming/db.qcow2.json",
    "incoming/late.qcow2",
)

of_each_choice = pytest.mark.parametrize("on_available", CHOICES)


def without(on_available: OnAvailable, role: str, number: int, action: str) -> Policies:
    """Return the policies with one action less."""
    granted = copy.deepcopy(policies(on_available))
    granted[role]["Statement"][number]["Action"].remove(action)
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
        ["retrying"],
    ]  # fmt: skip
    assert (seen["log"], seen["failed events"]) == (1, 1)
    assert seen["tracker"] == [
        "available None", "create_failed ImportImageFailed",
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
    _, done = whole(on_available)
    roles = {FUNCTION_ROLE, TRIGGER_ROLE, ECS_ROLE}
    used = {(role, action) for role, action in done if role in roles}
    granted = {(r, action) for wish, r, _, action in GRANTED if wish == on_available}
    assert granted == used


@pytest.mark.parametrize(
    ("on_available", "role", "number", "action"),
    GRANTED,
    ids=[f"{wish} {r} {a} {n}" for wish, r, n, a in GRANTED],
)
def test_without_any_one_right_something_does_not_happen(
    on_available: OnAvailable,
    role: str,
    number: int,
    action: str,
) -> None:
    granted = without(on_available, role, number, action)
    seen, _ = live_a_day(granted, on_available)
    assert seen != whole(on_available)[0]
