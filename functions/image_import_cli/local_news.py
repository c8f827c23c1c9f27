"""What happens on the desk, as lines for the terminal it was started from."""

from collections.abc import Iterator
from datetime import datetime

from fake_aliyun import FakeAliyun

from image_import_cli.local_deliveries import Delivery, read_delivery
from image_import_cli.terminal import printable


class News:
    """Tells of each attempt and each image that has come to its end, once."""

    def __init__(self, cloud: FakeAliyun) -> None:
        self._cloud = cloud
        self._told: dict[str, int] = {}
        self._statuses: dict[str, str] = {}

    def lines(self) -> Iterator[str]:
        """Yield what has happened since the last call."""
        yield from self._of_deliveries()
        yield from self._of_images()

    def _of_deliveries(self) -> Iterator[str]:
        for invocation in list(self._cloud.fc.invocations):
            told = self._told.get(invocation.request_id, 0)
            if len(invocation.attempts) == told or invocation.status == "Running":
                continue
            delivery = read_delivery(invocation)
            self._told[invocation.request_id] = len(delivery.tries)
            yield from _of(delivery)

    def _of_images(self) -> Iterator[str]:
        self._cloud.ecs.move_imports()
        with self._cloud.at_rest():
            images = list(self._cloud.ecs.images.values())
        for image in images:
            before = self._statuses.get(image.image_id)
            self._statuses[image.image_id] = image.status
            if before != image.status and not image.is_under_way:
                why = f": {image.failure.code}" if image.failure else ""
                yield _line(image.status, f"{image.image_name} ({image.image_id}){why}")


def _of(delivery: Delivery) -> Iterator[str]:
    key = delivery.event.get("oss", {}).get("object", {}).get("key", "an invocation")
    if not delivery.records:
        yield _line(delivery.outcome, f"{key}: {delivery.reason}")
    for record in delivery.records:
        name, reason = record.get("image_name", ""), record.get("reason", "")
        became = f" -> {name}" if name else ""
        why = f": {reason}" if reason else ""
        outcome = str(record["outcome"])
        yield _line(outcome, f"{record.get('object_key', key)}{became}{why}")
    if delivery.status == "Failed":
        yield _line("given up", f"{key} after {len(delivery.tries)} attempts")


def _line(word: str, text: str) -> str:
    now = datetime.now().astimezone()
    return f"{now:%H:%M:%S}  {word:<12} {printable(text)}"
