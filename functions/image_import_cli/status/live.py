"""What ECS shows of imports right now, as far as it may be asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from image_import.errors import ServiceError, ServiceRejected
from image_import.ledger.entries import LedgerEntry, State
from image_import.tracking.batch_lookup import BatchLookup, look_up_regions
from image_import.tracking.progress import Observation, judge

from image_import_cli.aliyun.retry import retry_policy
from image_import_cli.status.model import MOVING, ImportStatus
from image_import_cli.status.reader import Ledgers

FOLLOWED = MOVING | {State.STUCK}


@dataclass(kw_only=True, slots=True)
class Live:
    """Puts what ECS shows over what the ledger says; writes nothing.

    Attributes:
        say: Told once, why ECS is not asked any more.
    """

    ledgers: Ledgers
    say: Callable[[str], None]
    is_allowed: bool = field(default=True)

    def over(self, statuses: Sequence[ImportStatus]) -> list[ImportStatus]:
        """Return the imports as they are now."""
        by_region: dict[str, list[LedgerEntry]] = {}
        for status in statuses:
            if self.is_allowed and status.state in FOLLOWED:
                region_id = self.ledgers.region_of(status)
                by_region.setdefault(region_id, []).append(status.last)
        sight, errors = look_up_regions(by_region, self._look_in)
        self._judge(errors)
        return [self._now(s, sight.seen.get(s.last.version)) for s in statuses]

    def _look_in(self, region_id: str) -> BatchLookup | None:
        ecs = self.ledgers.ecs(region_id)
        if not ecs.has_lookup:
            return None
        return BatchLookup(
            ecs=ecs,
            retry=retry_policy(),
            pool=self.ledgers.pool,
            by_id=not self.ledgers.settings.target.is_apsara_stack,
        )

    def _judge(self, errors: Sequence[ServiceError]) -> None:
        """Ask no more where the service has said no; what passes is tried again."""
        refused = [exc for exc in errors if isinstance(exc, ServiceRejected)]
        if refused:
            self.is_allowed = False
            self.say(f"ECS is not asked, the ledger alone is followed: {refused[0]}")

    def _now(self, status: ImportStatus, seen: Observation | None) -> ImportStatus:
        if seen is None or status.state not in FOLLOWED:
            return status
        line = judge(
            status.lines,
            status.last,
            seen,
            now=self.ledgers.clock.earliest(),
            stuck_after=self.ledgers.stuck_after,
        )
        if line is None:
            return status
        return self.ledgers.judged(
            replace(
                status,
                last=line,
                state=line.state,
                reason=line.reason,
                image_id=line.image_id or status.image_id,
                progress=line.progress or status.progress,
            )
        )
