"""The path /apsara/route/Ecs/... of Apsara Stack.

Source: "ImportImage", Apsara Stack API page with the path
/apsara/route/Ecs/ImportImage, read 2026-11. It leaves open whether the body is a form
or JSON (both are taken), how requests are signed, whether other operations are served,
and what a failure says besides `resultCode` -1; here `resultMsg` names code and cause.
"""

import json
from collections.abc import Mapping

from fake_aliyun.core.errors import CloudError, NotImitatedError
from fake_aliyun.core.http import Request, Response
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.operations import OPERATIONS

PREFIX = "/apsara/route/Ecs/"
VERSION = "2016-01-01"


def read_route(request: Request, *, lookup: bool) -> tuple[str, dict[str, str]]:
    """Return the operation that a path names and the parameters in the body.

    Args:
        request: To a path under /apsara/route/.
        lookup: Whether more than ImportImage is served.

    Raises:
        EcsError: Region IDs are missing or differ, or the version is another.
        NotImitatedError: The request has a form that nothing documents.
    """
    served = set(OPERATIONS) if lookup else {"ImportImage"}
    action = request.decoded_path.removeprefix(PREFIX)
    if request.method != "POST" or action not in served:
        known = (f"POST {PREFIX}{name}" for name in served)
        raise NotImitatedError(f"{request.method} {request.path}", known=known)
    if request.query:
        raise NotImitatedError("parameters in the query of a route", known=["the body"])
    parameters = _read_body(request)
    region_id = parameters.pop("regionId", "")
    if not region_id:
        raise EcsError("MissingParameter", "regionId")
    if parameters.get("RegionId", region_id) != region_id:
        raise EcsError("InvalidRegionId.NotFound")
    if parameters.pop("version", VERSION) != VERSION:
        raise EcsError("InvalidVersion")
    return action, parameters


def _read_body(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return dict(request.form)
    if kind != "application/json":
        known = ["application/x-www-form-urlencoded", "application/json"]
        raise NotImitatedError(f"a body of type {kind!r}", known=known)
    try:
        return _flat_strings(json.loads(request.body))
    except json.JSONDecodeError:
        raise EcsError("InvalidParameter", "body") from None


def _flat_strings(document: object) -> dict[str, str]:
    if not isinstance(document, Mapping) or not all(
        isinstance(value, str | int) for value in document.values()
    ):
        known = ["one JSON object of text and numbers, with dotted names"]
        raise NotImitatedError("a nested JSON body", known=known)
    return {str(name): str(value) for name, value in document.items()}


def route_refusal(error: CloudError) -> Response:
    """Return a failure as the route documents it: HTTP 200 and an `errorSample`."""
    said = error.code if error.code == error.message else str(error)
    result = {"resultCode": -1, "resultMsg": said, "result": None}
    return Response(
        status=200,
        headers={"Content-Type": "application/json;charset=utf-8"},
        body=json.dumps({"errorSample": result}).encode(),
    )
