"""Who sent a request to ECS: ACS3, RPC V1, ROA V1, or none where that is allowed.

Sources: as in `signatures`; "Common error codes", ECS API reference; read 2026-11.
How the route of Apsara Stack wants to be signed is documented nowhere: what is taken
there is a setting of the fake.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from fake_aliyun.core.clock import Clock, read_http_date, read_utc
from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.core.gateway import GatewayError
from fake_aliyun.core.http import Request
from fake_aliyun.ram.models import RamBackend

ACS3 = "ACS3-HMAC-SHA256"


def _encode(text: str) -> str:
    return quote(text, safe="~")


def rpc_v1_string(method: str, parameters: Mapping[str, str]) -> str:
    """Return the string to sign of RPC V1; the path is always "/" in it."""
    canonical = "&".join(
        f"{_encode(name)}={_encode(value)}"
        for name, value in sorted(parameters.items())
        if name != "Signature"
    )
    return f"{method}&%2F&{_encode(canonical)}"


def rpc_v1_signature(secret: str, string_to_sign: str) -> str:
    """Return the Base64 signature of RPC V1."""
    key = f"{secret}&".encode()
    digest = hmac.digest(key, string_to_sign.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


def acs3_string(
    *,
    method: str,
    path: str,
    parameters: Mapping[str, str],
    headers: Mapping[str, str],
    signed_headers: Iterable[str],
    body_sha256: str,
) -> str:
    """Return the string to sign of ACS3.

    Args:
        method: Of the request.
        path: Percent-encoded.
        parameters: The decoded query.
        headers: By lower-case name.
        signed_headers: Lower-case names in the order of the signature.
        body_sha256: In hexadecimal.
    """
    names = list(signed_headers)
    query = "&".join(
        f"{_encode(name)}={_encode(value)}"
        for name, value in sorted(parameters.items())
    )
    canonical = "\n".join(
        [
            method,
            path,
            query,
            "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in names),
            ";".join(names),
            body_sha256,
        ]
    )
    return f"{ACS3}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def acs3_signature(secret: str, string_to_sign: str) -> str:
    """Return the hexadecimal signature of ACS3."""
    return hmac.digest(secret.encode(), string_to_sign.encode(), hashlib.sha256).hex()


def roa_v1_string(
    *, method: str, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]
) -> str:
    """Return the string to sign of ROA V1.

    Args:
        method: Of the request.
        path: Not encoded.
        parameters: The decoded query.
        headers: By lower-case name.
    """
    names = ("accept", "content-md5", "content-type", "date")
    own = sorted(item for item in headers.items() if item[0].startswith("x-acs-"))
    query = "&".join(
        f"{name}={value}" if value else name
        for name, value in sorted(parameters.items())
    )
    return "\n".join(
        [
            method,
            *(headers.get(name, "") for name in names),
            *(f"{name}:{value}" for name, value in own),
            path + (f"?{query}" if query else ""),
        ]
    )


def roa_v1_signature(secret: str, string_to_sign: str) -> str:
    """Return the Base64 signature of ROA V1."""
    digest = hmac.digest(secret.encode(), string_to_sign.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


RPC_VALID = timedelta(minutes=31)
HEADER_VALID = timedelta(minutes=15)
_ACS3_HEADER = re.compile(
    rf"{ACS3} Credential=([^,\s]+), ?SignedHeaders=([a-z0-9;-]+)"
    r", ?Signature=([0-9a-f]+)"
)
_ROA_HEADER = re.compile(r"acs ([^:\s]+):(\S+)")
Sign = Callable[[str, str], str]


class RpcAuthenticator:
    """Checks the signatures of requests to ECS."""

    def __init__(self, *, ram: RamBackend, clock: Clock) -> None:
        self._ram = ram
        self._clock = clock
        self._nonces: set[tuple[str, str]] = set()

    def rpc(self, request: Request) -> str:
        """Return who signed a request to an RPC door.

        Raises:
            GatewayError: The signature is missing, malformed, too old or wrong.
        """
        if "authorization" in request.headers:
            return self._acs3(request)
        return self._rpc_v1(request)

    def roa(self, request: Request) -> str:
        """Return who signed a request to a path with ROA V1.

        Raises:
            GatewayError: The signature is missing, malformed, too old or wrong.
        """
        headers = request.headers
        found = _ROA_HEADER.fullmatch(headers.get("authorization", ""))
        if not found:
            raise GatewayError("IncompleteSignature", "Authorization: acs ID:signature")
        self._check_time(_rfc_date(headers.get("date", "")), valid=HEADER_VALID)
        digest = hashlib.md5(request.body, usedforsecurity=False).digest()
        if request.body and headers.get("content-md5", "") != _base64(digest):
            raise GatewayError("IncompleteSignature", "Content-MD5 of the body")
        string = roa_v1_string(
            method=request.method,
            path=request.decoded_path,
            parameters=request.query_parameters,
            headers=headers,
        )
        return self._check(
            found[1],
            found[2],
            string,
            sign=roa_v1_signature,
            token=headers.get("x-acs-security-token", ""),
            nonce=headers.get("x-acs-signature-nonce", ""),
        )

    def _rpc_v1(self, request: Request) -> str:
        parameters = {**request.query_parameters, **request.form}
        for name in ("AccessKeyId", "Signature", "SignatureNonce"):
            if not parameters.get(name):
                raise GatewayError("MissingParameter", name)
        kind = (parameters.get("SignatureMethod"), parameters.get("SignatureVersion"))
        if kind != ("HMAC-SHA1", "1.0"):
            raise NotImitatedError(
                f"a signature of {kind}", known=["HMAC-SHA1, version 1.0", ACS3]
            )
        moment = _iso_date(parameters.get("Timestamp", ""))
        self._check_time(moment, valid=RPC_VALID)
        return self._check(
            parameters["AccessKeyId"],
            parameters["Signature"],
            rpc_v1_string(request.method, parameters),
            sign=rpc_v1_signature,
            token=parameters.get("SecurityToken", ""),
            nonce=parameters["SignatureNonce"],
        )

    def _acs3(self, request: Request) -> str:
        headers = request.headers
        found = _ACS3_HEADER.fullmatch(headers["authorization"])
        if not found:
            raise GatewayError("IncompleteSignature", "Authorization is malformed.")
        signed = found[2].split(";")
        _check_signed(request, signed)
        self._check_time(_iso_date(headers.get("x-acs-date", "")), valid=HEADER_VALID)
        body_sha256 = hashlib.sha256(request.body).hexdigest()
        if headers.get("x-acs-content-sha256") != body_sha256:
            raise GatewayError(
                "IncompleteSignature", "x-acs-content-sha256 of the body"
            )
        string = acs3_string(
            method=request.method,
            path=request.path,
            parameters=request.query_parameters,
            headers={**headers, "host": request.host},
            signed_headers=signed,
            body_sha256=body_sha256,
        )
        return self._check(
            found[1],
            found[3],
            string,
            sign=acs3_signature,
            token=headers.get("x-acs-security-token", ""),
            nonce=headers.get("x-acs-signature-nonce", ""),
        )

    def _check(
        self,
        access_key_id: str,
        signature: str,
        string_to_sign: str,
        *,
        sign: Sign,
        token: str,
        nonce: str,
    ) -> str:
        credentials = self._ram.find(access_key_id)
        if credentials is None:
            raise GatewayError("InvalidAccessKeyId.NotFound")
        if credentials.security_token and not token:
            raise GatewayError("MissingSecurityToken")
        if not credentials.has_token(token):
            raise GatewayError("InvalidSecurityToken.MismatchWithAccessKey")
        if self._ram.is_expired(credentials):
            raise GatewayError("InvalidSecurityToken.Expired")
        expected = sign(credentials.access_key_secret, string_to_sign)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise GatewayError("SignatureDoesNotMatch", string_to_sign)
        if (access_key_id, nonce) in self._nonces:
            raise GatewayError("SignatureNonceUsed")
        self._nonces.add((access_key_id, nonce))
        return credentials.principal

    def _check_time(self, moment: datetime, *, valid: timedelta) -> None:
        if abs(self._clock() - moment) > valid:
            raise GatewayError("InvalidTimeStamp.Expired")


def _check_signed(request: Request, signed: list[str]) -> None:
    """Refuse a signature that leaves out what every signature must hold."""
    must = {"host"} | {name for name in request.headers if name.startswith("x-acs-")}
    if request.body:
        must.add("content-type")
    if missing := sorted(must - set(signed)):
        raise GatewayError("IncompleteSignature", f"SignedHeaders lacks {missing}.")
    if not request.headers.get("x-acs-signature-nonce"):
        raise GatewayError("MissingParameter", "x-acs-signature-nonce")


def _iso_date(text: str) -> datetime:
    try:
        return read_utc(text, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise GatewayError("IllegalTimestamp") from None


def _rfc_date(text: str) -> datetime:
    try:
        return read_http_date(text)
    except ValueError:
        raise GatewayError("IllegalTimestamp") from None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
