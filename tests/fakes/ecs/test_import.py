"""ImportImage through the official client, over HTTP, with both of its signatures."""

from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as m
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config
from fake_aliyun import ByLooks, BySeconds, FakeAliyun

GIB = 1024**3
QCOW2 = b"QFI\xfb\0\0\0\3" + bytes(16) + (10 * GIB).to_bytes(8, "big")
Disk = m.ImportImageRequestDiskDeviceMapping


@pytest.fixture(params=["ACS3", "RPC V1"])
def ecs(cloud: FakeAliyun, request: pytest.FixtureRequest) -> Iterator[Client]:
    cloud.oss.put("images", "web.qcow2", head=QCOW2, size_bytes=2 * GIB)
    with cloud.serve() as server:
        config = Config(
            access_key_id=cloud.credentials.access_key_id,
            access_key_secret=cloud.credentials.access_key_secret,
            endpoint=server.url.removeprefix("http://"),
            protocol="http",
            region_id="cn-hangzhou",
            signature_algorithm="v2" if request.param == "RPC V1" else None,
        )
        yield Client(config)


def importing(**others: Any) -> m.ImportImageRequest:
    wanted = {
        "region_id": "cn-hangzhou",
        "image_name": "web",
        "disk_device_mapping": [Disk(ossbucket="images", ossobject="web.qcow2")],
    }
    return m.ImportImageRequest(**{**wanted, **others})


def described(ecs: Client, status: str | None = None) -> list[tuple[str, str]]:
    request = m.DescribeImagesRequest(region_id="cn-hangzhou", status=status)
    images = ecs.describe_images(request).body.images.image
    return [(image.status, image.progress) for image in images]


def code_of(call: Any) -> tuple[int, str]:
    with pytest.raises(Exception, match="request id") as caught:
        call()
    return caught.value.status_code, caught.value.code  # type: ignore[attr-defined]


def test_an_import_answers_with_image_and_task(cloud: FakeAliyun, ecs: Client) -> None:
    body = ecs.import_image(importing(platform="Ubuntu")).body
    image = cloud.ecs.images["web"]
    assert (body.image_id, body.task_id) == (image.image_id, image.task_id)
    assert (body.region_id, image.platform) == ("cn-hangzhou", "Ubuntu")


def test_the_format_and_size_are_what_the_bytes_say(
    cloud: FakeAliyun, ecs: Client
) -> None:
    disk = Disk(
        ossbucket="images", ossobject="web.qcow2", format="RAW", disk_image_size=5
    )
    ecs.import_image(importing(disk_device_mapping=[disk]))
    image = cloud.ecs.images["web"]
    assert (image.format, image.size_gib) == ("QCOW2", 10)


def test_an_import_is_waiting_then_creating_then_available(ecs: Client) -> None:
    ecs.import_image(importing())
    every = "Waiting,Creating,Available"
    assert [described(ecs, every)[0] for _ in range(4)] == [
        ("Waiting", "0%"),
        ("Creating", "33%"),
        ("Creating", "66%"),
        ("Available", "100%"),
    ]


def test_an_import_under_way_is_invisible_without_a_status(ecs: Client) -> None:
    ecs.import_image(importing())
    assert [len(described(ecs)) for _ in range(4)] == [0, 0, 0, 1]


def test_a_failed_import_says_why(cloud: FakeAliyun, ecs: Client) -> None:
    cloud.ecs.fail_import("InvalidVHDImage.IncorrectSize", "bad footer")
    task_id = ecs.import_image(importing()).body.task_id
    cloud.ecs.finish_imports()
    request = m.DescribeTaskAttributeRequest(region_id="cn-hangzhou", task_id=task_id)
    task = ecs.describe_task_attribute(request).body
    progress = task.operation_progress_set.operation_progress[0]
    assert (task.task_status, cloud.ecs.images["web"].status) == (
        "Failed",
        "CreateFailed",
    )
    assert progress.error_code == "InvalidVHDImage.IncorrectSize"
    assert progress.error_msg == "bad footer"


def test_a_file_deleted_meanwhile_fails_the_import(
    cloud: FakeAliyun, ecs: Client
) -> None:
    ecs.import_image(importing())
    cloud.oss.delete("images", "web.qcow2")
    seen = [described(ecs, "CreateFailed,Creating") for _ in range(4)]
    assert seen[-1] == [("CreateFailed", "100%")]


def test_the_same_token_gives_the_same_image(cloud: FakeAliyun, ecs: Client) -> None:
    first = ecs.import_image(importing(client_token="t")).body
    again = ecs.import_image(importing(client_token="t")).body
    assert (first.image_id, first.task_id) == (again.image_id, again.task_id)
    assert len(cloud.ecs.images) == 1


def test_the_same_token_with_other_parameters_is_refused(ecs: Client) -> None:
    ecs.import_image(importing(client_token="t"))
    other = importing(client_token="t", description="changed")
    assert code_of(lambda: ecs.import_image(other)) == (
        400,
        "IdempotentParameterMismatch",
    )


def test_a_dry_run_makes_nothing(cloud: FakeAliyun, ecs: Client) -> None:
    dry = importing(dry_run=True)
    assert code_of(lambda: ecs.import_image(dry)) == (400, "DRYRUN.SUCCESS")
    assert not cloud.ecs.images


def test_a_task_can_be_cancelled_once(cloud: FakeAliyun, ecs: Client) -> None:
    task_id = ecs.import_image(importing()).body.task_id
    cancel = m.CancelTaskRequest(region_id="cn-hangzhou", task_id=task_id)
    ecs.cancel_task(cancel)
    assert not cloud.ecs.images
    assert code_of(lambda: ecs.cancel_task(cancel)) == (
        403,
        "InvalidTaskId.IncorrectTaskStatus",
    )


def test_tasks_are_listed_by_status(ecs: Client) -> None:
    ecs.import_image(importing())
    request = m.DescribeTasksRequest(
        region_id="cn-hangzhou", task_status="Processing", task_action="ImportImage"
    )
    listed = [ecs.describe_tasks(request).body.total_count for _ in range(4)]
    assert listed == [1, 1, 1, 0]


def test_images_are_found_by_part_of_name_and_by_tag(ecs: Client) -> None:
    tag = m.ImportImageRequestTag(key="from", value="oss")
    ecs.import_image(importing(tag=[tag]))
    asked = {"region_id": "cn-hangzhou", "status": "Waiting,Creating"}
    by_name = m.DescribeImagesRequest(**asked, image_name="we")
    wrong = m.DescribeImagesRequestTag(key="from", value="elsewhere")
    by_tag = m.DescribeImagesRequest(**asked, tag=[wrong])
    assert ecs.describe_images(by_name).body.total_count == 1
    assert ecs.describe_images(by_tag).body.total_count == 0


def test_regions_are_listed(cloud: FakeAliyun, ecs: Client) -> None:
    body = ecs.describe_regions(m.DescribeRegionsRequest()).body
    assert cloud.region_id in {region.region_id for region in body.regions.region}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"region_id": "cn-nowhere"}, 400, "InvalidRegionId.NotFound"),
        ({"image_name": "1web"}, 400, "InvalidImageName.Malformed"),
        ({"image_name": "aliyun-web"}, 400, "InvalidImageName.Malformed"),
        ({"image_name": "w"}, 400, "InvalidImageName.Malformed"),
        ({"image_name": "w" * 129}, 400, "InvalidImageName.Malformed"),
        ({"image_name": "we b"}, 400, "InvalidImageName.Malformed"),
        ({"description": "http://x"}, 400, "InvalidDescription.Malformed"),
        ({"architecture": "riscv"}, 400, "InvalidArchitecture.Malformed"),
        ({"ostype": "bsd"}, 400, "InvalidOSType.Malformed"),
        ({"platform": "Slackware"}, 400, "InvalidPlatform.Malformed"),
        (
            {"platform": "Ubuntu", "ostype": "windows"},
            400,
            "InvalidPlatform.Malformed",
        ),
        ({"license_type": "Mine"}, 400, "InvalidLicenseType.NotSupported"),
        ({"boot_mode": "CSM"}, 400, "InvalidBootMode.Malformed"),
        (
            {"architecture": "arm64", "boot_mode": "BIOS"},
            400,
            "InvalidBootMode.NotSupport",
        ),
        ({"client_token": "t" * 65}, 400, "InvalidClientToken.Malformed"),
        ({"client_token": "ü"}, 400, "InvalidClientToken.Malformed"),
        ({"detection_strategy": "Deep"}, 400, "InvalidParameter.DetectionStrategy"),
        ({"resource_group_id": "rg-x"}, 404, "InvalidResourceGroup.NotFound"),
        ({"role_name": "NoSuchRole"}, 403, "NoSetRoletoECSServiceAcount"),
        ({"disk_device_mapping": []}, 403, "MissingParameter.DiskDeviceMapping"),
    ],
    ids=str,
)
def test_a_bad_parameter_is_refused_by_its_code(
    ecs: Client, change: dict[str, Any], status: int, code: str
) -> None:
    call = importing(**change)
    assert code_of(lambda: ecs.import_image(call)) == (status, code)


@pytest.mark.parametrize(
    ("disk", "status", "code"),
    [
        ({"ossbucket": None}, 400, "MissingParameter"),
        ({"ossobject": None}, 400, "MissingParameter"),
        ({"ossbucket": "other"}, 400, "InvalidOSSBucket.NotFound"),
        ({"ossobject": "none.raw"}, 400, "InvalidOSSObject.NotFound"),
        ({"ossobject": "disc.iso"}, 400, "UnsupportedSuffix.OSSObject"),
        ({"format": "qcow"}, 400, "InvalidImageFormat.Malformed"),
        ({"format": "VMDK"}, 400, "InvalidImageFormat.RegionNotSupported"),
        ({"disk_image_size": 0}, 400, "InvalidImageSize"),
        ({"disk_image_size": 2049}, 400, "InvalidImageSize"),
        ({"device": "null"}, 403, "InvalidParameter.Malformed"),
    ],
    ids=str,
)
def test_a_bad_disk_is_refused_by_its_code(
    ecs: Client, disk: dict[str, Any], status: int, code: str
) -> None:
    wanted = Disk(**{"ossbucket": "images", "ossobject": "web.qcow2", **disk})
    call = importing(disk_device_mapping=[wanted])
    assert code_of(lambda: ecs.import_image(call)) == (status, code)


def test_the_object_must_be_readable_for_ecs(cloud: FakeAliyun, ecs: Client) -> None:
    def refused() -> str:
        return code_of(lambda: ecs.import_image(importing()))[1]

    cloud.oss.put("images", "web.qcow2", b"")
    assert refused() == "InvalidOSSObject.Size"
    cloud.oss.put("images", "web.qcow2", QCOW2, storage_class="Archive")
    assert refused() == "InvalidOSSObject.NeedRestore"
    cloud.oss.buckets["images"].encryption = "AES256"
    assert refused() == "InvalidOSSBucket.EncryptUnsupported"
    cloud.ram.delete_role("AliyunECSImageImportDefaultRole")
    assert refused() == "NoSetRoletoECSServiceAcount"


def test_a_name_is_taken_first_by_an_import_then_by_its_image(
    cloud: FakeAliyun, ecs: Client
) -> None:
    def refused() -> tuple[int, str]:
        return code_of(lambda: ecs.import_image(importing()))

    ecs.import_image(importing())
    assert refused() == (403, "ImageIsImporting")
    cloud.ecs.finish_imports()
    assert refused() == (400, "InvalidImageName.Duplicated")
    cloud.ecs.delete_image("web")
    ecs.import_image(importing())


def test_the_quota_refuses_one_image_too_many(cloud: FakeAliyun, ecs: Client) -> None:
    cloud.ecs.image_quota = 0
    assert code_of(lambda: ecs.import_image(importing())) == (403, "QuotaExceed.Image")


def test_imports_by_the_clock_move_without_a_look(
    cloud: FakeAliyun, ecs: Client
) -> None:
    cloud.ecs.pace = BySeconds(waiting=0, creating=0)
    ecs.import_image(importing())
    before = cloud.ecs.images["web"].status
    cloud.ecs.move_imports()
    assert (before, cloud.ecs.images["web"].status) == ("Waiting", "Available")


def test_imports_by_looks_stay_where_nobody_looks(
    cloud: FakeAliyun, ecs: Client
) -> None:
    cloud.ecs.pace = ByLooks(waiting=0, creating=0)
    ecs.import_image(importing())
    cloud.ecs.move_imports()
    assert cloud.ecs.images["web"].status == "Waiting"
