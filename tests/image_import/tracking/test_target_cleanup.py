"""What was converted goes once ECS has no more use for it, and not before."""

from datetime import datetime, timezone
from typing import Any

import pytest
from image_import.ledger.entries import LedgerEntry, State
from image_import.retry import RetryPolicy
from image_import.tracking.target_cleanup import discard_targets

NOW = datetime(2026, 12, 1, tzinfo=timezone.utc)
RETRY = RetryPolicy(remaining=lambda: 100.0, sleep=lambda _: None, random=lambda: 0.5)
LINE = LedgerEntry(
    state=State.CONVERTING,
    at=NOW,
    version="v",
    targets=(("converted/1.qcow2", "U1", "wrap", ""),),
    target_bucket="ledger",
)


class Witness:
    """An OSS that notes what is asked of it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def exchange(self, action: str, *_: Any) -> list[Any]:
        self.calls.append(action)
        return []

    def delete(self, bucket: str, object_key: str) -> None:
        self.calls.append(f"delete {bucket}/{object_key}")


def calls_after(state: State, *, keep: bool = False, **said: Any) -> list[str]:
    witness = Witness()
    last = LedgerEntry(state=state, at=NOW, version="v", **said)
    oss: Any = witness
    discard_targets(oss, RETRY, [LINE, last], last, keep=keep)
    return witness.calls


ALL = [
    "ListMultipartUploads",
    "AbortMultipartUpload",
    "delete ledger/converted/1.qcow2",
]


@pytest.mark.parametrize(
    "state", [State.AVAILABLE, State.CREATE_FAILED, State.REFUSED, State.FAILED]
)
def test_after_an_end_nothing_is_left(state: State) -> None:
    assert calls_after(state) == ALL


@pytest.mark.parametrize("state", [State.SUBMITTED, State.UNFOLLOWED, State.CONVERTING])
def test_what_ecs_may_still_read_stays(state: State) -> None:
    assert calls_after(state) == []


def test_what_may_have_been_started_keeps_its_target() -> None:
    assert calls_after(State.FAILED, perhaps_started=True) == []


def test_a_kept_target_stays_and_its_uploads_go() -> None:
    assert calls_after(State.AVAILABLE, keep=True) == ALL[:2]
    assert calls_after(State.CREATE_FAILED, keep=True) == ALL
