"""The steps of one record, in order; each in detail has tests of its own."""

import pytest
from fake_aliyun.core.http import Request, Response
from image_import.ledger.entries import State
from image_import.model.result import Outcome
from uploads import BUCKET, LEDGER, Uploads, merged


@pytest.mark.parametrize(
    ("key", "environ", "said"),
    [
        ("notes.txt", {}, "neither image nor sidecar"),
        ("web.qcow2", {"KEY_PREFIX": "in/"}, "KEY_PREFIX"),
        (f"{LEDGER}web.qcow2", {}, "our own records"),
    ],
    ids=["no image", "another prefix", "our records"],
)
def test_what_is_not_ours_is_left_before_any_exchange(
    key: str, environ: dict[str, str], said: str
) -> None:
    uploads = Uploads(environ)
    event = uploads.put(key)
    uploads.cloud.requests.clear()
    result = uploads.handle(event)
    assert (result.outcome, said in result.reason) == (Outcome.IGNORED, True)
    assert uploads.cloud.requests == []


def test_the_intent_stands_before_ecs_is_asked_and_the_outcome_after() -> None:
    uploads = Uploads()
    event = uploads.put("web.qcow2")
    uploads.cloud.requests.clear()
    uploads.handle(event)
    asked = [request.action for request in uploads.cloud.requests]
    lines = [n for n, action in enumerate(asked) if action == "AppendObject"]
    assert lines[0] < asked.index("ImportImage") < lines[-1]
    assert asked.index("PutObject") < asked.index("ImportImage")
    states = [entry.state for entry in uploads.ledger("web.qcow2")]
    assert states == [State.INTENT, State.SUBMITTED]


def test_a_dry_run_plans_and_leaves_no_trace() -> None:
    uploads = Uploads({"DRY_RUN": "true"})
    result = uploads.upload("web.qcow2")
    assert result.outcome is Outcome.PLANNED
    assert uploads.cloud.oss.keys(BUCKET, LEDGER) == []
    assert uploads.image_names == []


def test_each_record_of_an_event_has_its_own_end() -> None:
    uploads = Uploads()
    events = [uploads.put(key) for key in ("a.qcow2", "b.txt", "c.qcow2")]
    ended = uploads.handle_all(merged(*events))
    assert [result.outcome for result in ended] == [
        Outcome.SUBMITTED,
        Outcome.IGNORED,
        Outcome.SUBMITTED,
    ]


def test_an_event_that_is_none_is_refused() -> None:
    (result,) = Uploads().handle_all(b"no JSON")
    assert result.outcome is Outcome.REFUSED


def test_a_no_of_a_service_is_put_on_record_where_nothing_else_stands() -> None:
    uploads = Uploads()
    event = uploads.put("web.qcow2")
    uploads.cloud.oss.fail_next("AccessDenied", action="GetObject", key="web.qcow2")
    result = uploads.handle(event)
    assert result.outcome is Outcome.FAILED
    assert uploads.last_state("web.qcow2") is State.FAILED
    assert uploads.handle(event).outcome is Outcome.SUBMITTED


def test_what_comes_while_it_is_written_that_it_is_missing_is_found() -> None:
    uploads = Uploads({"SIDECAR": "required"})
    event = uploads.put("web.qcow2")
    handle = uploads.cloud.handle

    def sidecar_comes_meanwhile(request: Request) -> Response:
        answer = handle(request)
        if request.query.startswith("append"):
            uploads.cloud.handle = handle  # type: ignore[method-assign]
            uploads.cloud.oss.put(BUCKET, "web.qcow2.json", b"{}")
        return answer

    uploads.cloud.handle = sidecar_comes_meanwhile  # type: ignore[method-assign]
    assert uploads.handle(event).outcome is Outcome.SUBMITTED
    states = [entry.state for entry in uploads.ledger("web.qcow2")]
    assert states == [State.WAITING, State.INTENT, State.SUBMITTED]
