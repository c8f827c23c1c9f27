"""What the page shows: events, images, buckets and the ledger, as JSON.

Each list holds the newest of its kind and says how many there are, so that the page
stays light however much was uploaded; what an event or a ledger has inside is asked
for when it is opened.
"""

from collections.abc import Sequence

from fake_aliyun.fc.invocations import Invocation
from fake_aliyun.oss.objects import OssObject

from image_import_cli.local_deliveries import Delivery, Record, read_delivery
from image_import_cli.local_desk import Desk
from image_import_cli.local_endings import find_ending
from image_import_cli.local_shown import (
    Shown,
    ledger_lines,
    newest,
    shown_delivery,
    shown_event,
    shown_image,
    shown_ledger,
    shown_object,
    shown_try,
)
from image_import_cli.local_trigger import is_delivery


class View:
    """What the page shows of a desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cloud = desk.cloud
        self._ended: dict[str, Delivery] = {}

    def overview(self) -> Shown:
        """Return all lists, each newest first."""
        self._cloud.ecs.move_imports()
        with self._cloud.at_rest():
            images = list(self._cloud.ecs.images.values())
            buckets = {
                name: self._held(name) for name in sorted(self._cloud.oss.buckets)
            }
        return {
            "desk": self._about(),
            "events": self._events(),
            "images": newest(images, shown_image, at=lambda image: image.created),
            "buckets": {
                name: newest(held, shown_object, at=_written)
                for name, held in buckets.items()
            },
            "ledger": self._ledgers(buckets.get(self._desk.ledger_bucket, [])),
        }

    def delivery(self, request_id: str) -> Shown | None:
        """Return what came of each attempt of a delivery; None if there is none."""
        for invocation in list(self._cloud.fc.invocations):
            if invocation.request_id == request_id:
                tries = self._read(invocation).tries
                return {"tries": [shown_try(attempt) for attempt in tries]}
        return None

    def ledger(self, object_key: str) -> list[Shown] | None:
        """Return the lines of a ledger; None if there is none of this key."""
        bucket = self._desk.ledger_bucket
        with self._cloud.at_rest():
            held = self._held(bucket) if bucket in self._cloud.oss.buckets else []
        for found in held:
            if found.key == object_key and self._is_ledger(found):
                return ledger_lines(found)
        return None

    def _about(self) -> Shown:
        return {
            "region_id": self._cloud.region_id,
            "target": self._desk.settings.target.name,
            "bucket": self._desk.bucket,
            "prefix": self._desk.settings.key_prefix,
        }

    def _held(self, bucket: str) -> list[OssObject]:
        oss = self._cloud.oss
        return [oss.get(bucket, key) for key in oss.keys(bucket)]

    def _read(self, invocation: Invocation) -> Delivery:
        """Return a delivery; what has ended is read once."""
        if known := self._ended.get(invocation.request_id):
            return known
        # Its status first: a delivery that ends meanwhile is read again next time.
        has_ended = not invocation.is_open
        delivery = read_delivery(invocation)
        if has_ended:
            self._ended[invocation.request_id] = delivery
        return delivery

    def _events(self) -> Shown:
        """Return what was uploaded, delivered or not; but for the function's notes."""
        invocations = list(self._cloud.fc.invocations)
        deliveries = [self._read(i) for i in invocations if is_delivery(i)]
        heard = {delivery.upload_id for delivery in deliveries}
        shown = [self._shown(delivery) for delivery in deliveries]
        for event in list(self._cloud.oss.events):
            if event["responseElements"]["requestId"] not in heard:
                shown += self._undelivered(event)
        return newest(shown, lambda event: event, at=lambda event: event["at"])

    def _shown(self, delivery: Delivery) -> Shown:
        ending = find_ending(self._desk, delivery)
        became = {"outcome": ending.outcome, "reason": ending.reason}
        return {**shown_delivery(delivery), **became}

    def _undelivered(self, event: Record) -> list[Shown]:
        shown = shown_event(event)
        place = shown["bucket"], shown["key"]
        if self._desk.is_ledger(*place):
            return []
        return [
            {
                "id": "",
                "upload": event["responseElements"]["requestId"],
                "at": event["eventTime"].replace("Z", "+00:00"),
                **shown,
                "outcome": "not delivered",
                "reason": self._desk.why_unheard(*place, shown["name"]),
                "tries": 0,
                "due": "",
            }
        ]

    def _ledgers(self, held: Sequence[OssObject]) -> Shown:
        ledgers = [found for found in held if self._is_ledger(found)]
        return newest(ledgers, shown_ledger, at=_written)

    def _is_ledger(self, found: OssObject) -> bool:
        folder = f"{self._desk.settings.ledger_prefix}images/"
        return found.key.startswith(folder) and found.key.endswith(".jsonl")


def _written(found: OssObject) -> object:
    return found.last_modified
