"""Our signatures V4, asked of oss2's own signer."""

from collections.abc import Callable
from datetime import datetime, timezone

import oss2
import pytest
from image_import.aliyun.oss.auth import OssV4

ID, SECRET = "key-id", "secret/+"
URL = "http://oss.example/images/x"


def request(
    *, params: dict[str, str], headers: dict[str, str], region: str
) -> oss2.http.Request:
    return oss2.http.Request(
        "PUT", URL, params=params, headers=headers, region=region, product="oss"
    )


@pytest.mark.parametrize("token", ["", "a-token"], ids=["key", "token"])
@pytest.mark.parametrize("region", ["cn-hangzhou", "eu-central-1"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"append": "", "position": "12"},
        {"prefix": "in/é &=+~*()'/", "list-type": "2", "Zz": "1"},
    ],
    ids=["none", "append", "list"],
)
@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        ("images", "网站/1 +%2B~_-.()*!'.qcow2"),
        ("images", "a//../b?c#d&e"),
        ("images", ""),
        ("", ""),
    ],
    ids=["letters", "slashes", "bucket", "service"],
)
def test_a_signature_is_the_one_of_oss2(
    token: str, region: str, params: dict[str, str], bucket: str, key: str
) -> None:
    headers = {
        "Content-Type": "application/x-ndjson",
        "Content-MD5": "x",
        "X-Oss-Meta-Naïve": "é",
        "If-Match": '"E"',
        "Range": "bytes=0-1",
    }
    theirs = request(params=params, headers=dict(headers), region=region)
    provider = oss2.credentials.StaticCredentialsProvider(ID, SECRET, token)
    oss2.ProviderAuthV4(provider)._sign_request(theirs, bucket, key)
    moment = datetime.strptime(theirs.headers["x-oss-date"], "%Y%m%dT%H%M%S%z")
    signer = OssV4(ID, SECRET, token, now=lambda: moment)
    for _ in range(2):
        ours = request(params=params, headers=dict(headers), region=region)
        signer._sign_request(ours, bucket, key)
        assert dict(ours.headers) == dict(theirs.headers)


def test_the_next_day_has_a_key_of_its_own() -> None:
    def at(moment: datetime) -> Callable[[], datetime]:
        return lambda: moment

    moments = [datetime(2026, 11, day, tzinfo=timezone.utc) for day in (26, 27)]
    fresh = [OssV4(ID, SECRET, "", now=at(moment)) for moment in moments]
    clock = iter(moments)
    kept = OssV4(ID, SECRET, "", now=lambda: next(clock))
    for signer in fresh:
        ours, theirs = (
            request(params={}, headers={}, region="cn-hangzhou") for _ in range(2)
        )
        kept._sign_request(ours, "images", "a")
        signer._sign_request(theirs, "images", "a")
        assert ours.headers["authorization"] == theirs.headers["authorization"]
