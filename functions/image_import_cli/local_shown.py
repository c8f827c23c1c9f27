"""How single things look in what the page asks for."""

import json
from collections.abc import Callable, Mapping, Sequence
from heapq import nlargest
from typing import Any

from fake_aliyun.ecs.images import Image
from fake_aliyun.oss.objects import OssObject

from image_import_cli.local_deliveries import Delivery, Record, Try

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
