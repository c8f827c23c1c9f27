"""Every exchange of a distribution fails or kills its run once; then others go on."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest
from fake_aliyun import FakeAliyun, Fault
from fake_aliyun.core.errors import ConnectionLostError
from fake_aliyun.core.http import Request, Response
from image_import.errors import ServiceError
from image_import.ledger.entries import State
from uploads import BUCKET, Uploads

HOME, NORTH, ABROAD = "cn-hangzhou", "cn-beijing", "ap-southeast-1"
TEAM = ("1000000000000001", "1000000000000002")
EVERYTHING = {
    "COPY_TO_REGIONS": f"{NORTH},{ABROAD}",
    "SHARE_WITH": ",".join(TEAM),
    "IMAGE_FAMILY": "web",
    "NVME_SUPPORT": "supported",
    "ON_AVAILABLE": "delete",
}
STEPS = 1 + 2 * 4 + 1
"""Shares and family at home; copy, features, shares and family of each copy."""


class Killed(BaseException):
    """The platform ended the process."""


class MortalCloud(FakeAliyun):
    """A cloud in which a lost connection may mean that the caller died."""

    is_deadly = False

    def handle(self, request: Request) -> Response:
        try:
            return super().handle(request)
        except ConnectionLostError:
            if self.is_deadly:
                raise Killed from None
            raise


def world() -> Uploads:
    """Return an image that is available, its distribution not begun."""
    uploads = Uploads(environ=EVERYTHING)
    uploads.cloud = MortalCloud(clock=uploads.clock)
    uploads.cloud.oss.create_bucket(BUCKET)
    uploads.upload("web.qcow2")
    uploads.cloud.ecs.finish_imports()
    uploads.track()
    return uploads


def run_once(uploads: Uploads) -> None:
    with suppress(Killed, ServiceError):
        uploads.track()
    uploads.clock.advance(60)
    uploads.cloud.ecs.finish_imports()
    if "web.qcow2" not in uploads.cloud.oss.keys(BUCKET):
        states = {line.state for line in uploads.ledger("web.qcow2")}
        assert State.DISTRIBUTED in states


def run_to_the_end(uploads: Uploads) -> None:
    for _ in range(12):
        run_once(uploads)
        if not uploads.notes:
            return
    raise AssertionError(uploads.ledger("web.qcow2")[-1])


def check(uploads: Uploads) -> None:
    images = uploads.cloud.ecs.everywhere
    assert sorted(i.region_id for i in images) == sorted([HOME, NORTH, ABROAD])
    assert {tuple(sorted(i.shared_with)) for i in images} == {TEAM}
    assert {i.family for i in images} == {"web"}
    assert {i.features["NvmeSupport"] for i in images} == {"supported"}
    lines = uploads.ledger("web.qcow2")
    done = Counter(line.step for line in lines if line.step_state == "done")
    assert (len(done), set(done.values())) == (STEPS, {1})
    assert list(done)[-1] == f"family {HOME}"
    assert lines[-1].state is State.DISTRIBUTED
    assert "web.qcow2" not in uploads.cloud.oss.keys(BUCKET)


def exchanges() -> int:
    """Return how many exchanges a distribution takes where none fails."""
    uploads = world()
    before = len(uploads.cloud.requests)
    run_to_the_end(uploads)
    check(uploads)
    return len(uploads.cloud.requests) - before


def lost(uploads: Uploads, number: int) -> None:
    uploads.cloud.faults.add(Fault(reset=True, after_effect=True, skip=number))


def killed(uploads: Uploads, number: int) -> None:
    assert isinstance(uploads.cloud, MortalCloud)
    uploads.cloud.is_deadly = True
    lost(uploads, number)


@pytest.mark.parametrize("meddle", [lost, killed])
def test_each_step_is_done_once_whichever_exchange_fails(
    meddle: Callable[[Uploads, int], None],
) -> None:
    for number in range(exchanges()):
        uploads = world()
        meddle(uploads, number)
        run_to_the_end(uploads)
        check(uploads)
