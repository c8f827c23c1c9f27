"""A thousand messages to receivers that fail half the time."""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock

from image_import.config.receivers import Receiver
from image_import.ledger.entries import State
from image_import.notification.news import ImportNews
from image_import.notification.outbox import PAUSES
from image_import.notification.receivers import Reception
from image_import.notification.sender import Told
from uploads import QCOW2, Uploads, outcomes

BATCHES, BATCH = 5, 25
KINDS = ["submitted", "available"]
RECEIVERS = [f"https://{name}.example.com/" for name in "abcd"]
MESSAGES = BATCHES * BATCH * len(KINDS) * len(RECEIVERS)
STEP_SECONDS = 300
TOLD, BUSY = Told(verdict=Reception.TOLD), Told(verdict=Reception.LATER, why="HTTP 503")


@dataclass
class FailsHalfTheTime:
    """Fails by the hash of what it is told and how often, so each time the same."""

    heard: dict[tuple[str, str], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    asked: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def tell(self, news: ImportNews, receiver: Receiver) -> Told:
        with self.lock:
            lot = f"{receiver.url} {news.object_key} {news.kind}"
            self.asked[lot] += 1
            lot = f"{lot} {self.asked[lot]}"
            if hashlib.sha256(lot.encode()).digest()[0] % 2:
                return BUSY
            self.heard[receiver.url, news.object_key].append(news.kind)
            return TOLD

    @property
    def count(self) -> int:
        return sum(map(len, self.heard.values()))


def keys_of(batch: int) -> list[str]:
    return [f"{batch}-{number}.qcow2" for number in range(BATCH)]


def waiting(uploads: Uploads) -> int:
    return len(uploads.cloud.oss.keys("images", ".image-import/outbox/"))


def test_each_of_a_thousand_messages_arrives_in_order_and_no_import_is_late() -> None:
    ear = FailsHalfTheTime()
    environ = {
        "NOTIFY": " ".join(RECEIVERS),
        "NOTIFY_ON": ",".join(KINDS),
    }
    uploads = Uploads(environ, sender=ear)
    backlog = []
    for batch in range(BATCHES):
        for key in keys_of(batch):
            uploads.upload(key, QCOW2 + key.encode())
        uploads.cloud.ecs.finish_imports()
        answer = uploads.track()
        assert outcomes(answer) == ["available"] * BATCH
        assert answer["open"] == 0
        backlog.append(waiting(uploads))
        uploads.clock.advance(STEP_SECONDS)
    assert min(backlog) > 0
    for pause in (*PAUSES, timedelta()):
        while (before := ear.count) < MESSAGES:
            uploads.track()
            if ear.count == before:
                break
        uploads.clock.advance(pause.total_seconds())
    assert (ear.count, waiting(uploads)) == (MESSAGES, 0)
    keys = [key for batch in range(BATCHES) for key in keys_of(batch)]
    assert ear.heard == {(url, key): KINDS for url in RECEIVERS for key in keys}
    assert ear.asked.total() > 1.8 * MESSAGES
    assert uploads.last_state("0-0.qcow2") is State.NOTIFIED
