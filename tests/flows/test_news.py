"""From an upload to the message that tells of it."""

from dataclasses import dataclass, field

import pytest
from conversions import one_block_vdi
from fake_aliyun import Fault
from fake_aliyun.ecs.images import CheckItem
from image_import.config.receivers import Receiver
from image_import.model.ownership import CheckFinding
from image_import.model.result import Outcome
from image_import.notification.news import ImportNews, from_json, to_json
from image_import.notification.receivers import Reception
from image_import.notification.sender import Told
from image_import.notification.texts import ENGLISH, text
from uploads import QCOW2, Uploads

HOOK = "https://hooks.example.com/images"


@dataclass
class Ear:
    """A receiver that takes everything once it is awake."""

    is_awake: bool = True
    heard: list[ImportNews] = field(default_factory=list)

    def tell(self, news: ImportNews, receiver: Receiver) -> Told:
        if not self.is_awake:
            return Told(verdict=Reception.LATER, why="HTTP 503")
        assert receiver.url == HOOK
        self.heard.append(news)
        return Told(verdict=Reception.TOLD)

    @property
    def kinds(self) -> list[str]:
        return [news.kind for news in self.heard]


def told(**environ: str) -> tuple[Uploads, Ear]:
    uploads = Uploads(environ={"NOTIFY": HOOK, **environ}, sender=(ear := Ear()))
    return uploads, ear


def finish(uploads: Uploads) -> None:
    uploads.cloud.ecs.finish_imports()
    uploads.track()


def test_an_image_that_is_available_is_told_once() -> None:
    uploads, ear = told()
    sent = uploads.upload("web.qcow2")
    finish(uploads)
    uploads.track()
    assert ear.kinds == ["available"]
    news = ear.heard[0]
    assert (news.image_name, news.image_id) == (sent.image_name, sent.image_id)
    assert news.region_id == "cn-hangzhou"
    assert news.started is not None


def test_a_refused_upload_is_told_with_its_reason() -> None:
    uploads, ear = told()
    refused = uploads.upload("web.vhdx", b"vhdxfile" + bytes(512))
    uploads.track()
    assert (ear.kinds, ear.heard[0].reason) == (["refused"], refused.reason)


def test_a_service_s_no_is_told() -> None:
    uploads, ear = told()
    uploads.cloud.ecs.fail_next("NoSetRoletoECSServiceAcount")
    uploads.upload("web.qcow2")
    uploads.track()
    assert ear.kinds == ["failed"]


def test_an_image_that_is_everywhere_is_told_with_its_copies() -> None:
    uploads, ear = told(COPY_TO_REGIONS="cn-beijing,cn-shanghai")
    uploads.upload("web.qcow2")
    for _ in range(6):
        finish(uploads)
    assert ear.kinds == ["distributed"]
    copies = {i.region_id: i.image_id for i in uploads.cloud.ecs.everywhere}
    del copies["cn-hangzhou"]
    assert dict(ear.heard[0].copies) == copies
    said = text(ear.heard[0], ENGLISH)
    assert f"Copies: cn-beijing ({copies['cn-beijing']}), cn-shanghai (" in said
    assert "Reason" not in said
    assert from_json(to_json(ear.heard[0])) == ear.heard[0]


def test_an_image_that_is_not_everywhere_is_told_to_who_waits_for_that() -> None:
    uploads, ear = told(COPY_TO_REGIONS="cn-beijing")
    uploads.cloud.ecs.fail_next(
        "RegionNotSupportCopy", action="CopyImage", http_status=403
    )
    uploads.upload("web.qcow2")
    for _ in range(6):
        finish(uploads)
    assert ear.kinds == ["distribution_failed"]
    assert "RegionNotSupportCopy" in ear.heard[0].reason


def test_what_waits_for_room_is_no_news() -> None:
    uploads, ear = told()
    uploads.cloud.ecs.fail_next("QuotaExceed.Image")
    uploads.upload("web.qcow2")
    uploads.track()
    assert ear.kinds == []


def test_a_failed_import_is_told() -> None:
    uploads, ear = told()
    uploads.cloud.ecs.fail_import("ImageInvalid", "no bootable system")
    uploads.upload("web.qcow2")
    finish(uploads)
    assert ear.kinds == ["create_failed"]


def test_only_what_was_asked_for_is_told() -> None:
    uploads, ear = told(NOTIFY_ON="submitted,gone")
    uploads.upload("web.qcow2")
    finish(uploads)
    assert ear.kinds == ["submitted"]


def test_a_conversion_that_began_is_told_where_that_was_asked_for() -> None:
    uploads, ear = told(NOTIFY_ON="converting,submitted,available")
    uploads.upload("box.vdi", one_block_vdi())
    finish(uploads)
    assert ear.kinds == ["converting", "submitted", "available"]
    assert ear.heard[0].reason.startswith("wrap: ")


def test_an_import_whose_last_line_is_never_written_is_told_all_the_same() -> None:
    uploads, ear = told(NOTIFY_ON="submitted")
    uploads.cloud.faults.add(
        Fault(service="oss", action="AppendObject", skip=1, reset=True, times=99)
    )
    assert uploads.upload("web.qcow2").outcome is Outcome.RETRYING
    uploads.track()
    assert ear.kinds == ["submitted"]


def test_an_image_that_is_yet_to_be_distributed_is_told_once() -> None:
    uploads, ear = told(NOTIFY_ON="available", IMAGE_FAMILY="web")
    uploads.upload("web.qcow2")
    finish(uploads)
    assert ear.kinds == ["available"]
    for _ in range(3):
        uploads.track()
    assert ear.kinds == ["available"]


def test_a_dead_receiver_holds_no_import() -> None:
    uploads, ear = told()
    ear.is_awake = False
    uploads.upload("web.qcow2")
    finish(uploads)
    assert uploads.cloud.ecs.images
    assert uploads.notes == []
    ear.is_awake = True
    uploads.clock.advance(10)
    uploads.track()
    assert ear.kinds == ["available"]


@pytest.mark.parametrize("action", ["PutObject", "AppendObject", "DeleteObject"])
def test_a_tracker_that_breaks_off_tells_it_in_the_next_run(action: str) -> None:
    uploads, ear = told()
    uploads.upload("web.qcow2")
    uploads.cloud.ecs.finish_imports()
    uploads.cloud.faults.add(
        Fault(service="oss", action=action, code="InternalError", times=4)
    )
    for _ in range(3):
        uploads.track()
    assert set(ear.kinds) == {"available"}
    assert uploads.notes == []


def test_nobody_is_told_where_nobody_listens() -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    finish(uploads)
    assert not [k for k in uploads.cloud.oss.keys("images") if "/outbox/" in k]


VIRTIO = CheckItem("GUESTOS.Virtio", "absent", "High", "no-virtio")
FINE = CheckItem("GUESTOS.Platform", "linux")


def test_what_the_image_check_found_is_told_with_what_to_do() -> None:
    uploads, ear = told(DETECTION_STRATEGY="Standard")
    uploads.cloud.ecs.check_seconds = 60
    sent = uploads.upload("web.qcow2")
    uploads.cloud.ecs.find_by_check(sent.image_name, FINE, VIRTIO)
    finish(uploads)
    assert ear.kinds == []
    uploads.clock.advance(60)
    asked = uploads.calls("DescribeImages")
    changes = uploads.track()["changes"]
    assert uploads.calls("DescribeImages") == asked + 1
    assert changes[0]["reason"].endswith("its check found risks, 1 of 1 high")
    found = uploads.ledger("web.qcow2")[-2].findings
    assert found == (CheckFinding("GUESTOS.Virtio", "absent", "High", "no-virtio"),)
    assert ear.heard[0].findings == found


def test_a_windows_is_not_sent_to_a_check_that_ecs_refuses_for_it() -> None:
    uploads, _ = told(DETECTION_STRATEGY="Standard", WINDOWS_LICENSE_TYPE="BYOL")
    result = uploads.upload("windows-server-2022.qcow2")
    assert "DetectionStrategy" not in result.parameters
    assert uploads.upload("web.qcow2", QCOW2 + b"0").parameters[
        "DetectionStrategy"
    ] == ("Standard")
