"""Calls of the RPC kind: what every service that is asked at `/` has in common.

Sources: "Request syntax and signature method V2 for RPC APIs" and "V3 request structure
and signature", Alibaba Cloud SDK documentation, read 2026-11.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fake_aliyun.core import xml
from fake_aliyun.core.clock import http_date
from fake_aliyun.core.errors import CloudError, NotImitatedError
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.records import Recorded, without_secrets

Document = dict[str, Any]
COMMON = frozenset(
    {"Action", "Version", "Format", "AccessKeyId", "Signature", "SignatureMethod",
     "SignatureVersion", "SignatureNonce", "SignatureType", "Timestamp",
     "SecurityToken"}
)  # fmt: skip
_SIGNING_HEADERS = frozenset(
    {"x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce",
     "x-acs-content-sha256", "x-acs-security-token", "x-acs-accesskey-id",
     "x-acs-credentials-provider"}
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What a request asks for, by headers (ACS3) or by parameters (RPC V1)."""

    action: str
    version: str
    parameters: Mapping[str, str]

    @classmethod
    def of(cls, request: Request) -> "Call":
        """Return the call of a request; what it does not name is "".

        Raises:
            NotImitatedError: A parameter comes twice.
        """
        parameters = {**request.query_parameters, **request.form}
        headers = request.headers
        return cls(
            action=headers.get("x-acs-action") or parameters.get("Action", ""),
            version=headers.get("x-acs-version") or parameters.get("Version", ""),
            parameters=parameters,
        )

    def begin(
        self,
        request: Request,
        record: Recorded,
        *,
        service: str,
        version: str,
        known: Collection[str],
        may_be_in_body: bool = False,
    ) -> None:
        """Note what is called, and let it pass if the service answers it.

        Args:
            may_be_in_body: Whether ACS3 may come with a form for a body.

        Raises:
            NotImitatedError: It is another operation, another version, or ACS3 with a
                form for a body.
        """
        record.parameters = without_secrets(self.parameters)
        record.action = self.action
        if self.action not in known:
            what = f"the {service} operation {self.action!r}"
            raise NotImitatedError(what, known=known)
        if self.version != version:
            what = f"version {self.version or None!r} of {service}"
            raise NotImitatedError(what, known=[version])
        is_form = "x-acs-action" in request.headers and bool(request.form)
        if is_form and not may_be_in_body:
            raise NotImitatedError(
                "ACS3 with the parameters in the body", known=["the query"]
            )

    def own(self, common: Collection[str] = COMMON) -> dict[str, str]:
        """Return the parameters of the operation alone."""
        return {n: value for n, value in self.parameters.items() if n not in common}


def check_headers(request: Request, more: Collection[str] = ()) -> None:
    """Refuse headers `x-acs-*` that nobody here would heed.

    Args:
        request: Whose.
        more: Known beside those that sign.
    """
    known = _SIGNING_HEADERS.union(more)
    own = {name for name in request.headers if name.startswith("x-acs-")}
    for name in sorted(own - known):
        raise NotImitatedError(f"the header {name!r}", known=known)


def answered(request: Request, action: str, document: Mapping[str, Any]) -> Response:
    """Return what an operation answers, in the format that was asked for."""
    return _rendered(request, f"{action}Response", document)


def refused(
    error: CloudError, request: Request, record: Recorded, *, product: str
) -> Response:
    """Return a refusal, in the format that was asked for."""
    document = {
        "RequestId": record.request_id,
        "HostId": request.host,
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}"
        f"&product={product}",
    }
    answer = _rendered(request, "Error", document)
    headers = {**answer.headers, **error.headers}
    return replace(answer, status=error.status, headers=headers)


def finished(response: Response, record: Recorded, *, now: datetime) -> Response:
    """Return an answer with the headers that each answer has."""
    own = {"Date": http_date(now), "x-acs-request-id": record.request_id}
    return replace(response, headers={**own, **response.headers})


def as_json(document: Mapping[str, Any]) -> Response:
    """Return a document as JSON."""
    return Response(
        status=200,
        headers={"Content-Type": "application/json;charset=utf-8"},
        body=json.dumps(document, ensure_ascii=False).encode(),
    )


def _rendered(request: Request, name: str, document: Mapping[str, Any]) -> Response:
    if not _wants_xml(request):
        return as_json(document)
    return Response(
        status=200,
        headers={"Content-Type": "text/xml;charset=utf-8"},
        body=xml.document(name, list(_pairs(document))),
    )


def _wants_xml(request: Request) -> bool:
    """Return whether the answer is XML, as it is for RPC V1 unless asked otherwise.

    Source: "Request syntax and signature method V2 for RPC APIs", `Format`.
    """
    if "x-acs-action" in request.headers:
        return False
    parameters = {**request.query_parameters, **request.form}
    return parameters.get("Format", "XML").upper() == "XML"


def _pairs(document: Mapping[str, Any]) -> list[tuple[str, xml.Children]]:
    return [
        (name, _children(entry))
        for name, value in document.items()
        for entry in (value if isinstance(value, list) else [value])
    ]


def _children(entry: object) -> xml.Children:
    if isinstance(entry, dict):
        return _pairs(entry)
    return str(entry).lower() if isinstance(entry, bool) else str(entry)
