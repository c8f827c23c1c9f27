"""What OSS's refusals are called here, and what each asks for.

Only what OSS itself says counts: a refusal without a code of OSS, such as a proxy's
page, is no answer. A HEAD has no body, so its status has to do.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from image_import.errors import ServiceError, ServiceRejected, ServiceUnavailable

# Refused, yet a new invocation comes with fresh credentials.
_TRANSIENT_CODES = {"SecurityTokenExpired", "RequestTimeout", "IncompleteBody"}
_ERROR_ROOT = re.compile(rb"<Error[\s>]")
_ERROR_FIELD = re.compile(r"<(Code|Message|RequestId|Endpoint|EC)>([^<]*)</\1>")

RIGHTS = {
    "AppendObject": "oss:PutObject",
    "CompleteMultipartUpload": "oss:PutObject",
    "HeadObject": "oss:GetObject",
    "InitiateMultipartUpload": "oss:PutObject",
    "ListObjectsV2": "oss:ListObjects",
    "UploadPart": "oss:PutObject",
    "UploadPartCopy": "oss:PutObject",
}
"""What an operation is allowed by, if not by a right of its own name.

Source: "Grant access to OSS by using RAM policies", OSS documentation, read 2026-11.
"""


class ObjectMissing(ServiceRejected):
    """There is no such object."""


class ObjectChanged(ServiceRejected):
    """The object's ETag is no longer the one that was asked for."""


class PositionTaken(ServiceRejected):
    """An append came second: the object does not end where it was expected to."""


class UploadGone(ServiceRejected):
    """There is no such multipart upload: it was completed, or aborted."""


class NotAppendable(ServiceRejected):
    """The object was not made by AppendObject, or something was put over it."""


_KINDS: Mapping[tuple[int, str], type[ServiceRejected]] = {
    (404, "NoSuchKey"): ObjectMissing,
    (404, "NoSuchUpload"): UploadGone,
    (412, "PreconditionFailed"): ObjectChanged,
    (409, "ObjectNotAppendable"): NotAppendable,
    (409, "PositionNotEqualToLength"): PositionTaken,
}
_KINDS_OF_HEAD = {404: ObjectMissing, 412: ObjectChanged}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a refused request was about, as far as advice depends on it.

    Attributes:
        endpoint: Where it was sent.
        region_id: For which it was signed.
        signature_version: "v4" or "v1".
    """

    action: str
    bucket: str
    endpoint: str
    region_id: str
    signature_version: str

    @property
    def is_public(self) -> bool:
        """Whether it went to public Alibaba Cloud."""
        host = urlsplit(self.endpoint).hostname or ""
        return host.endswith(".aliyuncs.com")


def refused(
    status: int, headers: Mapping[str, str], body: bytes, asked: Asked
) -> ServiceError:
    """Return our error for an answer of OSS that is no success."""
    told = error_fields(headers, body)
    code = told.get("Code", "")
    known: dict[str, Any] = {
        "service": "OSS",
        "action": asked.action,
        "code": code,
        "http_status": status,
        "request_id": headers.get("x-oss-request-id") or told.get("RequestId"),
    }
    text = told.get("Message") or f"HTTP {status}"
    message = f"OSS {asked.action}: {code or status}: {text}"
    if status >= 500 or status in {408, 429} or code in _TRANSIENT_CODES:
        return ServiceUnavailable(
            message,
            perhaps_done=status >= 500,
            retry_after_seconds=_delay_seconds(headers),
            **known,
        )
    if not code and asked.action == "HeadObject":
        return _KINDS_OF_HEAD.get(status, ServiceRejected)(message, **known)
    if not code:
        return ServiceUnavailable(
            f"OSS {asked.action}: HTTP {status} without a code of OSS; check "
            "OSS_ENDPOINT, and proxies in between",
            **{**known, "code": "ForeignAnswer", "http_status": None},
            perhaps_done=True,
        )
    kind = _KINDS.get((status, code), ServiceRejected)
    return kind(message, advice=_advice(code, told, asked), **known)


def error_fields(headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
    """Return the fields of OSS's error, without any where there is no such XML.

    Its elements are flat, so no parser needs to see what an attacker may have nested.
    A HEAD's are in a header.

    Sources: "Error responses", OSS documentation; oss2 2.19.1 for `x-oss-err`; read
    2026-12.
    """
    if not body:
        try:
            body = base64.b64decode(headers.get("x-oss-err", ""))
        except binascii.Error:
            return {}
    if not _ERROR_ROOT.search(body):
        return {}
    from html import unescape  # noqa: PLC0415 - 3 ms of a cold start, for a rarity

    text = body.decode("utf-8", "replace")
    return {name: unescape(value) for name, value in _ERROR_FIELD.findall(text)}


def _delay_seconds(headers: Mapping[str, str]) -> float | None:
    """Return how long OSS asks to wait; it writes milliseconds."""
    told = headers.get("x-oss-qos-delay-time", "")
    is_number = told.isascii() and told.isdecimal()
    return int(told) / 1000 if is_number else None


def _advice(code: str, told: Mapping[str, str], asked: Asked) -> str:
    """Return what to do in this very case; "" if the code says all.

    Sources: "HTTP 403 status code"; "0002-00000226" and "0002-00000228" (the regions of
    signature and host, or bucket, differ); "0002-00000080" (V1 is refused); all OSS
    documentation, read 2026-12.
    """
    said = told.get("Message", "").lower()
    if right_one := told.get("Endpoint"):
        return (
            f"The bucket {asked.bucket} is at {right_one}, and was asked for at "
            f"{asked.endpoint} ({asked.region_id}). Set OSS_ENDPOINT and REGION_ID to "
            "the bucket's region; ECS reads only buckets of its own region."
        )
    if told.get("EC") == "0002-00000080" or "v4 signature" in said:
        return "OSS refuses signature version 1 here. Set OSS_SIGNATURE_VERSION to v4."
    if code == "InvalidArgument":
        return _advice_on_argument(said, asked)
    if code == "NoSuchBucket":
        return (
            f"There is no bucket {asked.bucket} at {asked.endpoint}. Check its name, "
            "OSS_ENDPOINT and REGION_ID."
        )
    return _advice_on_denial(said, asked) if code == "AccessDenied" else ""


def _advice_on_argument(said: str, asked: Asked) -> str:
    if "signing region" in said:
        return (
            f"The request was signed for {asked.region_id}, and {asked.endpoint} is in "
            "another region. Let REGION_ID and OSS_ENDPOINT name the same one."
        )
    if "authorization" in said and asked.signature_version == "v4":
        if not asked.is_public:
            return "This OSS does not know V4. Set OSS_SIGNATURE_VERSION to v1."
        return "Check OSS_ENDPOINT, and proxies that rewrite requests."
    return ""


# ruff: noqa: E501 - a table row is one line
_DENIALS = """
kms | KMS refuses the key with which {bucket} encrypts. Use a bucket without server-side encryption; ECS does not import from an encrypted one.
vpc endpoint | The policy of the VPC's endpoint forbids {bucket}. Allow {right} on it there, or set OSS_ENDPOINT to another endpoint.
referer | The bucket {bucket} only serves certain web pages. Allow an empty Referer in its hotlink protection.
authorizer | These credentials may do less than their role. Allow {right} on {bucket} in the policy with which they were issued, or in the role's.
bucket policy | The policy of bucket {bucket} denies {right}. Take the function out of its Deny.
"""
"""By a word of OSS's message, which tells what the code AccessDenied does not."""


def _advice_on_denial(said: str, asked: Asked) -> str:
    right = RIGHTS.get(asked.action, f"oss:{asked.action}")
    for row in _DENIALS.strip().splitlines():
        word, _, advice = row.partition(" | ")
        if word in said:
            return advice.format(bucket=asked.bucket, right=right)
    return (
        f"These credentials may not {right} on bucket {asked.bucket}. Allow it to "
        "them, and look for a Deny in the bucket's policy."
    )
