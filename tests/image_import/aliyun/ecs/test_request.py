import json
from dataclasses import replace

import pytest
from image_import.aliyun.ecs.request import gateway_headers, to_call
from image_import.config.settings import read_settings
from image_import.model.targets import APSARA_POP, APSARA_ROUTE, PUBLIC, Target

PARAMETERS = {"b": "x y", "a": "*/像"}
NAMED = {"Action": "ImportImage", "Format": "JSON", "Version": "2014-05-26"}
STACK = {"ECS_ENDPOINT": "http://ecs.test", "OSS_ENDPOINT": "http://oss.test"}


def test_a_query_is_encoded_and_sorted() -> None:
    call = to_call("ImportImage", PARAMETERS, endpoint="https://e", target=PUBLIC)
    assert call.url == "https://e/?a=%2A%2F%E5%83%8F&b=x%20y"
    assert call.body is None
    assert "Content-Type" not in call.headers


def test_a_form_is_encoded_and_sorted() -> None:
    call = to_call("ImportImage", PARAMETERS, endpoint="http://e", target=APSARA_ROUTE)
    assert call.url == "http://e/apsara/route/Ecs/ImportImage"
    assert call.body == b"a=%2A%2F%E5%83%8F&b=x%20y"
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_json_keeps_the_flat_names() -> None:
    target = replace(APSARA_ROUTE, body_format="json")
    call = to_call("ImportImage", PARAMETERS, endpoint="http://e", target=target)
    assert json.loads(call.body or b"") == PARAMETERS
    assert call.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("target", "headers", "fields"),
    [
        (PUBLIC, {"x-acs-action": "ImportImage", "x-acs-version": "2014-05-26"}, {}),
        (APSARA_POP, {}, NAMED),
        (replace(PUBLIC, auth="none"), {}, NAMED),
        (
            APSARA_ROUTE,
            {"x-acs-action": "ImportImage", "x-acs-version": "2016-01-01"},
            {},
        ),
        (replace(APSARA_ROUTE, auth="none"), {}, {}),
        (
            replace(APSARA_ROUTE, auth="rpc-v1", api_version="2014-05-26"),
            {},
            NAMED,
        ),
    ],
    ids=["acs3", "rpc-v1", "none", "roa-v1", "none at the route", "rpc at the route"],
)
def test_the_action_is_named_in_one_place(
    target: Target, headers: dict[str, str], fields: dict[str, str]
) -> None:
    as_json = replace(target, body_format="json")
    call = to_call("ImportImage", {}, endpoint="http://e", target=as_json)
    named = {n: v for n, v in call.headers.items() if n.startswith("x-acs-")}
    assert named == headers
    assert json.loads(call.body or b"") == fields


def test_public_gets_no_gateway_headers_but_those_that_were_set() -> None:
    settings = read_settings({"ECS_HEADERS": '{"x-a": "1"}'})
    assert gateway_headers(settings, "cn-hangzhou") == {"x-a": "1"}


def test_a_gateway_is_not_told_what_is_not_known() -> None:
    settings = read_settings({**STACK, "IMPORT_TARGET": "apsara-pop"})
    assert gateway_headers(settings, "cn-qd") == {
        "x-acs-regionid": "cn-qd",
        "x-acs-caller-sdk-source": "image-import",
    }


def test_a_header_that_was_set_wins() -> None:
    own = {"ECS_HEADERS": '{"x-acs-regionid": "other"}'}
    settings = read_settings({**STACK, **own, "IMPORT_TARGET": "apsara-route"})
    assert gateway_headers(settings, "cn-qd")["x-acs-regionid"] == "other"
