from dataclasses import replace
from typing import Any

import pytest
from image_import.errors import PlanError
from image_import.model.disk import DiskDeviceMapping, DiskFormat, ImportPlan
from image_import.model.targets import APSARA_POP, APSARA_ROUTE, PUBLIC, Target
from image_import.planning.request import to_parameters


def disk(key: str = "in/web.qcow2", **given: Any) -> DiskDeviceMapping:
    values = {"format": None, "disk_image_size_gib": None, **given}
    return DiskDeviceMapping(bucket="images", object_key=key, **values)


PLAN = ImportPlan(region_id="cn-hangzhou", image_name="web-1", mappings=(disk(),))
SMALLEST = {
    "RegionId": "cn-hangzhou",
    "ImageName": "web-1",
    "DiskDeviceMapping.1.OSSBucket": "images",
    "DiskDeviceMapping.1.OSSObject": "in/web.qcow2",
}


@pytest.mark.parametrize("target", [PUBLIC, APSARA_POP])
def test_what_is_not_known_is_not_sent(target: Target) -> None:
    assert to_parameters(PLAN, target) == SMALLEST


def test_the_route_wants_the_region_twice_and_a_version() -> None:
    assert to_parameters(PLAN, APSARA_ROUTE) == {
        **SMALLEST,
        "regionId": "cn-hangzhou",
        "version": "2016-01-01",
    }


def test_the_route_sends_the_version_that_was_set() -> None:
    target = replace(APSARA_ROUTE, api_version="2014-05-26")
    assert to_parameters(PLAN, target)["version"] == "2014-05-26"


def test_public_takes_everything_by_its_wire_name() -> None:
    plan = ImportPlan(
        region_id="cn-hangzhou",
        image_name="镜像-1",
        description="The web server",
        platform="Ubuntu",
        architecture="arm64",
        os_type="linux",
        license_type="BYOL",
        boot_mode="UEFI",
        role_name="ImportRole",
        resource_group_id="rg-1",
        detection_strategy="Standard",
        tags={"team": "web", "a": ""},
        features={"NvmeSupport": "supported"},
        mappings=(
            disk(format=DiskFormat.QCOW2, disk_image_size_gib=40),
            disk("in/d.vhd", format=DiskFormat.VHD, disk_image_size_gib=2048),
        ),
    )
    assert to_parameters(plan, PUBLIC) == {
        "RegionId": "cn-hangzhou",
        "ImageName": "镜像-1",
        "Description": "The web server",
        "Platform": "Ubuntu",
        "Architecture": "arm64",
        "OSType": "linux",
        "LicenseType": "BYOL",
        "BootMode": "UEFI",
        "RoleName": "ImportRole",
        "ResourceGroupId": "rg-1",
        "DetectionStrategy": "Standard",
        "Tag.1.Key": "a",
        "Tag.1.Value": "",
        "Tag.2.Key": "team",
        "Tag.2.Value": "web",
        "Features.NvmeSupport": "supported",
        "DiskDeviceMapping.1.OSSBucket": "images",
        "DiskDeviceMapping.1.OSSObject": "in/web.qcow2",
        "DiskDeviceMapping.1.Format": "QCOW2",
        "DiskDeviceMapping.1.DiskImageSize": "40",
        "DiskDeviceMapping.2.OSSBucket": "images",
        "DiskDeviceMapping.2.OSSObject": "in/d.vhd",
        "DiskDeviceMapping.2.Format": "VHD",
        "DiskDeviceMapping.2.DiskImageSize": "2048",
    }


@pytest.mark.parametrize(
    ("target", "spelling"),
    [(PUBLIC, "QCOW2"), (APSARA_POP, "qcow2"), (APSARA_ROUTE, "qcow2")],
)
def test_each_target_spells_qcow2_its_own_way(target: Target, spelling: str) -> None:
    plan = replace(PLAN, mappings=(disk(format=DiskFormat.QCOW2),))
    assert to_parameters(plan, target)["DiskDeviceMapping.1.Format"] == spelling


def test_seventeen_disks_are_numbered_from_one_without_a_gap() -> None:
    disks = tuple(disk(f"d{n}") for n in range(17))
    parameters = to_parameters(replace(PLAN, mappings=disks), PUBLIC)
    assert [parameters[f"DiskDeviceMapping.{n}.OSSObject"] for n in range(1, 18)] == [
        f"d{n}" for n in range(17)
    ]


@pytest.mark.parametrize(
    ("target", "sizes"),
    [(PUBLIC, (1, 2048)), (APSARA_POP, (5, 1000)), (APSARA_ROUTE, (500, 5))],
)
def test_sizes_at_the_limits_are_sent(target: Target, sizes: tuple[int, int]) -> None:
    disks = tuple(disk(f"d{n}", disk_image_size_gib=n) for n in sizes)
    parameters = to_parameters(replace(PLAN, mappings=disks), target)
    assert parameters["DiskDeviceMapping.1.DiskImageSize"] == str(sizes[0])
    assert parameters["DiskDeviceMapping.2.DiskImageSize"] == str(sizes[1])


@pytest.mark.parametrize(
    ("target", "sizes", "message"),
    [
        (PUBLIC, [2049], r"^DiskDeviceMapping.1.DiskImageSize is 2049 GiB; target pub"),
        (PUBLIC, [0], "takes 1 to 2048 GiB for a system disk"),
        (APSARA_POP, [501], "takes 5 to 500 GiB for a system disk"),
        (APSARA_ROUTE, [5, 1001], "takes 5 to 1000 GiB for a data disk"),
    ],
)
def test_sizes_beyond_the_limits_are_refused(
    target: Target, sizes: list[int], message: str
) -> None:
    disks = tuple(disk(f"d{n}", disk_image_size_gib=n) for n in sizes)
    with pytest.raises(PlanError, match=message):
        to_parameters(replace(PLAN, mappings=disks), target)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"region_id": ""}, "RegionId is empty; set REGION_ID"),
        ({"image_name": "1"}, "ImageName has 1 characters"),
        ({"image_name": "aliyun-1"}, "ImageName starts with aliyun or acs:"),
        ({"description": ""}, "Description has 0 characters"),
        ({"platform": "ubuntu"}, r"'ubuntu' \(did you mean Ubuntu\?\); target public"),
        ({"architecture": "mips"}, "Architecture is 'mips'; .* i386, x86_64, arm64"),
        ({"os_type": "bsd"}, "OSType is 'bsd'; use linux, windows"),
        ({"license_type": "OEM"}, "LicenseType is 'OEM'"),
        ({"boot_mode": "EFI"}, r"BootMode is 'EFI' \(did you mean UEFI\?\); use"),
        ({"architecture": "arm64", "boot_mode": "BIOS"}, "arm64 starts with UEFI"),
        ({"platform": "Debian", "os_type": "windows"}, "but Platform is 'Debian'"),
        ({"os_type": "windows"}, "name the Windows as Platform in a sidecar"),
        ({"tags": {f"k{n}": "" for n in range(21)}}, "there are 21 tags; ECS takes"),
        ({"tags": {"acs:k": ""}}, "a Tag has the key 'acs:k'"),
        ({"mappings": ()}, "there are 0 disks; ECS takes 1 system disk and up to 16"),
        ({"mappings": tuple(disk(f"{n}") for n in range(18))}, "there are 18 disks"),
    ],
)
def test_what_public_would_refuse_is_not_sent(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        to_parameters(replace(PLAN, **changes), PUBLIC)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"boot_mode": "UEFI"}, "has no BootMode; leave it out"),
        ({"tags": {"k": "v"}}, "has no Tag; leave it out"),
        ({"features": {"NvmeSupport": "supported"}}, "has no Features; leave it"),
        (
            {"resource_group_id": "rg-1", "detection_strategy": "Standard"},
            "has no DetectionStrategy, ResourceGroupId; leave it out",
        ),
        ({"architecture": "arm64"}, "takes i386, x86_64"),
        ({"platform": "Anolis"}, "takes CentOS, Ubuntu"),
        ({"image_name": "web.1"}, "ImageName holds '.'"),
    ],
)
@pytest.mark.parametrize("target", [APSARA_POP, APSARA_ROUTE])
def test_what_apsara_stack_lacks_is_refused(
    target: Target, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        to_parameters(replace(PLAN, **changes), target)
