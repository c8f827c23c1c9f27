"""What Simple Message Queue and EventBridge refuse, and what they keep."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests
from fake_aliyun import FakeAliyun
from fake_aliyun.core.errors import NotImitatedError
from image_import.aliyun.messaging import put_events, send_message
from image_import.config.credentials import Credentials

EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "tests",
    "type": "image.available",
    "subject": "web.qcow2",
    "time": "2026-12-01T03:00:00.000Z",
    "datacontenttype": "application/json",
    "data": {"image": "镜像"},
}
PLACES = {"queues/told", "topics/told", "buses/told"}
Change = Callable[[requests.PreparedRequest], None]


def made() -> FakeAliyun:
    cloud = FakeAliyun()
    cloud.messaging.places.update(PLACES)
    return cloud


def keys_of(cloud: FakeAliyun) -> Credentials:
    own = cloud.credentials
    return Credentials(
        access_key_id=own.access_key_id, access_key_secret=own.access_key_secret
    )


def request_to(
    cloud: FakeAliyun,
    place: str,
    *,
    keys: Credentials | None = None,
    now: datetime | None = None,
    event: dict[str, Any] | None = None,
) -> requests.PreparedRequest:
    keys, moment = keys or keys_of(cloud), now or datetime.now(timezone.utc)
    kind, _, name = place.partition("/")
    if kind == "buses":
        return put_events(
            event or EVENT,
            bus=name,
            region_id=cloud.region_id,
            credentials=keys,
            now=lambda: moment,
            nonce=lambda: "nonce",
        )
    return send_message(
        event or EVENT,
        account_id=cloud.account_id,
        path=place,
        region_id=cloud.region_id,
        credentials=keys,
        now=lambda: moment,
    )


def answer(cloud: FakeAliyun, request: requests.PreparedRequest) -> requests.Response:
    with cloud, requests.Session() as session:
        return session.send(request)


def code(response: requests.Response) -> str:
    """Return the code of a refusal, in XML or JSON."""
    text = response.text
    if text.startswith("<"):
        return text.partition("<Code>")[2].partition("</Code>")[0]
    return str(json.loads(text)["Code"])


@pytest.mark.parametrize("place", sorted(PLACES))
def test_what_is_sent_is_kept_with_who_sent_it(place: str) -> None:
    cloud = made()
    response = answer(cloud, request_to(cloud, place))
    assert response.status_code == (200 if place == "buses/told" else 201)
    (sent,) = cloud.messaging.sent
    assert (sent.place, sent.principal) == (place, "account")
    if place == "buses/told":
        assert json.loads(sent.body)["Subject"] == "web.qcow2"
    else:
        assert json.loads(base64.b64decode(sent.body)) == EVENT


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("queues/none", (404, "QueueNotExist")),
        ("topics/none", (404, "TopicNotExist")),
        ("buses/none", (409, "EventBusNotExist")),
    ],
)
def test_what_is_not_there_takes_nothing(place: str, expected: tuple[int, str]) -> None:
    cloud = made()
    response = answer(cloud, request_to(cloud, place))
    assert (response.status_code, code(response)) == expected
    assert cloud.messaging.sent == []


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("queues/told", "AccessDenied"),
        ("topics/told", "AccessDenied"),
        ("buses/told", "Forbidden.RAM"),
    ],
)
def test_who_may_not_send_is_refused(place: str, expected: str) -> None:
    cloud = made()
    user = cloud.ram.create_user("ann")
    cloud.ram.attach_policy("user/ann", {"Version": "1", "Statement": []})
    keys = Credentials(
        access_key_id=user.access_key_id, access_key_secret=user.access_key_secret
    )
    response = answer(cloud, request_to(cloud, place, keys=keys))
    assert (response.status_code, code(response)) == (403, expected)


@pytest.mark.parametrize("place", sorted(PLACES))
def test_another_secret_is_refused(place: str) -> None:
    cloud = made()
    keys = replace(keys_of(cloud), access_key_secret="another")
    response = answer(cloud, request_to(cloud, place, keys=keys))
    assert code(response) == "SignatureDoesNotMatch"


def _unsigned(request: requests.PreparedRequest) -> None:
    del request.headers["Authorization"]


def _undated(request: requests.PreparedRequest) -> None:
    request.headers["Date"] = "today"


def _of_another_version(request: requests.PreparedRequest) -> None:
    request.headers["x-mns-version"] = "2014-01-01"


def _no_xml(request: requests.PreparedRequest) -> None:
    request.prepare_body(b"web", None)


def _empty(request: requests.PreparedRequest) -> None:
    request.prepare_body(b"<Message><MessageBody></MessageBody></Message>", None)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_unsigned, "MissingAuthorizationHeader"),
        (_undated, "InvalidArgument"),
        (_of_another_version, "InvalidArgument"),
        (_no_xml, "MalformedXML"),
        (_empty, "InvalidArgument"),
    ],
)
def test_a_request_that_a_queue_does_not_take(change: Change, expected: str) -> None:
    cloud = made()
    request = request_to(cloud, "queues/told")
    change(request)
    assert code(answer(cloud, request)) == expected


def test_an_old_request_and_an_unknown_key_are_refused_by_a_queue() -> None:
    cloud = made()
    old = datetime.now(timezone.utc) - timedelta(minutes=16)
    assert code(answer(cloud, request_to(cloud, "queues/told", now=old))) == (
        "TimeExpired"
    )
    keys = replace(keys_of(cloud), access_key_id="nobody")
    unknown = request_to(cloud, "queues/told", keys=keys)
    assert code(answer(cloud, unknown)) == "InvalidAccessKeyId"


def test_temporary_keys_need_their_token_at_a_queue() -> None:
    cloud = made()
    held = cloud.context().credentials
    keys = Credentials(
        access_key_id=held.access_key_id,
        access_key_secret=held.access_key_secret,
        security_token=held.security_token,
    )
    assert answer(cloud, request_to(cloud, "queues/told", keys=keys)).ok
    bare = replace(keys, security_token="")
    refused = answer(cloud, request_to(cloud, "queues/told", keys=bare))
    assert code(refused) == "InvalidSecurityToken"


def test_an_event_without_a_type_is_refused_by_a_bus() -> None:
    cloud = made()
    response = answer(
        cloud, request_to(cloud, "buses/told", event={**EVENT, "type": ""})
    )
    assert (response.status_code, code(response)) == (400, "InvalidArgument")


def test_what_is_not_imitated_says_so() -> None:
    cloud = made()
    request = request_to(cloud, "queues/told")
    request.url = str(request.url).replace("/messages", "")
    with pytest.raises(NotImitatedError, match="POST /queues/NAME/messages"):
        answer(cloud, request)


def test_reset_forgets_places_and_messages() -> None:
    cloud = made()
    answer(cloud, request_to(cloud, "queues/told"))
    cloud.reset()
    assert (cloud.messaging.places, cloud.messaging.sent) == (set(), [])
