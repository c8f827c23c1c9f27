"""News that waits to be told: a small object each, until every receiver has it.

Under LEDGER_PREFIX::

    outbox/<hash of bucket, key and ETag>/<line of the ledger>-<news ID>.json

The names sort as the lines of the upload's ledger, so that a receiver hears of an
import in order. What is told twice after a crash has the same ID both times.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from image_import.errors import EvidenceError
from image_import.ledger.entries import from_text, to_json_bytes, to_text
from image_import.ledger.layout import OUTBOX
from image_import.ledger.store import LedgerStore
from image_import.model.revision import key_hash
from image_import.notification import news as news_json
from image_import.notification.news import ImportNews

PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, *[86400] * 11)
)
"""How long each attempt waits for the next; after the last one nobody tries again.

The first ten are those of Standard Webhooks; then once a day, so that of a thousand
messages to a receiver that fails half the time none is given up.

Source: Standard Webhooks, specification 1.0.0, "Deliverability and reliability", read
2026-12.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far one receiver is with one piece of news.

    Attributes:
        due: Before that, it is not tried again; None once there is an end.
        end: `told` or why it was given up; "" while it is open.
    """

    attempts: int = 0
    due: datetime | None = None
    end: str = ""

    def failed(self, why: str, *, now: datetime, is_final: bool) -> "Progress":
        """Return this after one more attempt that came to nothing."""
        attempts = self.attempts + 1
        if is_final or attempts >= len(PAUSES):
            return Progress(attempts=attempts, end=f"given up: {why}")
        return Progress(attempts=attempts, due=now + PAUSES[attempts])

    def told(self) -> "Progress":
        """Return this after the attempt that reached the receiver."""
        return Progress(attempts=self.attempts + 1, end="told")


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One piece of news on its way.

    Attributes:
        progress: By the receiver's ID.
    """

    key: str
    news: ImportNews
    progress: Mapping[str, Progress] = field(default_factory=dict)

    def of(self, receiver_id: str) -> Progress:
        """Return how far a receiver is."""
        return self.progress.get(receiver_id, Progress())

    def is_done(self, receiver_ids: Iterable[str]) -> bool:
        """Whether nothing is left to be tried for these receivers."""
        return all(self.of(receiver_id).end for receiver_id in receiver_ids)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outbox:
    """The news of one ledger bucket."""

    store: LedgerStore
    prefix: str

    def add(self, news: ImportNews, *, place: int) -> None:
        """Keep news until it is told; the same news is kept once.

        Args:
            place: Which line of its ledger it is about.

        Raises:
            ServiceError: It could not be kept.
        """
        upload = key_hash(news.source, news.etag)
        key = f"{self.prefix}{OUTBOX}{upload}/{place:06}-{news.id}.json"
        if self.store.read_note(key) is None:
            self.put(Letter(key=key, news=news))

    def keys(self) -> list[str]:
        """Return the keys of what waits, those of one upload in their order."""
        listed = self.store.list_all(f"{self.prefix}{OUTBOX}")
        return sorted(item.object_key for item in listed)

    def read(self, key: str) -> Letter | None:
        """Return one letter, None if it is gone.

        Raises:
            EvidenceError: It is none of ours.
        """
        data = self.store.read_note(key)
        return None if data is None else read_letter(key, data)

    def put(self, letter: Letter) -> None:
        """Put a letter as it is now."""
        self.store.put_note(letter.key, to_json_bytes(_to_json(letter)))

    def remove(self, letter: Letter) -> None:
        """Take out a letter that every receiver has."""
        self.store.delete_note(letter.key)


def read_letter(key: str, data: bytes) -> Letter:
    """Return the letter that an object of the outbox holds.

    Raises:
        EvidenceError: It is none of ours.
    """
    try:
        held = json.loads(data)
        return Letter(
            key=key,
            news=news_json.from_json(held["news"]),
            progress={str(k): _progress(p) for k, p in held["progress"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise EvidenceError(
            f"{key} is not news that we wrote ({exc}); delete it"
        ) from exc


def _to_json(letter: Letter) -> dict[str, object]:
    progress = {
        receiver_id: {
            "attempts": p.attempts,
            **({"due": to_text(p.due)} if p.due else {}),
            **({"end": p.end} if p.end else {}),
        }
        for receiver_id, p in letter.progress.items()
    }
    return {"news": news_json.to_json(letter.news), "progress": progress}


def _progress(held: Mapping[str, str]) -> Progress:
    due = held.get("due")
    return Progress(
        attempts=int(held.get("attempts", 0)),
        due=from_text(due) if due else None,
        end=held.get("end", ""),
    )
