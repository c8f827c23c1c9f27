"""By which addresses a server is reached, and by which names."""

import socket
from urllib.parse import urlsplit

import oss2
import pytest
import requests
from fake_aliyun import FakeAliyun
from fake_aliyun.__main__ import main
from fake_aliyun.transport.server import Server, open_to_others
from waiting import PATIENCE_SECONDS

ALL = "0.0.0.0"  # noqa: S104 - what others are let in by
NOT_OURS = "192.0.2.1"  # Source: RFC 5737, for documentation
NAME = socket.gethostname().lower()


def health(server: Server, host: str) -> int:
    return requests.get(
        f"{server.own_url}/_fake/health",
        headers={"Host": host},
        timeout=PATIENCE_SECONDS,
    ).status_code


@pytest.mark.parametrize(
    "host",
    ["cloud", "cloud:8000", "10.1.2.3:80", "[fd00::1]:80", "host.docker.internal",
     "cloud.default.svc.cluster.local", NAME],
)  # fmt: skip
def test_a_private_name_is_answered_to_where_others_are_let_in(host: str) -> None:
    cloud = FakeAliyun()
    with cloud.serve(host=ALL) as open_server, cloud.serve() as own_server:
        assert health(open_server, host) == 200
        assert health(own_server, host) == 501


@pytest.mark.parametrize(
    "host", ["evil.example", "internal.evil.example", "1.2.3.4.evil.example", "a.dev"]
)
def test_a_name_of_the_internet_is_never_this_machine(host: str) -> None:
    with FakeAliyun().serve(host=ALL) as server:
        assert health(server, host) == 501


def test_the_hosts_of_the_cloud_stay_the_cloud_s() -> None:
    with FakeAliyun().serve(host=ALL) as server:
        assert health(server, "images.oss-cn-hangzhou.aliyuncs.com") == 404


def test_a_page_of_another_site_can_change_nothing_where_others_are_let_in() -> None:
    with FakeAliyun().serve(host=ALL) as server:
        answer = requests.post(
            f"{server.own_url}/_fake/reset",
            headers={"Host": "cloud:8000", "Origin": "http://evil.example"},
            timeout=PATIENCE_SECONDS,
        )
    assert answer.status_code == 403


def test_a_signed_request_to_a_container_s_name_is_believed(cloud: FakeAliyun) -> None:
    keys = cloud.credentials
    auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
    cloud.oss.create_bucket("images")
    with cloud.serve(host=ALL) as server:
        bucket = oss2.Bucket(
            auth,
            "http://cloud:8000",
            "images",
            region=cloud.region_id,
            is_path_style=True,
            proxies={"http": server.own_url},  # stands in for the network's names
        )
        bucket.put_object("k", b"data")
    assert cloud.oss.get("images", "k").content.to_bytes() == b"data"


def test_what_clients_are_given_is_the_name_of_the_machine() -> None:
    with FakeAliyun().serve(host=ALL) as server:
        assert urlsplit(server.url).netloc == f"{NAME}:{server.port}"
        assert urlsplit(server.own_url).netloc == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("host", "netloc"),
    [("127.0.0.1", "127.0.0.1"), ("", "127.0.0.1"), ("localhost", "localhost"),
     ("::1", "[::1]")],
)  # fmt: skip
def test_an_address_of_its_own_is_what_clients_are_given(
    host: str, netloc: str
) -> None:
    if host == "::1" and not has_ipv6():
        pytest.skip("no IPv6 on this machine")
    with FakeAliyun().serve(host=host) as server:
        assert server.url == server.own_url == f"http://{netloc}:{server.port}"
        assert health(server, f"{netloc}:{server.port}") == 200


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1", ""])
def test_nobody_is_warned_of_what_this_machine_alone_reaches(host: str) -> None:
    assert open_to_others(host) == ""


@pytest.mark.parametrize("host", [ALL, "::", "10.1.2.3", "cloud"])
def test_who_lets_others_in_is_told_what_they_may_do(host: str) -> None:
    assert f"listening on {host}: whoever reaches" in open_to_others(host)


def test_an_address_of_another_machine_is_said_to_be_none_of_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--host", NOT_OURS])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert f"{NOT_OURS} cannot be listened on" in said
    assert "--host takes an address of this machine" in said
