"""OSS's signature V4, computed with what a client's exchanges have in common kept.

oss2 derives the signing key anew for each request and quotes a key letter by letter in
Python. One client has one pair of credentials and one region, so its signing key
changes with the date alone. With oss2's own signer a warm event takes 11 % more
instructions (callgrind, 2026-12).

Source: "V4 signature in the Authorization header", OSS documentation, read 2026-11;
oss2 2.19.1, ProviderAuthV4, says the same, and the tests ask it.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import oss2

_ALGORITHM = "OSS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_SIGNED = ("content-md5", "content-type")


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class OssV4(oss2.ProviderAuthV4):  # type: ignore[misc]
    """Signs the requests of one client."""

    def __init__(
        self,
        access_key_id: str,
        secret: str,
        security_token: str,
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__(
            oss2.credentials.StaticCredentialsProvider(
                access_key_id, secret, security_token
            )
        )
        self._access_key_id = access_key_id
        self._secret = secret
        self._security_token = security_token
        self._now = now
        self._signing_keys: dict[str, bytes] = {}

    def _sign_request(
        self,
        req: oss2.http.Request,
        bucket_name: str,
        key: str,
        in_additional_headers: Any = None,  # noqa: ANN401, ARG002 - oss2 asks for none
    ) -> None:
        """Add the date, the token and the Authorization."""
        moment = self._now().strftime("%Y%m%dT%H%M%SZ")
        if self._security_token:
            req.headers["x-oss-security-token"] = self._security_token
        req.headers["x-oss-date"] = moment
        req.headers["x-oss-content-sha256"] = _UNSIGNED
        scope = f"{moment[:8]}/{req.region}/{req.product}/aliyun_v4_request"
        signed = hashlib.sha256(_canonical(req, bucket_name, key).encode()).hexdigest()
        signing_key = self._signing_keys.get(scope) or self._derive(scope)
        text = f"{_ALGORITHM}\n{moment}\n{scope}\n{signed}"
        signature = hmac.new(signing_key, text.encode(), "sha256").hexdigest()
        req.headers["authorization"] = (
            f"{_ALGORITHM} Credential={self._access_key_id}/{scope}, "
            f"Signature={signature}"
        )

    def _derive(self, scope: str) -> bytes:
        """Return the key of a day, a region and a product, and keep it."""
        derived = f"aliyun_v4{self._secret}".encode()
        for part in scope.split("/"):
            derived = hmac.new(derived, part.encode(), "sha256").digest()
        self._signing_keys[scope] = derived
        return derived


def _canonical(req: oss2.http.Request, bucket_name: str, key: str) -> str:
    """Return the canonical request; no headers are signed beyond the usual ones."""
    headers = "".join(
        f"{name}:{value}\n"
        for name, value in sorted(req.headers.lower_items())
        if name.startswith("x-oss-") or name in _SIGNED
    )
    pairs = sorted((quote(n, ""), quote(v, "")) for n, v in req.params.items())
    query = "&".join(f"{name}={value}" if value else name for name, value in pairs)
    path = f"/{bucket_name}/{key}" if bucket_name else "/"
    return f"{req.method}\n{quote(path)}\n{query}\n{headers}\n\n{_UNSIGNED}"
