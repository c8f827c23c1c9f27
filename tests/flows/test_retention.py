"""Older images make room for newer ones: ours alone, and only what nobody needs."""

import json
from collections.abc import Mapping, Sequence

import pytest
from fake_aliyun import Fault
from fake_aliyun.ecs.images import Image, LaunchTemplate
from fake_aliyun.ess.service import ScalingConfiguration
from image_import.config.settings import read_settings
from image_import.errors import SettingsError
from image_import.ledger.entries import State
from uploads import BUCKET, LEDGER, QCOW2, Uploads

HOME, NORTH = "cn-hangzhou", "cn-beijing"
DAY = 24 * 3600
KEEP_TWO = {"KEEP_LAST": "2", "DELETE_DEPRECATED_AFTER": "30"}
NAMES = ("web/1.qcow2", "web/2.qcow2", "web/3.qcow2", "web/4.qcow2")


def other_bytes(number: int) -> bytes:
    """Return an image that is unlike the others, at its very end."""
    return QCOW2 + bytes([number]) * 512


def settle(uploads: Uploads, *, most: int = 12) -> None:
    for _ in range(most):
        uploads.cloud.ecs.finish_imports()
        uploads.track()
        uploads.clock.advance(60)
        if not uploads.notes:
            return
    raise AssertionError(f"still open: {uploads.notes}")


def import_all(uploads: Uploads, names: Sequence[str] = NAMES) -> None:
    for number, name in enumerate(names):
        uploads.upload(name, other_bytes(number))
        settle(uploads)


def kept(environ: Mapping[str, str] | None = None) -> Uploads:
    uploads = Uploads(environ={**KEEP_TWO, **(environ or {})})
    import_all(uploads)
    return uploads


def image_of(uploads: Uploads, name: str, region_id: str = HOME) -> Image:
    return next(
        image
        for image in uploads.cloud.ecs.everywhere
        if (image.disks[0].object_key, image.region_id) == (name, region_id)
    )


def statuses(uploads: Uploads, region_id: str = HOME) -> list[str]:
    found = uploads.cloud.ecs.everywhere
    return [image.status for image in found if image.region_id == region_id]


def last_state(uploads: Uploads, name: str) -> State:
    return uploads.last_state(name.rpartition("/")[2])


def test_what_newer_images_replace_is_deprecated() -> None:
    uploads = kept()
    assert statuses(uploads) == ["Deprecated"] * 2 + ["Available"] * 2
    assert last_state(uploads, NAMES[0]) is State.DEPRECATED
    assert last_state(uploads, NAMES[2]) is State.DISTRIBUTED


def test_copies_are_deprecated_and_deleted_like_their_image() -> None:
    uploads = kept({"COPY_TO_REGIONS": NORTH})
    assert statuses(uploads, NORTH) == ["Deprecated"] * 2 + ["Available"] * 2
    uploads.clock.advance(30 * DAY)
    uploads.track()
    assert statuses(uploads, NORTH) == ["Available"] * 2
    assert last_state(uploads, NAMES[0]) is State.DELETED


def test_what_is_deprecated_is_deleted_when_its_time_has_come_and_not_before() -> None:
    uploads = kept()
    uploads.clock.advance(29 * DAY)
    uploads.track()
    assert len(statuses(uploads)) == 4
    uploads.clock.advance(DAY)
    uploads.track()
    assert statuses(uploads) == ["Available"] * 2
    assert uploads.cloud.oss.keys(BUCKET, f"{LEDGER}kept/deprecated/") == []


def test_without_a_time_to_delete_after_nothing_is_deleted() -> None:
    uploads = kept({"DELETE_DEPRECATED_AFTER": ""})
    uploads.clock.advance(3650 * DAY)
    uploads.track()
    assert len(statuses(uploads)) == 4


def test_each_folder_keeps_its_own() -> None:
    uploads = Uploads(environ=KEEP_TWO)
    import_all(uploads, ("web/1.qcow2", "db/1.qcow2", "web/2.qcow2", "db/2.qcow2"))
    assert statuses(uploads) == ["Available"] * 4


def test_a_family_counts_across_folders() -> None:
    uploads = Uploads(environ={**KEEP_TWO, "IMAGE_FAMILY": "all"})
    import_all(uploads, ("web/1.qcow2", "db/1.qcow2", "web/2.qcow2"))
    assert statuses(uploads) == ["Deprecated", "Available", "Available"]


def share(image: Image) -> None:
    image.shared_with = ["1000000000000001"]


def tell_another_story(image: Image) -> None:
    image.description = "made by hand"


def take_another_source(image: Image) -> None:
    image.description = image.description.replace("[image-import ", "[image-import 0")


@pytest.mark.parametrize("need", [share, tell_another_story, take_another_source])
def test_an_image_that_is_shared_or_not_provably_ours_is_kept(need: object) -> None:
    uploads = Uploads(environ=KEEP_TWO)
    import_all(uploads, NAMES[:2])
    assert callable(need)
    need(image_of(uploads, NAMES[0]))
    import_all(uploads, NAMES[2:])
    assert image_of(uploads, NAMES[0]).status == "Available"
    assert image_of(uploads, NAMES[1]).status == "Deprecated"


def test_an_image_with_instances_is_deprecated_and_never_deleted() -> None:
    uploads = kept()
    image = image_of(uploads, NAMES[0])
    image.instance_ids.add("i-1")
    uploads.clock.advance(60 * DAY)
    uploads.track()
    assert statuses(uploads) == ["Deprecated", "Available", "Available"]
    image.instance_ids.clear()
    uploads.track()
    assert statuses(uploads) == ["Available"] * 2


def test_an_image_that_a_scaling_configuration_names_is_never_deleted() -> None:
    uploads = kept()
    others = [ScalingConfiguration(region_id=HOME, image_id="m-1") for _ in range(60)]
    configurations = uploads.cloud.scaling_configurations
    named = image_of(uploads, NAMES[0]).image_id
    configurations += [*others, ScalingConfiguration(region_id=HOME, image_id=named)]
    uploads.clock.advance(60 * DAY)
    uploads.track()
    assert statuses(uploads) == ["Deprecated", "Available", "Available"]
    configurations[-1] = ScalingConfiguration(region_id=NORTH, image_id=named)
    uploads.track()
    assert statuses(uploads) == ["Available"] * 2


def test_an_image_that_a_scaling_configuration_calls_by_name_is_never_deleted() -> None:
    uploads = kept()
    name = image_of(uploads, NAMES[0]).image_name
    uploads.cloud.scaling_configurations.append(
        ScalingConfiguration(region_id=HOME, image_name=name)
    )
    uploads.clock.advance(60 * DAY)
    uploads.track()
    assert statuses(uploads) == ["Deprecated", "Available", "Available"]


def test_an_image_that_any_version_of_a_launch_template_names_is_never_deleted() -> (
    None
):
    uploads = kept()
    templates = uploads.cloud.ecs.launch_templates
    named = image_of(uploads, NAMES[0]).image_id
    templates += [
        LaunchTemplate(region_id=HOME, image_ids=["m-1", ""]) for _ in range(60)
    ]
    versions = [named, *["m-2"] * 55]
    templates.append(LaunchTemplate(region_id=HOME, image_ids=versions))
    uploads.clock.advance(60 * DAY)
    uploads.track()
    assert statuses(uploads) == ["Deprecated", "Available", "Available"]
    templates[-1] = LaunchTemplate(region_id=NORTH, image_ids=versions)
    uploads.track()
    assert statuses(uploads) == ["Available"] * 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault(service="ess", code="Forbidden.RAM", times=5),
        Fault(action="DescribeLaunchTemplates", code="Forbidden.RAM", times=5),
        Fault(action="DescribeLaunchTemplateVersions", code="Forbidden.RAM", times=5),
    ],
    ids=lambda fault: fault.action or fault.service,
)
def test_nothing_is_deleted_while_those_who_may_need_it_are_unknown(
    fault: Fault,
) -> None:
    uploads = kept()
    uploads.cloud.ecs.launch_templates.append(
        LaunchTemplate(region_id=HOME, image_ids=["m-1"])
    )
    uploads.cloud.faults.add(fault)
    uploads.clock.advance(60 * DAY)
    uploads.track()
    assert statuses(uploads) == ["Deprecated"] * 2 + ["Available"] * 2


def test_an_image_that_a_person_made_available_again_stays() -> None:
    uploads = kept()
    image_of(uploads, NAMES[0]).status = "Available"
    uploads.clock.advance(60 * DAY)
    uploads.track()
    assert statuses(uploads) == ["Available"] * 3


def test_an_image_that_is_not_everywhere_replaces_none() -> None:
    uploads = Uploads(environ={**KEEP_TWO, "COPY_TO_REGIONS": NORTH})
    import_all(uploads, NAMES[:2])
    uploads.environ = {**uploads.environ, "COPY_TO_REGIONS": "xx-nowhere-1"}
    import_all(uploads, NAMES[2:])
    assert statuses(uploads) == ["Available"] * 4


def test_an_older_import_that_comes_late_replaces_none() -> None:
    uploads = Uploads(environ={**KEEP_TWO, "KEEP_LAST": "1"})
    uploads.upload(NAMES[0], other_bytes(0))
    uploads.clock.advance(60)
    uploads.upload(NAMES[1], other_bytes(1))
    late = image_of(uploads, NAMES[0])
    uploads.cloud.ecs.finish_imports()
    late.status = "Creating"
    uploads.track()
    uploads.track()
    settle(uploads)
    assert statuses(uploads) == ["Deprecated", "Available"]


def test_what_was_deleted_can_be_imported_again() -> None:
    uploads = kept()
    uploads.clock.advance(60 * DAY)
    uploads.track()
    result = uploads.upload(NAMES[0], other_bytes(0))
    assert "redrive" in result.reason


@pytest.mark.parametrize("action", ["ModifyImageAttribute", "DescribeImages"])
def test_what_ecs_does_not_answer_is_done_in_a_later_run(action: str) -> None:
    uploads = Uploads(environ=KEEP_TWO)
    import_all(uploads, NAMES[:3])
    uploads.upload(NAMES[3], other_bytes(3))
    uploads.cloud.ecs.finish_imports()
    uploads.track()
    uploads.cloud.faults.add(
        Fault(service="ecs", action=action, code="ServiceUnavailable", times=5)
    )
    settle(uploads)
    assert image_of(uploads, NAMES[1]).status == "Deprecated"


DEATHS = [("AppendObject", 3), ("PutObject", 2), ("DeleteObject", 2)]


@pytest.mark.parametrize(
    ("action", "number"), [(a, n) for a, count in DEATHS for n in range(count)]
)
def test_a_run_that_dies_is_finished_by_the_next(action: str, number: int) -> None:
    uploads = Uploads(environ={**KEEP_TWO, "KEEP_LAST": "1"})
    import_all(uploads, NAMES[:1])
    uploads.upload(NAMES[1], other_bytes(1))
    uploads.cloud.ecs.finish_imports()
    uploads.track()
    uploads.cloud.faults.add(
        Fault(service="oss", action=action, code="InternalError", skip=number, times=9)
    )
    settle(uploads, most=20)
    assert statuses(uploads) == ["Deprecated", "Available"]
    assert len(uploads.cloud.oss.keys(BUCKET, f"{LEDGER}kept/groups/")) == 1
    assert len(uploads.cloud.oss.keys(BUCKET, f"{LEDGER}kept/deprecated/")) == 1


def test_finished_images_cost_a_run_one_listing() -> None:
    uploads = kept()
    before = len(uploads.cloud.requests)
    uploads.track()
    actions = [request.action for request in uploads.cloud.requests[before:]]
    assert actions == ["ListObjectsV2", "ListObjectsV2", "PutObject"]


def test_a_time_to_delete_after_needs_something_that_deprecates() -> None:
    with pytest.raises(SettingsError, match="without KEEP_LAST"):
        read_settings({"DELETE_DEPRECATED_AFTER": "30"})


def test_a_note_that_is_none_of_ours_is_told_and_holds_nothing() -> None:
    uploads = Uploads(environ=KEEP_TWO)
    import_all(uploads, NAMES[:3])
    (folder, *_) = uploads.cloud.oss.keys(BUCKET, f"{LEDGER}kept/groups/")
    stray = f"{folder.rpartition('/')[0]}/0.json"
    uploads.cloud.oss.put(BUCKET, stray, json.dumps(["web"]).encode())
    import_all(uploads, NAMES[3:])
    assert statuses(uploads) == ["Deprecated"] * 2 + ["Available"] * 2
