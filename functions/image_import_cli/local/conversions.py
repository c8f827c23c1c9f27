"""What is being converted, part by part: what the ledger says, and what OSS holds.

The ledger says which targets there are, by which lane, and of how many parts; how many
of them are stored, the open uploads tell.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from fake_aliyun.oss.objects import OssObject
from image_import.errors import EvidenceError
from image_import.ledger.conversion_progress import wanted_parts
from image_import.ledger.entries import State, read_lines

from image_import_cli.local.desk import Desk

Shown = dict[str, Any]


def shown_conversions(desk: Desk, ledgers: Iterable[OssObject]) -> Iterator[Shown]:
    """Yield the conversions that are under way, by what the ledgers say."""
    for found in ledgers:
        try:
            lines = read_lines(found.content.to_bytes())
        except EvidenceError:
            continue
        if not lines or lines[-1].state is not State.CONVERTING:
            continue
        told = [line for line in lines if line.state is State.CONVERTING]
        wanted: dict[int, int] = {}
        for line in told:
            wanted |= wanted_parts(line.progress)
        last = told[-1]
        yield {
            "key": last.disks[0][0],
            "ledger": found.key,
            "reason": last.reason,
            "at": told[0].at.isoformat(timespec="milliseconds"),
            "disks": [
                _disk(desk, last.target_bucket, target, wanted)
                for target in last.targets
                if target[2]
            ],
        }


def _disk(
    desk: Desk, bucket: str, target: tuple[str, str, str, str], wanted: dict[int, int]
) -> Shown:
    """Return how far one disk is; of a target that is complete, all of it is there."""
    key, upload_id, lane, member = target
    number = int(key.rpartition("-")[2].partition(".")[0])
    with desk.cloud.at_rest():
        held = desk.cloud.oss.buckets[bucket]
        is_done = held.versions.current(key) is not None
        upload = held.uploads.get(upload_id)
        parts = list(upload.parts.values()) if upload else []
        size = sum(len(part.content) for part in parts)
        if is_done:
            size = desk.cloud.oss.get(bucket, key).size_bytes
    return {
        "number": number,
        "lane": lane,
        "member": member,
        "is_done": is_done,
        "parts": len(parts),
        "wanted": wanted.get(number),
        "bytes": size,
    }
