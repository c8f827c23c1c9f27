import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_import.errors import SidecarError
from image_import.model.declaration import Declaration, DeclaredDisk
from image_import.model.disk import DiskFormat
from image_import.model.targets import APSARA_POP, APSARA_ROUTE, PUBLIC, Target
from image_import.sidecar.parser import (
    SIDECAR_FIELDS,
    image_key_of,
    parse_metadata,
    parse_sidecar,
    sidecar_keys,
)

IMAGE = "in/web.qcow2"
NOTHING: frozenset[str] = frozenset()


def parse(
    said: object,
    *,
    target: Target = PUBLIC,
    may_set: frozenset[str] = NOTHING,
    image_key: str = IMAGE,
) -> Declaration:
    return parse_sidecar(
        json.dumps(said).encode(),
        sidecar_key=f"{image_key}.json",
        image_key=image_key,
        bucket="images",
        target=target,
        may_set=may_set,
    )


def refusal(said: object, **given: Any) -> SidecarError:
    with pytest.raises(SidecarError) as caught:
        parse(said, **given)
    return caught.value


def test_a_sidecar_stands_beside_its_image() -> None:
    keys = ("in/web.qcow2.json", "in/web.qcow2.yaml", "in/web.qcow2.yml")
    assert sidecar_keys(IMAGE) == keys
    assert {image_key_of(key) for key in keys} == {IMAGE}


@pytest.mark.parametrize("key", ["web.qcow2", "a/.json", ".yml", "web.JSON", ""])
def test_other_names_are_no_sidecars(key: str) -> None:
    assert image_key_of(key) is None


def test_everything_that_can_be_declared_is_read() -> None:
    declared = parse(
        {
            "ImageName": "web-1",
            "Description": " The web server ",
            "Platform": "Ubuntu",
            "Architecture": "arm64",
            "OSType": "linux",
            "LicenseType": "BYOL",
            "BootMode": "UEFI",
            "ResourceGroupId": "rg-bp67acfmxazb4p",
            "DetectionStrategy": "Standard",
            "RoleName": "ImportRole",
            "RegionId": "cn-hangzhou",
            "Tag": [{"Key": "team", "Value": "web"}, {"Key": "bare"}],
            "Features": {"NvmeSupport": "supported", "ImdsSupport": "v2"},
            "DiskDeviceMapping": [
                {"OSSObject": "web.qcow2", "OSSBucket": "images", "Format": "qcow2"},
                {"OSSObject": "data/d.vhd", "Format": "VHD", "DiskImageSize": 2048},
            ],
        },
        may_set=frozenset({"RoleName", "RegionId"}),
    )
    assert declared == Declaration(
        image_name="web-1",
        description="The web server",
        platform="Ubuntu",
        architecture="arm64",
        os_type="linux",
        license_type="BYOL",
        boot_mode="UEFI",
        resource_group_id="rg-bp67acfmxazb4p",
        detection_strategy="Standard",
        role_name="ImportRole",
        region_id="cn-hangzhou",
        tags={"team": "web", "bare": ""},
        features={"NvmeSupport": "supported", "ImdsSupport": "v2"},
        disks=(
            DeclaredDisk(object_key=IMAGE, format=DiskFormat.QCOW2),
            DeclaredDisk(
                object_key="in/data/d.vhd",
                format=DiskFormat.VHD,
                disk_image_size_gib=2048,
            ),
        ),
    )
    assert declared.is_manifest


@pytest.mark.parametrize("suffix", [".yaml", ".yml"])
def test_yaml_says_the_same(suffix: str) -> None:
    text = "ImageName: web-1\nDiskDeviceMapping:\n- Format: raw\n  DiskImageSize: 40\n"
    declared = parse_sidecar(
        text.encode(),
        sidecar_key=f"web.raw{suffix}",
        image_key="web.raw",
        bucket="images",
        target=APSARA_ROUTE,
        may_set=NOTHING,
    )
    disk = DeclaredDisk(
        object_key="web.raw", format=DiskFormat.RAW, disk_image_size_gib=40
    )
    assert declared == Declaration(image_name="web-1", disks=(disk,))
    assert not declared.is_manifest


def test_an_empty_object_declares_nothing() -> None:
    assert parse({}) == Declaration()


@pytest.mark.parametrize(
    ("said", "field", "message"),
    [
        ({"imageName": "x1"}, "imageName", "did you mean ImageName?"),
        ({"os_type": "linux"}, "os_type", "did you mean OSType?"),
        ({"Size": 1}, "Size", "is no field of a sidecar; use Architecture, BootMode"),
        ({"Tag.1.Key": "k"}, "Tag.1.Key", "in a sidecar Tag is a list or an object"),
        ({"ClientToken": "t"}, "ClientToken", "is no field of a sidecar"),
        ({"ImageName": 5}, "ImageName", "is a number, not text; put it in quotes"),
        ({"ImageName": None}, "ImageName", "is nothing (null), not text; remove it"),
        ({"ImageName": True}, "ImageName", "is true, not text"),
        ({"ImageName": ["a"]}, "ImageName", "is a list, not text"),
        ({"ImageName": "1a"}, "ImageName", "starts with '1'"),
        ({"Description": "a\nb"}, "Description", r"the control character '\n'"),
        ({"Description": "a\ud800"}, "Description", "the control character"),
        ({"Description": "x" * 257}, "Description", "has 257 characters"),
        ({"Platform": "ubuntu"}, "Platform", "is 'ubuntu' (did you mean Ubuntu?)"),
        ({"Platform": "Ubunto"}, "Platform", "(did you mean Ubuntu?)"),
        ({"Platform": "CentOS 7"}, "Platform", "(did you mean CentOS?)"),
        ({"Platform": "Rocky Linux 9"}, "Platform", "(did you mean Rocky Linux?)"),
        ({"Platform": "RHEL 9"}, "Platform", "(did you mean RedHat?)"),
        ({"Platform": "Plan 9"}, "Platform", "is 'Plan 9'; target public takes"),
        ({"Architecture": "amd64"}, "Architecture", "(did you mean x86_64?)"),
        ({"Architecture": "aarch64"}, "Architecture", "(did you mean arm64?)"),
        ({"Tags": []}, "Tags", "(did you mean Tag?)"),
        ({"Platform": "Arch"}, "Platform", "target public takes Aliyun, Anolis"),
        ({"Architecture": "aarch64"}, "Architecture", "takes i386, x86_64, arm64"),
        ({"OSType": "Linux"}, "OSType", "(did you mean linux?); use linux, windows"),
        ({"LicenseType": "OEM"}, "LicenseType", "target public takes Aliyun, BYOL"),
        ({"BootMode": "uefi"}, "BootMode", "(did you mean UEFI?); use BIOS, UEFI"),
        ({"DetectionStrategy": "All"}, "DetectionStrategy", "use Standard"),
        ({"ResourceGroupId": "a b"}, "ResourceGroupId", "must be an ID such as rg-"),
        ({"Features": []}, "Features", "is a list, not an object"),
        ({"Features": {"Nvme": "v1"}}, "Features.Nvme", "use ImdsSupport, NvmeSupport"),
        ({"Features": {"ImdsSupport": "v3"}}, "Features.ImdsSupport", "use v1, v2"),
        ({"Features": {"NvmeSupport": True}}, "Features.NvmeSupport", "not text"),
    ],
)
def test_a_bad_field_is_named_with_what_is_allowed(
    said: object, field: str, message: str
) -> None:
    error = refusal(said)
    assert error.field == field
    assert message in str(error)


@pytest.mark.parametrize(
    ("tags", "field", "message"),
    [
        ({"team": "web"}, "Tag", "as in [{Key: team, Value: web}]"),
        ([], "Tag", "is an empty list; remove it"),
        (["team"], "Tag[0]", "is text, not an object"),
        ([{"Value": "v"}], "Tag[0]", "has no Key"),
        ([{"Key": "k", "value": "v"}], "Tag[0].value", "did you mean Value?"),
        ([{"Key": 1}], "Tag[0].Key", "is a number, not text"),
        ([{"Key": "k", "Value": None}], "Tag[0].Value", "is nothing"),
        ([{"Key": "acs:k"}], "Tag[0]", "must not start with aliyun or acs:"),
        ([{"Key": "Image-Import:mark"}], "Tag[0]", "that start with image-import"),
        ([{"Key": "k"}, {"Key": "K"}], "Tag[1]", "has the key 'K' again"),
        ([{"Key": f"k{n}"} for n in range(20)], "Tag", "lists 20 tags; use up to 19"),
    ],
)
def test_a_bad_tag_is_refused(tags: object, field: str, message: str) -> None:
    error = refusal({"Tag": tags})
    assert error.field == field
    assert message in str(error)


@pytest.mark.parametrize("field", ["RoleName", "RegionId"])
def test_what_would_lend_rights_needs_the_operator(field: str) -> None:
    error = refusal({field: "cn-hangzhou"})
    assert error.field == field
    assert f"ask the operator to add {field} to SIDECAR_MAY_SET" in str(error)
    assert parse({field: "cn-hangzhou"}, may_set=frozenset({field})) != Declaration()


@pytest.mark.parametrize("field", ["RoleName", "RegionId"])
def test_a_guarded_field_is_checked_like_any_other(field: str) -> None:
    error = refusal({field: "acs:ram::1:role/x"}, may_set=frozenset({field}))
    assert "it must be " in str(error)


@pytest.mark.parametrize(
    "said",
    [
        {"BootMode": "UEFI"},
        {"Tag": [{"Key": "k"}]},
        {"Features": {"NvmeSupport": "supported"}},
        {"ResourceGroupId": "rg-1"},
        {"DetectionStrategy": "Standard"},
    ],
    ids=lambda said: next(iter(said)),
)
@pytest.mark.parametrize("target", [APSARA_POP, APSARA_ROUTE])
def test_a_field_that_the_target_lacks_is_refused(
    said: dict[str, object], target: Target
) -> None:
    (name,) = said
    assert str(refusal(said, target=target)) == (
        f"{name}: target {target.name} has no {name}; remove it"
    )


@pytest.mark.parametrize(
    ("said", "field", "message"),
    [
        (
            {"Platform": "Windows Server 2019", "OSType": "linux"},
            "OSType",
            "is 'linux', but Platform is 'Windows Server 2019'",
        ),
        (
            {"Platform": "Debian", "OSType": "windows"},
            "OSType",
            "is 'windows', but Platform is 'Debian'",
        ),
        (
            {"Architecture": "arm64", "BootMode": "BIOS"},
            "BootMode",
            "arm64 starts with UEFI only",
        ),
    ],
    ids=["windows", "linux", "arm64"],
)
def test_fields_that_contradict_each_other_are_refused(
    said: object, field: str, message: str
) -> None:
    error = refusal(said)
    assert error.field == field
    assert message in str(error)


# Metadata


def test_metadata_says_what_a_sidecar_would() -> None:
    declared = parse_metadata(
        {
            "X-OSS-Meta-Image-Name": "web-1",
            "x-oss-meta-platform": " Windows Server 2022 ",
            "architecture": "x86_64",
            "os-type": "windows",
            "license-type": "BYOL",
            "description": "镜像 one",
            "boot-mode": "UEFI",
            "build-host": "not ours",
            "role-name": "",
        },
        target=PUBLIC,
        may_set=NOTHING,
    )
    assert declared == Declaration(
        image_name="web-1",
        platform="Windows Server 2022",
        architecture="x86_64",
        os_type="windows",
        license_type="BYOL",
        description="镜像 one",
        boot_mode="UEFI",
    )


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"platform": "ubuntu"}, "x-oss-meta-platform: is 'ubuntu' (did you mean"),
        ({"image-name": "9"}, "x-oss-meta-image-name: has 1 characters"),
        ({"boot-mode": "UEFI"}, "x-oss-meta-boot-mode: target apsara-pop has no"),
        ({"role-name": "Admin"}, "x-oss-meta-role-name: is not for uploaders"),
        ({"platform": "Debian", "os-type": "windows"}, "OSType: is 'windows', but"),
    ],
)
def test_metadata_is_held_to_the_same_limits(
    metadata: dict[str, str], message: str
) -> None:
    with pytest.raises(SidecarError) as caught:
        parse_metadata(metadata, target=APSARA_POP, may_set=NOTHING)
    assert str(caught.value).startswith(message)


def test_metadata_says_whether_the_image_starts_from_nvme_disks() -> None:
    said = {"x-oss-meta-nvme-support": "unsupported"}
    declared = parse_metadata(said, target=PUBLIC, may_set=NOTHING)
    assert declared.features == {"NvmeSupport": "unsupported"}
    with pytest.raises(SidecarError, match="use supported, unsupported"):
        parse_metadata({"nvme-support": "yes"}, target=PUBLIC, may_set=NOTHING)
    with pytest.raises(SidecarError, match="has no Features"):
        parse_metadata(said, target=APSARA_POP, may_set=NOTHING)


def test_the_licence_of_its_own_choice_is_taken_by_the_private_cloud_alone() -> None:
    data = b'{"LicenseType": "Auto"}'
    given = {"sidecar_key": "a.json", "image_key": "a", "bucket": "b"}
    declared = parse_sidecar(data, **given, target=APSARA_POP, may_set=NOTHING)
    assert declared.license_type == "Auto"
    with pytest.raises(SidecarError, match="target public takes Aliyun, BYOL"):
        parse_sidecar(data, **given, target=PUBLIC, may_set=NOTHING)


def test_metadata_may_name_a_role_if_the_operator_says_so() -> None:
    allowed = frozenset({"RoleName"})
    declared = parse_metadata({"role-name": "R"}, target=PUBLIC, may_set=allowed)
    assert declared == Declaration(role_name="R")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["Key", "Value", "OSSObject", "Format", "DiskImageSize", "x"]
            ),
            inner,
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(SIDECAR_FIELDS)), values))
def test_no_values_do_worse_than_a_sidecar_error(said: dict[str, object]) -> None:
    message, declared = "", Declaration()
    try:
        declared = parse(said, may_set=frozenset(SIDECAR_FIELDS))
    except SidecarError as exc:
        message = str(exc)
    assert len(message) < 1000
    assert all(disk.object_key.startswith("in/") for disk in declared.disks)
