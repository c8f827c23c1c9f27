import pytest
from image_import.config.settings import Settings, read_settings
from image_import.model.revision import DiskRevision, ImageRevision
from image_import.planning.frozen import why_not_sent_again

SET = ImageRevision(
    bucket="images",
    disks=(
        DiskRevision(object_key="in/db.qcow2", etag="A1"),
        DiskRevision(object_key="in/data.qcow2", etag="B1"),
    ),
)
FROZEN = {
    "RegionId": "cn-hangzhou",
    "ImageName": "db-1",
    "Description": "[image-import 0123456789abcdef]",
    "Platform": "Debian",
    "Features.NvmeSupport": "supported",
    "Tag.1.Key": "team",
    "Tag.1.Value": "db",
    "DiskDeviceMapping.1.OSSBucket": "images",
    "DiskDeviceMapping.1.OSSObject": "in/db.qcow2",
    "DiskDeviceMapping.1.Format": "QCOW2",
    "DiskDeviceMapping.2.OSSBucket": "images",
    "DiskDeviceMapping.2.OSSObject": "in/data.qcow2",
    "DiskDeviceMapping.2.DiskImageSize": "20",
}


def why(changed: dict[str, str], **environ: str) -> str:
    settings: Settings = read_settings(environ)
    return why_not_sent_again(
        {**FROZEN, **changed}, SET, settings=settings, region_id="cn-hangzhou"
    )


def test_what_we_froze_may_be_sent_again() -> None:
    assert why({}) == ""
    assert why({"RoleName": "Ours"}, ROLE_NAME="Ours") == ""
    assert why({"RoleName": "Theirs"}, SIDECAR_MAY_SET="RoleName") == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"RoleName": "AdminRole"}, "RoleName is 'AdminRole'"),
        ({"RegionId": "us-west-1"}, "RegionId is 'us-west-1'"),
        ({"DiskDeviceMapping.1.OSSBucket": "payroll"}, "its disks are not"),
        ({"DiskDeviceMapping.2.OSSObject": "secret/x.qcow2"}, "its disks are not"),
        ({"DiskDeviceMapping.3.OSSObject": "secret/x.qcow2"}, "its disks are not"),
        ({"DiskDeviceMapping.1.DiskImSize": "1"}, "nothing that we send"),
        ({"StorageLocationArn": "arn:acs:x"}, "nothing that we send"),
        ({"DryRun": "true"}, "nothing that we send"),
    ],
    ids=str,
)
def test_what_is_not_ours_is_not_sent_with_our_rights(
    changed: dict[str, str], said: str
) -> None:
    assert said in why(changed, ROLE_NAME="Ours")


def test_a_disk_that_is_missing_makes_it_another_image() -> None:
    fewer = {k: v for k, v in FROZEN.items() if "Mapping.2" not in k}
    settings = read_settings({})
    said = why_not_sent_again(fewer, SET, settings=settings, region_id="cn-hangzhou")
    assert said == "its disks are not those of this upload"
