from dataclasses import replace
from typing import Any

import pytest
from disk_images.formats.detect import Header
from image_import.config.settings import Settings, read_settings
from image_import.errors import ConflictError, HeaderError, PlanError
from image_import.filename.reader import read_key
from image_import.model.declaration import Declaration, DeclaredDisk
from image_import.model.disk import GIB, DiskFormat
from image_import.model.revision import DiskRevision, ImageRevision
from image_import.planning.evidence import Contents, DiskEvidence, Evidence
from image_import.planning.planner import Plan, make_plan
from image_import.planning.request import to_parameters

STACK = {"ECS_ENDPOINT": "https://ecs.example", "OSS_ENDPOINT": "https://oss.example"}
ENVIRON = {
    "public": {},
    "apsara-pop": {**STACK, "IMPORT_TARGET": "apsara-pop"},
    "apsara-route": {**STACK, "IMPORT_TARGET": "apsara-route"},
}
QCOW2 = Header(
    detected="qcow2-v3", format=DiskFormat.QCOW2, virtual_size_bytes=10 * GIB
)
RAW = Header(detected="raw-mbr", format=DiskFormat.RAW, virtual_size_bytes=8 * GIB)
BARE = Header(detected="unknown", format=DiskFormat.RAW, virtual_size_bytes=8 * GIB)


def settings_of(target: str = "public", **environ: str) -> Settings:
    return read_settings({**ENVIRON[target], **environ})


def evidence_of(
    key: str,
    *headers: Header,
    sidecar: Declaration | None = None,
    metadata: Declaration | None = None,
    encryption: str = "",
) -> Evidence:
    keys = [key, *(f"data{n}.qcow2" for n in range(2, len(headers) + 1))]
    disks = tuple(
        DiskEvidence(
            revision=DiskRevision(object_key=k, etag=f"E{n}"),
            object_size_bytes=8 * GIB,
            header=header,
            encryption=encryption,
        )
        for n, (k, header) in enumerate(zip(keys, headers, strict=True))
    )
    version = ImageRevision(bucket="images", disks=tuple(d.revision for d in disks))
    return Evidence(
        revision=version,
        region_id="cn-hangzhou",
        disks=disks,
        clues=read_key(key),
        sidecar=sidecar,
        sidecar_key=f"{key}.json" if sidecar else "",
        metadata=metadata,
    )


def plan(evidence: Evidence, target: str = "public", **environ: str) -> Plan:
    settings = settings_of(target, **environ)
    return make_plan(evidence, settings, settings.target)


def parameters(evidence: Evidence, target: str = "public") -> dict[str, str]:
    settings = settings_of(target)
    made = make_plan(evidence, settings, settings.target)
    return to_parameters(made.request, settings.target)


@pytest.mark.parametrize("target", ENVIRON)
def test_the_api_pages_own_sample_is_a_32_bit_centos(target: str) -> None:
    told = parameters(evidence_of("CentOS_5.4_32.raw", RAW), target)
    known = ("Platform", "Architecture", "OSType", "DiskDeviceMapping.1.Format")
    assert [told[name] for name in known] == ["CentOS", "i386", "linux", "RAW"]


def test_what_nothing_tells_is_left_out() -> None:
    told = parameters(evidence_of("x.qcow2", QCOW2))
    assert {"Platform", "OSType", "Architecture", "BootMode"} & told.keys() == set()


def test_sidecar_comes_before_metadata_before_key() -> None:
    evidence = evidence_of(
        "ubuntu-24.04-amd64.qcow2",
        QCOW2,
        sidecar=Declaration(platform="Debian"),
        metadata=Declaration(platform="CentOS", architecture="arm64"),
    )
    made = plan(evidence)
    assert made.sources["Platform"].as_dict() == {
        "value": "Debian",
        "source": "sidecar",
        "overrode": {"object metadata": "CentOS", "object key": "Ubuntu"},
    }
    assert made.sources["Architecture"].as_dict() == {
        "value": "arm64",
        "source": "object metadata",
        "overrode": {"object key": "x86_64"},
    }


def test_content_beats_extension_and_the_disagreement_is_noted() -> None:
    made = plan(evidence_of("web.raw", QCOW2))
    choice = made.sources["DiskDeviceMapping.1.Format"]
    assert (choice.value, choice.source) == (DiskFormat.QCOW2, "header")
    assert "named as raw but its bytes say qcow2-v3" in made.notes[0]


def test_a_sidecar_that_contradicts_the_bytes_is_refused() -> None:
    disks = (DeclaredDisk(object_key="web.qcow2", format=DiskFormat.VHD),)
    with pytest.raises(ConflictError, match="say qcow2-v3, but the sidecar says VHD"):
        plan(evidence_of("web.qcow2", QCOW2, sidecar=Declaration(disks=disks)))


@pytest.mark.parametrize(
    ("key", "told", "source"),
    [("disk.raw", None, "object key"), ("disk.img", DiskFormat.RAW, "sidecar")],
)
def test_a_file_without_signature_is_raw_if_somebody_says_so(
    key: str, told: DiskFormat | None, source: str
) -> None:
    disks = (DeclaredDisk(object_key=key, format=told),)
    made = plan(evidence_of(key, BARE, sidecar=Declaration(disks=disks)))
    choice = made.sources["DiskDeviceMapping.1.Format"]
    assert (choice.value, choice.source) == (DiskFormat.RAW, source)


@pytest.mark.parametrize(
    ("key", "told", "said"),
    [
        ("disk.img", None, "nothing says RAW"),
        ("disk.qcow2", None, "nothing says RAW"),
        ("disk.raw", DiskFormat.VHD, "the sidecar says VHD"),
    ],
)
def test_a_file_without_signature_is_refused_if_nobody_says_raw(
    key: str, told: DiskFormat | None, said: str
) -> None:
    disks = (DeclaredDisk(object_key=key, format=told),)
    with pytest.raises(HeaderError, match=said):
        plan(evidence_of(key, BARE, sidecar=Declaration(disks=disks)))


def test_what_the_header_finds_wrong_is_refused_with_the_fix() -> None:
    packed = Header(detected="xz", problem="it is compressed", fix="xz -d {source}")
    with pytest.raises(
        HeaderError,
        match=r"compressed; ImportImage takes.*; to fix it: xz -d web\.raw\.xz",
    ):
        plan(evidence_of("dir/web.raw.xz", packed))


def test_an_encrypted_object_is_refused_with_what_to_do() -> None:
    with pytest.raises(HeaderError, match=r"encrypted \(KMS\).*copy it to a bucket"):
        plan(evidence_of("web.qcow2", QCOW2, encryption="KMS"))


def size(evidence: Evidence, target: str = "public") -> Any:
    return parameters(evidence, target).get("DiskDeviceMapping.1.DiskImageSize")


def of_size(virtual_size_bytes: int | None) -> Header:
    return replace(QCOW2, virtual_size_bytes=virtual_size_bytes)


@pytest.mark.parametrize(
    ("virtual", "target", "gib"),
    [
        (10 * GIB, "public", "10"),
        (10 * GIB + 1, "public", "11"),
        (1, "public", "1"),
        (1, "apsara-pop", "5"),
        (2048 * GIB, "public", "2048"),
        (500 * GIB, "apsara-route", "500"),
        (None, "public", None),
    ],
)
def test_the_size_is_the_virtual_size_rounded_up_within_the_targets_range(
    virtual: int | None, target: str, gib: str | None
) -> None:
    assert size(evidence_of("x.qcow2", of_size(virtual)), target) == gib


@pytest.mark.parametrize(
    ("virtual", "target"), [(2048 * GIB + 1, "public"), (501 * GIB, "apsara-pop")]
)
def test_a_disk_too_large_for_the_target_is_refused(virtual: int, target: str) -> None:
    with pytest.raises(PlanError, match=r"takes at most \d+ GiB for a system disk"):
        plan(evidence_of("x.qcow2", of_size(virtual)), target)


def test_a_data_disk_has_limits_of_its_own() -> None:
    large = of_size(900 * GIB)
    told = parameters(evidence_of("x.qcow2", QCOW2, large), "apsara-pop")
    assert told["DiskDeviceMapping.2.DiskImageSize"] == "900"
    with pytest.raises(PlanError, match="for a data disk"):
        plan(evidence_of("x.qcow2", QCOW2, of_size(1001 * GIB)), "apsara-pop")


def sized(gib: int) -> Declaration:
    return Declaration(
        disks=(DeclaredDisk(object_key="x.qcow2", disk_image_size_gib=gib),)
    )


def test_a_larger_size_may_be_asked_for_and_a_smaller_one_not() -> None:
    assert size(evidence_of("x.qcow2", QCOW2, sidecar=sized(40))) == "40"
    with pytest.raises(ConflictError, match=r"gives x\.qcow2 9 GiB"):
        size(evidence_of("x.qcow2", QCOW2, sidecar=sized(9)))


def test_a_size_that_the_bytes_do_not_tell_may_be_declared() -> None:
    assert size(evidence_of("x.qcow2", of_size(None), sidecar=sized(9))) == "9"


def test_a_platform_implies_the_os_type() -> None:
    made = plan(evidence_of("x.qcow2", QCOW2, sidecar=Declaration(platform="SUSE")))
    assert made.sources["OSType"].as_dict() == {
        "value": "linux",
        "source": "sidecar (Platform)",
    }


def test_the_lesser_of_two_contradicting_sources_gives_way() -> None:
    windows = Declaration(platform="Windows Server 2019")
    made = plan(evidence_of("ubuntu-24.04.qcow2", QCOW2, sidecar=windows))
    assert made.request.os_type == "windows"
    assert made.sources["OSType"].overrode == {"object key": "linux"}
    linux = plan(
        evidence_of("win2019.vhd", QCOW2, sidecar=Declaration(os_type="linux"))
    )
    assert (linux.request.os_type, linux.request.platform) == ("linux", None)


EXTRA = "Windows Server 2019"


def test_a_windows_that_the_operator_adds_to_the_list_is_planned() -> None:
    evidence = evidence_of("windows-server-2019.raw", RAW)
    made = plan(evidence, "apsara-pop", EXTRA_PLATFORMS=EXTRA)
    assert made.request.platform == EXTRA


def test_a_windows_that_the_target_does_not_list_says_where_to_add_it() -> None:
    seen = r"is Windows Server 2019 \(object key\), which is not in the list"
    with pytest.raises(PlanError, match=rf"{seen} .* EXTRA_PLATFORMS"):
        plan(evidence_of("windows-server-2019.raw", RAW), "apsara-pop")


@pytest.mark.parametrize("target", ENVIRON)
def test_a_windows_that_does_not_say_which_is_refused(target: str) -> None:
    with pytest.raises(PlanError, match=r"put one of .*Windows Server 2012"):
        plan(evidence_of("windows.vhd", QCOW2), target)


@pytest.mark.parametrize(
    ("key", "target"),
    [
        ("fedora-ppc64le.qcow2", "public"),
        ("debian-13-generic-arm64.qcow2", "apsara-pop"),
    ],
)
def test_a_processor_that_the_target_lacks_is_refused(key: str, target: str) -> None:
    with pytest.raises(PlanError, match="imports i386, x86_64"):
        plan(evidence_of(key, QCOW2), target)


def test_another_region_than_the_buckets_is_refused() -> None:
    same = evidence_of("x.qcow2", QCOW2, sidecar=Declaration(region_id="cn-hangzhou"))
    assert plan(same).request.region_id == "cn-hangzhou"
    other = evidence_of("x.qcow2", QCOW2, sidecar=Declaration(region_id="cn-beijing"))
    with pytest.raises(ConflictError, match="is in cn-hangzhou"):
        plan(other)


def test_arm64_boots_with_uefi() -> None:
    made = plan(evidence_of("debian-13-arm64.qcow2", QCOW2))
    assert made.sources["BootMode"].as_dict() == {
        "value": "UEFI",
        "source": "object key (Architecture)",
    }


@pytest.mark.parametrize(
    ("hint", "target", "mode"),
    [
        ("UEFI", "public", "UEFI"),
        ("either", "public", None),
        ("BIOS", "public", None),
        ("UEFI", "apsara-pop", None),
    ],
)
def test_uefi_is_said_where_the_disk_can_start_in_no_other_way(
    hint: Any, target: str, mode: str | None
) -> None:
    header = replace(RAW, boot_hint=hint)
    assert plan(evidence_of("x.raw", header), target).request.boot_mode == mode


def test_the_operator_gives_windows_its_licence_and_the_role() -> None:
    made = plan(
        evidence_of("win2019.vhd", QCOW2),
        WINDOWS_LICENSE_TYPE="BYOL",
        ROLE_NAME="OurRole",
    )
    assert (made.request.license_type, made.request.role_name) == ("BYOL", "OurRole")
    linux = plan(evidence_of("noble.qcow2", QCOW2), WINDOWS_LICENSE_TYPE="BYOL")
    assert linux.request.license_type is None


def test_a_windows_without_a_licence_is_noted_where_ecs_asks_for_one() -> None:
    made = plan(evidence_of("win2019.vhd", QCOW2))
    (note,) = [note for note in made.notes if "LicenseType" in note]
    assert note.startswith("no LicenseType is chosen for this Windows")
    assert "Aliyun or BYOL: set WINDOWS_LICENSE_TYPE" in note
    for key, target in (("win2012.vhd", "apsara-pop"), ("noble.qcow2", "public")):
        made = plan(evidence_of(key, QCOW2), target)
        assert not any("LicenseType" in note for note in made.notes)


FOUND = Contents(told={"nvme_support": "supported"})
UNSUPPORTED = Declaration(features={"NvmeSupport": "unsupported"})


@pytest.mark.parametrize(
    ("said", "setting", "features", "source"),
    [
        ({"contents": FOUND}, "auto", {"NvmeSupport": "supported"}, "image contents"),
        ({"contents": FOUND}, "never", {}, None),
        (
            {"contents": FOUND},
            "unsupported",
            {"NvmeSupport": "unsupported"},
            "settings",
        ),
        ({}, "auto", {}, None),
        ({}, "supported", {"NvmeSupport": "supported"}, "settings"),
        (
            {"contents": FOUND, "metadata": UNSUPPORTED},
            "supported",
            {"NvmeSupport": "unsupported"},
            "object metadata",
        ),
        (
            {"contents": FOUND, "sidecar": UNSUPPORTED},
            "supported",
            {"NvmeSupport": "unsupported"},
            "sidecar",
        ),
        (
            {"contents": FOUND, "sidecar": Declaration(features={"ImdsSupport": "v2"})},
            "auto",
            {"ImdsSupport": "v2", "NvmeSupport": "supported"},
            "sidecar and image contents",
        ),
    ],
)
def test_an_image_is_said_to_start_from_nvme_where_its_driver_was_found(
    said: dict[str, Any], setting: str, features: dict[str, str], source: str | None
) -> None:
    evidence = replace(evidence_of("web.qcow2", QCOW2), **said)
    made = plan(evidence, NVME_SUPPORT=setting)
    assert made.request.features == features
    assert (made.sources["Features"].source if features else None) == source
    assert plan(replace(evidence, sidecar=None, metadata=None), "apsara-pop",
                NVME_SUPPORT=setting).request.features == {}  # fmt: skip


def test_the_operators_tags_stand_before_an_uploaders_in_either_case() -> None:
    theirs = Declaration(tags={"Team": "db", "disk": "1"})
    made = plan(evidence_of("web.qcow2", QCOW2, sidecar=theirs), IMAGE_TAGS="team=web")
    assert made.request.tags == {"team": "web", "disk": "1"}
    assert made.sources["Tag"].overrode == {"sidecar": {"Team": "db"}}


def test_provenance_takes_the_room_that_people_leave_and_no_more() -> None:
    theirs = Declaration(tags={f"k{n}": "v" for n in range(16)})
    evidence = evidence_of("web.qcow2", QCOW2, sidecar=theirs)
    made = plan(evidence, IMAGE_TAGS="a=1,b=2", PROVENANCE_TAGS="true")
    tags = made.request.tags
    assert (len(tags), tags["image-import:bucket"]) == (20, "images")
    assert tags["image-import:revision"] == evidence.revision.revision_hash


def test_an_uploader_does_not_choose_where_an_image_comes_from() -> None:
    theirs = Declaration(tags={"image-import:key": "other.qcow2"})
    evidence = evidence_of("web.qcow2", QCOW2, sidecar=theirs)
    made = plan(evidence, PROVENANCE_TAGS="true")
    assert made.request.tags["image-import:key"] == "web.qcow2"


def test_no_tag_is_sent_where_import_image_takes_none() -> None:
    made = plan(evidence_of("web.qcow2", QCOW2), "apsara-pop", IMAGE_TAGS="team=web")
    assert made.request.tags == {}


def test_a_name_from_the_key_carries_the_versions_mark() -> None:
    evidence = evidence_of("incoming/web.qcow2", QCOW2)
    assert evidence.revision.mark in plan(evidence).image_name


@pytest.mark.parametrize(
    ("told", "description"),
    [
        (None, "[image-import <random-at-call>]"),
        ("our server", "our server [image-import <random-at-call>]"),
    ],
)
def test_a_description_ends_in_what_shows_the_image_to_be_ours(
    told: str | None, description: str
) -> None:
    evidence = evidence_of("web.qcow2", QCOW2, sidecar=Declaration(description=told))
    assert plan(evidence).request.description == description


def test_a_name_with_the_mark_of_another_upload_is_refused() -> None:
    other = evidence_of("noble.qcow2", RAW).revision.mark
    told = Declaration(image_name=f"noble-{other}")
    with pytest.raises(PlanError, match=f"holds {other} where the names"):
        plan(evidence_of("evil.qcow2", QCOW2, sidecar=told))


@pytest.mark.parametrize("template", ["{stem}-{hash}", "{hash}-{stem}", "{hash}-{key}"])
@pytest.mark.parametrize("key", ["web-3f9a1c27b4de.qcow2", "3f9a1c27b4de/web-1.qcow2"])
def test_a_key_may_hold_the_git_revision_of_its_build(key: str, template: str) -> None:
    evidence = evidence_of(key, QCOW2)
    name = plan(evidence, IMAGE_NAME_TEMPLATE=template).image_name
    assert evidence.revision.mark in name


def test_a_description_that_leaves_no_room_for_the_mark_is_refused() -> None:
    told = Declaration(description="x" * 250)
    with pytest.raises(PlanError, match="shorten it by 32 characters"):
        plan(evidence_of("web.qcow2", QCOW2, sidecar=told))


def test_disks_are_mapped_in_the_manifests_order() -> None:
    told = parameters(evidence_of("web.qcow2", QCOW2, RAW, QCOW2))
    keys = [told[f"DiskDeviceMapping.{n}.OSSObject"] for n in (1, 2, 3)]
    assert keys == ["web.qcow2", "data2.qcow2", "data3.qcow2"]
    assert told["DiskDeviceMapping.2.Format"] == "RAW"


BLANK = Header(
    detected="all-zeros",
    format=DiskFormat.RAW,
    virtual_size_bytes=8 * GIB,
    problem="its first bytes are all zero",
    is_blank=True,
)


def test_a_disk_that_nobody_wrote_to_may_be_a_data_disk_and_no_system_disk() -> None:
    made = plan(evidence_of("web-disk1.qcow2", QCOW2, BLANK))
    assert made.request.mappings[1].format is DiskFormat.RAW
    with pytest.raises(HeaderError, match="are all zero"):
        plan(evidence_of("web.raw", BLANK))


def test_a_raw_disk_that_is_called_vmdk_is_noted() -> None:
    made = plan(evidence_of("web-flat.vmdk", RAW))
    (note,) = made.notes
    assert note.startswith("web-flat.vmdk is named as vmdk but its bytes say raw-mbr")
