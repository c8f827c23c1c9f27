"""A ledger's bucket in memory whose exchanges fail as a test wants."""

from collections import defaultdict
from datetime import datetime
from typing import Any, cast

from image_import.aliyun.oss.client import Listing, ObjectPiece, Oss
from image_import.errors import ServiceRejected, ServiceUnavailable
from image_import.ledger.clock import OssClock
from image_import.ledger.layout import LedgerKeys
from image_import.ledger.store import LedgerStore
from image_import.retry import RetryPolicy
from ledger_lines import ALONE, T0
from stage import BucketOnStage, Stage

KEYS = LedgerKeys(
    prefix=".image-import/", bucket=ALONE.bucket, object_key=ALONE.object_key
)
LEDGER = KEYS.ledger_key(ALONE.etag)
LOST = ServiceUnavailable("no answer", service="OSS", action="", perhaps_done=True)


def refusal(code: str, http_status: int = 403) -> ServiceRejected:
    """Return OSS's no."""
    return ServiceRejected(
        f"OSS: {code}", service="OSS", action="", code=code, http_status=http_status
    )


class FaultyBucket(BucketOnStage):
    """OSS in memory.

    Attributes:
        before: By operation, errors that are raised in place of an effect, in order.
        after: The same, raised after the effect; None lets one be answered.
    """

    def __init__(self) -> None:
        super().__init__(Stage())
        self.before: dict[str, list[Exception | None]] = defaultdict(list)
        self.after: dict[str, list[Exception | None]] = defaultdict(list)
        self.calls: list[str] = []

    def append(self, _: str, object_key: str, *, position: int, data: bytes) -> int:
        self._begin("append")
        end = super().append(_, object_key, position=position, data=data)
        self._end("append")
        return end

    def put(self, _: str, object_key: str, data: bytes) -> None:
        self._begin("put")
        super().put(_, object_key, data)
        self._end("put")

    def delete(self, _: str, object_key: str) -> None:
        self._begin("delete")
        super().delete(_, object_key)
        self._end("delete")

    def list_page(self, _: str, prefix: str, **said: Any) -> Listing:
        self._begin("list")
        return super().list_page(_, prefix, **said)

    def read_whole(self, bucket: str, object_key: str, **said: Any) -> ObjectPiece:
        self._begin("read")
        return super().read_whole(bucket, object_key, **said)

    def _begin(self, operation: str) -> None:
        self.calls.append(operation)
        _raise_next(self.before[operation])

    def _end(self, operation: str) -> None:
        _raise_next(self.after[operation])


def _raise_next(faults: list[Exception | None]) -> None:
    fault = faults.pop(0) if faults else None
    if fault:
        raise fault


def store_of(bucket: BucketOnStage) -> LedgerStore:
    """Return the ledgers of such a bucket."""
    return LedgerStore(
        cast("Oss", bucket), bucket="images", clock=clock_at(T0), retry=RETRY
    )


def clock_at(moment: datetime) -> OssClock:
    """Return a clock that has just been set."""
    clock = OssClock(lambda: 0.0)
    clock.observe(moment, sent=0)
    return clock


RETRY = RetryPolicy(remaining=lambda: 100.0, sleep=lambda _: None, random=lambda: 0.5)
