"""`notify --test` says of each receiver whether it took a message."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import make_authority
from click.testing import CliRunner, Result
from image_import_cli.main import cli
from loopback import Loopback, Say, serving


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_authority(tmp_path_factory.mktemp("tls"))


def served(authority: Path, say: Say) -> Iterator[Loopback]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority)
    with serving(say, tls=tls) as loopback:
        yield loopback


@pytest.fixture
def willing(authority: Path) -> Iterator[Loopback]:
    yield from served(authority, Say(json={}))


@pytest.fixture
def unwilling(authority: Path) -> Iterator[Loopback]:
    yield from served(authority, Say(status=403))


def run(authority: Path, *receivers: str, options: tuple[str, ...] = ()) -> Result:
    environ = {
        "NOTIFY": " ".join(receivers),
        "NOTIFY_PRIVATE": "true",
        "CA_FILE": str(authority),
        "COLUMNS": "200",
    }
    return CliRunner(env=environ).invoke(cli, ["notify", "--test", *options])


def test_a_receiver_that_takes_the_sample_is_status_0(
    authority: Path, willing: Loopback
) -> None:
    ended = run(authority, f"{willing.url}/hook/SECRET")
    said = json.loads(willing.only.body)
    assert (ended.exit_code, said["type"]) == (0, "image.available")
    assert "this is a test" in said["data"]["next_step"]
    assert "took it" in ended.stdout
    assert "SECRET" not in ended.output


def test_debug_shows_of_a_receiver_no_more_than_its_host(
    authority: Path, willing: Loopback
) -> None:
    ended = run(authority, f"{willing.url}/hook/SECRET", options=("--debug",))
    assert f"POST {willing.url}/..." in ended.stderr
    assert "< 200" in ended.stderr
    assert "SECRET" not in ended.output


def test_one_that_does_not_is_status_1_and_the_other_is_tried_all_the_same(
    authority: Path, willing: Loopback, unwilling: Loopback
) -> None:
    urls = (f"{unwilling.url}/hook/SECRET", f"{willing.url}/hook/SECRET")
    ended = run(authority, *urls, options=("--json",))
    first, second = json.loads(ended.stdout)["receivers"]
    assert ended.exit_code == 1
    assert (first["took"], first["reason"]) == (False, "HTTP 403")
    assert first["hint"].startswith("check the URL")
    assert second["took"] is True
    assert "SECRET" not in ended.output


def test_without_receivers_it_says_what_to_set(authority: Path) -> None:
    ended = run(authority)
    assert ended.exit_code == 2
    assert "NOTIFY names nobody" in ended.stderr


def test_it_sends_nothing_unless_it_is_a_test() -> None:
    ended = CliRunner(env={"NOTIFY": "https://127.0.0.1:1/"}).invoke(cli, ["notify"])
    assert ended.exit_code == 2
    assert "add --test" in ended.stderr


def test_a_receiver_of_the_cloud_needs_credentials_and_says_which() -> None:
    environ = {"NOTIFY": "eventbridge://bus", "REGION_ID": "cn-hangzhou"}
    ended = CliRunner(env=environ).invoke(cli, ["notify", "--test"])
    assert ended.exit_code == 1
    assert "no credentials" in ended.stderr
