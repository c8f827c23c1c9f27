"""The three signatures of Alibaba Cloud's API gateways, computed.

Sources, all read 2026-11: "V3 request structure and signature" (ACS3), "Request
syntax and signature method V2 for RPC APIs" (RPC, SignatureVersion 1.0) and "ROA
mechanism" (ROA), Alibaba Cloud SDK documentation.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from urllib.parse import quote

ACS3 = "ACS3-HMAC-SHA256"

Parameters = Iterable[tuple[str, str]]
"""Names and values, as text that is not yet encoded."""


def percent_encode(text: str) -> str:
    """Return text with all but letters, digits, `-`, `_`, `.` and `~` encoded."""
    return quote(text, safe="~")


def canonical_query(parameters: Parameters) -> str:
    """Return parameters encoded and sorted, which is also how we send them."""
    return "&".join(
        f"{percent_encode(name)}={percent_encode(value)}"
        for name, value in sorted(parameters)
    )


def rpc_signature(parameters: Parameters, *, method: str, secret: str) -> str:
    """Return an RPC signature, version 1.0, by HMAC-SHA1.

    Args:
        parameters: All of query and form, with the common ones, without Signature.
    """
    query = percent_encode(canonical_query(parameters))
    return hmac_sha1(f"{secret}&", f"{method}&%2F&{query}")


def roa_signature(
    *, method: str, resource: str, headers: Mapping[str, str], secret: str
) -> str:
    """Return an ROA signature, version 1.0, by HMAC-SHA1.

    Args:
        resource: Path, and query if there is one, neither of them encoded.
        headers: Names in lower case.
    """
    plain = [headers.get(n, "") for n in ("accept", "content-md5", "content-type")]
    own = "".join(f"{name}:{value}\n" for name, value in _acs_headers(headers))
    lines = "\n".join([method, *plain, headers.get("date", "")])
    return hmac_sha1(secret, f"{lines}\n{own}{resource}")


def acs3_authorization(
    *,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    access_key_id: str,
    secret: str,
) -> str:
    """Return the Authorization header of an ACS3 request.

    Args:
        path: As in the URL.
        query: From `canonical_query`.
        headers: All that are to be signed, names in lower case; they include the
            body's hash as `x-acs-content-sha256`.
    """
    ordered = sorted(headers.items())
    names = ";".join(name for name, _ in ordered)
    lines = "".join(f"{name}:{value.strip()}\n" for name, value in ordered)
    payload = headers["x-acs-content-sha256"]
    request = "\n".join([method, path or "/", query, lines, names, payload])
    to_sign = f"{ACS3}\n{sha256_hex(request.encode())}"
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return (
        f"{ACS3} Credential={access_key_id},SignedHeaders={names},Signature={signature}"
    )


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of a body, in hex digits."""
    return hashlib.sha256(data).hexdigest()


def md5_base64(data: bytes) -> str:
    """Return the Content-MD5 of a body."""
    return b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _acs_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(pair for pair in headers.items() if pair[0].startswith("x-acs-"))


def hmac_sha1(key: str, text: str) -> str:
    """Return HMAC-SHA1 of a text, in Base64."""
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()
    return b64encode(digest).decode()
