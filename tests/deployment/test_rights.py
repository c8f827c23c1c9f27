"""Each right is needed: without it, something does not happen; and none is idle."""

import copy

import pytest
from deployment.cloud_run import Policies, live_a_day, policies
from image_import_cli.policies import ECS_ROLE, FUNCTION_ROLE, TRIGGER_ROLE

Day = tuple[dict[str, object], set[tuple[str, str]]]

# (role, number of the statement, action)
GRANTED = [
    (role, number, action)
    for role, policy in policies().items()
    for number, statement in enumerate(policy["Statement"])
    for action in statement["Action"]
]


def without(role: str, number: int, action: str) -> Policies:
    """Return the policies with one action less."""
    granted = copy.deepcopy(policies())
    granted[role]["Statement"][number]["Action"].remove(action)
    return granted


@pytest.fixture(scope="module")
def whole() -> Day:
    return live_a_day(policies())


def test_with_all_rights_the_day_goes_well(
    whole: Day,
) -> None:
    seen, _ = whole
    assert seen["outcomes"] == [
        ["submitted"], ["duplicate"], ["failed"], ["failed"], ["retrying"],
    ]  # fmt: skip
    assert (seen["log"], seen["failed events"]) == (1, 1)
    assert seen["tracker"] == [
        "create_failed ImportImageFailed", "retrying ServiceUnavailable", "1 open",
    ]  # fmt: skip


def test_nothing_is_granted_that_the_day_does_not_use(
    whole: Day,
) -> None:
    _, done = whole
    roles = {FUNCTION_ROLE, TRIGGER_ROLE, ECS_ROLE}
    used = {(role, action) for role, action in done if role in roles}
    assert {(role, action) for role, _, action in GRANTED} == used


@pytest.mark.parametrize(
    ("role", "number", "action"), GRANTED, ids=[f"{r} {a} {n}" for r, n, a in GRANTED]
)
def test_without_any_one_right_something_does_not_happen(
    whole: Day,
    role: str,
    number: int,
    action: str,
) -> None:
    seen, _ = live_a_day(without(role, number, action))
    assert seen != whole[0]
