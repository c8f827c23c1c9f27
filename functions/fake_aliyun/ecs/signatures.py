"""The three signatures that doors to ECS take, recomputed from what arrived.

Sources: "Request syntax and signature method V2 for RPC APIs" (RPC V1), "V3 request
structure and signature" (ACS3) and "ROA mechanism" (ROA V1), Alibaba Cloud SDK
documentation, read 2026-11.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import quote

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
