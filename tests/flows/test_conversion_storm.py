"""Conversions side by side, each delivered twice at once, on a cloud that stumbles.

`--whole` plays 300 of them.
"""

import gzip
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from conversions import (
    in_tar,
    jobs_of,
    left_behind,
    one_block_vdi,
    track_to_the_end,
)
from fake_aliyun import Fault
from image_import.config.settings import read_settings
from image_import.importing.conversion.converter import do_jobs
from image_import.importing.pipeline import import_event
from image_import.importing.runtime import Invocation, Runtime, make_invocation
from image_import.ledger.entries import State
from image_import.model.result import Outcome, Result
from made_vmdk import stream_optimized
from uploads import BUCKET, PAST_ANY_LEASE, QCOW2, Uploads

BOOT_RECORD = bytes(446) + b"\x80" + bytes(63) + b"\x55\xaa" + bytes(512)
MOST_ROUNDS = 12
UNFINISHED = {Outcome.RETRYING, Outcome.CONVERTING}
STUMBLES = (
    "InitiateMultipartUpload",
    "UploadPart",
    "UploadPartCopy",
    "ListParts",
    "CompleteMultipartUpload",
    "AppendObject",
    "PutObject",
    "DeleteObject",
)
Work = Callable[[bytes, Invocation], tuple[list[Result], list[Exception]]]


def side_by_side(uploads: Uploads, work: Work, events: list[bytes]) -> list[Outcome]:
    """Deliver events, each by an instance of its own, and return how they ended."""
    settings = read_settings(uploads.environ)

    def deliver(event: bytes) -> list[Result]:
        invocation = make_invocation(
            settings,
            uploads.cloud.context(timeout_seconds=120),
            environ={},
            runtime=Runtime(),
        )
        with invocation.pool:
            results, bugs = work(event, replace(invocation, sleep=lambda _: None))
        assert bugs == []
        return results

    with uploads.cloud, ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(deliver, events))
    return [result.outcome for results in ended for result in results]


KINDS = {
    "vdi": one_block_vdi(),
    "vmdk": stream_optimized(BOOT_RECORD),
    "tar": in_tar([("disk.qcow2", QCOW2)]),
    "img.gz": gzip.compress(BOOT_RECORD, 1),
}


def other_bytes(name: str) -> bytes:
    """Return what somebody overwrites an upload with: another disk of its kind."""
    if name.endswith("tar"):
        return in_tar([("disk.qcow2", QCOW2 + bytes(512))])
    return gzip.compress(BOOT_RECORD + bytes(512), 1)


def stumbling(uploads: Uploads, times: int) -> None:
    """Let exchanges of each kind fail, some of them after their effect."""
    chance = random.Random(times)  # noqa: S311 - no secret
    for number, action in enumerate(STUMBLES):
        for code in ("InternalError", "ServiceUnavailable"):
            uploads.cloud.faults.add(
                Fault(
                    service="oss",
                    action=action,
                    code=code,
                    after_effect=bool(number % 2),
                    times=times,
                    skip=chance.randrange(2 * times),
                )
            )


def test_each_upload_is_one_target_and_one_image_and_nothing_is_left(
    pytestconfig: pytest.Config,
) -> None:
    count = 75 if pytestconfig.getoption("--whole") else 3
    uploads = Uploads({"CONVERTER": "true"})
    names = [f"{n}-debian-12.{kind}" for n in range(count) for kind in KINDS]
    events = [uploads.put(name, KINDS[name.partition(".")[2]]) for name in names]
    stumbling(uploads, times=count)
    overwritten = [n for n in names[::5] if n.endswith(("tar", "gz"))]
    for turn in range(MOST_ROUNDS):
        ended = side_by_side(uploads, import_event, events * 2)
        jobs = [uploads.cloud.oss.event(BUCKET, key) for key in jobs_of(uploads)]
        side_by_side(uploads, do_jobs, jobs * 2)
        uploads.clock.advance(PAST_ANY_LEASE)
        if turn == 0:
            events += [uploads.put(name, other_bytes(name)) for name in overwritten]
        elif UNFINISHED.isdisjoint(ended):
            break
    replaced = {Outcome.REFUSED, Outcome.IGNORED}
    assert set(ended) <= {Outcome.DUPLICATE, Outcome.SUBMITTED} | replaced
    track_to_the_end(uploads)
    made = {
        (line.version, line.image_id)
        for name in names
        for line in uploads.ledger(name)
        if line.state is State.AVAILABLE
    }
    revisions, images = (set(told) for told in zip(*made, strict=True))
    assert len(names) <= len(revisions) == len(images)
    assert images == {image.image_id for image in uploads.cloud.ecs.everywhere}
    assert left_behind(uploads) == []
