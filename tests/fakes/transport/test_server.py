"""Server mode: the command, its admin paths, proxy use, and many clients at once."""

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import oss2
import pytest
import requests
from fake_aliyun import FakeAliyun
from fake_aliyun.__main__ import main
from repository import FUNCTIONS
from waiting import PATIENCE_SECONDS, wait_until


@contextmanager
def command(*arguments: str) -> Iterator[str]:
    """Yield the URL that `python -m fake_aliyun` prints, while it runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fake_aliyun", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=FUNCTIONS,
    )
    with process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def test_the_command_prints_its_url_first_and_serves_its_bucket() -> None:
    options = ["--access-key-id", "i", "--access-key-secret", "s", "--bucket", "box"]
    with command("--port", "0", *options) as url:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        bucket = oss2.Bucket(oss2.AuthV4("i", "s"), url, "box", region="cn-hangzhou")
        bucket.put_object("k", b"data")
        assert bucket.get_object("k").read() == b"data"
        requests.post(f"{url}/_fake/reset", timeout=PATIENCE_SECONDS)
        assert not bucket.object_exists("k")
        bucket.put_object("k", b"again")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "70000"], "argument --port: '70000' is no number from 0 to 65535"),
        (["--port", "http"], "argument --port: 'http' is no number"),
        (["--bucket", "Images"], "argument --bucket: 'Images': InvalidBucketName"),
        (["--access-key-id", ""], "argument --access-key-id: it may not be empty"),
        (["--waiting-seconds", "-1"], "argument --waiting-seconds: '-1' is no number"),
        (["--creating-seconds", "nan"], "'nan' is no number of seconds"),
        (["--prot", "1"], "unrecognized arguments: --prot 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_option_ends_the_command_with_its_reason(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_a_taken_port_ends_the_command_in_one_line(
    cloud: FakeAliyun, capsys: pytest.CaptureFixture[str]
) -> None:
    with cloud.serve() as server, pytest.raises(SystemExit) as caught:
        main(["--port", str(server.port)])
    (line,) = capsys.readouterr().err.splitlines()
    assert caught.value.code == 1
    assert f"port {server.port} cannot be served on" in line


def test_what_a_fault_holds_back_does_not_hold_up_the_end(cloud: FakeAliyun) -> None:
    def handler(event: bytes, context: object) -> int:
        del event, context
        return requests.get(f"{server.url}/images/k", timeout=300).status_code

    cloud.oss.fail_next(delay_seconds=300)
    with cloud.serve() as server:
        call = cloud.fc.invoke_async(cloud.fc.create_function("s", "f", handler), b"")
        wait_until(lambda: not cloud.faults.pending())
    assert [attempt.body for attempt in call.attempts] == [b"404"]


@pytest.mark.parametrize(
    "text",
    [
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "PUT /images/k HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        "PUT /images/k HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET http://[bad HTTP/1.1\r\n\r\n",
    ],
    ids=["length", "negative length", "chunk", "address"],
)
def test_what_is_no_http_is_answered_as_such(cloud: FakeAliyun, text: str) -> None:
    with (
        cloud.serve() as server,
        socket.create_connection(
            ("127.0.0.1", server.port), timeout=PATIENCE_SECONDS
        ) as connection,
    ):
        connection.sendall(text.encode())
        assert connection.recv(12) == b"HTTP/1.1 400"


def test_a_form_that_is_no_utf_8_is_refused(cloud: FakeAliyun) -> None:
    with cloud.serve() as server:
        answer = requests.post(
            f"{server.url}/?Action=ImportImage&Version=2014-05-26",
            data=b"\xff=\xfe",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            timeout=PATIENCE_SECONDS,
        )
    assert answer.status_code == 400


def test_the_state_shows_everything_and_a_reset_forgets_it(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "k", b"data")
    with cloud.serve() as server:
        requests.get(f"{server.url}/images/k", timeout=PATIENCE_SECONDS)
        state = requests.get(
            f"{server.url}/_fake/state", timeout=PATIENCE_SECONDS
        ).json()
        requests.post(f"{server.url}/_fake/reset", timeout=PATIENCE_SECONDS)
        after = requests.get(
            f"{server.url}/_fake/state", timeout=PATIENCE_SECONDS
        ).json()
    assert state["buckets"]["images"]["k"]["size"] == 4
    assert [record["code"] for record in state["requests"]] == ["AccessDenied"]
    assert after == {"buckets": {}, "images": [], "faults": [], "requests": []}


def test_an_unknown_admin_path_lists_the_known(cloud: FakeAliyun) -> None:
    with cloud.serve() as server:
        answer = requests.get(f"{server.url}/_fake/none", timeout=PATIENCE_SECONDS)
    assert answer.status_code == 404
    assert "POST /_fake/reset" in answer.json()["known"]


def test_as_a_proxy_the_server_takes_the_hosts_of_the_cloud(cloud: FakeAliyun) -> None:
    cloud.oss.create_bucket("images")
    with cloud.serve() as server:
        bucket = oss2.Bucket(
            oss2.AuthV4("an-id", "a-secret"),
            "http://oss-cn-hangzhou.aliyuncs.com",
            "images",
            region="cn-hangzhou",
            proxies={"http": server.url},
        )
        bucket.put_object("a b", b"data")
        unknown = requests.get(
            "http://example.org/",
            proxies={"http": server.url},
            timeout=PATIENCE_SECONDS,
        )
    assert cloud.requests[0].host == "images.oss-cn-hangzhou.aliyuncs.com"
    assert (unknown.status_code, "OSS" in unknown.text) == (501, False)
    assert "the host example.org" in unknown.json()["Message"]


def test_a_bucket_may_stand_before_localhost(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "k", b"data")
    cloud.oss.buckets["images"].acl = "public-read"
    with cloud.serve() as server:
        answer = requests.get(
            f"{server.url}/k",
            headers={"Host": "images.localhost"},
            timeout=PATIENCE_SECONDS,
        )
    assert answer.content == b"data"


def test_many_clients_upload_at_once_without_an_error(cloud: FakeAliyun) -> None:
    cloud.oss.create_bucket("images")
    failures: list[Exception] = []

    def upload(url: str, client: int) -> None:
        auth = oss2.AuthV4("an-id", "a-secret")
        bucket = oss2.Bucket(auth, url, "images", region="cn-hangzhou")
        try:
            for number in range(25):
                bucket.put_object(f"{client}/{number}", b"x" * 1000)
        except Exception as error:  # noqa: BLE001 - whatever it is fails the test
            failures.append(error)

    with cloud.serve() as server:
        threads = [
            threading.Thread(target=upload, args=(server.url, n)) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert len(cloud.oss.keys("images")) == 200


def test_a_head_has_no_body_and_the_connection_lives_on(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "k", b"data")
    cloud.oss.buckets["images"].acl = "public-read"
    with cloud.serve() as server, requests.Session() as session:
        head = session.head(f"{server.url}/images/k", timeout=PATIENCE_SECONDS)
        again = session.get(f"{server.url}/images/k", timeout=PATIENCE_SECONDS)
    assert (head.headers["Content-Length"], head.content) == ("4", b"")
    assert again.content == b"data"


@pytest.mark.parametrize("name", ["Date", "x-oss-request-id", "x-oss-server-time"])
def test_every_answer_has_the_headers_of_oss(cloud: FakeAliyun, name: str) -> None:
    with cloud.serve() as server:
        assert (
            name
            in requests.get(f"{server.url}/none/k", timeout=PATIENCE_SECONDS).headers
        )


def test_a_bug_of_the_fake_is_told_as_one(
    cloud: FakeAliyun, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.oss.create_bucket("images")
    cloud.on_object_created(lambda event: event["none"])
    with cloud.serve() as server:
        bucket = oss2.Bucket(
            oss2.AuthV4("an-id", "a-secret"), server.url, "images", region="cn-hangzhou"
        )
        with pytest.raises(oss2.exceptions.ServerError) as caught:
            bucket.put_object("k", b"")
    assert caught.value.status == 500
    assert "KeyError: 'none'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "sent",
    [b"Content-Length: 9\r\n\r\nhalf", b"Transfer-Encoding: chunked\r\n\r\n9\r\nhalf"],
    ids=["by length", "in chunks"],
)
def test_an_upload_broken_off_makes_no_object(cloud: FakeAliyun, sent: bytes) -> None:
    cloud.oss.create_bucket("images").acl = "public-read-write"
    head = b"PUT /images/k HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    with cloud.serve() as server:
        with socket.create_connection(("127.0.0.1", server.port), 5) as client:
            client.sendall(head + sent)
            client.shutdown(socket.SHUT_WR)
            answer = client.recv(100)
        whole = requests.put(
            f"{server.url}/images/whole", data=b"data", timeout=PATIENCE_SECONDS
        )
    assert (answer, whole.status_code) == (b"", 200)
    assert cloud.oss.keys("images") == ["whole"]


ASKED_TOO_MUCH = [
    ({"params": {"websiteRoot": ""}}, "the query parameter 'websiteRoot'"),
    ({"headers": {"x-oss-moon": "full"}}, "the header 'x-oss-moon' of GetObject"),
]


@pytest.mark.parametrize(("options", "said"), ASKED_TOO_MUCH, ids=["query", "header"])
def test_what_is_not_imitated_is_told_by_oss2_and_in_the_terminal(
    cloud: FakeAliyun,
    capsys: pytest.CaptureFixture[str],
    options: dict[str, Any],
    said: str,
) -> None:
    cloud.oss.put("box", "k", b"data")
    with cloud.serve() as server:
        auth = oss2.AuthV4("an-id", "a-secret")
        bucket = oss2.Bucket(auth, server.url, "box", region="cn-hangzhou")
        with pytest.raises(oss2.exceptions.ServerError) as caught:
            bucket.get_object("k", **options)
    error = caught.value
    assert (error.status, error.code) == (501, "FakeAliyun.NotImitated")
    assert said in str(error)
    assert "It knows:" in error.message
    assert error.request_id == cloud.requests[-1].request_id
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("501 GET /box/k: fake_aliyun does not imitate ")
    assert said in line


def test_a_head_request_that_is_not_imitated_is_told_by_oss2(cloud: FakeAliyun) -> None:
    cloud.oss.put("box", "k", b"data")
    with cloud.serve() as server:
        auth = oss2.AuthV4("an-id", "a-secret")
        bucket = oss2.Bucket(auth, server.url, "box", region="cn-hangzhou")
        with pytest.raises(oss2.exceptions.ServerError) as caught:
            bucket.head_object("k", headers={"x-oss-moon": "full"})
    assert "the header 'x-oss-moon' of HeadObject" in str(caught.value)


def test_a_server_says_that_it_is_there() -> None:
    with FakeAliyun().serve() as server:
        url = f"{server.url}/_fake/health"
        answer = requests.get(url, timeout=PATIENCE_SECONDS)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
