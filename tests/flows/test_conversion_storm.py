"""Conversions side by side, each delivered twice at once, on a cloud that stumbles."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

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


def test_each_upload_is_one_target_and_one_image_and_nothing_is_left() -> None:
    uploads = Uploads({"CONVERTER": "true"})
    kinds = {
        "vdi": one_block_vdi(),
        "vmdk": stream_optimized(BOOT_RECORD),
        "tar": in_tar([("disk.qcow2", QCOW2)]),
    }
    names = [f"{n}-debian-12.{kind}" for n in range(3) for kind in kinds]
    events = [uploads.put(name, kinds[name.rpartition(".")[2]]) for name in names]
    for number, action in enumerate(STUMBLES):
        uploads.cloud.faults.add(
            Fault(
                service="oss",
                action=action,
                code="InternalError",
                after_effect=bool(number % 2),
                times=5,
                skip=number,
            )
        )
    for _ in range(MOST_ROUNDS):
        ended = side_by_side(uploads, import_event, events * 2)
        jobs = [uploads.cloud.oss.event(BUCKET, key) for key in jobs_of(uploads)]
        side_by_side(uploads, do_jobs, jobs * 2)
        uploads.clock.advance(PAST_ANY_LEASE)
        if UNFINISHED.isdisjoint(ended):
            break
    assert set(ended) <= {Outcome.DUPLICATE, Outcome.SUBMITTED}
    assert len(uploads.cloud.ecs.images) == len(names)
    track_to_the_end(uploads)
    assert left_behind(uploads) == []
