"""What is worth telling goes into the outbox; the tracker tells it."""

from dataclasses import dataclass, replace

from image_import.config.settings import Settings
from image_import.ledger.entries import LedgerEntry, State, last_of, waits_for_room
from image_import.ledger.store import LedgerStore, Snapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcer:
    """Keeps the news that the operator wants to be told.

    Attributes:
        region_id: Where images are imported.
    """

    settings: Settings
    store: LedgerStore
    region_id: str

    def announce(self, line: LedgerEntry, snapshot: Snapshot) -> None:
        """Keep what a line says, if somebody wants to hear of it.

        What ECS has no room for now is tried again by itself, so nobody hears of it.

        Args:
            snapshot: The ledger, with the line or where it is going to end.

        Raises:
            ServiceError: It could not be kept; whoever comes next tries again.
        """
        settings = self.settings
        state = line.state
        if state is State.DISTRIBUTION_FAILED and "distributed" in settings.notify_on:
            state = State.DISTRIBUTED  # who waits for the one must hear of the other
        is_wanted = settings.notify and state.value in settings.notify_on
        if line.state is State.AVAILABLE and "distributed" in settings.notify_on:
            # It is told once it is wherever it was wanted.
            is_wanted = is_wanted and not settings.distributes
        if settings.dry_run or not is_wanted or waits_for_room(line):
            return
        from image_import.notification.news import copies_of, news_of  # noqa: PLC0415 - cold start
        from image_import.notification.outbox import Outbox  # noqa: PLC0415 - same

        entries = snapshot.entries
        sent = last_of(entries, line.version, State.SUBMITTED)
        is_of_attempt = sent is not None and sent.attempt == line.attempt
        image = last_of(entries, line.version, State.AVAILABLE)
        news = news_of(
            line,
            bucket=snapshot.keys.bucket,
            region_id=self.region_id,
            started=sent.at if sent and is_of_attempt else None,
            findings=image.findings if image else (),
        )
        outbox = Outbox(store=self.store, prefix=settings.ledger_prefix)
        news = replace(news, copies=copies_of(entries, line.version))
        outbox.add(news, place=_place(line, snapshot))


def _place(line: LedgerEntry, snapshot: Snapshot) -> int:
    """Return which line of the ledger it is.

    Clocks would not do: two invocations that follow each other within a second may
    see OSS's the other way round.
    """
    said = (line.state, line.version, line.at)
    lines = ((entry.state, entry.version, entry.at) for entry in snapshot.entries)
    places = (n for n, entry in enumerate(lines) if entry == said)
    return next(places, len(snapshot.entries))
