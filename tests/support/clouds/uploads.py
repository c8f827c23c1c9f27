"""A bucket with the function behind it, for tests: an upload is handled at once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fake_aliyun import FakeAliyun, ManualClock
from fake_aliyun.ecs.images import BySeconds
from image_import.config.credentials import read_credentials
from image_import.config.receivers import Receiver
from image_import.config.settings import read_settings
from image_import.importing.pipeline import import_event
from image_import.importing.runtime import Runtime, make_invocation
from image_import.ledger.entries import LedgerEntry, State, read_lines
from image_import.model.result import Result
from image_import.notification.delivery import TellsNews
from image_import.notification.news import ImportNews
from image_import.notification.receivers import Reception
from image_import.notification.sender import Told
from image_import.tracking.tracker import Tracker
from image_import_cli.commands.demo import IMAGE, asset

BUCKET = "images"
QCOW2 = asset(IMAGE)
LEDGER = ".image-import/"
PAST_ANY_LEASE = 1000
"""Seconds."""


class Deaf:
    """Receivers that never answer."""

    def tell(self, news: ImportNews, receiver: Receiver) -> Told:
        return Told(verdict=Reception.LATER, why=f"{receiver.label} missed {news.id}")


@dataclass
class Uploads:
    """One account, one bucket, one function.

    Attributes:
        environ: The function's settings.
        sender: Of what is told, where NOTIFY says to whom.
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    clock: ManualClock = field(default_factory=ManualClock)
    runtime: Runtime = field(default_factory=Runtime)
    sender: TellsNews = field(default_factory=Deaf)

    def __post_init__(self) -> None:
        self.cloud = FakeAliyun(clock=self.clock)
        self.cloud.oss.create_bucket(BUCKET)

    def put(self, key: str, data: bytes = QCOW2, **said: Any) -> bytes:
        """Put an object without handling its event, which is returned."""
        self.cloud.oss.put(BUCKET, key, data, **said)
        return self.cloud.oss.event(BUCKET, key)

    def upload(self, key: str, data: bytes = QCOW2, **said: Any) -> Result:
        """Put an object and handle its event."""
        return self.handle(self.put(key, data, **said))

    def handle(self, event: bytes) -> Result:
        """Handle an event of one record."""
        (result,) = self.handle_all(event)
        return result

    def handle_all(self, event: bytes) -> list[Result]:
        """Handle an event."""
        context = self.cloud.context(timeout_seconds=120)
        with self.cloud:
            settings = read_settings(self.environ)
            invocation = make_invocation(
                settings, context, environ={}, runtime=self.runtime
            )
            invocation = replace(invocation, sleep=self.clock.advance)
            results, bugs = import_event(event, invocation)
        assert bugs == []
        return results

    def track(self) -> dict[str, Any]:
        """Let the timer fire once, and return what its function answers."""
        with self.cloud:
            report = self.tracker().run()
        answer: dict[str, Any] = json.loads(report.to_json())
        return answer

    def tracker(self) -> Tracker:
        """Return one run of the tracker, which sleeps by the cloud's clock."""
        context = self.cloud.context(timeout_seconds=240)
        settings = read_settings(self.environ)
        region_id, runtime = self.cloud.region_id, self.runtime
        invocation = make_invocation(settings, context, environ={}, runtime=runtime)
        given: Any = context.credentials
        credentials = read_credentials(given, {})
        return Tracker(
            invocation=replace(invocation, sleep=self.clock.advance),
            lookups=lambda region: runtime.clients.ecs(settings, credentials, region),
            region_id=region_id,
            bucket=settings.ledger_bucket or BUCKET,
            make_sender=lambda: self.sender,
        )

    @property
    def image_names(self) -> list[str]:
        """The images in ECS."""
        return sorted(self.cloud.ecs.images)

    def etag(self, key: str) -> str:
        """Return the ETag of an object, as events write it."""
        return self.cloud.oss.get(BUCKET, key).etag.strip('"').upper()

    def disks_of(self, image_name: str) -> Sequence[str]:
        """Return the object keys of an image's disks, in order."""
        sent = self.cloud.ecs.images[image_name].parameters
        numbers = range(1, 18)
        keys = [sent.get(f"DiskDeviceMapping.{n}.OSSObject") for n in numbers]
        return [key for key in keys if key]

    def ledger(self, name: str, *, bucket: str = BUCKET) -> list[LedgerEntry]:
        """Return the lines of all ledgers of keys that end in `name`."""
        keys = self.cloud.oss.keys(bucket, f"{LEDGER}images/{name}-")
        return [
            line
            for key in keys
            if key.endswith(".jsonl")
            for line in read_lines(self.cloud.oss.get(bucket, key).content.to_bytes())
        ]

    @property
    def notes(self) -> list[str]:
        """The notes of what is under way."""
        return self.cloud.oss.keys(BUCKET, f"{LEDGER}open/")

    def last_state(self, name: str) -> State:
        """Return what the ledger of a key says last."""
        return self.ledger(name)[-1].state

    def calls(self, action: str) -> int:
        """Return how often an operation was asked for."""
        return sum(request.action == action for request in self.cloud.requests)


def manifest(*names: str, **fields: Any) -> bytes:
    """Return a manifest that lists disks."""
    disks = [{"OSSObject": name} for name in names]
    return json.dumps({"DiskDeviceMapping": disks, **fields}).encode()


def merged(*events: bytes) -> bytes:
    """Return one event with the records of several."""
    records = [record for event in events for record in json.loads(event)["events"]]
    return json.dumps({"events": records}).encode()


def paced(environ: Mapping[str, str] | None = None) -> Uploads:
    """Return a cloud whose imports take a minute to begin and ten to be made."""
    uploads = Uploads(environ or {})
    uploads.cloud.ecs.pace = BySeconds(waiting=60, creating=600)
    return uploads


def outcomes(answer: Mapping[str, Any]) -> list[str]:
    """Return what the timer's function says of each import."""
    return [change["outcome"] for change in answer["changes"]]
