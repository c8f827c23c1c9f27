"""What a delivery costs: requests, and round trips that wait for each other.

Exchanges are held until no other one arrives for a while, and then answered together:
that is one round. A slow machine can only make more rounds of it, never fewer, so the
fewest of a few tries count.
"""

import threading
from collections.abc import Callable

import pytest
from fake_aliyun.core.http import Request, Response
from image_import.model.result import Outcome
from uploads import QCOW2, Uploads, manifest

QUIET_SECONDS = 0.25
TRIES = 4
LARGE = {"head": QCOW2, "size_bytes": 40 * 1024**3}


class Rounds:
    """Lets exchanges pass only together, and counts how often."""

    def __init__(self, handle: Callable[[Request], Response]) -> None:
        self.count = 0
        self._handle = handle
        self._waiting: list[threading.Event] = []
        self._timer = threading.Timer(0, self._open)
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        gate = threading.Event()
        with self._lock:
            self._waiting.append(gate)
            self._timer.cancel()
            self._timer = threading.Timer(QUIET_SECONDS, self._open)
            self._timer.start()
        gate.wait()
        return self._handle(request)

    def _open(self) -> None:
        with self._lock:
            gates, self._waiting = self._waiting, []
            self.count += bool(gates)
        for gate in gates:
            gate.set()


def cost(uploads: Uploads, event: bytes) -> tuple[int, int, Outcome]:
    """Return rounds, requests and outcome of one delivery."""
    rounds = Rounds(uploads.cloud.handle)
    before = len(uploads.cloud.requests)
    uploads.cloud.handle = rounds  # type: ignore[method-assign]
    try:
        outcome = uploads.handle(event).outcome
    finally:
        del uploads.cloud.handle
    return rounds.count, len(uploads.cloud.requests) - before, outcome


def plain() -> tuple[Uploads, bytes]:
    uploads = Uploads()
    uploads.cloud.oss.put("images", "web.qcow2", **LARGE)  # type: ignore[arg-type]
    return uploads, uploads.cloud.oss.event("images", "web.qcow2")


def with_sidecar() -> tuple[Uploads, bytes]:
    uploads, event = plain()
    uploads.put("web.qcow2.yaml", b"Platform: Debian\n")
    return uploads, event


def repeated() -> tuple[Uploads, bytes]:
    uploads, event = plain()
    uploads.handle(event)
    return uploads, event


def set_of_seventeen() -> tuple[Uploads, bytes]:
    uploads = Uploads()
    names = [f"db-disk{number}.qcow2" for number in range(1, 18)]
    for name in names:
        uploads.put(name)
    return uploads, uploads.put("db-disk1.qcow2.json", manifest(*names))


@pytest.mark.parametrize(
    ("scene", "outcome", "most_rounds", "most_requests"),
    [
        pytest.param(plain, Outcome.SUBMITTED, 4, 9, id="plain"),
        pytest.param(with_sidecar, Outcome.SUBMITTED, 4, 9, id="sidecar"),
        pytest.param(repeated, Outcome.DUPLICATE, 2, 6, id="duplicate"),
        pytest.param(set_of_seventeen, Outcome.SUBMITTED, 5, 41, id="17 disks"),
    ],
)
def test_a_delivery_costs_no_more_than_it_must(
    scene: Callable[[], tuple[Uploads, bytes]],
    outcome: Outcome,
    most_rounds: int,
    most_requests: int,
) -> None:
    fewest = 99
    for _ in range(TRIES):
        rounds, requests, ended = cost(*scene())
        assert ended is outcome
        assert requests <= most_requests
        fewest = min(fewest, rounds)
        if fewest <= most_rounds:
            break
    assert fewest <= most_rounds


def test_a_duplicate_does_not_call_import_image() -> None:
    uploads, event = repeated()
    uploads.handle(event)
    assert uploads.calls("ImportImage") == 1
