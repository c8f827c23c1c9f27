"""One exchange with OSS per function, through oss2.

oss2 makes a single attempt for every object call and hands its one time-out to
requests, so both the connect and the read time-out are given here, and repeating is
the caller's business.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import oss2

from image_import.aliyun.mask import Mask
from image_import.aliyun.oss.auth import OssV4
from image_import.aliyun.oss.errors import (
    Asked,
    NotAppendable,
    ObjectChanged,
    ObjectMissing,
    PositionTaken,
    UploadGone,
    refused,
)
from image_import.aliyun.oss.responses import (
    Listed,
    Listing,
    ObjectPiece,
    WantedBytes,
    piece_of,
    read_listing,
    read_piece,
)
from image_import.aliyun.oss.transport import OssSession, Sender
from image_import.aliyun.transport_errors import ForeignAnswer, unanswered
from image_import.config.credentials import Credentials
from image_import.errors import ServiceError, ServiceRejected
from image_import.model.revision import normal_etag

__all__ = [
    "Listed",
    "Listing",
    "NotAppendable",
    "ObjectChanged",
    "ObjectMissing",
    "ObjectPiece",
    "Oss",
    "PositionTaken",
    "UploadGone",
    "make_session",
]

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
"""For a whole answer."""

Result = TypeVar("Result")


def make_session(pool_size: int) -> OssSession:
    """Return connections that outlive one invocation."""
    return OssSession(pool_size)


class Oss:
    """The buckets of one region, seen with one pair of credentials."""

    def __init__(  # noqa: PLR0913 - all but two by name
        self,
        session: OssSession,
        credentials: Credentials,
        *,
        endpoint: str,
        region_id: str,
        signature_version: str,
        addressing: str,
        remaining: Callable[[], float] = lambda: math.inf,
    ) -> None:
        """Keep what every request needs.

        Args:
            remaining: Returns the seconds until the function is killed.
        """
        self._sender = Sender(session, remaining)
        self._mask = Mask(credentials.secrets)
        self._signature_version = signature_version
        self._buckets: dict[tuple[str, float], oss2.Bucket] = {}
        self._auth = _auth(credentials, signature_version)
        self._endpoint = endpoint
        self._region_id = region_id
        self._is_path_style = addressing == "path"

    def read_range(
        self, bucket: str, object_key: str, *, first: int, last: int, etag: str = ""
    ) -> ObjectPiece:
        """Return the bytes `first` to `last`, both counted from 0 and included."""
        return self._read(bucket, object_key, WantedBytes(first=first, last=last), etag)

    def read_tail(
        self, bucket: str, object_key: str, *, count: int, etag: str = ""
    ) -> ObjectPiece:
        """Return the last `count` bytes, or the whole of a shorter object."""
        return self._read(bucket, object_key, WantedBytes(first=None, last=count), etag)

    def read_whole(
        self, bucket: str, object_key: str, *, limit: int, etag: str = ""
    ) -> ObjectPiece:
        """Return a small object; of a larger one, the first `limit` bytes."""
        return self._read(
            bucket, object_key, WantedBytes(first=0, last=limit - 1), etag
        )

    def head(self, bucket: str, object_key: str) -> ObjectPiece:
        """Return what the headers of an object say, without a byte of it.

        It is answered for an empty object and for an archived one, too. The function
        itself never asks so: what it asks about it also reads.

        Source: "HeadObject", OSS documentation, read 2026-11.
        """

        def head(source: oss2.Bucket) -> ObjectPiece:
            headers = source.head_object(object_key).headers
            size = int(headers.get("Content-Length", ""))
            return piece_of(headers, data=b"", object_size_bytes=size)

        return self._call("HeadObject", head, bucket)

    def append(
        self, bucket: str, object_key: str, *, position: int, data: bytes
    ) -> int:
        """Append at `position` and return where the next append goes.

        Raises:
            PositionTaken: The object does not end at `position`.
            NotAppendable: The object is of another type.

        Source: "AppendObject", OSS documentation, read 2026-11: 409
        PositionNotEqualToLength and ObjectNotAppendable; allowed by oss:PutObject.
        """
        headers = {"Content-Type": "application/x-ndjson"}

        def append(target: oss2.Bucket) -> int:
            made = target.append_object(object_key, position, data, headers=headers)
            return int(made.next_position)

        return self._call("AppendObject", append, bucket)

    def put(self, bucket: str, object_key: str, data: bytes) -> None:
        """Put a small object."""
        headers = {"Content-Type": "application/json"}
        self._call(
            "PutObject",
            lambda b: b.put_object(object_key, data, headers=headers),
            bucket,
        )

    def delete(self, bucket: str, object_key: str) -> None:
        """Delete an object; one that is not there is deleted already."""
        self._call("DeleteObject", lambda b: b.delete_object(object_key), bucket)

    def check_etag(self, bucket: str, object_key: str, *, etag: str) -> None:
        """Return if the object is still this upload.

        Raises:
            ObjectMissing: It is gone.
            ObjectChanged: Another upload stands there.
        """
        self.read_range(bucket, object_key, first=0, last=0, etag=etag)

    def read_tags(self, bucket: str, object_key: str) -> dict[str, str]:
        """Return the tags of an object."""

        def get(source: oss2.Bucket) -> dict[str, str]:
            return dict(source.get_object_tagging(object_key).tag_set.tagging_rule)

        return self._call("GetObjectTagging", get, bucket)

    def put_tags(self, bucket: str, object_key: str, tags: Mapping[str, str]) -> None:
        """Replace the tags of an object.

        Source: "PutObjectTagging", OSS documentation, read 2026-11: all of them are
        replaced; 10 at most.
        """
        rule = oss2.models.TaggingRule()
        for name, value in tags.items():
            rule.add(name, value)
        tagging = oss2.models.Tagging(rule)
        self._call(
            "PutObjectTagging",
            lambda b: b.put_object_tagging(object_key, tagging),
            bucket,
        )

    def list_page(
        self, bucket: str, prefix: str, *, token: str = "", start_after: str = ""
    ) -> Listing:
        """Return up to 1,000 objects whose keys start with `prefix`.

        Source: "ListObjectsV2", OSS documentation, read 2026-11.
        """

        def list_objects(source: oss2.Bucket) -> Listing:
            found = source.list_objects_v2(
                prefix, continuation_token=token, start_after=start_after, max_keys=1000
            )
            return read_listing(found)

        return self._call("ListObjectsV2", list_objects, bucket)

    def _read(
        self, bucket: str, object_key: str, span: WantedBytes, etag: str
    ) -> ObjectPiece:
        """GET one range and never more than its bytes.

        Without `x-oss-range-behavior: standard` a range that does not fit is
        answered with 200 and the whole object, however large.

        Source: "GetObject", OSS documentation, read 2026-11.
        """
        headers = {"x-oss-range-behavior": "standard"}
        if etag:
            headers["If-Match"] = f'"{etag}"'

        def get(source: oss2.Bucket) -> ObjectPiece:
            byte_range = (span.first, span.last)
            reply = source.get_object(
                object_key, byte_range=byte_range, headers=headers
            )
            return read_piece(reply, span, etag)

        try:
            return self._call("GetObject", get, bucket)
        except ObjectChanged:
            if etag == normal_etag(etag):
                raise
        # OSS compares letter by letter; an event may spell what OSS does not.
        return self._read(bucket, object_key, span, normal_etag(etag))

    def exchange(
        self,
        action: str,
        exchange: Callable[[oss2.Bucket], Result],
        bucket: str,
        *,
        seconds: float = READ_SECONDS,
    ) -> Result:
        """Return what came of an exchange that has no method of its own here.

        Args:
            seconds: For the whole answer.

        Raises:
            ServiceError: OSS refused it, or did not answer.
        """
        return self._call(action, exchange, bucket, seconds)

    def _call(
        self,
        action: str,
        exchange: Callable[[oss2.Bucket], Result],
        bucket: str,
        seconds: float = READ_SECONDS,
    ) -> Result:
        """Return what came of one exchange.

        What oss2 raises holds the answer, which may repeat what was signed. So each
        error is translated, masked and left behind: raised outside of the handler,
        ours does not carry it as its context.
        """
        failure: ServiceError
        try:
            known = self._buckets.get((bucket, seconds))
            return exchange(known or self._bucket(bucket, seconds))
        except oss2.exceptions.ServerError as exc:
            failure = refused(
                exc.status, exc.headers, exc.body, self._asked(action, bucket)
            )
        except oss2.exceptions.RequestError as exc:
            failure = unanswered(exc.exception, service="OSS", action=action)
        except OSError as exc:
            failure = unanswered(exc, service="OSS", action=action)
        except oss2.exceptions.ClientError as exc:
            message = f"OSS {action}: {exc.body}"
            failure = ServiceRejected(message, service="OSS", action=action)
        except (RuntimeError, SyntaxError, TypeError, ValueError) as exc:
            # What oss2 raises where an answer lacks what each of OSS's has.
            odd = ForeignAnswer(f"it makes no sense to oss2: {type(exc).__name__}")
            failure = unanswered(odd, service="OSS", action=action)
        raise self._mask.error(failure)

    def _asked(self, action: str, bucket: str) -> Asked:
        return Asked(
            action=action,
            bucket=bucket,
            endpoint=self._endpoint,
            region_id=self._region_id,
            signature_version=self._signature_version,
        )

    def _bucket(self, name: str, seconds: float = READ_SECONDS) -> oss2.Bucket:
        made = self._buckets[name, seconds] = oss2.Bucket(
            self._auth,
            self._endpoint,
            name,
            session=self._sender,
            connect_timeout=(CONNECT_SECONDS, seconds),
            enable_crc=False,
            region=self._region_id,
            is_path_style=self._is_path_style,
        )
        return made


def _auth(credentials: Credentials, signature_version: str) -> Any:  # noqa: ANN401 - oss2 has no types
    """Return what signs requests.

    oss2's own classes default to V1, which new buckets refuse since 2025-09.

    Source: "Guidelines for upgrading V1 signatures to V4 signatures", OSS
    documentation, read 2026-11.
    """
    key_id, secret = credentials.access_key_id, credentials.access_key_secret
    if signature_version == "v4":
        return OssV4(key_id, secret, credentials.security_token)
    if credentials.security_token:
        return oss2.StsAuth(key_id, secret, credentials.security_token)
    return oss2.Auth(key_id, secret)
