"""From Available to in use: copies, shares and families, each once."""

from collections import Counter

import pytest
from fake_aliyun import Fault
from fake_aliyun.ecs.images import Image
from image_import.config.settings import read_settings
from image_import.errors import SettingsError
from image_import.ledger.entries import State
from stacks import POP
from uploads import Uploads

HOME, NORTH, ABROAD = "cn-hangzhou", "cn-beijing", "ap-southeast-1"
TEAM = ("1000000000000001", "1000000000000002")
EVERYTHING = {
    "COPY_TO_REGIONS": f"{NORTH},{ABROAD}",
    "SHARE_WITH": ",".join(TEAM),
    "IMAGE_FAMILY": "{stem}-family",
}


def available(**environ: str) -> Uploads:
    uploads = Uploads(environ={**EVERYTHING, **environ})
    uploads.upload("web.qcow2")
    uploads.cloud.ecs.finish_imports()
    uploads.track()
    return uploads


def run_to_the_end(uploads: Uploads, *, most: int = 12) -> None:
    for _ in range(most):
        uploads.track()
        uploads.clock.advance(60)
        uploads.cloud.ecs.finish_imports()
        if not uploads.notes:
            return
    raise AssertionError(f"still open: {uploads.ledger('web.qcow2')[-1]}")


def images(uploads: Uploads) -> dict[str, Image]:
    return {image.region_id: image for image in uploads.cloud.ecs.everywhere}


def states(uploads: Uploads) -> Counter[State]:
    return Counter(line.state for line in uploads.ledger("web.qcow2"))


def calls(uploads: Uploads, action: str) -> int:
    return sum(request.action == action for request in uploads.cloud.requests)


def test_an_image_is_copied_shared_and_put_into_its_family() -> None:
    uploads = available()
    run_to_the_end(uploads)
    everywhere = images(uploads)
    assert set(everywhere) == {HOME, NORTH, ABROAD}
    assert {tuple(i.shared_with) for i in everywhere.values()} == {TEAM}
    assert {i.family for i in everywhere.values()} == {"web-family"}
    assert uploads.ledger("web.qcow2")[-1].state is State.DISTRIBUTED


def test_the_family_at_home_moves_last() -> None:
    uploads = available()
    run_to_the_end(uploads)
    steps = [e.step for e in uploads.ledger("web.qcow2") if e.step_state == "done"]
    assert steps[-1] == f"family {HOME}"
    assert len(steps) == len(set(steps)) == 8


def test_a_copy_has_the_name_the_tags_and_the_description_of_its_image() -> None:
    uploads = available(IMAGE_TAGS="team=web", PROVENANCE_TAGS="true")
    run_to_the_end(uploads)
    everywhere = images(uploads).values()
    (tags,) = {tuple(sorted(i.tags.items())) for i in everywhere}
    assert {"team", "image-import:key", "image-import:revision"} <= dict(tags).keys()
    assert len({(i.image_name, i.description) for i in everywhere}) == 1


def test_a_copy_is_encrypted_where_its_region_has_a_key() -> None:
    uploads = available(COPY_KMS_KEYS=f"{NORTH}=key-1")
    run_to_the_end(uploads)
    found = {region: image.encryption for region, image in images(uploads).items()}
    assert found == {HOME: "", NORTH: "customer", ABROAD: ""}
    assert images(uploads)[NORTH].parameters["KMSKeyId"] == "key-1"


def test_a_copy_has_its_features_set_again() -> None:
    uploads = available(NVME_SUPPORT="supported")
    run_to_the_end(uploads)
    found = {i.features["NvmeSupport"] for i in images(uploads).values()}
    assert found == {"supported"}


def test_a_copy_under_way_stays_one_though_the_settings_change() -> None:
    uploads = available()
    uploads.cloud.faults.add(
        Fault(service="ecs", action="CopyImage", reset=True, after_effect=True, times=9)
    )
    uploads.track()
    uploads.environ = {**uploads.environ, "COPY_KMS_KEYS": f"{NORTH}=key-1"}
    uploads.cloud.faults.clear()
    run_to_the_end(uploads)
    assert len(uploads.cloud.ecs.everywhere) == 3


def test_apsara_stack_has_its_tags_set_once_the_image_is_there() -> None:
    uploads = Uploads(environ={**POP, "IMAGE_TAGS": "team=web"})
    uploads.upload("web.qcow2")
    uploads.cloud.ecs.finish_imports()
    uploads.track()
    run_to_the_end(uploads)
    (image,) = uploads.cloud.ecs.everywhere
    assert image.tags == {"team": "web"}
    assert uploads.ledger("web.qcow2")[-1].state is State.DISTRIBUTED


def test_a_region_that_fails_does_not_hold_the_others() -> None:
    uploads = available(COPY_TO_REGIONS=f"{NORTH},xx-nowhere-1")
    run_to_the_end(uploads)
    assert images(uploads)[NORTH].family == "web-family"
    last = uploads.ledger("web.qcow2")[-1]
    assert last.state is State.DISTRIBUTION_FAILED
    assert "xx-nowhere-1" in last.reason
    assert "DestinationRegion.NotFound" in last.reason


def test_the_source_is_touched_only_once_all_is_distributed() -> None:
    uploads = available(ON_AVAILABLE="delete")
    uploads.track()
    assert "web.qcow2" in uploads.cloud.oss.keys("images")
    run_to_the_end(uploads)
    assert "web.qcow2" not in uploads.cloud.oss.keys("images")


def test_the_source_stays_where_the_distribution_failed() -> None:
    uploads = available(ON_AVAILABLE="delete", COPY_TO_REGIONS="xx-nowhere-1")
    run_to_the_end(uploads)
    assert "web.qcow2" in uploads.cloud.oss.keys("images")


def test_a_copy_is_begun_once_though_its_answer_is_lost() -> None:
    uploads = available()
    uploads.cloud.faults.add(
        Fault(service="ecs", action="CopyImage", reset=True, after_effect=True)
    )
    run_to_the_end(uploads)
    assert set(images(uploads)) == {HOME, NORTH, ABROAD}
    assert len(uploads.cloud.ecs.everywhere) == 3


@pytest.mark.parametrize(
    "action", ["CopyImage", "ModifyImageAttribute", "ModifyImageSharePermission"]
)
def test_what_ecs_does_not_answer_is_done_in_a_later_run(action: str) -> None:
    uploads = available()
    uploads.cloud.faults.add(
        Fault(service="ecs", action=action, code="ServiceUnavailable", times=5)
    )
    run_to_the_end(uploads)
    assert uploads.ledger("web.qcow2")[-1].state is State.DISTRIBUTED
    assert len(uploads.cloud.ecs.everywhere) == 3


def test_a_finished_image_costs_a_run_nothing() -> None:
    uploads = available()
    run_to_the_end(uploads)
    before = calls(uploads, "DescribeImages")
    assert uploads.track()["open"] == 0
    assert calls(uploads, "DescribeImages") == before


def test_a_hundred_distributions_take_one_look_a_region() -> None:
    uploads = Uploads(environ=EVERYTHING)
    for number in range(100):
        uploads.upload(f"web{number}.qcow2")
    uploads.cloud.ecs.finish_imports()
    uploads.track()
    uploads.track()
    before = calls(uploads, "DescribeImages")
    uploads.track()
    assert calls(uploads, "DescribeImages") - before == 2


def test_apsara_stack_is_refused_at_start_by_name() -> None:
    environ = {
        "IMPORT_TARGET": "apsara-pop",
        "ECS_ENDPOINT": "https://ecs.example.com",
        "OSS_ENDPOINT": "https://oss.example.com",
        "COPY_TO_REGIONS": NORTH,
    }
    with pytest.raises(SettingsError, match="COPY_TO_REGIONS"):
        read_settings(environ)


@pytest.mark.parametrize("number", range(18))
def test_a_tracker_that_dies_at_a_line_repeats_nothing(number: int) -> None:
    uploads = available()
    uploads.cloud.faults.add(
        Fault(
            service="oss",
            action="AppendObject",
            code="InternalError",
            skip=number,
            times=9,
        )
    )
    run_to_the_end(uploads, most=20)
    assert uploads.ledger("web.qcow2")[-1].state is State.DISTRIBUTED
    assert len(uploads.cloud.ecs.everywhere) == 3
    assert {i.family for i in uploads.cloud.ecs.everywhere} == {"web-family"}


SIDECAR = b"""ImageFamily: from-sidecar
CopyToRegions: cn-beijing
ShareWith: "1000000000000001"
"""
MAY = {"SIDECAR_MAY_SET": "ImageFamily,CopyToRegions,ShareWith", "SIDECAR": "required"}


def asked_by_sidecar(**environ: str) -> Uploads:
    uploads = Uploads(environ=environ)
    uploads.put("web.qcow2.yaml", SIDECAR)
    uploads.upload("web.qcow2")
    return uploads


def test_a_sidecar_gets_what_the_operator_lets_it_ask_for() -> None:
    uploads = asked_by_sidecar(**MAY)
    uploads.cloud.ecs.finish_imports()
    uploads.track()
    run_to_the_end(uploads)
    everywhere = uploads.cloud.ecs.everywhere
    assert {i.region_id for i in everywhere} == {HOME, NORTH}
    assert {(i.family, *i.shared_with) for i in everywhere} == {
        ("from-sidecar", "1000000000000001")
    }


def test_a_sidecar_that_asks_without_leave_is_refused_with_what_to_do() -> None:
    uploads = asked_by_sidecar()
    last = uploads.ledger("web.qcow2")[-1]
    assert last.state is State.REFUSED
    assert "to SIDECAR_MAY_SET" in last.reason


def test_leave_that_was_taken_back_counts_for_what_was_asked_before() -> None:
    uploads = asked_by_sidecar(**MAY)
    uploads.environ = {"SIDECAR": "required", "SHARE_WITH": TEAM[1]}
    uploads.cloud.ecs.finish_imports()
    uploads.track()
    run_to_the_end(uploads)
    (image,) = uploads.cloud.ecs.everywhere
    assert (image.family, image.shared_with) == ("", [TEAM[1]])
