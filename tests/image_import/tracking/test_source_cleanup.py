"""What becomes of uploaded objects once their image is available."""

import pytest
from image_import.model.result import Outcome
from uploads import BUCKET, PAST_ANY_LEASE, QCOW2, Uploads, manifest, outcomes, paced

SOURCES = ("db-disk1.qcow2", "db-disk2.qcow2")


def set_of_two(environ: dict[str, str]) -> Uploads:
    uploads = paced({"SIDECAR": "required", **environ})
    uploads.put("db-disk2.qcow2", QCOW2 + b"\0" * 512, tags={"team": "db"})
    uploads.put("db-disk1.qcow2")
    assert (
        uploads.upload("db-disk1.qcow2.json", manifest(*SOURCES)).outcome
        is Outcome.SUBMITTED
    )
    return uploads


def sources(uploads: Uploads) -> list[str]:
    return uploads.cloud.oss.keys(BUCKET, "db-disk")


def test_sources_are_kept_unless_the_operator_says_otherwise() -> None:
    uploads = set_of_two({})
    uploads.clock.advance(PAST_ANY_LEASE)
    (change,) = uploads.track()["changes"]
    assert change["reason"] == "the image is Available"
    assert len(sources(uploads)) == 3
    assert uploads.cloud.oss.get(BUCKET, "db-disk1.qcow2").tags == {}


def test_all_disks_are_deleted_only_after_their_image_is_available() -> None:
    uploads = set_of_two({"ON_AVAILABLE": "delete"})
    for _ in range(3):
        uploads.track()
        assert len(sources(uploads)) == 3
        uploads.clock.advance(200)
    uploads.clock.advance(PAST_ANY_LEASE)
    (change,) = uploads.track()["changes"]
    assert change["reason"] == (
        "the image is Available; db-disk1.qcow2 was deleted; db-disk2.qcow2 was deleted"
    )
    assert sources(uploads) == ["db-disk1.qcow2.json"]


def test_a_tag_is_added_to_those_that_are_there() -> None:
    uploads = set_of_two({"ON_AVAILABLE": "tag"})
    uploads.clock.advance(PAST_ANY_LEASE)
    (change,) = uploads.track()["changes"]
    tags = uploads.cloud.oss.get(BUCKET, "db-disk2.qcow2").tags
    assert tags == {"team": "db", "image-import": change["image_id"]}


def test_an_object_with_ten_tags_gets_none() -> None:
    uploads = paced({"ON_AVAILABLE": "tag"})
    uploads.upload("web.qcow2", tags={f"t{n}": "v" for n in range(10)})
    uploads.clock.advance(PAST_ANY_LEASE)
    (change,) = uploads.track()["changes"]
    assert "has 10 tags already" in change["reason"]


@pytest.mark.parametrize("wish", ["tag", "delete"])
def test_an_object_that_was_uploaded_anew_is_left_alone(wish: str) -> None:
    uploads = paced({"ON_AVAILABLE": wish})
    sent = uploads.upload("web.qcow2")
    uploads.cloud.ecs.finish_imports()
    uploads.put("web.qcow2", QCOW2 + b"\0")
    (change,) = uploads.track()["changes"]
    assert change["image_id"] == sent.image_id
    assert "uploaded again since, and is left alone" in change["reason"]
    kept = uploads.cloud.oss.get(BUCKET, "web.qcow2")
    assert kept.tags == {}


@pytest.mark.parametrize(
    ("action", "wish"),
    [("DeleteObject", "delete"), ("PutObjectTagging", "tag"), ("GetObject", "delete")],
)
def test_a_source_that_could_not_be_settled_is_settled_by_the_next_run(
    action: str, wish: str
) -> None:
    uploads = paced({"ON_AVAILABLE": wish})
    uploads.upload("web.qcow2")
    uploads.clock.advance(PAST_ANY_LEASE)
    uploads.cloud.oss.fail_next(
        "ServiceUnavailable", action=action, key="web.qcow2", times=4
    )
    answer = uploads.track()
    assert (outcomes(answer), answer["open"]) == (["available"], 1)
    assert len(answer["errors"]) == 1
    assert uploads.track() == {"changes": [], "open": 0}
    left = uploads.cloud.oss.keys(BUCKET, "web.qcow2")
    tags = uploads.cloud.oss.get(BUCKET, "web.qcow2").tags if left else {}
    assert bool(tags) == (wish == "tag")
    assert left == ([] if wish == "delete" else ["web.qcow2"])


def test_a_source_that_may_not_be_touched_is_said_and_given_up() -> None:
    uploads = paced({"ON_AVAILABLE": "delete"})
    uploads.upload("web.qcow2")
    uploads.clock.advance(PAST_ANY_LEASE)
    uploads.cloud.oss.fail_next("AccessDenied", action="DeleteObject", key="web.qcow2")
    (change,) = uploads.track()["changes"]
    assert (
        "web.qcow2 is left as it is: OSS DeleteObject: AccessDenied" in change["reason"]
    )
    assert uploads.notes == []


def etags(uploads: Uploads) -> dict[str, str]:
    oss = uploads.cloud.oss
    return {key: oss.get(BUCKET, key).etag for key in oss.keys(BUCKET)}
