"""What uploads come to, whatever their order: the whole function on the fakes."""

import itertools
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from image_import.ledger.entries import LedgerEntry, State
from image_import.ledger.layout import LedgerKeys
from image_import.ledger.store import Snapshot
from image_import.model.result import Outcome
from image_import.model.revision import DiskRevision, ImageRevision
from stacks import POP
from uploads import BUCKET, LEDGER, QCOW2, Uploads, manifest, merged

REQUIRED = {"SIDECAR": "required"}
DISKS = ("db-disk1.qcow2", "db-disk2.qcow2", "db-disk3.qcow2")
MANIFEST_KEY = "db-disk1.qcow2.json"
MANIFEST = manifest(*DISKS)
SIDECAR = b'{"Platform": "Debian"}'
OTHER = QCOW2 + b"\0" * 512


def test_an_upload_becomes_an_image_of_its_own_name() -> None:
    uploads = Uploads()
    result = uploads.upload("in/web.qcow2")
    assert result.outcome is Outcome.SUBMITTED
    assert uploads.image_names == [result.image_name]
    assert result.image_id == uploads.cloud.ecs.images[result.image_name].image_id


def test_the_same_event_again_is_a_duplicate() -> None:
    uploads = Uploads()
    event = uploads.put("web.qcow2")
    first, again = uploads.handle(event), uploads.handle(event)
    assert (first.outcome, again.outcome) == (Outcome.SUBMITTED, Outcome.DUPLICATE)
    assert again.image_id == first.image_id
    assert uploads.calls("ImportImage") == 1


def test_identical_bytes_put_again_are_a_duplicate() -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    assert uploads.upload("web.qcow2").outcome is Outcome.DUPLICATE


def test_other_bytes_under_the_same_key_are_another_image() -> None:
    uploads = Uploads()
    first, second = uploads.upload("web.qcow2"), uploads.upload("web.qcow2", OTHER)
    assert second.outcome is Outcome.SUBMITTED
    assert uploads.image_names == sorted([first.image_name, second.image_name])


def test_an_older_event_never_imports_the_newer_bytes() -> None:
    uploads = Uploads()
    older = uploads.put("web.qcow2")
    newer = uploads.put("web.qcow2", OTHER)
    stale = uploads.handle(older)
    assert stale.outcome is Outcome.IGNORED
    assert "stale: the object was overwritten" in stale.reason
    assert uploads.image_names == []
    assert uploads.handle(newer).outcome is Outcome.SUBMITTED


def test_an_event_of_a_deleted_object_is_stale() -> None:
    uploads = Uploads()
    event = uploads.put("web.qcow2")
    uploads.cloud.oss.delete(BUCKET, "web.qcow2")
    result = uploads.handle(event)
    assert (result.outcome, result.reason) == (
        Outcome.IGNORED,
        "stale: the object was deleted since this event",
    )


@pytest.mark.parametrize("environ", [REQUIRED, {}], ids=["required", "optional"])
def test_a_sidecar_before_its_image_counts(environ: dict[str, str]) -> None:
    uploads = Uploads(environ)
    waiting = uploads.upload("web.qcow2.json", SIDECAR)
    assert waiting.outcome is Outcome.WAITING
    assert "no image web.qcow2 beside this sidecar yet" in waiting.reason
    result = uploads.upload("web.qcow2")
    assert result.outcome is Outcome.SUBMITTED
    assert result.parameters["Platform"] == "Debian"


def test_a_sidecar_that_is_named_after_half_its_image_says_how_to_name_it() -> None:
    waiting = Uploads().upload("web.yaml", b"Platform: Debian\n")
    assert waiting.outcome is Outcome.WAITING
    assert "as in web.qcow2.yaml for web.qcow2" in waiting.reason


def test_a_sidecar_whose_extension_is_in_capitals_says_how_to_name_it() -> None:
    refused = Uploads().upload("web.qcow2.YAML", b"Platform: Debian\n")
    assert refused.outcome is Outcome.REFUSED
    assert refused.reason.endswith("small letters; name it web.qcow2.yaml")


def test_a_required_sidecar_starts_the_import_when_it_comes_late() -> None:
    uploads = Uploads(REQUIRED)
    waiting = uploads.upload("web.qcow2")
    assert (waiting.outcome, waiting.reason) == (
        Outcome.WAITING,
        "its sidecar is not there yet",
    )
    assert [line.state for line in uploads.ledger("web.qcow2")] == [State.WAITING]
    started = uploads.upload("web.qcow2.yaml", b"Platform: Debian\n")
    assert started.outcome is Outcome.SUBMITTED
    assert started.parameters["Platform"] == "Debian"


def test_an_optional_sidecar_that_comes_late_changes_nothing_and_says_so() -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    late = uploads.upload("web.qcow2.json", SIDECAR)
    assert late.outcome is Outcome.DUPLICATE
    assert "a sidecar that comes after its image changes nothing" in late.reason


def test_a_corrected_sidecar_starts_what_a_bad_one_had_stopped() -> None:
    uploads = Uploads()
    uploads.put("web.qcow2.json", b'{"Platform": "Dabian"}')
    bad = uploads.upload("web.qcow2")
    assert bad.outcome is Outcome.REFUSED
    assert "Platform" in bad.reason
    assert uploads.upload("web.qcow2.json", SIDECAR).outcome is Outcome.SUBMITTED


def test_two_sidecars_are_refused_until_one_is_gone() -> None:
    uploads = Uploads()
    uploads.put("web.qcow2.json", SIDECAR)
    uploads.put("web.qcow2.yaml", b"Platform: Ubuntu\n")
    event = uploads.put("web.qcow2")
    refused = uploads.handle(event)
    assert "web.qcow2.json and web.qcow2.yaml; keep one" in refused.reason
    uploads.cloud.oss.delete(BUCKET, "web.qcow2.yaml")
    assert uploads.handle(event).outcome is Outcome.SUBMITTED


def test_a_fixed_name_collides_when_the_key_is_uploaded_again() -> None:
    uploads = Uploads()
    uploads.put("web.qcow2.json", b'{"ImageName": "web"}')
    first = uploads.upload("web.qcow2")
    second = uploads.upload("web.qcow2", OTHER)
    assert (first.outcome, second.outcome) == (Outcome.SUBMITTED, Outcome.FAILED)
    assert f"'web' is held by {first.image_id}" in second.reason
    assert "not by this claim on web.qcow2" in second.reason


def order_id(order: Sequence[str]) -> str:
    return " ".join("M" if key == MANIFEST_KEY else key[7] for key in order)


def orders() -> list[tuple[str, ...]]:
    return list(itertools.permutations([*DISKS, MANIFEST_KEY]))


def content(key: str) -> bytes:
    if key == MANIFEST_KEY:
        return MANIFEST
    return QCOW2 + b"\0" * (512 * DISKS.index(key))


@pytest.mark.parametrize("order", orders(), ids=order_id)
def test_a_set_is_imported_once_when_its_last_part_arrives(
    order: Sequence[str],
) -> None:
    uploads = Uploads(REQUIRED)
    results = [uploads.upload(key, content(key)) for key in order]
    assert [r.outcome for r in results[:-1]] == [Outcome.WAITING] * 3
    assert results[-1].outcome is Outcome.SUBMITTED
    (image_name,) = uploads.image_names
    assert tuple(uploads.disks_of(image_name)) == DISKS


@pytest.mark.parametrize("order", orders(), ids=order_id)
def test_a_set_is_imported_once_when_all_events_come_after_all_uploads(
    order: Sequence[str],
) -> None:
    uploads = Uploads()
    events = [uploads.put(key, content(key)) for key in order]
    outcomes = [uploads.handle(event).outcome for event in events]
    assert outcomes.count(Outcome.SUBMITTED) == 1
    assert set(outcomes) <= {Outcome.SUBMITTED, Outcome.DUPLICATE, Outcome.WAITING}
    assert len(uploads.image_names) == 1


def test_a_disk_whose_name_tells_nothing_finds_its_set_by_the_manifests_note() -> None:
    uploads = Uploads(REQUIRED)
    names = ("alpha.qcow2", "beta.qcow2")
    uploads.upload("alpha.qcow2.json", manifest(*names))
    uploads.upload("alpha.qcow2")
    last = uploads.upload("beta.qcow2", OTHER)
    assert last.outcome is Outcome.SUBMITTED
    assert tuple(uploads.disks_of(last.image_name)) == names


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param("InternalError", Outcome.RETRYING, id="for now"),
        pytest.param("AccessDenied", Outcome.FAILED, id="for good"),
    ],
)
@pytest.mark.parametrize("names", [DISKS, DISKS[:1]], ids=["a set", "one disk"])
def test_what_cannot_be_noted_beside_a_claim_hands_it_back_before_the_call(
    names: Sequence[str], code: str, outcome: Outcome
) -> None:
    uploads = Uploads()
    for name in names:
        event = uploads.put(name, content(name))
    if len(names) > 1:
        event = uploads.put(MANIFEST_KEY, content(MANIFEST_KEY))
    uploads.cloud.oss.fail_next(code, action="PutObject", times=999)
    result = uploads.handle(event)
    assert (result.outcome, uploads.calls("ImportImage")) == (outcome, 0)
    uploads.cloud.faults.clear()
    assert uploads.handle(event).outcome is Outcome.SUBMITTED


def test_a_changed_data_disk_is_a_new_version_of_the_set() -> None:
    uploads = Uploads(REQUIRED)
    for key in (*DISKS, MANIFEST_KEY):
        first = uploads.upload(key, content(key))
    second = uploads.upload(DISKS[2], OTHER + b"\0" * 4096)
    assert second.outcome is Outcome.SUBMITTED
    assert second.image_name != first.image_name
    assert tuple(uploads.disks_of(second.image_name)) == DISKS


@pytest.mark.parametrize("key", DISKS[1:])
def test_a_data_disk_is_never_imported_alone(key: str) -> None:
    uploads = Uploads()
    result = uploads.upload(key)
    assert result.outcome is Outcome.WAITING
    assert "data disk, which is not imported alone" in result.reason
    assert uploads.image_names == []


def test_a_manifest_that_comes_after_its_system_disk_is_refused_naming_the_image() -> (
    None
):
    uploads = Uploads()
    alone = uploads.upload(DISKS[0])
    late = uploads.upload(MANIFEST_KEY, MANIFEST)
    assert alone.outcome is Outcome.SUBMITTED
    assert late.outcome is Outcome.REFUSED
    assert alone.image_name in late.reason


def test_what_a_late_manifest_is_told_to_do_imports_the_set() -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    uploads.put("content.qcow2")
    late = uploads.upload("web.qcow2.json", manifest("web.qcow2", "content.qcow2"))
    assert "upload that disk and the manifest under another name" in late.reason
    uploads.put("web2.qcow2.json", manifest("web2.qcow2", "content.qcow2"))
    sent = uploads.upload("web2.qcow2")
    assert sent.outcome is Outcome.SUBMITTED
    assert uploads.disks_of(sent.image_name) == ["web2.qcow2", "content.qcow2"]


def test_records_of_one_event_do_not_hurt_each_other() -> None:
    uploads = Uploads()
    good = uploads.put("web.qcow2")
    bad = uploads.put("page.qcow2", b"<html>404 Not Found</html>")
    broken = b'{"events": [{"eventSource": "acs:oss", "eventName": 7}]}'
    results = uploads.handle_all(merged(bad, broken, good))
    assert [r.outcome for r in results] == [
        Outcome.REFUSED,
        Outcome.REFUSED,
        Outcome.SUBMITTED,
    ]


@pytest.mark.parametrize("state", ["Enabled", "Suspended"])
def test_a_versioned_bucket_keeps_a_ledger_too(state: Any) -> None:
    uploads = Uploads()
    uploads.cloud.oss.buckets[BUCKET].versioning = state
    event = uploads.put("web.qcow2")
    outcomes = [uploads.handle(event).outcome for _ in range(2)]
    assert outcomes == [Outcome.SUBMITTED, Outcome.DUPLICATE]


def test_a_ledger_that_was_put_over_goes_on_in_a_second_part() -> None:
    uploads = Uploads(REQUIRED)
    event = uploads.put("web.qcow2")
    uploads.handle(event)
    (key,) = uploads.cloud.oss.keys(BUCKET, f"{LEDGER}images/")
    edited = uploads.cloud.oss.get(BUCKET, key).content.to_bytes()
    uploads.cloud.oss.put(BUCKET, key, edited)
    assert uploads.upload("web.qcow2.json", SIDECAR).outcome is Outcome.SUBMITTED
    parts = [k.removeprefix(key[:-6]) for k in uploads.cloud.oss.keys(BUCKET, key[:-6])]
    assert parts == [".jsonl", "~2.jsonl"]
    assert uploads.handle(event).outcome is Outcome.DUPLICATE


def test_a_tampered_ledger_stops_the_import_and_says_so() -> None:
    uploads = Uploads(REQUIRED)
    event = uploads.put("web.qcow2")
    uploads.handle(event)
    (key,) = uploads.cloud.oss.keys(BUCKET, f"{LEDGER}images/")
    uploads.cloud.oss.put(BUCKET, key, b"oops\n")
    result = uploads.handle(event)
    assert result.outcome is Outcome.REFUSED
    assert "line 1 of the ledger is not one that we write" in result.reason


def test_the_ledger_may_stand_in_a_bucket_of_its_own() -> None:
    uploads = Uploads({"LEDGER_BUCKET": "ledgers"})
    uploads.cloud.oss.create_bucket("ledgers")
    event = uploads.put("web.qcow2")
    outcomes = [uploads.handle(event).outcome for _ in range(2)]
    assert outcomes == [Outcome.SUBMITTED, Outcome.DUPLICATE]
    assert uploads.cloud.oss.keys(BUCKET) == ["web.qcow2"]
    assert uploads.ledger("web.qcow2", bucket="ledgers")


def test_where_the_ledger_cannot_be_listed_it_is_read_by_name() -> None:
    uploads = Uploads(REQUIRED)
    uploads.cloud.oss.fail_next("AccessDenied", action="ListObjectsV2", times=999)
    names = ("alpha.qcow2", "beta.qcow2")
    uploads.upload("alpha.qcow2.json", manifest(*names))
    uploads.upload("alpha.qcow2")
    event = uploads.put("beta.qcow2", OTHER)
    assert uploads.handle(event).outcome is Outcome.SUBMITTED
    assert uploads.handle(event).outcome is Outcome.DUPLICATE


def test_a_dry_run_plans_and_leaves_no_trace() -> None:
    uploads = Uploads({"DRY_RUN": "true"})
    result = uploads.upload("noble-server-cloudimg-amd64.img")
    assert result.outcome is Outcome.PLANNED
    assert result.parameters["Platform"] == "Ubuntu"
    assert uploads.cloud.oss.keys(BUCKET) == ["noble-server-cloudimg-amd64.img"]
    assert uploads.image_names == []


def test_our_own_ledger_is_never_an_image() -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    ledgers = uploads.cloud.oss.keys(BUCKET, LEDGER)
    events = [uploads.cloud.oss.event(BUCKET, key) for key in ledgers]
    outcomes = {uploads.handle(event).outcome for event in events}
    assert outcomes == {Outcome.IGNORED}


def test_an_object_of_another_region_is_refused_before_anything_is_read() -> None:
    uploads = Uploads({"REGION_ID": "cn-beijing"})
    result = uploads.upload("web.qcow2")
    assert result.outcome is Outcome.REFUSED
    assert "cn-hangzhou" in result.reason
    assert "cn-beijing" in result.reason
    assert uploads.cloud.requests == []


def test_an_archived_object_is_refused_with_the_command_that_restores_it() -> None:
    uploads = Uploads()
    result = uploads.upload("web.qcow2", storage_class="Archive")
    assert result.outcome is Outcome.REFUSED
    assert "ossutil restore" in result.reason
    assert uploads.calls("ImportImage") == 0


def test_an_encrypted_object_is_refused_with_what_to_do() -> None:
    uploads = Uploads()
    uploads.cloud.oss.buckets[BUCKET].encryption = "KMS"
    result = uploads.upload("web.qcow2")
    assert result.outcome is Outcome.REFUSED
    assert "copy it to a bucket without" in result.reason
    assert uploads.calls("ImportImage") == 0


def test_metadata_of_the_object_counts_between_sidecar_and_name() -> None:
    uploads = Uploads()
    result = uploads.upload(
        "ubuntu-24.04.qcow2", metadata={"platform": "Debian", "architecture": "arm64"}
    )
    assert result.parameters["Platform"] == "Debian"
    assert result.evidence["Platform"]["overrode"] == {"object key": "Ubuntu"}
    assert result.parameters["Architecture"] == "arm64"


def test_a_final_no_of_oss_is_on_record() -> None:
    uploads = Uploads()
    event = uploads.put("web.qcow2")
    uploads.cloud.oss.fail_next("AccessDenied", action="GetObject", key="web.qcow2")
    result = uploads.handle(event)
    assert result.outcome is Outcome.FAILED
    assert "may not oss:GetObject on bucket images" in result.reason
    (line,) = uploads.ledger("web.qcow2")
    assert (line.state, line.reason) == (State.FAILED, result.reason)
    assert uploads.handle(event).outcome is Outcome.SUBMITTED


def test_a_ledger_is_readable_line_by_line() -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    (key,) = uploads.cloud.oss.keys(BUCKET, f"{LEDGER}images/")
    lines = uploads.cloud.oss.get(BUCKET, key).content.to_bytes().splitlines()
    said = [json.loads(line) for line in lines]
    assert [line["state"] for line in said] == ["intent", "submitted"]
    assert said[0]["parameters"]["ImageName"] == said[1]["image_name"]
    assert said[0]["claim"] == said[1]["claim"]


def test_an_import_under_way_has_a_note_and_a_failed_one_has_none() -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    assert len(uploads.cloud.oss.keys(BUCKET, f"{LEDGER}open/")) == 1
    uploads.cloud.ecs.fail_next("InvalidImageFormat.Malformed")
    assert uploads.upload("db.qcow2").outcome is Outcome.FAILED
    assert len(uploads.cloud.oss.keys(BUCKET, f"{LEDGER}open/")) == 1


def test_an_event_without_a_region_needs_the_setting() -> None:
    uploads = Uploads()
    event = json.loads(uploads.put("web.qcow2"))
    del event["events"][0]["region"]
    del event["events"][0]["oss"]["bucket"]["arn"]
    result = uploads.handle(json.dumps(event).encode())
    assert result.outcome is Outcome.REFUSED
    assert "set REGION_ID" in result.reason


@pytest.mark.parametrize("action", ["AppendObject", "ListObjectsV2", "GetObject"])
def test_a_page_of_html_with_status_200_is_no_answer_and_no_crash(action: str) -> None:
    uploads = Uploads()
    event = uploads.put("web.qcow2")
    uploads.cloud.oss.fail_next(action=action, html=True, http_status=200)
    assert uploads.handle(event).outcome is not Outcome.FAILED
    uploads.clock.advance(1000)
    assert uploads.handle(event).outcome in {Outcome.SUBMITTED, Outcome.DUPLICATE}
    assert len(uploads.image_names) == 1


def test_an_accepted_import_that_ecs_shows_late_is_retried_and_then_found() -> None:
    uploads = Uploads(POP)
    uploads.cloud.ecs.shown_after_seconds = 60
    uploads.put("web.qcow2.json", b'{"ImageName": "web"}')
    event = uploads.put("web.qcow2")
    uploads.cloud.ecs.fail_next(reset=True, after_effect=True, action="ImportImage")
    late = uploads.handle(event)
    assert late.outcome is Outcome.RETRYING
    assert "shows no image named 'web' yet" in late.reason
    uploads.clock.advance(60)
    found = uploads.handle(event)
    assert found.outcome is Outcome.SUBMITTED
    assert found.image_id == uploads.cloud.ecs.images["web"].image_id


ASKED = {
    "RegionId": "cn-hangzhou",
    "ImageName": "web-forged",
    "Description": "[image-import 0123456789abcdef]",
    "DiskDeviceMapping.1.OSSBucket": BUCKET,
    "DiskDeviceMapping.1.OSSObject": "web.qcow2",
}


def leave_claim(uploads: Uploads, etag: str, **changed: str) -> None:
    """Write the claim of an invocation that died long ago."""
    store = uploads.tracker().store
    keys = LedgerKeys(prefix=LEDGER, bucket=BUCKET, object_key="web.qcow2")
    disk = DiskRevision(object_key="web.qcow2", etag=etag)
    revision = ImageRevision(bucket=BUCKET, disks=(disk,))
    intent = LedgerEntry(
        state=State.INTENT,
        at=uploads.clock() - timedelta(days=1),
        claim="dead",
        version=revision.revision_hash,
        disks=revision.pairs,
        lease_until=uploads.clock() - timedelta(hours=1),
        image_name="web-forged",
        nonce="0123456789abcdef",
        parameters={**ASKED, **changed},
    )
    with uploads.cloud:
        store.write(Snapshot(keys=keys, etag=etag), intent)


def test_an_abandoned_claim_of_ours_is_sent_as_it_was_frozen() -> None:
    uploads = Uploads()
    event = uploads.put("web.qcow2")
    leave_claim(uploads, uploads.etag("web.qcow2"))
    assert uploads.handle(event).outcome is Outcome.SUBMITTED
    assert uploads.image_names == ["web-forged"]


def test_a_claim_whose_note_is_refused_is_taken_over_by_the_next_delivery() -> None:
    """Whether its first holder has asked ECS is found out then, not left in doubt."""
    uploads = Uploads()
    event = uploads.put("web.qcow2")
    leave_claim(uploads, uploads.etag("web.qcow2"))
    uploads.cloud.oss.fail_next(code="AccessDenied", action="PutObject")
    refused = uploads.handle(event)
    assert (refused.outcome, refused.error_code) == (Outcome.RETRYING, "AccessDenied")
    assert uploads.handle(event).outcome is Outcome.SUBMITTED
    assert uploads.image_names == ["web-forged"]


@pytest.mark.parametrize(
    "changed",
    [
        {"RoleName": "AdminRole"},
        {"DiskDeviceMapping.1.OSSObject": "secret/finance.qcow2"},
        {"DiskDeviceMapping.2.OSSBucket": "payroll"},
        {"RegionId": "us-west-1"},
    ],
    ids=str,
)
def test_an_abandoned_claim_that_asks_for_more_is_planned_anew(
    changed: dict[str, str],
) -> None:
    """A ledger may share a bucket with uploads, and settings change."""
    uploads = Uploads()
    event = uploads.put("web.qcow2")
    leave_claim(uploads, uploads.etag("web.qcow2"), **changed)
    result = uploads.handle(event)
    assert result.outcome is Outcome.SUBMITTED
    assert uploads.image_names == [result.image_name]
    sent = uploads.cloud.ecs.images[result.image_name].parameters
    assert "web-forged" not in sent.values()
    assert not set(changed.values()) & set(sent.values())
    said = [line.reason for line in uploads.ledger("web.qcow2")]
    assert any("is not sent again" in reason for reason in said)


def test_a_ledger_whose_objects_are_immutable_ends_before_ecs_is_asked_again() -> None:
    """A retention policy lets an object be made, and no line be added to it."""
    uploads = Uploads()
    event = uploads.put("web.qcow2")
    leave_claim(uploads, uploads.etag("web.qcow2"))
    for _ in range(3):
        uploads.cloud.oss.fail_next(
            code="FileImmutable", http_status=409, action="AppendObject", times=9
        )
        result = uploads.handle(event)
        assert result.outcome is Outcome.FAILED
        assert "FileImmutable" in result.reason
    assert uploads.calls("ImportImage") == 0
