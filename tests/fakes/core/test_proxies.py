"""What a client gets where something in between misbehaves, over either transport."""

import gzip
import time
from collections.abc import Iterator

import pytest
import requests
from fake_aliyun import FakeAliyun, Fault
from fake_aliyun.core.proxies import ELSEWHERE, PROXIES

DATA = b"0123456789"


@pytest.fixture(params=["in process", "over HTTP"])
def url(cloud: FakeAliyun, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the address of an object that anybody may read."""
    cloud.oss.put("images", "k", DATA)
    cloud.oss.buckets["images"].acl = "public-read"
    if request.param == "in process":
        with cloud:
            yield "https://images.oss-cn-hangzhou.aliyuncs.com/k"
    else:
        with cloud.serve() as server:
            yield f"{server.url}/images/k"


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=5, allow_redirects=False)


def test_an_etag_is_taken_away_or_weakened(cloud: FakeAliyun, url: str) -> None:
    cloud.oss.fail_next(proxy="strips-etag")
    assert "ETag" not in get(url).headers
    cloud.oss.fail_next(proxy="weakens-etag")
    weak = get(url)
    assert weak.headers["ETag"] == f"W/{get(url).headers['ETag']}"
    assert weak.content == DATA


def test_an_answer_loses_what_proves_whose_it_is(cloud: FakeAliyun, url: str) -> None:
    assert "x-oss-request-id" in get(url).headers
    cloud.oss.fail_next(proxy="strips-request-id")
    assert "x-oss-request-id" not in get(url).headers


def test_a_body_is_packed_on_its_way(cloud: FakeAliyun, url: str) -> None:
    cloud.oss.fail_next(proxy="gzips")
    with requests.get(url, timeout=5, stream=True) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["ETag"].startswith("W/")
        raw = b"".join(packed.raw.stream(decode_content=False))
    assert gzip.decompress(raw) == DATA


def test_headers_come_twice(cloud: FakeAliyun, url: str) -> None:
    once = get(url).headers["ETag"]
    cloud.oss.fail_next(proxy="doubles-headers")
    assert get(url).headers["ETag"] == f"{once}, {once}"


def test_a_length_is_too_long(cloud: FakeAliyun, url: str) -> None:
    cloud.oss.fail_next(proxy="lengthens")
    with pytest.raises(requests.RequestException):
        get(url)


def test_a_length_is_too_short(cloud: FakeAliyun, url: str) -> None:
    cloud.oss.fail_next(proxy="shortens")
    assert get(url).content == DATA[:-1]


def test_a_client_is_sent_elsewhere(cloud: FakeAliyun, url: str) -> None:
    cloud.oss.fail_next(proxy="redirects", http_status=307)
    moved = get(url)
    assert (moved.status_code, moved.headers["Location"]) == (307, ELSEWHERE)
    assert "x-oss-request-id" not in moved.headers


@pytest.mark.parametrize("status", [200, 204])
def test_somebody_answers_in_the_services_place(
    cloud: FakeAliyun, url: str, status: int
) -> None:
    cloud.oss.fail_next(proxy="answers", http_status=status)
    answer = get(url)
    assert (answer.status_code, answer.content) == (status, b"")
    assert "x-oss-request-id" not in answer.headers


def test_a_page_takes_an_answers_place(cloud: FakeAliyun, url: str) -> None:
    cloud.oss.fail_next(html=True, http_status=404)
    page = get(url)
    assert (page.status_code, page.headers["Content-Type"]) == (404, "text/html")
    assert "x-oss-request-id" not in page.headers


def test_a_refused_signature_repeats_what_was_signed(
    cloud: FakeAliyun, url: str
) -> None:
    cloud.oss.fail_next(proxy="echoes")
    headers = {"x-oss-meta-secret": "CAIS-token"}
    refused = requests.get(url, timeout=5, headers=headers)
    assert refused.status_code == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in refused.text
    assert "string to sign is:GET&amp;%2F&amp;" in refused.text
    assert "CAIS-token" in refused.text


def test_a_body_comes_slowly(cloud: FakeAliyun, url: str) -> None:
    cloud.oss.fail_next(bytes_per_second=100)
    began = time.monotonic()
    assert get(url).content == DATA
    assert time.monotonic() - began > 0.09


def test_an_unknown_proxy_lists_the_known() -> None:
    with pytest.raises(ValueError, match="proxy holds 'eats'; it may hold answers, "):
        Fault(proxy="eats")


@pytest.mark.parametrize("proxy", sorted(PROXIES))
def test_each_is_asked_for_over_http(cloud: FakeAliyun, proxy: str) -> None:
    with cloud.serve() as server:
        fault = {"service": "oss", "action": "GetObject", "proxy": proxy}
        answer = requests.post(f"{server.url}/_fake/faults", json=fault, timeout=5)
    assert answer.json()[0]["proxy"] == proxy
