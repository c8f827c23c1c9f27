"""One round: each receiver is told what waits for it, of each upload in order."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Protocol

from image_import.config.receivers import Receiver
from image_import.errors import ImageImportError
from image_import.ledger.entries import LedgerEntry, State
from image_import.ledger.layout import LedgerKeys
from image_import.ledger.store import LedgerStore, Overtaken
from image_import.notification.news import ImportNews
from image_import.notification.outbox import Letter, Outbox
from image_import.notification.receivers import Reception
from image_import.notification.sender import Told

MOST_MISSES = 5
"""After so many in a row a receiver is left alone until the next round."""

RESERVE_SECONDS = 30.0
"""Less than that is left to the function: a message more may not end in time."""


class TellsNews(Protocol):
    """What sends one message."""

    def tell(self, news: ImportNews, receiver: Receiver) -> Told:
        """Return what came of it; raises nothing."""


@dataclass(kw_only=True, slots=True)
class NewsRound:
    """One round over an outbox; a dead receiver holds nobody but itself.

    Attributes:
        now: By OSS's clock.
        remaining: Seconds until the function's time-out.
        errors: What could not be kept or put on record; the next round tries again.
    """

    outbox: Outbox
    store: LedgerStore
    sender: TellsNews
    receivers: Sequence[Receiver]
    pool: Executor
    now: Callable[[], datetime]
    remaining: Callable[[], float]
    claim: str = ""
    fc_request_id: str = ""
    errors: list[ImageImportError] = field(default_factory=list)
    _misses: Counter[str] = field(default_factory=Counter)

    def run(self) -> int:
        """Tell what is due and return how many letters still wait.

        Raises:
            ServiceError: The outbox could not be listed.
        """
        keys = self.outbox.keys()
        uploads = [list(group) for _, group in groupby(keys, key=_folder)]
        return sum(self.pool.map(self._upload, uploads))

    def _upload(self, keys: Sequence[str]) -> int:
        """Tell the news of one upload; who has not heard one waits with the next."""
        waiting = 0
        behind: set[str] = set()
        for key in keys:
            try:
                waiting += self._letter(key, behind)
            except ImageImportError as exc:
                self.errors.append(exc)
                return waiting + 1
        return waiting

    def _letter(self, key: str, behind: set[str]) -> bool:
        """Tell one piece of news; return whether it still waits for somebody."""
        if not any(map(self._is_asked, self.receivers)):
            return True
        letter = self.outbox.read(key)
        if letter is None:
            return False
        before = letter
        for receiver in self.receivers:
            if receiver.id not in behind:
                letter = self._tell(letter, receiver)
            if not letter.of(receiver.id).end:
                behind.add(receiver.id)
        if letter.is_done(receiver.id for receiver in self.receivers):
            self._record(letter)
            self.outbox.remove(letter)
            return False
        if letter != before:
            self.outbox.put(letter)
        return True

    def _tell(self, letter: Letter, receiver: Receiver) -> Letter:
        progress = letter.of(receiver.id)
        now = self.now()
        is_due = not progress.end and (progress.due is None or progress.due <= now)
        if not (is_due and self._is_asked(receiver)):
            return letter
        told = self.sender.tell(letter.news, receiver)
        if told.verdict is Reception.TOLD:
            self._misses[receiver.id] = 0
            progress = progress.told()
        else:
            self._misses[receiver.id] += 1
            is_final = told.verdict is Reception.NEVER
            progress = progress.failed(told.why, now=now, is_final=is_final)
        return replace(letter, progress={**letter.progress, receiver.id: progress})

    def _is_asked(self, receiver: Receiver) -> bool:
        """Whether there is time to tell a receiver, and it has answered lately."""
        is_heard = self._misses[receiver.id] < MOST_MISSES
        return is_heard and self.remaining() > RESERVE_SECONDS

    def _record(self, letter: Letter) -> None:
        """Put into the upload's ledger who was told what.

        The line is of no version, so that it changes nothing of where an import is.
        """
        news = letter.news
        said = "; ".join(
            f"{receiver.label} {letter.of(receiver.id).end}"
            for receiver in self.receivers
        )
        line = LedgerEntry(
            state=State.NOTIFIED,
            at=self.now(),
            claim=self.claim,
            fc_request_id=self.fc_request_id,
            reason=f"{news.kind}: {said}",
        )
        keys = LedgerKeys(
            prefix=self.outbox.prefix, bucket=news.bucket, object_key=news.object_key
        )
        snapshot = self.store.read(self.store.list_keys(keys), news.etag)
        if not snapshot.entries:
            return
        try:
            self.store.write(snapshot, line)
        except Overtaken as exc:
            self.store.write(exc.snapshot, line)


def _folder(key: str) -> str:
    return key.rpartition("/")[0]
