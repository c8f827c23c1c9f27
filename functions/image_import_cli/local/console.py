"""What happens on the desk, as lines for the terminal it was started from."""

from collections.abc import Iterator
from datetime import datetime

from image_import_cli.local.deliveries import Delivery, Record, read_delivery
from image_import_cli.local.desk import Desk
from image_import_cli.local.function import is_delivery
from image_import_cli.local.page_state import shown_event
from image_import_cli.ui.text import printable

TRACKERS_NEWS = {"submitted", "refused", "failed"}
"""What it tells of an import besides is seen as the image's status."""


class News:
    """Tells of each upload, attempt, and image that has come to its end, once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cloud = desk.cloud
        self._seen_events = 0
        self._told: dict[str, int] = {}
        self._statuses: dict[str, str] = {}
        self._names: set[object] = set()

    def lines(self) -> Iterator[str]:
        """Yield what has happened since the last call."""
        yield from self._of_unheard()
        yield from self._of_deliveries()
        yield from self._of_images()

    def _of_unheard(self) -> Iterator[str]:
        """Yield what became of uploads that the trigger does not listen to: nothing."""
        events = list(self._cloud.oss.events)
        # Fewer than before: somebody has reset the cloud.
        began = self._seen_events if self._seen_events <= len(events) else 0
        self._seen_events = len(events)
        for event in events[began:]:
            shown = shown_event(event)
            told = shown["bucket"], shown["key"], shown["name"]
            if not self._desk.hears(*told) and not self._desk.is_ledger(*told[:2]):
                why = self._desk.why_unheard(*told)
                yield _line("not delivered", f"oss://{told[0]}/{told[1]}: {why}")

    def _of_deliveries(self) -> Iterator[str]:
        for invocation in list(self._cloud.fc.invocations):
            told = self._told.get(invocation.request_id, 0)
            if len(invocation.attempts) == told or invocation.status == "Running":
                continue
            delivery = read_delivery(invocation)
            self._told[invocation.request_id] = len(delivery.tries)
            self._names |= {r.get("image_name") for r in delivery.records}
            if is_delivery(invocation):
                yield from _of(delivery)
            else:
                yield from _of_tracker(delivery)

    def _of_images(self) -> Iterator[str]:
        self._cloud.ecs.move_imports()
        with self._cloud.at_rest():
            images = list(self._cloud.ecs.images.values())
        # What is submitted by a delivery that is still at work is told of first.
        is_busy = any(i.status == "Running" for i in list(self._cloud.fc.invocations))
        for image in images:
            if is_busy and image.image_name not in self._names:
                continue
            before = self._statuses.get(image.image_id)
            self._statuses[image.image_id] = image.status
            if before != image.status and not image.is_under_way:
                why = f": {image.failure.code}" if image.failure else ""
                yield _line(image.status, f"{image.image_name} ({image.image_id}){why}")


def _of_tracker(delivery: Delivery) -> Iterator[str]:
    """Yield what a run of the tracker did with events that were given up."""
    if failed := delivery.tries[-1].error:
        yield _line("not followed", f"the tracker ended with {failed}")
    for record in delivery.records:
        if record["outcome"] in TRACKERS_NEWS:
            yield _line(str(record["outcome"]), f"{_told(record)} (by the tracker)")


def _told(record: Record, key: str = "") -> str:
    name, reason = record.get("image_name", ""), record.get("reason", "")
    became = f" -> {name}" if name else ""
    about = str(record.get("object_key", key))
    why = f": {str(reason).removeprefix(f'{about}: ')}" if reason else ""
    return f"{about}{became}{why}"


def _of(delivery: Delivery) -> Iterator[str]:
    key = delivery.event.get("oss", {}).get("object", {}).get("key", "an invocation")
    if not delivery.records:
        yield _line(delivery.outcome, f"{key}: {delivery.reason}")
    for record in delivery.records:
        yield _line(str(record["outcome"]), _told(record, key))
    if delivery.status == "Failed":
        yield _line("given up", f"{key} after {len(delivery.tries)} attempts")


def _line(word: str, text: str) -> str:
    now = datetime.now().astimezone()
    return f"{now:%H:%M:%S}  {word:<13} {printable(text)}"
