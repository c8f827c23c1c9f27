"""Which imports `image-import status` is asked for."""

import heapq
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import click
from image_import.config.settings import Settings
from image_import.ledger.entries import State

from image_import_cli.options.oss_url import read_place
from image_import_cli.status.model import BY_URGENCY, ImportStatus

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
WORDS = {("claimed" if s is State.INTENT else s.value): s for s in State}
"""What a state is called on the command line."""

EXPECTED = "oss://BUCKET/KEY, oss://BUCKET/PREFIX, or nothing for all"


class Since(click.ParamType["timedelta | datetime"]):
    """A time ago, such as `2h`, or a moment, such as `2026-11-26`; in UTC."""

    name = "TIME"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> timedelta | datetime:
        """Return what was given, a time span or a moment."""
        if isinstance(value, timedelta | datetime):
            return value
        if match := re.fullmatch(r"(\d{1,6})([smhdw])", value):
            return timedelta(seconds=int(match[1]) * UNITS[match[2]])
        try:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            self.fail(
                f"{value!r} is neither a time ago such as 90m, 12h, 3d nor a moment "
                "such as 2026-11-26 or 2026-11-26T08:00:00Z",
                param,
                ctx,
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedImages:
    """The images that were asked for.

    Attributes:
        bucket: Of the images; "" for whatever the ledger's bucket knows.
        key: An object key, or what keys begin with.
        ledger_bucket: Where their ledgers are.
        etag: Of the one upload that is meant; "" for all of a key.
    """

    bucket: str
    key: str
    ledger_bucket: str
    etag: str = ""

    def takes(self, status: ImportStatus) -> bool:
        """Whether an import is among them; one of an unknown bucket is not left out."""
        is_there = not self.bucket or status.bucket in {"", self.bucket}
        is_upload = not self.etag or status.etag == self.etag
        return is_there and is_upload and status.object_key.startswith(self.key)

    @property
    def is_named(self) -> bool:
        """Whether it looks like one object's key and not like a folder."""
        return bool(self.key) and not self.key.endswith("/")

    @property
    def text(self) -> str:
        """The place in words; a bucket's as it can be given again."""
        if not self.bucket:
            return f"all that the ledger in {self.ledger_bucket} knows"
        return f"oss://{self.bucket}/{self.key}"


def place_of(given: str, settings: Settings) -> AskedImages:
    """Return the place that an argument names.

    Raises:
        click.UsageError: Nothing says where the ledger, or in which region it is; or
            what is given names no bucket.
    """
    if not settings.region_id:
        raise click.UsageError(
            "no event tells the region here: set REGION_ID, as in "
            "--set REGION_ID=cn-hangzhou"
        )
    bucket, key = read_place(given, expected=EXPECTED) if given else ("", "")
    if not bucket and not settings.ledger_bucket:
        raise click.UsageError(
            "nothing says where the ledger is: name a bucket, as in oss://BUCKET/, or "
            "set LEDGER_BUCKET"
        )
    ledger_bucket = settings.ledger_bucket or bucket
    return AskedImages(bucket=bucket, key=key, ledger_bucket=ledger_bucket)


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which imports are shown.

    Attributes:
        states: None for all.
        since: Only what has changed from then on.
    """

    place: AskedImages
    states: frozenset[State] = frozenset()
    since: datetime | None = None

    def takes(self, status: ImportStatus) -> bool:
        """Whether an import is shown."""
        is_state = not self.states or status.state in self.states
        is_new = self.since is None or status.changed >= self.since
        return is_state and is_new and self.place.takes(status)

    @property
    def narrows(self) -> bool:
        """Whether it leaves out more than other places."""
        return bool(self.states) or self.since is not None


ORDERS: dict[str, Callable[[ImportStatus], tuple[Any, ...]]] = {
    "trouble": lambda s: (
        BY_URGENCY.index(s.state),
        -s.changed.timestamp(),
        s.object_key,
    ),
    "newest": lambda s: (-s.since.timestamp(), s.object_key),
    "key": lambda s: (s.bucket, s.object_key, s.since),
}


def first_of(
    statuses: Iterable[ImportStatus], *, order: str, limit: int
) -> list[ImportStatus]:
    """Return the first so many in an order, 0 for all; no more are held in memory."""
    if not limit:
        return sorted(statuses, key=ORDERS[order])
    return heapq.nsmallest(limit, statuses, key=ORDERS[order])
