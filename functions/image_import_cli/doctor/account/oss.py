"""Buckets as OSS describes them."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import oss2
import requests
from image_import.aliyun.oss.client import Oss, make_session
from image_import.config.credentials import Credentials

from image_import_cli.doctor.account.facts import BucketFacts, Problem
from image_import_cli.doctor.account.problems import Door

OTHER_REGION = "signing region"
"""In the message of OSS's code InvalidArgument, which stands for much else too.

Source: "0002-00000226" and "0002-00000228", OSS documentation, read 2026-11: region of
the signature and region of the host, or of the bucket, differ.
"""
_REGION = re.compile(r"oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com")
RIGHTS = ("oss:GetBucketInfo", "oss:GetBucketPolicy")

# oss2 raises the last two where an answer is no XML, or lacks an element.
_NO_ANSWER = (
    oss2.exceptions.OssError,
    requests.RequestException,
    ParseError,
    RuntimeError,
)


class OssAccount:
    """The buckets of an account.

    Attributes:
        skew_seconds: How far `now` was ahead of OSS's own clock at the last answer;
            None before one came.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        endpoint: str,
        region_id: str,
        signature_version: str = "v4",
        addressing: str = "auto",
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self.skew_seconds: float | None = None
        self._endpoint, self._region_id = endpoint, region_id
        self._door = Door(
            service="OSS", endpoint=endpoint, where="OSS_ENDPOINT", rights=RIGHTS
        )
        self._now = now
        self._oss = Oss(
            make_session(pool_size=1),
            credentials,
            endpoint=endpoint,
            region_id=region_id,
            signature_version=signature_version,
            addressing=addressing,
        )

    def bucket(self, name: str) -> BucketFacts | Problem:
        """Return what there is to know of a bucket, or why it is not to be seen."""
        try:
            # The function itself never asks about a bucket.
            return self._describe(self._oss._bucket(name))  # noqa: SLF001 - as above
        except oss2.exceptions.ServerError as exc:
            self._tell_time(exc.headers)
            return self._problem(name, exc)
        except _NO_ANSWER as exc:
            return self._door.no_answer(_cause(exc))

    def _describe(self, bucket: oss2.Bucket) -> BucketFacts:
        found = bucket.get_bucket_info()
        self._tell_time(found.headers)
        rule = getattr(found, "bucket_encryption_rule", None)
        policy, unseen = self._policy(bucket)
        return BucketFacts(
            name=found.name,
            region_id=str(found.location).removeprefix("oss-"),
            storage_class=found.storage_class or "",
            acl=getattr(found.acl, "grant", "") or "",
            versioning=found.versioning_status or "",
            encryption=_algorithm(rule),
            policy=policy,
            unseen=unseen,
        )

    def _policy(self, bucket: oss2.Bucket) -> tuple[dict[str, Any] | None, str]:
        """Return the bucket's own policy, and why it is not to be seen.

        Source: "GetBucketPolicy", OSS documentation, read 2026-11: 404
        NoSuchBucketPolicy where there is none.
        """
        try:
            return json.loads(bucket.get_bucket_policy().policy), ""
        except oss2.exceptions.ServerError as exc:
            said = exc.code or f"HTTP {exc.status}"
            return None, "" if exc.status == 404 else f"GetBucketPolicy: {said}"

    def _tell_time(self, headers: Any) -> None:  # noqa: ANN401 - of requests
        if date := headers.get("Date"):
            difference = self._now() - parsedate_to_datetime(date)
            self.skew_seconds = difference.total_seconds()

    def _problem(
        self, name: str, exc: oss2.exceptions.ServerError
    ) -> BucketFacts | Problem:
        """Return why a bucket is not to be seen.

        Asked in the wrong region, OSS names the endpoint that would be right.
        """
        endpoint = (exc.details or {}).get("Endpoint", "")
        if endpoint.startswith("oss-"):
            region_id = endpoint.partition(".")[0].removeprefix("oss-")
            return BucketFacts(
                name=name,
                region_id=region_id.removesuffix("-internal"),
                storage_class="",
                acl="",
                versioning="",
                encryption="",
                policy=None,
                is_described=False,
            )
        if exc.code == "InvalidArgument" and OTHER_REGION in exc.message.lower():
            return self._other_region(exc)
        return self._door.refusal(
            exc.code or str(exc.status),
            exc.message,
            is_missing=exc.code == "NoSuchBucket",
        )

    def _other_region(self, exc: oss2.exceptions.ServerError) -> Problem:
        """Return that the endpoint is in another region than was signed for."""
        seen = _REGION.fullmatch(urlsplit(self._endpoint).hostname or "")
        region_id = seen[1] if seen else "REGION"
        return Problem(
            what=f"OSS at {self._endpoint} is not in {self._region_id}: it says "
            f"{exc.code}: {exc.message}",
            code=exc.code,
            is_of_other_region=True,
            mend=f"# if the buckets are in {self._region_id}\n"
            "unset OSS_ENDPOINT\n"
            "# if OSS_ENDPOINT is right, name its region here and in the function\n"
            f"image-import doctor --region {region_id}",
        )


def _cause(exc: Exception) -> Exception:
    """Return the error of requests that oss2 wraps in one of its own."""
    inner = getattr(exc, "exception", None)
    return inner if isinstance(inner, Exception) else exc


def _algorithm(rule: Any) -> str:  # noqa: ANN401 - of oss2
    """Return how a bucket encrypts, "" if it does not; OSS writes None for that."""
    algorithm = getattr(rule, "sse_algorithm", None) or ""
    return "" if algorithm == "None" else algorithm
