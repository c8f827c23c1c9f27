from collections.abc import Mapping
from dataclasses import replace

import pytest
from faulty_bucket import (
    KEYS,
    LEDGER,
    LOST,
    RETRY,
    FaultyBucket,
    clock_at,
    refusal,
    store_of,
)
from image_import.aliyun.ecs.import_response import ImportReply
from image_import.config.settings import read_settings
from image_import.errors import ServiceRejected, ServiceUnavailable
from image_import.importing.call import CallResult
from image_import.importing.claim import Claims
from image_import.ledger.entries import LedgerEntry, State, read_lines
from image_import.ledger.store import Overtaken, Snapshot
from image_import.model.result import Outcome
from image_import.notification.announcer import Announcer
from ledger_lines import ALONE, INTENT, LEASE, T0, line
from stage import Inline

NOTE = KEYS.open_key(ALONE.etag, "c2")
EMPTY = Snapshot(keys=KEYS, etag=ALONE.etag)
NONCE = "0123456789abcdef"
PLANNED = {
    "ImageName": "web-1",
    "Description": "ours [image-import <random-at-call>]",
    "DiskDeviceMapping.1.OSSBucket": "images",
}
ACCEPTED = CallResult(
    state=State.SUBMITTED, reply=ImportReply(request_id="R-1", image_id="m-1")
)
FAILED = CallResult(state=State.FAILED, reason="ECS said no")


def claims_on(bucket: FaultyBucket) -> Claims:
    return Claims(
        store=store_of(bucket),
        clock=clock_at(T0),
        attempts=RETRY.attempts,
        pool=Inline(),
        lease=LEASE,
        claim_id="c2",
        new_nonce=lambda: NONCE,
        announcer=Announcer(
            settings=read_settings({}), store=store_of(bucket), region_id="cn-hangzhou"
        ),
        fc_request_id="F-1",
    )


def new_intent(
    claims: Claims, parameters: Mapping[str, str] = PLANNED, *, has_token: bool = True
) -> LedgerEntry:
    return claims.new_intent(
        ALONE,
        image_name="web-1",
        parameters=parameters,
        sidecar_key="",
        checksums="7:5",
        has_token=has_token,
    )


def lines(bucket: FaultyBucket) -> list[LedgerEntry]:
    return read_lines(bucket.objects.get(LEDGER, b""))


def test_an_intent_freezes_what_is_sent_with_its_nonce() -> None:
    intent = new_intent(claims_on(FaultyBucket()))
    assert intent.nonce == NONCE
    assert intent.parameters["Description"] == f"ours [image-import {NONCE}]"
    assert intent.client_token == ALONE.client_token(dict(intent.parameters))


def test_two_claims_on_the_same_upload_have_two_tokens() -> None:
    first = claims_on(FaultyBucket())
    second = replace(first, new_nonce=lambda: "f" * 16)
    assert new_intent(first).client_token != new_intent(second).client_token


def test_without_a_token_on_the_target_there_is_none() -> None:
    assert new_intent(claims_on(FaultyBucket()), has_token=False).client_token == ""


def test_a_takeover_keeps_all_that_was_frozen() -> None:
    taken = claims_on(FaultyBucket()).take_over(replace(INTENT, nonce=NONCE))
    assert (taken.claim, taken.reason) == ("c2", "takes over from claim c1")
    assert (taken.nonce, taken.parameters) == (NONCE, INTENT.parameters)
    assert taken.lease_until is not None
    assert taken.lease_until > T0


def test_a_claim_stands_in_the_ledger_and_beside_it() -> None:
    bucket = FaultyBucket()
    claims = claims_on(bucket)
    claim = claims.claim(EMPTY, new_intent(claims))
    claim.noted.result()
    assert [entry.state for entry in lines(bucket)] == [State.INTENT]
    assert NOTE in bucket.objects


def test_who_comes_second_takes_the_note_back() -> None:
    bucket = FaultyBucket()
    claims = claims_on(bucket)
    store_of(bucket).write(EMPTY, INTENT)
    with pytest.raises(Overtaken):
        claims.claim(EMPTY, new_intent(claims))
    assert NOTE not in bucket.objects


def test_the_note_of_an_earlier_claim_of_ours_stays() -> None:
    bucket = FaultyBucket()
    claims = claims_on(bucket)
    store_of(bucket).write(EMPTY, line(State.INTENT, claim="c2", lease_until=T0))
    with pytest.raises(Overtaken):
        claims.claim(EMPTY, new_intent(claims))
    assert NOTE in bucket.objects


def test_a_ledger_that_takes_no_line_ends_the_claim() -> None:
    bucket = FaultyBucket()
    bucket.before["append"] = [refusal("FileImmutable", 409)]
    claims = claims_on(bucket)
    with pytest.raises(ServiceRejected, match="FileImmutable"):
        claims.claim(EMPTY, new_intent(claims))
    assert lines(bucket) == []


def test_an_accepted_import_is_on_record_and_its_note_stays() -> None:
    bucket = FaultyBucket()
    claims = claims_on(bucket)
    result = claims.conclude(claims.claim(EMPTY, new_intent(claims)), ACCEPTED)
    assert (result.outcome, result.image_id) == (Outcome.SUBMITTED, "m-1")
    sent = lines(bucket)[-1]
    assert (sent.state, sent.nonce, sent.bucket) == (State.SUBMITTED, NONCE, "images")
    assert NOTE in bucket.objects


def test_a_failed_import_leaves_no_note() -> None:
    bucket = FaultyBucket()
    claims = claims_on(bucket)
    result = claims.conclude(claims.claim(EMPTY, new_intent(claims)), FAILED)
    assert result.outcome is Outcome.FAILED
    assert NOTE not in bucket.objects


def test_an_import_without_room_keeps_its_note() -> None:
    bucket = FaultyBucket()
    claims = claims_on(bucket)
    full = refusal("QuotaExceed.Image")
    called = CallResult(state=State.FAILED, reason="full", error=full)
    claims.conclude(claims.claim(EMPTY, new_intent(claims)), called)
    assert NOTE in bucket.objects


def test_an_outcome_is_written_behind_what_others_write() -> None:
    bucket = FaultyBucket()
    claims = claims_on(bucket)
    claim = claims.claim(EMPTY, new_intent(claims))
    store_of(bucket).write(claim.snapshot, line(State.WAITING, claim="c9"))
    assert claims.conclude(claim, ACCEPTED).outcome is Outcome.SUBMITTED
    assert [e.state for e in lines(bucket)][-2:] == [State.WAITING, State.SUBMITTED]


@pytest.mark.parametrize("fault", [LOST, refusal("FileImmutable", 409)])
def test_an_outcome_that_cannot_be_written_is_told_and_retried(
    fault: ServiceRejected | ServiceUnavailable,
) -> None:
    bucket = FaultyBucket()
    claims = claims_on(bucket)
    claim = claims.claim(EMPTY, new_intent(claims))
    bucket.before["append"] = [fault] * 8
    result = claims.conclude(claim, ACCEPTED)
    assert result.outcome is Outcome.RETRYING
    assert "ImportImage ended as 'submitted', but the ledger" in result.reason


def test_the_same_line_is_not_written_twice() -> None:
    bucket = FaultyBucket()
    claims = claims_on(bucket)
    claims.write_line(EMPTY, ALONE, State.REFUSED, "no")
    snapshot = store_of(bucket).read(store_of(bucket).list_keys(KEYS), ALONE.etag)
    claims.write_line(snapshot, ALONE, State.REFUSED, "no")
    claims.write_line(snapshot, ALONE, State.REFUSED, "still no")
    assert [entry.reason for entry in lines(bucket)] == ["no", "still no"]
