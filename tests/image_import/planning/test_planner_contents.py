"""What the contents of an image do to a plan."""

from dataclasses import replace

import pytest
from disk_images.formats.detect import Header
from image_import.config.settings import read_settings
from image_import.errors import ConflictError, PlanError
from image_import.filename.reader import read_key
from image_import.model.declaration import Declaration
from image_import.model.disk import GIB, DiskFormat
from image_import.model.revision import DiskRevision, ImageRevision
from image_import.planning.evidence import Contents, DiskEvidence, Evidence
from image_import.planning.planner import Plan, make_plan

HEADER = Header(
    detected="qcow2-v3", format=DiskFormat.QCOW2, virtual_size_bytes=10 * GIB
)
DEBIAN = {"platform": "Debian", "os_type": "linux", "architecture": "arm64"}
STACK = {
    "IMPORT_TARGET": "apsara-pop",
    "ECS_ENDPOINT": "https://ecs.example",
    "OSS_ENDPOINT": "https://oss.example",
}


def evidence_of(key: str, told: dict[str, str] | None = None, **said: str) -> Evidence:
    disk = DiskEvidence(
        revision=DiskRevision(object_key=key, etag="E"),
        object_size_bytes=GIB,
        header=HEADER,
    )
    return Evidence(
        revision=ImageRevision(bucket="images", disks=(disk.revision,)),
        region_id="cn-hangzhou",
        disks=(disk,),
        clues=read_key(key),
        sidecar=Declaration(**said) if said else None,  # type: ignore[arg-type]
        contents=Contents(told=told) if told is not None else None,
    )


def plan(evidence: Evidence, **environ: str) -> Plan:
    settings = read_settings(environ)
    return make_plan(evidence, settings, settings.target)


def test_contents_fill_in_what_a_name_leaves_open() -> None:
    made = plan(evidence_of("disk.qcow2", DEBIAN))
    sources = {name: c.source for name, c in made.sources.items() if c.value}
    assert (made.request.platform, made.request.architecture) == ("Debian", "arm64")
    assert sources["Platform"] == sources["OSType"] == "image contents"
    assert made.sources["BootMode"].source == "image contents (Architecture)"


def test_a_name_never_beats_the_contents() -> None:
    made = plan(evidence_of("ubuntu-22.04-amd64.qcow2", DEBIAN))
    assert made.request.platform == "Debian"
    assert made.sources["Platform"].overrode == {"object key": "Ubuntu"}
    assert made.sources["Architecture"].overrode == {"object key": "x86_64"}
    assert made.notes == ()


def test_a_windows_inside_beats_a_linux_name() -> None:
    told = {"platform": "Windows Server 2022", "os_type": "windows"}
    made = plan(evidence_of("ubuntu.qcow2", told))
    assert (made.request.platform, made.request.os_type) == (
        "Windows Server 2022",
        "windows",
    )


def test_a_linux_of_no_known_platform_beats_a_windows_name() -> None:
    made = plan(evidence_of("win2019.qcow2", {"os_type": "linux"}))
    assert (made.request.platform, made.request.os_type) == (None, "linux")


def test_a_sidecar_beats_the_contents_and_a_note_says_so() -> None:
    made = plan(evidence_of("disk.qcow2", DEBIAN, platform="Ubuntu"))
    assert made.request.platform == "Ubuntu"
    assert made.notes == (
        "sidecar says Ubuntu, but the image's contents say Debian",
    )  # fmt: skip


def test_a_contradiction_is_refused_where_the_operator_wants_that() -> None:
    evidence = evidence_of("disk.qcow2", DEBIAN, architecture="x86_64")
    with pytest.raises(ConflictError, match=r"says x86_64, but .* arm64; correct the"):
        plan(evidence, INSPECT_CONFLICT="refuse")


@pytest.mark.parametrize("said", ["Others Linux", "Customized Linux"])
def test_a_general_platform_contradicts_no_linux(said: str) -> None:
    made = plan(
        evidence_of("disk.qcow2", DEBIAN, platform=said), INSPECT_CONFLICT="refuse"
    )
    assert (made.request.platform, made.notes) == (said, ())


def test_a_general_platform_contradicts_a_windows() -> None:
    told = {"platform": "Windows Server 2022", "os_type": "windows"}
    evidence = evidence_of("disk.qcow2", told, platform="Others Linux")
    with pytest.raises(ConflictError):
        plan(evidence, INSPECT_CONFLICT="refuse")


def test_the_boot_mode_of_the_contents_is_sent() -> None:
    made = plan(evidence_of("disk.qcow2", {"boot_mode": "UEFI"}))
    assert made.request.boot_mode == "UEFI"
    assert made.sources["BootMode"].source == "image contents"
    made = plan(evidence_of("disk.qcow2", {"boot_mode": "UEFI"}), **STACK)
    assert made.request.boot_mode is None


def test_a_processor_that_the_target_lacks_is_refused_with_its_source() -> None:
    with pytest.raises(PlanError, match=r"is for arm64 \(image contents\)"):
        plan(evidence_of("disk.qcow2", DEBIAN), **STACK)


def test_what_could_not_be_told_is_a_note_and_no_failure() -> None:
    evidence = evidence_of("disk.qcow2")
    unknown = Contents(notes=("image contents: could not tell: no layer",))
    made = plan(replace(evidence, contents=unknown))
    assert made.notes == ("image contents: could not tell: no layer",)
    assert made.request.platform is None
