"""Signers for requests: each signs a prepared request as one gateway wants it.

Time and nonce come from outside, so that a signature can be computed again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase

from image_import.aliyun.ecs.request import FORM
from image_import.aliyun.ecs.signatures import (
    acs3_authorization,
    canonical_query,
    md5_base64,
    roa_signature,
    rpc_signature,
    sha256_hex,
)
from image_import.config.credentials import Credentials

Now = Callable[[], datetime]
Nonce = Callable[[], str]


class _Url(NamedTuple):
    """The parts of a prepared URL that take part in a signature."""

    base: str
    host: str
    path: str
    query: list[tuple[str, str]]


class NoAuth(AuthBase):
    """Signs nothing, and keeps requests from taking credentials from ~/.netrc."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Return the request as it is."""
        return request


class _Signer(AuthBase):
    """What all signers have: whose key, what time, which nonce."""

    def __init__(self, credentials: Credentials, *, now: Now, nonce: Nonce) -> None:
        self._credentials = credentials
        self._now = now
        self._nonce = nonce

    def _utc(self) -> datetime:
        return self._now().astimezone(timezone.utc)


class Acs3Auth(_Signer):
    """Signs with ACS3-HMAC-SHA256: host, content type and all `x-acs-*` headers.

    Source: "V3 request structure and signature", Alibaba Cloud SDK documentation,
    read 2026-11; `x-acs-accesskey-id` beside a security token as in
    alibabacloud-tea-openapi 0.4.6.
    """

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Return the request with its Authorization."""
        url = _split(request)
        credentials = self._credentials
        request.headers["Host"] = url.host
        request.headers["x-acs-date"] = _iso(self._utc())
        request.headers["x-acs-signature-nonce"] = self._nonce()
        request.headers["x-acs-content-sha256"] = sha256_hex(_body(request))
        if credentials.security_token:
            request.headers["x-acs-accesskey-id"] = credentials.access_key_id
            request.headers["x-acs-security-token"] = credentials.security_token
        request.headers["Authorization"] = acs3_authorization(
            method=_method(request),
            path=url.path,
            query=canonical_query(url.query),
            headers=_signed_headers(request),
            access_key_id=credentials.access_key_id,
            secret=credentials.access_key_secret,
        )
        return request


class RpcV1Auth(_Signer):
    """Signs with SignatureVersion 1.0: the parameters of query and form.

    What it adds stands where the parameters stand: in the form if there is one.
    """

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Return the request with the common parameters and its Signature."""
        url = _split(request)
        has_form = request.headers.get("Content-Type", "").startswith(FORM)
        form = _parameters(_body(request).decode()) if has_form else []
        own = [*(form if has_form else url.query), *self._common()]
        every = own + url.query if has_form else own
        signature = rpc_signature(
            every,
            method=_method(request),
            secret=self._credentials.access_key_secret,
        )
        sent = canonical_query([*own, ("Signature", signature)])
        if has_form:
            request.prepare_body(data=sent, files=None)
        else:
            request.url = f"{url.base}?{sent}"
        return request

    def _common(self) -> list[tuple[str, str]]:
        credentials = self._credentials
        common = [
            ("AccessKeyId", credentials.access_key_id),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", self._nonce()),
            ("SignatureVersion", "1.0"),
            ("Timestamp", _iso(self._utc())),
        ]
        if credentials.security_token:
            common.append(("SecurityToken", credentials.security_token))
        return common


class RoaV1Auth(_Signer):
    """Signs with ROA's `acs` scheme: some headers, the path, and the body's MD5."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Return the request with its Authorization."""
        url = _split(request)
        credentials = self._credentials
        request.headers["Date"] = format_datetime(self._utc(), usegmt=True)
        request.headers["x-acs-signature-method"] = "HMAC-SHA1"
        request.headers["x-acs-signature-nonce"] = self._nonce()
        request.headers["x-acs-signature-version"] = "1.0"
        if body := _body(request):
            request.headers["Content-MD5"] = md5_base64(body)
        if credentials.security_token:
            request.headers["x-acs-accesskey-id"] = credentials.access_key_id
            request.headers["x-acs-security-token"] = credentials.security_token
        plain = "&".join(f"{name}={value}" for name, value in sorted(url.query))
        signature = roa_signature(
            method=_method(request),
            resource=unquote(url.path) + (f"?{plain}" if plain else ""),
            headers=_lower(request.headers),
            secret=credentials.access_key_secret,
        )
        request.headers["Authorization"] = (
            f"acs {credentials.access_key_id}:{signature}"
        )
        return request


def _split(request: PreparedRequest) -> _Url:
    parts = urlsplit(request.url or "")
    return _Url(
        base=f"{parts.scheme}://{parts.netloc}{parts.path}",
        host=parts.netloc,
        path=parts.path,
        query=_parameters(parts.query),
    )


def _parameters(encoded: str) -> list[tuple[str, str]]:
    return parse_qsl(encoded, keep_blank_values=True)


def _method(request: PreparedRequest) -> str:
    return request.method or ""


def _body(request: PreparedRequest) -> bytes:
    body = request.body or b""
    return body.encode() if isinstance(body, str) else body


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in headers.items()}


def _signed_headers(request: PreparedRequest) -> dict[str, str]:
    return {
        name: value
        for name, value in _lower(request.headers).items()
        if name in {"host", "content-type"} or name.startswith("x-acs-")
    }


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
