"""Who sent an OSS request: V1, V2 and V4, in the header or in the URL.

Sources: "Include signatures in the Authorization header", "V4 signature" and their
counterparts for URLs; "HTTP status code 403"; EC 0002-00000080, -226, -232, -235 and
-236; OSS documentation, read 2026-11.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from fake_aliyun.core.clock import Clock, read_http_date, read_utc
from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.oss.api.request import OssRequest
from fake_aliyun.oss.errors import OssError
from fake_aliyun.ram.models import KeyPair, RamBackend

V4 = "OSS4-HMAC-SHA256"
SIGNED_SUBRESOURCES = frozenset(
    {
        "acl", "append", "asyncFetch", "bucketInfo", "callback", "callback-var",
        "cname",
        "comp", "continuation-token", "cors", "delete", "encryption", "endTime", "img",
        "inventory", "inventoryId", "lifecycle", "link", "live", "location", "logging",
        "metaQuery", "objectMeta", "partNumber", "policy", "position", "qos", "qosInfo",
        "referer", "regionList", "replication", "replicationLocation",
        "replicationProgress", "requestPayment", "resourceGroup",
        "response-cache-control", "response-content-disposition",
        "response-content-encoding", "response-content-language",
        "response-content-type", "response-expires", "restore", "security-token",
        "sequential", "startTime", "stat", "status", "style", "styleName", "symlink",
        "tagging", "transferAcceleration", "uploadId", "uploads", "versionId",
        "versioning", "versions", "vod", "website", "worm", "wormExtend", "wormId",
        "x-oss-ac-forward-allow", "x-oss-ac-source-ip", "x-oss-ac-subnet-mask",
        "x-oss-ac-vpc-id", "x-oss-async-process", "x-oss-process",
        "x-oss-request-payer", "x-oss-traffic-limit",
    }
)  # fmt: skip
"""Query parameters that are part of a V1 signature."""


def v1_signature(
    secret: str,
    *,
    method: str,
    headers: Mapping[str, str],
    parameters: Mapping[str, str],
    date: str,
    resource: str,
) -> str:
    """Return the Base64 signature of version 1.

    Args:
        secret: Of the access key.
        method: Of the request.
        headers: By lower-case name.
        parameters: The decoded query.
        date: The value of `Date` or `x-oss-date`, or the `Expires` of a signed URL.
        resource: "/", "/bucket/" or "/bucket/key", not encoded.
    """
    own = sorted(item for item in headers.items() if item[0].startswith("x-oss-"))
    signed = sorted(
        item for item in parameters.items() if item[0] in SIGNED_SUBRESOURCES
    )
    query = "&".join(f"{name}={value}" if value else name for name, value in signed)
    text = "\n".join(
        [
            method,
            headers.get("content-md5", ""),
            headers.get("content-type", ""),
            date,
            *(f"{name}:{value}" for name, value in own),
            resource + (f"?{query}" if query else ""),
        ]
    )
    digest = hmac.digest(secret.encode(), text.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


def v4_signature(  # noqa: PLR0913 - the parts of the string, all by name
    secret: str,
    *,
    method: str,
    headers: Mapping[str, str],
    parameters: Mapping[str, str],
    date: str,
    scope: str,
    resource: str,
    additional: Iterable[str] = (),
) -> str:
    """Return the hexadecimal signature of version 4.

    Args:
        secret: Of the access key.
        method: Of the request.
        headers: By lower-case name.
        parameters: The decoded query without `x-oss-signature`.
        date: As in `x-oss-date`, 20260102T030405Z.
        scope: "20260102/cn-hangzhou/oss/aliyun_v4_request".
        resource: "/", "/bucket/" or "/bucket/key", not encoded.
        additional: Lower-case names of further signed headers.
    """
    others = sorted(additional)
    signed = sorted(
        (name, value.strip())
        for name, value in headers.items()
        if name in {"content-type", "content-md5", *others} or name.startswith("x-oss-")
    )
    canonical = "\n".join(
        [
            method,
            quote(resource, safe="/~"),
            _canonical_query(parameters),
            "".join(f"{name}:{value}\n" for name, value in signed),
            ";".join(others),
            headers.get("x-oss-content-sha256", "UNSIGNED-PAYLOAD"),
        ]
    )
    text = "\n".join([V4, date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"aliyun_v4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()


def v2_signature(  # noqa: PLR0913 - the parts of the string, all by name
    secret: str,
    *,
    method: str,
    headers: Mapping[str, str],
    parameters: Mapping[str, str],
    date: str,
    resource: str,
    additional: Iterable[str] = (),
) -> str:
    """Return the Base64 signature of version 2; arguments as of the others.

    Source: "Include signatures in the Authorization header (V2)", OSS documentation,
    and what `oss2.AuthV2` 2.19.1 sends; read 2026-12.
    """
    others = sorted(additional)
    signed = sorted(
        item
        for item in headers.items()
        if item[0].startswith("x-oss-") or item[0] in others
    )
    query = _canonical_query(parameters)
    text = "\n".join(
        [
            method,
            headers.get("content-md5", ""),
            headers.get("content-type", ""),
            date,
            *(f"{name}:{value}" for name, value in signed),
            ";".join(others),
            quote(resource, safe="~") + (f"?{query}" if query else ""),
        ]
    )
    digest = hmac.digest(secret.encode(), text.encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()


def _canonical_query(parameters: Mapping[str, str]) -> str:
    encoded = sorted(
        (quote(name, safe="~"), quote(value, safe="~"))
        for name, value in parameters.items()
    )
    return "&".join(f"{name}={value}" if value else name for name, value in encoded)


MAX_SKEW = timedelta(minutes=15)
MAX_V4_SECONDS = 7 * 24 * 3600
_V1_HEADER = re.compile(r"OSS ([^:\s]+):(\S+)")
_V2_HEADER = re.compile(
    r"OSS2 AccessKeyId:([^,\s]+)(?:,AdditionalHeaders:([^,\s]*))?,Signature:(\S+)"
)
_V4_HEADER = re.compile(
    rf"{V4} Credential=([^,\s]+)(?:, ?AdditionalHeaders=([^,\s]*))?"
    r", ?Signature=([0-9a-f]+)(?:, ?AdditionalHeaders=([^,\s]*))?"
)
_SCOPE = re.compile(r"(.+)/(\d{8})/([^/]*)/oss/aliyun_v4_request")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claim:
    """What a request says about its signature."""

    access_key_id: str
    signature: str
    security_token: str
    expected: Callable[[str], str]


class OssAuthenticator:
    """Checks the signatures of OSS requests."""

    def __init__(self, *, ram: RamBackend, clock: Clock) -> None:
        self._ram = ram
        self._clock = clock

    def principal(
        self, request: OssRequest, *, region_id: str, refuses_v1: bool
    ) -> str:
        """Return who signed a request; "" if it bears no signature.

        Args:
            request: As it arrived.
            region_id: That a V4 signature must be for.
            refuses_v1: Whether a V1 signature is refused whatever it says.

        Raises:
            OssError: The signature is malformed, too old, or not the expected one.
        """
        claim = self._read_claim(request, region_id=region_id, refuses_v1=refuses_v1)
        if claim is None:
            return ""
        credentials = self._ram.find(claim.access_key_id)
        if credentials is None:
            raise OssError("InvalidAccessKeyId", OSSAccessKeyId=claim.access_key_id)
        self._check_token(credentials, claim.security_token)
        expected = claim.expected(credentials.access_key_secret)
        if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
            raise OssError("SignatureDoesNotMatch", OSSAccessKeyId=claim.access_key_id)
        return credentials.principal

    def _read_claim(
        self, request: OssRequest, *, region_id: str, refuses_v1: bool
    ) -> _Claim | None:
        authorization = request.header("authorization")
        parameters = request.parameters
        in_url = {"Signature", "x-oss-signature"} & parameters.keys()
        if authorization and in_url:
            # Which of the two counts is stated nowhere.
            raise NotImitatedError(
                "a signature in the header and another in the URL",
                known=["one of the two"],
            )
        in_query = parameters.get("x-oss-signature-version", "")
        if authorization.startswith("OSS2 ") or in_query == "OSS2":
            return self._v2(request, authorization)
        if authorization.startswith(V4):
            return self._v4_in_header(request, authorization, region_id=region_id)
        if in_query:
            return self._v4_in_url(request, region_id=region_id)
        if not authorization and "Signature" not in parameters:
            return None
        if refuses_v1:
            raise OssError(
                "InvalidArgument",
                message="Signature version 1 is not supported for this bucket; "
                "use version 4.",
                ec="0002-00000080",
            )
        if authorization:
            return self._v1_in_header(request, authorization)
        return self._v1_in_url(request)

    def _check_token(self, credentials: KeyPair, token: str) -> None:
        if credentials.security_token and not token:
            raise OssError(
                "InvalidAccessKeyId", OSSAccessKeyId=credentials.access_key_id
            )
        if not credentials.has_token(token):
            raise OssError("InvalidSecurityToken")
        if self._ram.is_expired(credentials):
            raise OssError("SecurityTokenExpired")

    def _check_skew(self, moment: datetime) -> None:
        now = self._clock()
        if abs(now - moment) > MAX_SKEW:
            raise OssError("RequestTimeTooSkewed", ServerTime=f"{now:%Y%m%dT%H%M%SZ}")

    def _v1_in_header(self, request: OssRequest, authorization: str) -> _Claim:
        found = _V1_HEADER.fullmatch(authorization)
        if not found:
            raise _bad_header(authorization)
        date = request.header("x-oss-date") or request.header("date")
        self._check_skew(_http_date(date))
        return _Claim(
            access_key_id=found[1],
            signature=found[2],
            security_token=request.header("x-oss-security-token"),
            expected=lambda secret: v1_signature(
                secret,
                method=request.method,
                headers=request.http.headers,
                parameters=request.parameters,
                date=date,
                resource=request.resource,
            ),
        )

    def _v1_in_url(self, request: OssRequest) -> _Claim:
        parameters = request.parameters
        expires = parameters.get("Expires", "")
        if not expires.isdecimal() or "OSSAccessKeyId" not in parameters:
            raise OssError(
                "AccessDenied",
                message="Query-string authentication requires the Signature, Expires "
                "and OSSAccessKeyId parameters",
            )
        if int(expires) < self._clock().timestamp():
            raise _expired(f"{int(expires)}")
        return _Claim(
            access_key_id=parameters["OSSAccessKeyId"],
            signature=parameters["Signature"],
            security_token=parameters.get("security-token", ""),
            expected=lambda secret: v1_signature(
                secret,
                method=request.method,
                headers=request.http.headers,
                parameters=parameters,
                date=expires,
                resource=request.resource,
            ),
        )

    def _v2(self, request: OssRequest, authorization: str) -> _Claim:
        if authorization:
            return self._v2_in_header(request, authorization)
        return self._v2_in_url(request)

    def _v2_in_header(self, request: OssRequest, authorization: str) -> _Claim:
        found = _V2_HEADER.fullmatch(authorization)
        if not found:
            raise _bad_header(authorization)
        date = request.header("date")
        self._check_skew(_http_date(request.header("x-oss-date") or date))
        return _Claim(
            access_key_id=found[1],
            signature=found[3],
            security_token=request.header("x-oss-security-token"),
            expected=lambda secret: v2_signature(
                secret,
                method=request.method,
                headers=request.http.headers,
                parameters=request.parameters,
                date=date,
                resource=request.resource,
                additional=[name for name in (found[2] or "").split(";") if name],
            ),
        )

    def _v2_in_url(self, request: OssRequest) -> _Claim:
        parameters = dict(request.parameters)
        signature = parameters.pop("x-oss-signature", "")
        expires = parameters.get("x-oss-expires", "")
        if not expires.isdecimal():
            raise OssError("InvalidArgument", ArgumentName="x-oss-expires")
        if int(expires) < self._clock().timestamp():
            raise _expired(expires)
        names = parameters.get("x-oss-additional-headers", "").split(";")
        return _Claim(
            access_key_id=parameters.get("x-oss-access-key-id", ""),
            signature=signature,
            security_token=parameters.get("security-token", ""),
            expected=lambda secret: v2_signature(
                secret,
                method=request.method,
                headers=request.http.headers,
                parameters=parameters,
                date=expires,
                resource=request.resource,
                additional=[name for name in names if name],
            ),
        )

    def _v4_in_header(
        self, request: OssRequest, authorization: str, *, region_id: str
    ) -> _Claim:
        found = _V4_HEADER.fullmatch(authorization)
        if not found:
            raise _bad_header(authorization)
        date = request.header("x-oss-date")
        self._check_skew(_v4_date(date))
        hashed = request.header("x-oss-content-sha256")
        if hashed != "UNSIGNED-PAYLOAD":
            raise OssError(
                "InvalidArgument",
                ArgumentName="x-oss-content-sha256",
                ArgumentValue=hashed,
            )
        return self._v4(
            request,
            credential=found[1],
            additional=found[2] or found[4] or "",
            signature=found[3],
            date=date,
            token=request.header("x-oss-security-token"),
            region_id=region_id,
        )

    def _v4_in_url(self, request: OssRequest, *, region_id: str) -> _Claim:
        parameters = request.parameters
        date = parameters.get("x-oss-date", "")
        seconds = parameters.get("x-oss-expires", "")
        began = _v4_date(date)
        if not seconds.isdecimal() or not 1 <= int(seconds) <= MAX_V4_SECONDS:
            raise OssError(
                "InvalidArgument", ArgumentName="x-oss-expires", ec="0002-00000232"
            )
        if self._clock() < began - MAX_SKEW:
            raise OssError(
                "AccessDenied",
                message="Request is not valid yet.",
                ec="0002-00000235",
            )
        if self._clock() > began + timedelta(seconds=int(seconds)):
            raise _expired(date, ec="0002-00000236")
        return self._v4(
            request,
            credential=parameters.get("x-oss-credential", ""),
            additional=parameters.get("x-oss-additional-headers", ""),
            signature=parameters.get("x-oss-signature", ""),
            date=date,
            token=parameters.get("x-oss-security-token", ""),
            region_id=region_id,
        )

    def _v4(  # noqa: PLR0913 - the parts of a signature, all by name
        self,
        request: OssRequest,
        *,
        credential: str,
        additional: str,
        signature: str,
        date: str,
        token: str,
        region_id: str,
    ) -> _Claim:
        found = _SCOPE.fullmatch(credential)
        if not found:
            raise _bad_header(credential)
        # Source of the sentences: oss2's own suite, `test_sign.py`, read 2026-12.
        if found[2] != date[:8]:
            message = "Invalid credential in Authorization header."
            raise OssError("InvalidArgument", message=message)
        if found[3] != region_id:
            in_url = "x-oss-signature" in request.parameters
            raise OssError(
                "InvalidArgument",
                message="The signing region in credential is invalid."
                if in_url
                else "Invalid signing region in Authorization header.",
                ec="0002-00000226",
            )
        parameters = dict(request.parameters)
        parameters.pop("x-oss-signature", None)
        return _Claim(
            access_key_id=found[1],
            signature=signature,
            security_token=token,
            expected=lambda secret: v4_signature(
                secret,
                method=request.method,
                headers=request.http.headers,
                parameters=parameters,
                date=date,
                scope=credential.removeprefix(f"{found[1]}/"),
                resource=request.resource,
                additional=[name for name in additional.split(";") if name],
            ),
        )


def _http_date(text: str) -> datetime:
    try:
        return read_http_date(text)
    except ValueError:
        raise OssError(
            "AccessDenied",
            message="OSS authentication requires a valid Date.",
        ) from None


def _v4_date(text: str) -> datetime:
    try:
        return read_utc(text, "%Y%m%dT%H%M%SZ")
    except ValueError:
        raise OssError("InvalidArgument", ArgumentName="x-oss-date") from None


def _bad_header(value: str) -> OssError:
    return OssError(
        "InvalidArgument",
        message="Authorization header is invalid.",
        ArgumentName="Authorization",
        ArgumentValue=value.partition(" ")[0],
    )


def _expired(moment: str, *, ec: str = "") -> OssError:
    return OssError(
        "AccessDenied", message="Request has expired.", ec=ec, Expires=moment
    )
