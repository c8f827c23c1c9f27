"""What ECS answered: every documented shape of success and failure.

The HTTP status alone decides nothing: the Apsara Stack page documents a failure that
may come with 200, and there `Code` 200 is a success.

Sources, all read 2026-11: "ImportImage", ECS API 2014-05-26 and its 2021 edition
(`ImportTaskId`); "ImportImage", Apsara Stack API page (`RequestID`, `errorSample`);
the answers that terraform-provider-alibabacloudstack and yunionio/cloudmux read
(`asapiSuccess`, `errorKey`, `errorCode`, `Code` 200).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from image_import.aliyun.error_catalogue import explain, is_listed
from image_import.aliyun.transport_errors import quote
from image_import.errors import ServiceError, ServiceRejected, ServiceUnavailable

SUCCESS_CODES = {"", "0", "200"}
"""Source: cloudmux, apsara client: `"Code": "200"` is no error, read 2026-11."""

DRY_RUN_CODES = {"dryrun.success", "dryrunoperation"}
"""Source: "ImportImage", ECS API 2014-05-26, DryRun, read 2026-11."""

_WRAPPERS = ("errorsample", "data")
_SUCCESS_FIELDS = {"code", "success", "asapisuccess", "resultcode"}
_ERROR_CODE_FIELDS = ("asapierrorcode", "errorcode", "errorkey")
_MESSAGE_FIELDS = ("asapierrormessage", "message", "errormessage", "resultmsg")
_LIKE_A_CODE = re.compile(r"\b(?:[A-Z]\w*(?:\.\w+)+|(?:[A-Z][a-z]+){2,}|Throttling)\b")

_XML_ROOT = re.compile(r"<(Error|ImportImageResponse)[\s>]")
_XML_FIELD = re.compile(r"<(Code|Message|RequestId|HostId|ImageId|TaskId)>([^<]*)</\1>")


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReply:
    """What an accepted ImportImage says; None where the answer says nothing."""

    request_id: str | None = None
    image_id: str | None = None
    task_id: str | None = None
    is_dry_run: bool = False


def read_import_reply(
    *, http_status: int, headers: Mapping[str, str], body: bytes
) -> ImportReply:
    """Return what an accepted ImportImage says.

    Raises:
        ServiceRejected: ECS said no, and will say so again.
        ServiceUnavailable: It was throttled or broken, or what came is no answer.
    """
    try:
        answer = read_answer(
            "ImportImage", http_status=http_status, headers=headers, body=body
        )
    except ServiceRejected as exc:
        if exc.code.lower() in DRY_RUN_CODES:
            return ImportReply(request_id=exc.request_id, is_dry_run=True)
        raise
    folded = _folded(answer)
    reply = ImportReply(
        request_id=_request_id(folded, headers),
        image_id=_text(folded, "imageid"),
        task_id=_text(folded, "taskid") or _text(folded, "importtaskid"),
    )
    if reply == ImportReply() and not folded.keys() & _SUCCESS_FIELDS:
        raise _not_an_answer("ImportImage", http_status, headers, body)
    return reply


def read_answer(
    action: str, *, http_status: int, headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """Return the fields of a successful answer, a wrapper around them taken off.

    Raises:
        ServiceRejected: ECS said no.
        ServiceUnavailable: Asking again may help.
    """
    answer = _fields(body)
    if answer is None:
        raise _not_an_answer(action, http_status, headers, body)
    folded = _folded(answer)
    failure = _failure(folded, http_status)
    if failure is None:
        return answer
    code, message = failure
    raise _error(action, code, message, http_status, headers, folded)


def _fields(body: bytes) -> dict[str, Any] | None:
    """Return the answer's fields, None if it is neither JSON nor error XML."""
    text = body.decode("utf-8", "replace").strip()
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return _xml_fields(text)
    return answer if isinstance(answer, dict) else None


def _xml_fields(text: str) -> dict[str, Any] | None:
    """Return the fields of `<Error><Code>..</Code>..</Error>`, or of a success.

    An answer is XML where a gateway ignores Format=JSON; its elements are flat, so
    no parser needs to see what an attacker may have nested.
    """
    if not _XML_ROOT.search(text):
        return None
    from html import unescape  # noqa: PLC0415 - 3 ms of a cold start, for a rarity

    return {name: unescape(value) for name, value in _XML_FIELD.findall(text)} or None


def _folded(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields by lower-case name, those of a wrapper among them."""
    folded = {str(name).lower(): value for name, value in answer.items()}
    for wrapper in _WRAPPERS:
        inner = folded.get(wrapper)
        if isinstance(inner, dict):
            folded.update({str(k).lower(): v for k, v in inner.items()})
    return folded


def _failure(folded: Mapping[str, Any], http_status: int) -> tuple[str, str] | None:
    """Return code and message of a failure, None for a success."""
    message = _first(folded, _MESSAGE_FIELDS)
    if "errorsample" in folded or _is_bad(folded.get("resultcode")):
        result_code = f"resultCode {folded.get('resultcode')}"
        code = _text(folded, "code") or _code_within(message) or result_code
        return code, message
    code = _first(folded, _ERROR_CODE_FIELDS)
    if code not in SUCCESS_CODES or folded.get("asapisuccess") is False:
        return code, message
    code = _text(folded, "code") or ""
    if code not in SUCCESS_CODES or http_status >= 400:
        return code, message
    if folded.get("success") is False:
        return code, message
    return None


def _code_within(message: str) -> str | None:
    """Return ECS's own code where the gateway of Apsara Stack quotes its refusal."""
    found = _LIKE_A_CODE.findall(message)
    return next((code for code in found if is_listed("ECS", code)), None)


def _first(folded: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """Return the first of these fields that says anything."""
    told = (_text(folded, name) for name in names)
    return next((text for text in told if text), "")


def _is_bad(result_code: object) -> bool:
    return result_code is not None and str(result_code) not in SUCCESS_CODES


def _error(
    action: str,
    code: str,
    message: str,
    http_status: int,
    headers: Mapping[str, str],
    folded: Mapping[str, Any],
) -> ServiceError:
    """Return the error for a failure; whether a retry helps, the catalogue knows."""
    entry = explain("ECS", code, http_status)
    said: dict[str, Any] = {
        "service": "ECS",
        "action": action,
        "code": code,
        "http_status": http_status,
        "request_id": _request_id(folded, headers),
    }
    text = f"ECS {action}: {code or f'HTTP {http_status}'}: {message or 'no message'}"
    if entry.kind == "transient":
        return ServiceUnavailable(
            text,
            perhaps_done=entry.perhaps_done,
            retry_after_seconds=_retry_after_seconds(headers),
            **said,
        )
    return ServiceRejected(text, **said)


def _not_an_answer(
    action: str, http_status: int, headers: Mapping[str, str], body: bytes
) -> ServiceUnavailable:
    """A proxy or gateway answered in place of ECS; it may have passed the call on."""
    kind = headers.get("Content-Type", "no content type")
    return ServiceUnavailable(
        f"ECS {action}: expected JSON, got HTTP {http_status} with {kind}: "
        f"{quote(body)!r}; check ECS_ENDPOINT and any proxy in between",
        service="ECS",
        action=action,
        http_status=http_status,
        request_id=_request_id({}, headers),
        perhaps_done=True,
    )


def _retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return what `x-acs-retry-after` asks for.

    Source: alibabacloud-tea-openapi 0.4.6, which sleeps that many milliseconds.
    """
    told = headers.get("x-acs-retry-after", "")
    return int(told) / 1000 if told.isascii() and told.isdecimal() else None


def _request_id(folded: Mapping[str, Any], headers: Mapping[str, str]) -> str | None:
    told = _text(folded, "requestid") or _text(folded, "asapirequestid")
    return told or headers.get("x-acs-request-id")


def _text(folded: Mapping[str, Any], name: str) -> str | None:
    value = folded.get(name)
    return str(value) if isinstance(value, (str, int)) and value != "" else None
