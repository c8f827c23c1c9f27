"""The imports in numbers, for a program that keeps them.

Source: "OpenMetrics 1.0", text format; node_exporter, "Textfile Collector": files
`*.prom`, without timestamps; both read 2026-12.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from image_import.ledger.entries import State

from image_import_cli.status.filters import WORDS


@dataclass(frozen=True, kw_only=True, slots=True)
class Metrics:
    """What is told.

    Attributes:
        counts: Imports by their state.
        oldest_open: When the oldest import that is under way began.
        last_change: When the newest line was written.
        tracker_ran: When the tracker ended its last run.
        waiting: How many there are of what waits, by what it waits for.
        unreadable: Ledgers that could not be read.
    """

    counts: Mapping[State, int]
    oldest_open: datetime | None
    last_change: datetime | None
    tracker_ran: datetime | None
    waiting: Mapping[str, int]
    unreadable: int


def metrics_text(metrics: Metrics) -> str:
    """Return the numbers as OpenMetrics; what is unknown is left out."""
    by_state = [
        (f'{{state="{word}"}}', metrics.counts.get(state, 0))
        for word, state in WORDS.items()
    ]
    waiting = [(f'{{what="{what}"}}', n) for what, n in metrics.waiting.items()]
    return "".join(
        [
            _family("imports", "Imports, by their state in the ledger.", by_state),
            _family("waiting", "What waits to be told or converted.", waiting),
            _family(
                "unreadable_ledgers",
                "Ledgers that could not be read.",
                [("", metrics.unreadable)],
            ),
            _moment(
                "oldest_open",
                "When the oldest import under way began; none if nothing is.",
                metrics.oldest_open,
            ),
            _moment("last_change", "When a ledger last changed.", metrics.last_change),
            _moment(
                "tracker_last_run", "When the tracker last ran.", metrics.tracker_ran
            ),
            "# EOF\n",
        ]
    )


def _moment(name: str, meaning: str, at: datetime | None) -> str:
    samples = [("", f"{at.timestamp():.3f}")] if at else []
    return _family(f"{name}_timestamp_seconds", meaning, samples)


def _family(name: str, meaning: str, samples: Sequence[tuple[str, int | str]]) -> str:
    full = f"image_import_{name}"
    lines = [f"# TYPE {full} gauge", f"# HELP {full} {meaning}"]
    lines += [f"{full}{labels} {value}" for labels, value in samples]
    return "\n".join(lines) + "\n"
