import base64
import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_import.errors import EventError
from image_import.events.filters import IMAGE_EVENTS
from image_import.events.parser import (
    MAX_EVENT_BYTES,
    Ignored,
    ObjectCreated,
    Rejected,
    parse_event,
    why_not_ours,
)

ETAG = "0CC175B9C0F1B6A831C399E269772661"


def native(**changes: Any) -> dict[str, Any]:
    """Return a native record; `a__b=1` sets record["a"]["b"], None removes it."""
    record: dict[str, Any] = {
        "eventName": "ObjectCreated:PutObject",
        "eventSource": "acs:oss",
        "eventTime": "2026-01-02T03:04:05.000Z",
        "eventVersion": "1.0",
        "oss": {
            "bucket": {
                "arn": "acs:oss:cn-hangzhou:1234567890123456:images-in",
                "name": "images-in",
                "ownerIdentity": "1234567890123456",
                "virtualBucket": "",
            },
            "object": {
                "deltaSize": 197120,
                "eTag": ETAG,
                "key": "incoming/rhel 9+x%20y.qcow2",
                "size": 197120,
                "objectMeta": {"mimeType": "application/octet-stream"},
            },
            "ossSchemaVersion": "1.0",
            "ruleId": "9adac8e253828f4f7c0466d941fa3db811610000",
        },
        "region": "cn-hangzhou",
        "requestParameters": {"sourceIPAddress": "192.0.2.10"},
        "responseElements": {"requestId": "58F9FF2D3DF792092E12044C"},
        "userIdentity": {"principalId": "1234567890123456"},
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = record
        for parent in parents:
            place = place[parent]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return record


def envelope(data: object, **changes: object) -> dict[str, object]:
    return {
        "id": "58F9FF2D3DF792092E12044C",
        "source": "acs.oss",
        "specversion": "1.0",
        "type": "oss:ObjectCreated:PutObject",
        "datacontenttype": "application/json;charset=utf-8",
        "subject": "acs:oss:cn-hangzhou:1234567890123456:images-in/a.raw",
        "time": "2026-01-02T03:04:05Z",
        "aliyunregionid": "cn-hangzhou",
        "data": data,
        **changes,
    }


def as_bytes(document: object) -> bytes:
    return json.dumps(document).encode()


def parse_one(document: object) -> ObjectCreated | Ignored | Rejected:
    (entry,) = parse_event(as_bytes(document))
    return entry


def created(document: object) -> ObjectCreated:
    entry = parse_one(document)
    assert isinstance(entry, ObjectCreated)
    return entry


def test_a_native_record_is_read_whole() -> None:
    assert created({"events": [native()]}) == ObjectCreated(
        bucket="images-in",
        object_key="incoming/rhel 9+x%20y.qcow2",
        etag=ETAG,
        spelled_etag=ETAG,
        object_size_bytes=197120,
        event_name="ObjectCreated:PutObject",
        event_time="2026-01-02T03:04:05.000Z",
        region_id="cn-hangzhou",
        user_metadata={},
        oss_request_id="58F9FF2D3DF792092E12044C",
    )


BARE = {
    "eventName": "ObjectCreated:PutObject",
    "oss": {
        "bucket": {"name": "images-in"},
        "object": {"key": "a.raw", "size": 5, "eTag": ETAG},
    },
}


def test_fields_that_events_may_lack_are_absent() -> None:
    assert created({"events": [BARE]}) == ObjectCreated(
        bucket="images-in",
        object_key="a.raw",
        etag=ETAG,
        spelled_etag=ETAG,
        object_size_bytes=5,
        event_name="ObjectCreated:PutObject",
    )


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"events": [native()]}, id="native"),
        pytest.param(envelope(native()), id="EventBridge envelope"),
        pytest.param([envelope(native())], id="list of envelopes"),
        pytest.param(native(), id="RawData"),
        pytest.param([native()], id="list of RawData"),
        pytest.param([json.dumps(envelope(native()))], id="list of texts"),
        pytest.param(envelope(json.dumps(native())), id="data as text"),
        pytest.param(envelope(native(eventName=None)), id="name only in type"),
        pytest.param(native(eventName="oss:ObjectCreated:PutObject"), id="with oss:"),
        pytest.param(native(eventSource="acs.oss"), id="acs.oss"),
        pytest.param(native(eventSource=None), id="no source"),
    ],
)
def test_the_same_record_comes_out_of_every_wrapping(document: object) -> None:
    assert created(document) == created({"events": [native()]})


def test_a_byte_order_mark_does_no_harm() -> None:
    assert parse_event(b"\xef\xbb\xbf" + as_bytes(native())) == [created(native())]


@pytest.mark.parametrize("event_name", sorted(IMAGE_EVENTS))
def test_these_events_may_bring_an_image(event_name: str) -> None:
    assert created(native(eventName=event_name)).event_name == event_name


@pytest.mark.parametrize(
    ("changes", "region_id"),
    [
        pytest.param({"region": "oss-cn-hangzhou"}, "cn-hangzhou", id="endpoint form"),
        pytest.param(
            {"region": "cn-env17-d01", "oss__bucket__arn": "acs:oss:cn-env17-d01:1:b"},
            "cn-env17-d01",
            id="apsara",
        ),
        pytest.param(
            {"oss__bucket__arn": "acs:oss:*:1:b"}, "cn-hangzhou", id="any in the ARN"
        ),
        pytest.param({"region": None}, "cn-hangzhou", id="from the ARN"),
        pytest.param(
            {"region": None, "oss__bucket__arn": "acs:oss:oss-cn-beijing:1:b"},
            "cn-beijing",
            id="from the ARN in endpoint form",
        ),
        pytest.param({"region": None, "oss__bucket__arn": "x"}, None, id="nowhere"),
        pytest.param({"region": 5, "oss__bucket__arn": None}, None, id="not text"),
    ],
)  # fmt: skip
def test_the_region_is_in_its_general_form(
    changes: dict[str, Any], region_id: str | None
) -> None:
    assert created(native(**changes)).region_id == region_id


@pytest.mark.parametrize(
    ("object_meta", "user_metadata"),
    [
        pytest.param(
            {"userMeta": {"x-oss-meta-Platform": "Ubuntu"}},
            {"platform": "Ubuntu"},
            id="header names",
        ),
        pytest.param(
            {"userMeta": {"Boot-Mode": "UEFI"}}, {"boot-mode": "UEFI"}, id="bare names"
        ),
        pytest.param(
            {"userMeta": {"a": 1, "b": None, "c": "x", "d": "\ud800"}},
            {"c": "x"},
            id="only text",
        ),
        pytest.param({"userMeta": ["a"]}, {}, id="not a map"),
        pytest.param({}, {}, id="none"),
        pytest.param([], {}, id="objectMeta is a list"),
    ],
)
def test_user_metadata_comes_with_the_event(
    object_meta: object, user_metadata: dict[str, str]
) -> None:
    record = native(oss__object__objectMeta=object_meta)
    assert created(record).user_metadata == user_metadata


@pytest.mark.parametrize("weak", ["", "W/"])
def test_an_etag_is_bare_and_in_upper_case(weak: str) -> None:
    text = "0cc175b9c0f1b6a831c399e269772661"
    record = created(native(oss__object__eTag=f'{weak}"{text}"'))
    assert record.etag == ETAG
    assert record.spelled_etag == text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"eventName": "ObjectCreated:UploadPart"}, "one part of an upload"),
        ({"eventName": "ObjectCreated:UploadPartCopy"}, "one part of an upload"),
        ({"eventName": "ObjectCreated:InitiateMultipartUpload"}, "upload has begun"),
        ({"eventName": "ObjectCreated:AppendObject"}, "may still grow"),
        ({"eventName": "ObjectCreated:PutSymlink"}, "symbolic link"),
        ({"eventName": "ObjectCreated:Anything"}, "not one of CompleteMultipart"),
        ({"eventName": "ObjectRemoved:DeleteObject"}, "something was removed"),
        ({"eventName": "ObjectRemoved:AbortMultipartUpload"}, "was removed"),
        ({"eventName": "oss:ObjectModified:UpdateObjectMeta"}, "metadata changed"),
        ({"eventName": "ObjectRestore:FinishRestore"}, "image-import redrive"),
        ({"eventName": "ObjectReplication:ObjectCreated"}, "image-import sweep"),
        ({"eventName": "ObjectReplication:ObjectRemoved"}, "replication"),
        ({"eventName": "ObjectDownloaded:GetObject"}, "downloaded"),
        ({"oss__object__size": 0}, "size 0"),
        ({"oss__object__key": "incoming/"}, "a folder"),
        ({"eventSource": "cdn"}, "source is 'cdn'"),
        ({"eventSource": {}}, "source is {}"),
        ({"region": None, "oss__region": "cn-hangzhou"}, "form that goes to MNS"),
    ],
)  # fmt: skip
def test_what_is_no_image_is_ignored_with_the_reason(
    changes: dict[str, Any], reason: str
) -> None:
    record = native(**changes)
    entry = parse_one({"events": [record]})
    assert isinstance(entry, Ignored)
    assert reason in entry.reason
    assert (entry.bucket, entry.object_key, entry.etag) == (
        "images-in",
        record["oss"]["object"]["key"],
        ETAG,
    )


NOTIFICATION = {"events": [{"eventName": "ObjectCreated:PutObject", "oss": {}}]}
TIMER = {"triggerTime": "2026-01-02T03:04:05Z", "triggerName": "t", "payload": ""}
HTTP = {
    "version": "v1",
    "rawPath": "/",
    "headers": {"Accept": "*/*"},
    "body": "e30=",
    "isBase64Encoded": True,
    "requestContext": {"requestId": "1-6583c7b5"},
}
GATEWAY = {"path": "/", "httpMethod": "POST", "headers": {}, "body": "{}"}
LOG = {
    "parameter": {},
    "source": {"endpoint": "http://cn-hangzhou-intranet.log.aliyuncs.com"},
    "jobName": "fedad35f51a2a97b466da57fd71f315f539d2234",
    "taskId": "9bc06c96-e364-4f41-85eb-b6e579214ae4",
}
CDN = {
    "events": [
        {
            "eventName": "CachedObjectsRefreshed",
            "eventSource": "cdn",
            "eventParameter": {"objectPath": ["/a"]},
        }
    ]
}
S3 = {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}]}
TOPIC = {"TopicName": "t", "Message": "e30=", "MessageId": "1"}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        pytest.param(as_bytes(S3), "Amazon S3's form", id="S3"),
        pytest.param(as_bytes(CDN), "source is 'cdn'", id="CDN"),
        pytest.param(as_bytes(TIMER), "timer trigger", id="timer"),
        pytest.param(as_bytes(HTTP), "HTTP trigger", id="HTTP"),
        pytest.param(as_bytes(GATEWAY), "API Gateway", id="API Gateway"),
        pytest.param(as_bytes(LOG), "Log Service", id="Log Service"),
        pytest.param(as_bytes(TOPIC), "MNS (SMQ) topic", id="MNS topic"),
        pytest.param(
            as_bytes(envelope({"body": "e30="}, source="acs.mns")),
            "source is 'acs.mns'",
            id="another source of EventBridge",
        ),
        pytest.param(
            as_bytes(envelope({}, type="oss:BucketCreated:PutBucket")),
            "a bucket was made",
            id="a bucket",
        ),
    ],
)
def test_an_event_of_another_kind_is_ignored_and_named(
    event: bytes, reason: str
) -> None:
    (entry,) = parse_event(event)
    assert isinstance(entry, Ignored)
    assert reason in entry.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"eventName": None}, "has no eventName"),
        ({"eventName": 5}, "has no eventName"),
        ({"oss": None}, "oss.bucket.name is null or missing"),
        ({"oss": "x"}, "oss.bucket.name is null or missing"),
        ({"oss__bucket__name": None}, "oss.bucket.name is null or missing"),
        ({"oss__bucket__name": "evil.example/a"}, 'oss.bucket.name is "evil.example'),
        ({"oss__object": []}, "oss.object.key is null or missing"),
        ({"oss__object__key": ""}, 'oss.object.key is "", expected 1 to 1023'),
        ({"oss__object__key": 5}, "oss.object.key is 5"),
        ({"oss__object__key": "k" * 1024}, "kkk..., expected 1 to 1023 bytes"),
        ({"oss__object__key": "\ud800"}, 'oss.object.key is "\\ud800"'),
        ({"oss__object__size": None}, "oss.object.size is null or missing"),
        ({"oss__object__size": "5 MB"}, 'oss.object.size is "5 MB"'),
        ({"oss__object__size": "٥"}, 'oss.object.size is "\\u0665"'),
        (
            {"region": "oss-cn-beijing"},
            'region is "cn-beijing", but oss.bucket.arn names "cn-hangzhou"',
        ),
        ({"oss__object__size": 5.5}, "oss.object.size is a number"),
        ({"oss__object__size": False}, "oss.object.size is false"),
        ({"oss__object__size": -1}, "oss.object.size is -1"),
        ({"oss__object__eTag": None}, "oss.object.eTag is null or missing"),
        ({"oss__object__eTag": '""'}, 'oss.object.eTag is "\\"\\""'),
    ],
)
def test_a_record_that_lacks_what_we_need_is_rejected_with_the_field(
    changes: dict[str, Any], reason: str
) -> None:
    entry = parse_one({"events": [native(**changes)]})
    assert isinstance(entry, Rejected)
    assert reason in entry.reason


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param(5, "a record is a number", id="number"),
        pytest.param(True, "a record is a boolean", id="boolean"),
        pytest.param(None, "a record is null", id="null"),
        pytest.param("x", "a record is text", id="text"),
        pytest.param("\ud800", "a record is text", id="half a surrogate pair"),
        pytest.param([native()], "a record is a list", id="list"),
        pytest.param(envelope(5), "data is a number", id="data"),
        pytest.param(envelope(envelope(native())), "name is null", id="twice wrapped"),
    ],
)
def test_a_bad_record_never_hurts_its_neighbours(record: object, reason: str) -> None:
    good = native()
    entries = parse_event(as_bytes({"events": [good, record, good]}))
    bad = entries[1]
    assert [entries[0], entries[2]] == [created(good)] * 2
    assert isinstance(bad, Rejected)
    assert reason in bad.reason


@pytest.mark.parametrize(
    ("event", "message"),
    [
        pytest.param(b"", "the event is empty", id="empty"),
        pytest.param(b" \n", "the event is empty", id="blank"),
        pytest.param(b"hello", "not JSON", id="text"),
        pytest.param(b"A" * 32, "not JSON", id="Base64 of something else"),
        pytest.param(b"A" * 33 + b"=", "not JSON", id="nearly Base64"),
        pytest.param(b'{"events":', "not JSON", id="cut off"),
        pytest.param(b'{"events":[NaN]}', "NaN is not", id="NaN"),
        pytest.param(b"\xff\xfe{", "not UTF-8 (byte 0)", id="not UTF-8"),
        pytest.param(b"[" * 200_000, "nested too deeply", id="deep"),
        pytest.param(b" " * (MAX_EVENT_BYTES + 1), "bytes, more than", id="huge"),
        pytest.param(b"{}", "holds nothing", id="empty object"),
        pytest.param(b'{"hello": 1}', 'holds "hello"', id="unknown object"),
        pytest.param(b'{"events": []}', "no records", id="no records"),
        pytest.param(b"[]", "no records", id="empty list"),
        pytest.param(b'{"events": {}}', "is an object", id="events not a list"),
        pytest.param(b"5", "is a number", id="number"),
        pytest.param(b'"x"', "is text", id="string"),
        pytest.param(b"null", "is null", id="null"),
    ],
)
@pytest.mark.usefixtures("no_collection")
def test_what_is_no_event_is_an_error_that_says_what_was_expected(
    event: bytes, message: str
) -> None:
    with pytest.raises(EventError) as caught:
        parse_event(event)
    assert message in str(caught.value)
    assert "expected an OSS trigger event" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        pytest.param({}, None, id="all defaults"),
        pytest.param({"key_prefix": "incoming/"}, None, id="under KEY_PREFIX"),
        pytest.param({"key_prefix": "b/"}, "KEY_PREFIX (b/)", id="not under it"),
        pytest.param({"ledger_prefix": "incoming/"}, "LEDGER_PREFIX", id="our own"),
        pytest.param(
            {"ledger_prefix": "incoming/", "ledger_bucket": "images-in"},
            "LEDGER_PREFIX",
            id="our own, bucket named",
        ),
        pytest.param(
            {"ledger_prefix": "incoming/", "ledger_bucket": "records"},
            None,
            id="ledger in another bucket",
        ),
    ],
)
def test_settings_keep_records_out(
    settings: dict[str, str], reason: str | None
) -> None:
    defaults = {
        "key_prefix": "",
        "ledger_bucket": "",
        "ledger_prefix": ".image-import/",
    }
    why = why_not_ours(created(native()), **{**defaults, **settings})
    assert (why is None) if reason is None else (reason in (why or ""))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
PATHS = [
    ["eventName"], ["eventSource"], ["region"], ["oss"], ["oss", "bucket"],
    ["oss", "bucket", "name"], ["oss", "bucket", "arn"], ["oss", "object"],
    ["oss", "object", "key"], ["oss", "object", "size"], ["oss", "object", "eTag"],
    ["oss", "object", "objectMeta"], ["responseElements"],
]  # fmt: skip


def survives(event: bytes) -> None:
    """Parse; anything but entries of our kinds or an EventError fails the test."""
    try:
        entries = parse_event(event)
    except EventError:
        return
    assert entries
    for entry in entries:
        assert isinstance(entry, (ObjectCreated, Ignored, Rejected))
        str(entry).encode()  # half a surrogate pair would end the log line here


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_end_in_entries_or_an_event_error(event: bytes) -> None:
    survives(event)


@settings(deadline=None)
@given(JSON)
def test_any_json_ends_in_entries_or_an_event_error(document: object) -> None:
    survives(as_bytes(document))


@settings(deadline=None)
@given(path=st.sampled_from(PATHS), value=JSON, wrapped=st.booleans())
def test_any_value_in_any_field_ends_in_an_entry(
    path: list[str], value: object, *, wrapped: bool
) -> None:
    record = native(oss__object__objectMeta={"userMeta": {}})
    place: Any = record
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    survives(as_bytes(envelope(record) if wrapped else {"events": [record]}))


@settings(deadline=None)
@given(st.text(alphabet="Az09+/= \n", min_size=30, max_size=50))
def test_whatever_looks_like_base64_ends_in_an_event_error(text: str) -> None:
    survives(text.encode())


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (base64.encodebytes(as_bytes(NOTIFICATION)), "by a trigger, not by a queue"),
        (base64.b64encode(as_bytes([native()])), "is Base64, as .*; decode it"),
        (base64.b64encode(gzip.compress(as_bytes(NOTIFICATION))), "is Base64"),
        (gzip.compress(as_bytes(NOTIFICATION)), "is gzip'd; decompress it"),
    ],
    ids=["notification", "Base64", "both", "gzip"],
)
def test_a_packed_event_is_refused_by_the_name_of_its_packing(
    event: bytes, reason: str
) -> None:
    with pytest.raises(EventError, match=reason):
        parse_event(event)


def test_a_size_that_became_text_on_the_way_is_a_size() -> None:
    assert created(native(oss__object__size="197120")).object_size_bytes == 197120


def test_a_size_of_zero_as_text_is_an_empty_object() -> None:
    entry = parse_one({"events": [native(oss__object__size="0")]})
    assert isinstance(entry, Ignored)
    assert "size 0" in entry.reason


@pytest.mark.parametrize("region", ["evil.com/#", "evil.com:8443/x?", "cn-hangzhou\n"])
def test_a_region_that_would_lead_elsewhere_is_rejected(region: str) -> None:
    """It becomes part of the host that our credentials are sent to."""
    record = {
        "eventSource": "acs:oss",
        "eventName": "ObjectCreated:PutObject",
        "region": region,
        "oss": {
            "bucket": {"name": "images"},
            "object": {"key": "a.qcow2", "size": 1, "eTag": "A"},
        },
    }
    (entry,) = parse_event(json.dumps({"events": [record]}).encode())
    assert isinstance(entry, Rejected)
    assert "expected a region ID" in entry.reason


@pytest.mark.parametrize("key", [".", ".."])
def test_a_key_that_no_url_can_name_is_rejected(key: str) -> None:
    record = {
        "eventSource": "acs:oss",
        "eventName": "ObjectCreated:PutObject",
        "oss": {
            "bucket": {"name": "images"},
            "object": {"key": key, "size": 1, "eTag": "A"},
        },
    }
    (entry,) = parse_event(json.dumps({"events": [record]}).encode())
    assert isinstance(entry, Rejected)
