"""What the page shows: events, images, buckets and the ledger, as JSON.

Each list holds the newest of its kind and says how many there are, so that the page
stays light however much was uploaded; what an event or a ledger has inside is asked
for when it is opened.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

from fake_aliyun.core.faults import shown_faults
from fake_aliyun.ecs.images import Image
from fake_aliyun.fc.invocations import FcInvocation
from fake_aliyun.oss.multipart import Upload
from fake_aliyun.oss.objects import OssObject
from image_import.ledger.entries import FINAL, State
from image_import.ledger.layout import LedgerKeys

from image_import_cli.local.conversions import shown_conversions
from image_import_cli.local.deliveries import Delivery, Record, Try, read_delivery
from image_import_cli.local.desk import Desk
from image_import_cli.local.function import is_delivery

MOST_SHOWN = 100
Shown = dict[str, Any]


def newest(
    things: Sequence[Any], show: Callable[[Any], Shown], *, at: Callable[[Any], Any]
) -> Shown:
    """Return the newest of many things and how many there are.

    Args:
        things: Oldest first, as far as `at` does not tell.
        show: Makes JSON of one.
        at: Says when one came to be.
    """
    numbered = [(at(thing), number) for number, thing in enumerate(things)]
    numbers = [number for _, number in nlargest(MOST_SHOWN, numbered)]
    return {"count": len(things), "newest": [show(things[n]) for n in numbers]}


def shown_object(found: OssObject) -> Shown:
    """Return one object of a bucket."""
    return {
        "key": found.key,
        "size": found.size_bytes,
        "etag": found.etag,
        "at": found.last_modified.isoformat(timespec="milliseconds"),
    }


def shown_upload(bucket: str, upload: Upload) -> Shown:
    """Return an upload in parts that is under way, such as that of a conversion."""
    parts = list(upload.parts.values())
    return {
        "id": upload.upload_id,
        "bucket": bucket,
        "key": upload.key,
        "parts": len(parts),
        "size": sum(part.content.size_bytes for part in parts),
        "at": upload.initiated.isoformat(timespec="milliseconds"),
    }


def shown_image(image: Image) -> Shown:
    """Return one image; what an import fails with is told once it has failed."""
    failed = image.status == "CreateFailed" and image.failure
    return {
        "name": image.image_name,
        "image_id": image.image_id,
        "status": image.status,
        "percent": image.percent,
        "failure": f"{failed.code}: {failed.message}" if failed else "",
        "platform": image.platform,
        "architecture": image.architecture,
        "region_id": image.region_id,
        "family": image.family,
        "shared_with": list(image.shared_with),
        "copied_from": image.copied_from,
        "at": image.created.isoformat(timespec="milliseconds"),
        "disks": [
            {"key": disk.object_key, "format": disk.format, "gib": disk.size_gib}
            for disk in image.disks
        ],
    }


def shown_event(event: Record) -> Shown:
    """Return one event of OSS; {} stands for an invocation with something else."""
    if not event:
        return {"name": "invocation", "bucket": "", "key": ""}
    oss = event["oss"]
    return {
        "name": event["eventName"],
        "bucket": oss["bucket"]["name"],
        "key": oss["object"]["key"],
        "size": oss["object"].get("size"),
    }


def shown_delivery(delivery: Delivery) -> Shown:
    """Return one delivery at a glance."""
    return {
        "id": delivery.request_id,
        "at": delivery.enqueued,
        **shown_event(delivery.event),
        "outcome": delivery.outcome,
        "reason": delivery.reason,
        "tries": len(delivery.tries),
        "due": delivery.due,
    }


def shown_try(attempt: Try) -> Shown:
    """Return one attempt with all that it left."""
    return {
        "records": list(attempt.records),
        "error": attempt.error,
        "log": list(attempt.log_lines),
    }


def shown_ledger(found: OssObject) -> Shown:
    """Return one ledger at a glance."""
    lines = ledger_lines(found)
    last = lines[-1] if lines else {}
    return {
        "key": found.key,
        "object_key": _object_key(last) or found.key.split("/")[-2],
        "state": str(last.get("state", "")),
        "lines": len(lines),
        "at": found.last_modified.isoformat(timespec="milliseconds"),
    }


def _object_key(line: Mapping[str, Any]) -> str:
    try:
        return str(line["disks"][0][0])
    except (LookupError, TypeError):
        return ""


def ledger_lines(found: OssObject) -> list[Shown]:
    """Return the lines of a ledger, those that are not ours as `unreadable`."""
    text = found.content.to_bytes().decode("utf-8", "replace")
    return [_line(line) for line in text.splitlines() if line]


def _line(text: str) -> Shown:
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    return said if isinstance(said, dict) else {"state": "unreadable", "reason": text}


SUBMITTED = {
    state.value
    for state in {
        State.SUBMITTED,
        State.PROGRESS,
        State.STUCK,
        State.UNFOLLOWED,
        State.DISTRIBUTING,
        State.DISTRIBUTED,
        State.DISTRIBUTION_FAILED,
        State.RETIRING,
        State.DEPRECATED,
        *FINAL,
    }
}
"""After these an import was accepted, whatever became of the image."""

ENDED = {State.REFUSED.value, State.FAILED.value}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """The word for what became of an upload, and why."""

    outcome: str
    reason: str


def find_ending(desk: Desk, delivery: Delivery) -> Ending:
    """Return what became of a delivery: in its own words, or in those of the ledger."""
    own = Ending(outcome=delivery.outcome, reason=delivery.reason)
    if not _is_unfinished(delivery):
        return own
    lines = _lines(desk, delivery.event)
    last = str(lines[-1].get("state", "")) if lines else ""
    given_up = f"given up by Function Compute after {len(delivery.tries)} attempts"
    if last in SUBMITTED:
        return Ending(outcome="submitted", reason=f"{given_up}; the tracker sent it")
    if last in ENDED:
        why = str(lines[-1].get("reason", ""))
        return Ending(outcome=last, reason=f"{given_up}; then {why}")
    return own


def _is_unfinished(delivery: Delivery) -> bool:
    """Return whether somebody else may have done what these attempts did not."""
    return bool(delivery.event) and delivery.outcome == "given up"


def _lines(desk: Desk, event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of the ledger of an event's object; [] if there is none."""
    told, bucket = event["oss"]["object"], desk.ledger_bucket
    place = LedgerKeys(
        prefix=desk.settings.ledger_prefix,
        bucket=event["oss"]["bucket"]["name"],
        object_key=told["key"],
    )
    key = place.ledger_key(str(told.get("eTag", "")))
    with desk.cloud.at_rest():
        oss = desk.cloud.oss
        is_there = bucket in oss.buckets and oss.buckets[bucket].versions.current(key)
        return ledger_lines(oss.get(bucket, key)) if is_there else []


class PageView:
    """What the page shows of a desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cloud = desk.cloud
        self._ended: dict[str, Delivery] = {}

    def overview(self) -> Shown:
        """Return all lists, each newest first."""
        self._cloud.ecs.move_imports()
        with self._cloud.at_rest():
            images = list(self._cloud.ecs.everywhere)
            held = self._cloud.oss.buckets
            buckets = {name: self._held(name) for name in sorted(held)}
            uploads = [
                shown_upload(name, upload)
                for name in sorted(held)
                for upload in held[name].uploads.values()
            ]
        ledgers = [
            found
            for found in buckets.get(self._desk.ledger_bucket, [])
            if self._is_ledger(found)
        ]
        return {
            "desk": self._about(),
            "events": self._events(),
            "conversions": list(shown_conversions(self._desk, ledgers)),
            "images": newest(images, shown_image, at=lambda image: image.created),
            "buckets": {
                name: newest(held, shown_object, at=_written)
                for name, held in buckets.items()
            },
            "ledger": newest(ledgers, shown_ledger, at=_written),
            "uploads": uploads,
            "faults": shown_faults(self._cloud.faults),
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

    def _read(self, invocation: FcInvocation) -> Delivery:
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

    def _is_ledger(self, found: OssObject) -> bool:
        folder = f"{self._desk.settings.ledger_prefix}images/"
        return found.key.startswith(folder) and found.key.endswith(".jsonl")


def _written(found: OssObject) -> object:
    return found.last_modified
