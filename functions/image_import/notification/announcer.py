"""What is worth telling goes into the outbox; the tracker tells it."""

from collections.abc import Sequence
from dataclasses import dataclass

from image_import.config.settings import Settings
from image_import.ledger.entries import LedgerEntry, State, last_of, waits_for_room
from image_import.ledger.store import LedgerStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcer:
    """Keeps the news that the operator wants to be told.

    Attributes:
        region_id: Where images are imported.
    """

    settings: Settings
    store: LedgerStore
    region_id: str

    def announce(
        self, line: LedgerEntry, *, bucket: str, entries: Sequence[LedgerEntry] = ()
    ) -> None:
        """Keep what a line says, if somebody wants to hear of it.

        What ECS has no room for now is tried again by itself, so nobody hears of it.

        Args:
            bucket: Where the uploaded objects are.
            entries: The ledger, for when ImportImage was accepted.

        Raises:
            ServiceError: It could not be kept; whoever comes next tries again.
        """
        settings = self.settings
        is_wanted = settings.notify and line.state.value in settings.notify_on
        if line.state is State.AVAILABLE and "distributed" in settings.notify_on:
            # It is told once it is wherever it was wanted.
            is_wanted = is_wanted and not settings.distributes
        if settings.dry_run or not is_wanted or waits_for_room(line):
            return
        from image_import.notification.news import news_of  # noqa: PLC0415 - cold start
        from image_import.notification.outbox import Outbox  # noqa: PLC0415 - same

        sent = last_of(entries, line.version, State.SUBMITTED)
        image = last_of(entries, line.version, State.AVAILABLE)
        news = news_of(
            line,
            bucket=bucket,
            region_id=self.region_id,
            started=sent.at if sent else None,
            findings=image.findings if image else (),
        )
        Outbox(store=self.store, prefix=settings.ledger_prefix).add(news)
