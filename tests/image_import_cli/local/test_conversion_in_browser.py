"""An appliance dropped on the page of `image-import local` in a real browser."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import Tab, chromium
from conversions import in_tar
from desks import BUCKET, LEDGER
from fake_aliyun import BySeconds, FakeAliyun
from fake_aliyun.core.http import Request, Response
from image_import_cli.local.command import at_desk
from made_ovf import ovf
from made_vmdk import stream_optimized
from waiting import PATIENCE_SECONDS

MIB = 1024**2
PARTS = "document.querySelector('#conversions').innerText"

pytestmark = pytest.mark.needs("chromium")


class GatedCloud(FakeAliyun):
    """A cloud that takes one part of each upload, and the others once it may."""

    def __init__(self) -> None:
        super().__init__(pace=BySeconds(waiting=0, creating=0))
        self.may_go_on = threading.Event()
        self._begun: set[str] = set()

    def handle(self, request: Request) -> Response:
        """Return the answer to a request, when its time has come."""
        upload_id = request.query_parameters.get("uploadId", "")
        if request.method == "PUT" and upload_id in self._begun:
            self.may_go_on.wait(PATIENCE_SECONDS)
        elif request.method == "PUT" and upload_id:
            self._begun.add(upload_id)
        return super().handle(request)


@contextmanager
def gated() -> Iterator[GatedCloud]:
    cloud = GatedCloud()
    try:
        yield cloud
    finally:
        cloud.may_go_on.set()


def appliance(folder: Path) -> Path:
    """Return an OVA of two disks, as VMware exports them."""
    noise = random.Random(1).randbytes(20 * MIB)  # noqa: S311 - bytes
    vmdk = stream_optimized(noise)
    path = folder / "debian-12-web.ova"
    path.write_bytes(
        in_tar(
            [
                ("web.ovf", ovf(("b", "data.vmdk", 10), ("a", "system.vmdk", 2))),
                ("system.vmdk", vmdk),
                ("data.vmdk", vmdk),
            ]
        )
    )
    return path


def test_an_appliance_dropped_on_the_page_becomes_one_image_part_by_part(
    tool_path: Callable[[str], str], tmp_path: Path
) -> None:
    file = appliance(tmp_path)
    with (
        chromium(tool_path("chromium")) as tab,
        gated() as cloud,
        at_desk(cloud, {}, bucket=BUCKET) as desk,
    ):
        tab.open(desk.url)
        tab.wait_for("document.querySelector('#bucket').value === 'images'")
        tab.drop([file], ".zone")
        _sees_parts(tab, "disk 1", "system.vmdk")
        _sees_parts(tab, "disk 2", "data.vmdk")
        assert tab.evaluate("document.querySelectorAll('#parts li').length") == 2
        cloud.may_go_on.set()
        tab.wait_for(
            "document.querySelector('#images .pill')?.innerText === 'Available'"
        )
        shown = tab.evaluate("document.querySelector('#images').innerText")
        assert [f"-{n}.qcow2" in shown for n in (1, 2)] == [True, True]
        tab.wait_for("document.querySelector('#conversions-section').hidden")
        (image,) = cloud.ecs.images.values()
        assert [disk.format for disk in image.disks] == ["QCOW2", "QCOW2"]
        assert cloud.oss.keys(BUCKET) == [file.name]
        assert not cloud.oss.buckets[LEDGER].uploads
        tab.open("about:blank")


def _sees_parts(tab: Tab, disk: str, member: str) -> None:
    """See that one part of several of a disk is stored, and how it is converted."""
    tab.wait_for(
        f"new RegExp({disk!r} + '\\\\s+' + {member!r} + '\\\\s+map lane\\\\s+1 of [2-9]"
        f" parts\\\\s+[0-9.]+ MiB').test({PARTS})"
    )
