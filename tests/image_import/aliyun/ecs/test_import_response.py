import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_import.aliyun.ecs.import_response import (
    ImportReply,
    read_answer,
    read_import_reply,
)
from image_import.errors import ServiceError, ServiceRejected, ServiceUnavailable

ROUTE_FAILURE = {"resultCode": -1, "resultMsg": "system error", "result": None}


def read(body: object, status: int = 200, **headers: str) -> ImportReply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_import_reply(http_status=status, headers=named, body=data)


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        pytest.param(
            {"RequestId": "R", "ImageId": "m-1", "TaskId": "t-1", "RegionId": "x"},
            ImportReply(request_id="R", image_id="m-1", task_id="t-1"),
            id="public",
        ),
        pytest.param(
            {"RequestId": "R", "ImageId": "m-1", "ImportTaskId": "t-1"},
            ImportReply(request_id="R", image_id="m-1", task_id="t-1"),
            id="public in 2021",
        ),
        pytest.param({"RequestID": "R"}, ImportReply(request_id="R"), id="route"),
        pytest.param(
            {"code": "200", "success": True, "data": {"imageId": "m-1"},
             "asapiSuccess": True, "asapiRequestId": "R"},
            ImportReply(request_id="R", image_id="m-1"),
            id="asapi",
        ),
        pytest.param(
            {"Code": "200", "Message": "successful", "Success": True, "RequestId": "R"},
            ImportReply(request_id="R"),
            id="a code that is no error",
        ),
        pytest.param(
            {"asapiSuccess": True, "errorCode": None, "asapiErrorCode": ""},
            ImportReply(),
            id="asapi without any ID",
        ),
        pytest.param(
            b"<?xml version='1.0'?><ImportImageResponse><RequestId>R</RequestId>"
            b"<ImageId>m-1</ImageId><TaskId>t-1</TaskId></ImportImageResponse>",
            ImportReply(request_id="R", image_id="m-1", task_id="t-1"),
            id="xml",
        ),
        pytest.param(
            {"resultCode": 0, "RequestId": "R"}, ImportReply(request_id="R"), id="zero"
        ),
    ],
)  # fmt: skip
def test_success_is_read_in_every_documented_shape(
    body: object, reply: ImportReply
) -> None:
    assert read(body) == reply


def test_a_request_id_may_come_in_a_header_only() -> None:
    assert read({}, x_acs_request_id="R").request_id == "R"


@pytest.mark.parametrize("code", ["DRYRUN.SUCCESS", "DryRunOperation"])
def test_a_passed_dry_run_is_a_success_although_it_comes_as_an_error(code: str) -> None:
    reply = read({"Code": code, "Message": "ok", "RequestId": "R"}, 400)
    assert reply == ImportReply(request_id="R", is_dry_run=True)


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        pytest.param(
            {"Code": "InvalidImageName.Malformed", "Message": "bad", "RequestId": "R"},
            400, "InvalidImageName.Malformed", "bad", id="pop",
        ),
        pytest.param(
            {"asapiSuccess": False, "asapiErrorCode": "NoPermission",
             "asapiErrorMessage": "no", "asapiRequestId": "R"},
            200, "NoPermission", "no", id="asapi with 200",
        ),
        pytest.param(
            {"errorCode": "X.Y", "errorMessage": "no", "RequestId": "R",
             "errorTitle": "No"},
            200, "X.Y", "no", id="error code and message",
        ),
        pytest.param(
            {"asapiSuccess": False, "message": "no", "asapiRequestId": "R"},
            200, "", "no", id="asapi without a code",
        ),
        pytest.param(
            {"errorKey": "X.Y", "message": "no", "asapiRequestId": "R"},
            200, "X.Y", "no", id="asapi error key",
        ),
        pytest.param(
            b"<?xml version='1.0'?><Error><RequestId>R</RequestId><Code>Forbidden.RAM"
            b"</Code><Message>a &lt; b</Message></Error>",
            403, "Forbidden.RAM", "a < b", id="xml",
        ),
        pytest.param(
            {"success": False, "message": "no", "RequestId": "R"},
            200, "", "no", id="success false",
        ),
    ],
)  # fmt: skip
def test_failure_is_read_in_every_documented_shape(
    body: object, status: int, code: str, message: str
) -> None:
    with pytest.raises(ServiceRejected) as caught:
        read(body, status)
    assert (caught.value.code, caught.value.request_id) == (code, "R")
    assert str(caught.value).endswith(f": {message}")


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    "body", [{"errorSample": ROUTE_FAILURE}, ROUTE_FAILURE], ids=["wrapped", "bare"]
)
def test_the_routes_failure_is_one_whatever_the_http_status(
    body: dict[str, Any], status: int
) -> None:
    with pytest.raises(ServiceUnavailable, match="system error") as caught:
        read(body, status)
    assert caught.value.code == "resultCode -1"
    assert caught.value.perhaps_done


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        ("QuotaExceed.Image: 100 images", ServiceRejected, "QuotaExceed.Image"),
        ("QuotaExceed.Other: 7", ServiceRejected, "QuotaExceed.Other"),
        ("code: SignatureDoesNotMatch", ServiceRejected, "SignatureDoesNotMatch"),
        ("[Forbidden.RAM] not you", ServiceRejected, "Forbidden.RAM"),
        ("the import of MyImage failed", ServiceUnavailable, "resultCode -1"),
        ("[Throttling.User] slow down", ServiceUnavailable, "Throttling.User"),
        ("code=Throttling", ServiceUnavailable, "Throttling"),
        ("the quota is exceeded", ServiceUnavailable, "resultCode -1"),
    ],
)
def test_what_the_route_passes_on_of_a_refusal_counts_as_that(
    said: str, kind: type[Exception], code: str
) -> None:
    body = {"errorSample": {**ROUTE_FAILURE, "resultMsg": said}}
    with pytest.raises(kind) as caught:
        read(body)
    assert caught.value.code == code  # type: ignore[attr-defined]


def test_a_quote_of_a_page_ends_between_two_words() -> None:
    with pytest.raises(ServiceUnavailable, match="expected JSON") as caught:
        read(b"<html> " + b"word " * 57 + b"x" * 40)
    assert "xxx" not in str(caught.value)
    assert "word word'" in str(caught.value)


def test_throttling_says_how_long_to_wait_and_was_not_processed() -> None:
    body = {"Code": "Throttling.User", "Message": "slow down", "RequestId": "R"}
    with pytest.raises(ServiceUnavailable) as caught:
        read(body, 400, x_acs_retry_after="1500")
    assert caught.value.retry_after_seconds == 1.5
    assert not caught.value.perhaps_done


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><body>502 Bad Gateway</body></html>", b"[1]", b'"ok"', b"\xff\xfe",
     b"[" * 100_000, b"<Error>"],
    ids=["empty", "html", "list", "string", "bytes", "nested", "hollow xml"],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 403, 502])
@pytest.mark.usefixtures("no_collection")
def test_what_is_no_answer_may_have_taken_effect(body: bytes, status: int) -> None:
    with pytest.raises(ServiceUnavailable, match="expected JSON") as caught:
        read(body, status)
    assert caught.value.perhaps_done
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("body", [b"{}", b'{"hello": "world"}', b'{"data": {}}'])
def test_an_answer_that_says_nothing_of_an_import_is_none(body: bytes) -> None:
    with pytest.raises(
        ServiceUnavailable, match="expected JSON, got HTTP 200"
    ) as found:
        read(body)
    assert found.value.perhaps_done


def test_a_server_error_without_a_known_code_may_have_taken_effect() -> None:
    with pytest.raises(ServiceUnavailable) as caught:
        read({"Code": "Whatever", "RequestId": "R"}, 500)
    assert caught.value.perhaps_done


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Code", "code", "data", "errorSample", "RequestId", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values | st.binary(max_size=40), st.sampled_from([200, 400, 404, 500]))
def test_no_answer_makes_anything_but_our_own_errors(body: object, status: int) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with suppress(ServiceError):
        read_answer("DescribeImages", http_status=status, headers={}, body=data)
