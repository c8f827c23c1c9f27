"""`image-import redrive` against a bucket in the fakes."""

import base64
import io
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from image_import.events.parser import ObjectCreated
from image_import.handler import handle
from image_import.ledger.entries import LedgerEntry, State
from image_import.ledger.layout import LedgerKeys
from image_import.ledger.store import Snapshot
from image_import.model.result import Outcome, Result, log_json
from image_import.model.revision import DiskRevision, ImageRevision
from image_import_cli.redrive.messages import read_given
from image_import_cli.redrive.redelivery import Redriving
from redrives import Desk
from uploads import BUCKET

BAD_QCOW2 = b"QFI\xfb" + bytes(2000)
FC2 = ("--remote", "--fc", "2.0", "--account-id", "1234567890123456")
PREFIX = "2026-11-26T12:00:00.123Z 1-6566-abcd [WARNING] "


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def on_failure(event: bytes, *, as_text: bool = True) -> str:
    """Return an OnFailure message, whose payload FC writes as text or as JSON."""
    payload = event.decode() if as_text else json.loads(event)
    return json.dumps(
        {
            "timestamp": 1764158400000,
            "requestContext": {"requestId": "r", "condition": "UnhandledInvocation"},
            "requestPayload": payload,
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "responsePayload": "{}",
        }
    )


def line_of(result: Result) -> str:
    return log_json(result, fc_request_id="r-1")


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "JSON"])
def test_the_event_of_an_onfailure_message_is_delivered(
    desk: Desk, *, as_text: bool
) -> None:
    message = on_failure(desk.uploads.put("web.qcow2"), as_text=as_text)
    run = desk.redrive("-", stdin=message.encode())
    assert run.exit_code == 0, run.output
    assert "submitted  web.qcow2" in run.stdout
    assert len(desk.uploads.image_names) == 1


def test_a_queues_base64_body_is_delivered(desk: Desk) -> None:
    message = on_failure(desk.uploads.put("web.qcow2"))
    body = base64.b64encode(message.encode())
    xml = b"<Message>\n<MessageBody>" + body + b"</MessageBody>\n</Message>"
    items, sums = desk.told("-", stdin=body + b"\n")
    assert [item["outcome"] for item in items] == ["submitted"]
    items, sums = desk.told("-", stdin=xml)
    assert [item["outcome"] for item in items] == ["duplicate"]
    assert sums["unread"] == []


def test_a_queues_body_may_span_lines_and_its_own_is_told(desk: Desk) -> None:
    message = on_failure(desk.uploads.put("web.qcow2"))
    body = base64.encodebytes(message.encode()).decode()
    xml = f"<Messages>\n\n<MessageBody>{body}</MessageBody>\n<Message>no</Message>"
    items, sums = desk.told("-", stdin=xml.encode())
    assert [item["outcome"] for item in items] == ["submitted"]
    (unread,) = sums["unread"]
    assert unread["line"] == 4 + body.count("\n")


def test_messages_a_line_are_read_a_line_at_a_time(desk: Desk) -> None:
    message = json.loads(on_failure(desk.uploads.put("web.qcow2")))
    line = json.dumps({**message, "responsePayload": "x" * 20_000}).encode()
    file = io.BytesIO((line + b"\n") * 2000)
    tracemalloc.start()
    try:
        given = read_given(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(given.uploads), given.repeated) == (1, 1999)
    assert peak < 2_000_000


@pytest.mark.parametrize("is_array", [True, False], ids=["array", "one by one"])
def test_json_documents_may_span_lines(desk: Desk, *, is_array: bool) -> None:
    events = [desk.uploads.put(key) for key in ("a.qcow2", "b.qcow2")]
    messages = [json.loads(on_failure(event)) for event in events]
    documents = [messages] if is_array else messages
    text = "\n".join(json.dumps(d, indent=2) for d in documents).encode()
    items, sums = desk.told("-", stdin=text)
    assert sorted(item["object_key"] for item in items) == ["a.qcow2", "b.qcow2"]
    assert sums["unread"] == []


@pytest.mark.parametrize("prefix", ["", PREFIX], ids=["bare", "with FC's prefix"])
def test_log_lines_of_what_went_wrong_are_delivered(desk: Desk, prefix: str) -> None:
    refused = desk.uploads.upload("a.qcow2", BAD_QCOW2)
    done = desk.uploads.upload("b.qcow2")
    log = "\n".join(
        [
            "FC Invoke Start RequestId: 1-6566-abcd",
            prefix + line_of(refused),
            prefix + line_of(done),
            "FC Invoke End RequestId: 1-6566-abcd",
        ]
    )
    items, sums = desk.told("-", stdin=log.encode())
    assert [(i["object_key"], i["outcome"]) for i in items] == [("a.qcow2", "refused")]
    assert (sums["left"], sums["unread"]) == (1, [])


def test_the_same_object_version_is_delivered_once(desk: Desk) -> None:
    message = on_failure(desk.uploads.put("web.qcow2"))
    items, sums = desk.told("-", stdin=f"{message}\n{message}\n{message}".encode())
    assert (len(items), sums["repeated"]) == (1, 2)
    assert desk.uploads.calls("ImportImage") == 1


def test_what_is_not_understood_is_told_with_its_line_and_the_rest_goes_on(
    desk: Desk,
) -> None:
    message = on_failure(desk.uploads.put("web.qcow2"))
    text = f'{message[:80]}\n{message}\n\n{{"a": 1}}\nTraceback: x\n[1]\n'.encode()
    run = desk.redrive("-", stdin=text)
    assert run.exit_code == 1
    assert "submitted  web.qcow2" in run.stdout
    told = run.stderr.splitlines()
    assert [line.split(": ")[0] for line in told] == ["-:1", "-:4", "-:5", "-:6"]
    assert "4 not understood" in run.stdout


def test_a_log_line_that_names_no_version_is_not_lost(desk: Desk) -> None:
    line = json.dumps({"outcome": "refused", "reason": "the event is not JSON"})
    _, sums = desk.told("-", stdin=line.encode())
    (unread,) = sums["unread"]
    assert "names no bucket, no object_key, no etag" in unread["reason"]


def test_a_record_that_names_no_version_does_not_hide_the_next(desk: Desk) -> None:
    refused = json.loads(line_of(desk.uploads.upload("a.qcow2", BAD_QCOW2)))
    nameless = {"outcome": "refused", "reason": "the event is not JSON"}
    line = json.dumps({"records": [nameless, refused]})
    items, sums = desk.told("-", stdin=line.encode())
    assert [item["object_key"] for item in items] == ["a.qcow2"]
    assert sums["not_understood"] == 1


def test_a_failed_import_gets_an_attempt_with_a_name_of_its_own(desk: Desk) -> None:
    first = desk.fail("web.qcow2")
    items, _ = desk.told(f"oss://{BUCKET}/web.qcow2")
    assert [item["outcome"] for item in items] == ["submitted"]
    assert items[0]["image_name"] != first
    lines = desk.uploads.ledger("web.qcow2")
    tokens = {e.client_token for e in lines if e.state is State.INTENT}
    assert [e.attempt for e in lines] == [1, 1, 1, 2, 2, 2]
    assert len(tokens) == 2


def test_a_redrive_cut_off_after_its_word_in_the_ledger_raises_it_once(
    desk: Desk,
) -> None:
    desk.fail("web.qcow2")
    desk.uploads.cloud.ecs.fail_next("ServiceUnavailable", times=99)
    desk.redrive(f"oss://{BUCKET}/web.qcow2")
    desk.uploads.cloud.faults.clear()
    desk.uploads.clock.advance(1000)
    desk.redrive(f"oss://{BUCKET}/")
    states = [e.state for e in desk.uploads.ledger("web.qcow2")]
    assert states.count(State.REDRIVE) == 1
    assert max(e.attempt for e in desk.uploads.ledger("web.qcow2")) == 2


def test_what_is_under_way_or_an_image_is_never_imported_again(desk: Desk) -> None:
    sent = desk.uploads.upload("web.qcow2")
    for _ in range(2):
        items, _ = desk.told(f"oss://{BUCKET}/web.qcow2")
        assert [item["outcome"] for item in items] == ["duplicate"]
        desk.uploads.clock.advance(1000)
        desk.uploads.track()
    assert desk.uploads.image_names == [sent.image_name]


def test_a_prefix_takes_what_came_to_nothing_and_leaves_what_a_person_ended(
    desk: Desk,
) -> None:
    desk.fail("in/failed.qcow2")
    desk.uploads.upload("in/refused.qcow2", BAD_QCOW2)
    desk.fail("out/failed.qcow2")
    gone = desk.uploads.upload("in/gone.qcow2")
    desk.uploads.cloud.ecs.delete_image(gone.image_name)
    desk.uploads.clock.advance(1000)
    desk.uploads.track()
    assert desk.uploads.last_state("gone.qcow2") is State.GONE
    items, sums = desk.told(f"oss://{BUCKET}/in/")
    told = {item["object_key"]: item["outcome"] for item in items}
    assert told == {"in/failed.qcow2": "submitted", "in/refused.qcow2": "refused"}
    assert sums["left"] == 1
    items, _ = desk.told(f"oss://{BUCKET}/in/gone.qcow2")
    assert [item["outcome"] for item in items] == ["submitted"]


@pytest.mark.parametrize(
    ("place", "status"),
    [("oss://images/typo.qcow2", 1), ("oss://images/none/", 0)],
    ids=["an object", "a folder"],
)
def test_a_place_that_the_ledger_does_not_know_is_said(
    desk: Desk, place: str, status: int
) -> None:
    desk.fail("web.qcow2")
    run = desk.redrive(place)
    assert run.exit_code == status
    assert run.stderr.startswith(f"the ledger knows nothing of {place}; image-import")
    assert run.stdout.startswith("nothing to deliver again; 0 repeated")


def test_an_empty_file_is_nothing_to_deliver(desk: Desk) -> None:
    run = desk.redrive("-", stdin=b"")
    assert (run.exit_code, run.stderr) == (0, "")
    assert run.stdout == "nothing to deliver again; 0 repeated, 0 left alone\n"


def test_a_file_of_another_kind_does_not_flood_the_terminal(desk: Desk) -> None:
    run = desk.redrive("-", stdin=b"junk\n" * 300)
    assert run.exit_code == 1
    *told, last = run.stderr.splitlines()
    assert len(told) == 20
    assert last == "and 280 more that were not understood"
    assert "300 not understood" in run.stdout


def test_a_set_is_redriven_as_a_set(desk: Desk) -> None:
    disks = [{"OSSObject": "web.qcow2"}, {"OSSObject": "data.qcow2"}]
    text = json.dumps({"DiskDeviceMapping": disks}).encode()
    desk.uploads.put("data.qcow2")
    desk.uploads.put("web.qcow2.json", text)
    desk.fail("web.qcow2")
    items, _ = desk.told(f"oss://{BUCKET}/web.qcow2")
    (item,) = items
    assert item["outcome"] == "submitted"
    assert list(desk.uploads.disks_of(item["image_name"])) == [
        "web.qcow2",
        "data.qcow2",
    ]


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(desk: Desk) -> None:
    desk.fail("web.qcow2")
    before = desk.uploads.ledger("web.qcow2")
    run = desk.redrive(f"oss://{BUCKET}/", "--dry-run")
    assert "would be delivered again as attempt 2" in run.stdout
    assert desk.uploads.ledger("web.qcow2") == before
    assert desk.uploads.calls("ImportImage") == 1


def test_the_deployed_function_can_be_the_one_that_imports(desk: Desk) -> None:
    cloud, runtime = desk.uploads.cloud, desk.uploads.runtime

    def importer(event: bytes, context: object) -> str:
        return handle(event, context, environ={}, runtime=runtime)

    cloud.fc.create_function("image-import", "importer", importer)
    desk.fail("web.qcow2")
    where = ("--region", cloud.region_id)
    items, _ = desk.told(f"oss://{BUCKET}/", *FC2, *where)
    assert [item["outcome"] for item in items] == ["submitted"]
    assert len(cloud.fc.invocations) == 1


class Raced:
    """A ledger's store into which another redrive writes just before this one."""

    def __init__(self, store: Any, first: Callable[[], object]) -> None:
        self._store = store
        self._first = [first]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, snapshot: Snapshot, entry: LedgerEntry) -> Snapshot:
        if self._first:
            self._first.pop()()
        written: Snapshot = self._store.write(snapshot, entry)
        return written


def test_of_two_redrives_at_once_one_raises_the_attempt(desk: Desk) -> None:
    desk.fail("web.qcow2")
    tracker = desk.uploads.tracker()
    delivered: list[str] = []
    etag = desk.uploads.ledger("web.qcow2")[-1].disks[0][1]
    upload = ObjectCreated(
        bucket=BUCKET,
        object_key="web.qcow2",
        etag=etag,
        object_size_bytes=None,
        event_name="ObjectCreated:PutObject",
    )

    def redriving(claim: str, store: Any) -> Redriving:
        def deliver(_: ObjectCreated) -> Result:
            delivered.append(claim)
            return Result(outcome=Outcome.SUBMITTED)

        return Redriving(
            store_of=lambda _: store,
            clock=tracker.clock,
            prefix=".image-import/",
            claim=claim,
            deliver=deliver,
            is_dry=False,
            is_sure=False,
        )

    second = redriving("second", tracker.store)
    raced = Raced(tracker.store, lambda: second.redrive(upload))
    with desk.uploads.cloud:
        redriving("first", raced).redrive(upload)
    lines = desk.uploads.ledger("web.qcow2")
    raised = [e for e in lines if e.state is State.REDRIVE]
    assert [(e.claim, e.attempt) for e in raised] == [("second", 2)]
    assert delivered == ["second", "first"]


def test_what_may_have_begun_is_begun_again_only_if_somebody_has_looked(
    desk: Desk,
) -> None:
    desk.uploads.put("web.qcow2")
    etag = json.loads(desk.uploads.put("web.qcow2"))["events"][0]["oss"]["object"]
    place = LedgerKeys(prefix=".image-import/", bucket=BUCKET, object_key="web.qcow2")
    version = ImageRevision(
        bucket=BUCKET,
        disks=(DiskRevision(object_key="web.qcow2", etag=etag["eTag"]),),
    )
    tracker = desk.uploads.tracker()
    intent = LedgerEntry(
        state=State.INTENT,
        at=desk.uploads.clock(),
        claim="c1",
        version=version.revision_hash,
        disks=version.pairs,
        image_name="web",
    )
    doubt = replace(intent, state=State.FAILED, perhaps_started=True, reason="no word")
    with desk.uploads.cloud:
        snapshot = tracker.store.write(Snapshot(keys=place, etag=version.etag), intent)
        tracker.store.write(snapshot, doubt)
    (item,), _ = desk.told(f"oss://{BUCKET}/")
    assert (item["outcome"], desk.uploads.image_names) == ("failed", [])
    assert "an image named 'web'" in item["reason"]
    (item,), _ = desk.told(f"oss://{BUCKET}/", "--despite-doubt")
    assert (item["outcome"], len(desk.uploads.image_names)) == ("submitted", 1)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("missing.jsonl",),
        ("oss://images/", "--set", "REGION_ID="),
        ("oss://",),
        (".",),
    ],
    ids=["no source", "no file", "no region", "no bucket", "a folder"],
)
def test_what_cannot_be_asked_for_is_status_2(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    assert desk.redrive(*arguments).exit_code == 2


def test_what_failed_of_a_distribution_is_done_again_from_there(desk: Desk) -> None:
    desk.uploads.environ = {"COPY_TO_REGIONS": "cn-beijing,xx-nowhere-1"}
    desk.uploads.upload("web.qcow2")
    for _ in range(5):
        desk.uploads.cloud.ecs.finish_imports()
        desk.uploads.track()
    assert desk.uploads.last_state("web.qcow2") is State.DISTRIBUTION_FAILED
    planned = desk.run("redrive", f"oss://{BUCKET}/", "--dry-run", "--json")
    assert "done again" in planned.stdout
    assert desk.uploads.notes == []
    desk.uploads.environ = {"COPY_TO_REGIONS": "cn-beijing,cn-wulanchabu"}
    run = desk.run("redrive", f"oss://{BUCKET}/", "--json")
    assert run.exit_code == 0, run.output
    for _ in range(4):
        desk.uploads.track()
        desk.uploads.cloud.ecs.finish_imports()
    assert desk.uploads.last_state("web.qcow2") is State.DISTRIBUTED
    regions = [image.region_id for image in desk.uploads.cloud.ecs.everywhere]
    assert sorted(regions) == ["cn-beijing", "cn-hangzhou", "cn-wulanchabu"]
    assert desk.run("redrive", f"oss://{BUCKET}/web.qcow2").exit_code == 0
    assert desk.uploads.notes == []
