"""The page's port: what it serves, and what it leaves to the cloud."""

import json
import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import fc2
import oss2
import pytest
import requests
from click.testing import CliRunner
from desks import BUCKET, LEDGER, QCOW2, client, desk_with, wait_for_deliveries
from fake_aliyun import BySeconds
from fake_aliyun.core.http import Request
from image_import_cli.local.command import how_to_reach
from image_import_cli.local.deliveries import read_delivery
from image_import_cli.local.desk import Desk
from image_import_cli.local.page import FILES, LocalPage
from image_import_cli.local.page_state import MOST_SHOWN
from image_import_cli.main import cli
from waiting import PATIENCE_SECONDS

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
HOSTILE = "<img src=x onerror=alert(1)>/\u202e\t'\"&#?%2F +é中.qcow2"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with desk_with() as desk:
        yield desk


def get(desk: Desk, path: str, **asked: str) -> requests.Response:
    return requests.get(f"{desk.url}{path}", params=asked, timeout=PATIENCE_SECONDS)


def state(desk: Desk, seen: str = "") -> Any:
    return get(desk, "/_local/state", seen=seen).json()


def request(path: str, query: str = "", method: str = "GET") -> Request:
    return Request(
        method=method,
        scheme="http",
        host="127.0.0.1",
        path=path,
        query=query,
        headers={},
    )


def test_a_browser_gets_the_page_at_the_root(desk: Desk) -> None:
    answer = requests.get(desk.url, headers=HTML, timeout=PATIENCE_SECONDS)
    assert "<title>image-import local</title>" in answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_clients_still_list_their_buckets_at_the_root(desk: Desk) -> None:
    keys = desk.cloud.credentials
    auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
    service = oss2.Service(auth, desk.url, region="cn-hangzhou")
    names = [bucket.name for bucket in service.list_buckets().buckets]
    assert names == [BUCKET, LEDGER]


def test_an_unsigned_client_is_refused_at_the_root_as_ever(desk: Desk) -> None:
    answer = get(desk, "/")
    assert (answer.status_code, "<Code>AccessDenied</Code>" in answer.text) == (
        403,
        True,
    )


def test_a_call_of_ecs_is_no_wish_for_the_page(desk: Desk) -> None:
    requests.get(
        f"{desk.url}/?Action=DescribeRegions", headers=HTML, timeout=PATIENCE_SECONDS
    )
    assert [record.service for record in desk.cloud.requests] == ["ecs"]


@pytest.mark.parametrize("name", FILES)
def test_each_file_comes_with_its_type_and_a_strict_policy(
    desk: Desk, name: str
) -> None:
    headers = get(desk, f"/_local/{name}").headers
    assert headers["Content-Type"] == FILES[name]
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


class References(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [str(v) for name, v in attrs if name in {"src", "href"}]
        assert not [name for name, _ in attrs if name == "style" or name[:2] == "on"]


def test_the_page_needs_nothing_from_elsewhere(desk: Desk) -> None:
    page = References()
    page.feed(get(desk, "/_local/page.html").text)
    own = [found for found in page.found if not found.startswith("#")]
    assert {urlsplit(found).path for found in own} == {
        f"/_local/{name}" for name in FILES if not name.endswith((".html", ".json"))
    }
    for name in (name for name in FILES if name.endswith((".css", ".js"))):
        assert not re.search(
            r"https?://|url\(|@import", get(desk, f"/_local/{name}").text
        )


def test_an_unknown_path_lists_the_known(desk: Desk) -> None:
    for path in (
        "/_local/none",
        "/_local/",
        "/_local/../page.html",
        "/_local/README.md",
    ):
        answer = LocalPage(desk)(request(path))
        assert answer
        assert answer.status == 404
        assert "state" in json.loads(answer.text)["known"]


def test_nothing_is_changed_through_the_page(desk: Desk) -> None:
    answer = requests.put(
        f"{desk.url}/_local/state", data=b"{}", timeout=PATIENCE_SECONDS
    )
    assert answer.status_code == 405


def test_an_object_can_be_deleted_on_the_page_and_by_no_other_page(desk: Desk) -> None:
    client(desk).put_object("notes.txt", b"text")
    place = f"{desk.url}/_local/object?bucket={BUCKET}&key=notes.txt"
    foreign = {"Origin": "http://evil.example"}
    answer = requests.delete(place, headers=foreign, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 403
    assert desk.cloud.oss.keys(BUCKET) == ["notes.txt"]
    assert requests.delete(place, timeout=PATIENCE_SECONDS).status_code == 200
    assert desk.cloud.oss.keys(BUCKET) == []
    assert requests.delete(place, timeout=PATIENCE_SECONDS).status_code == 404


@pytest.mark.parametrize(
    ("count", "badge"), [("3", ">3<"), ("99", ">99<"), ("", ""), ("<b>", ""), ("0", "")]
)
def test_the_icon_shows_how_much_trouble_there_is(
    desk: Desk, count: str, badge: str
) -> None:
    icon = get(desk, "/_local/icon.svg", count=count).text
    assert (badge in icon) if badge else "<text" not in icon


SAID = re.compile(r'say\(\s*(?:[^"()]+\? )?"([^"]+)"(?: : "([^"]+)")?')


def test_whatever_the_page_says_has_its_chinese(desk: Desk) -> None:
    words = get(desk, "/_local/zh/page.json").json()
    scripts = [get(desk, f"/_local/{n}").text for n in FILES if n.endswith(".js")]
    said = {t for s in scripts for pair in SAID.findall(s) for t in pair if t}
    assert len(said) > 25
    assert said <= words.keys()
    for english, chinese in words.items():
        assert set(re.findall(r"\{\w+\}", english)) == set(
            re.findall(r"\{\w+\}", chinese)
        )


def test_no_other_site_may_read_what_the_page_reads(desk: Desk) -> None:
    path = f"{desk.url}/_local/state"
    answer = requests.get(
        path, headers={"Origin": "http://evil.example"}, timeout=PATIENCE_SECONDS
    )
    assert not [name for name in answer.headers if name.lower().startswith("access-")]
    answer = requests.get(
        path, headers={"Host": "evil.example"}, timeout=PATIENCE_SECONDS
    )
    assert (answer.status_code, "events" in answer.text) == (501, False)


def test_the_state_shows_events_images_buckets_and_the_ledger(desk: Desk) -> None:
    client(desk).put_object("ubuntu-24.04-amd64.qcow2", QCOW2)
    wait_for_deliveries(desk, 1)
    shown = state(desk)
    (event,), (image,) = shown["events"]["newest"], shown["images"]["newest"]
    (ledger,) = shown["ledger"]["newest"]
    assert (event["outcome"], event["size"]) == ("submitted", len(QCOW2))
    assert (image["status"], image["platform"]) == ("Available", "Ubuntu")
    assert shown["buckets"][BUCKET]["newest"][0]["key"] == event["key"]
    assert (ledger["state"], ledger["object_key"]) == ("submitted", event["key"])


@pytest.mark.parametrize(
    ("bucket", "key", "why"),
    [
        ("elsewhere", "in/debian-12.qcow2", "it is in elsewhere; "),
        (BUCKET, "out/debian-12.qcow2", "the trigger listens to keys that begin with"),
    ],
    ids=["bucket", "prefix"],
)
def test_what_the_trigger_does_not_hear_is_shown_with_the_reason(
    bucket: str, key: str, why: str
) -> None:
    with desk_with(KEY_PREFIX="in/") as desk:
        desk.cloud.oss.put(bucket, key, QCOW2)
        (event,) = state(desk)["events"]["newest"]
    assert (event["outcome"], event["id"]) == ("not delivered", "")
    assert event["reason"].startswith(why)


def test_an_appended_object_is_shown_as_not_delivered(desk: Desk) -> None:
    client(desk).append_object("growing.qcow2", 0, QCOW2)
    (event,) = state(desk)["events"]["newest"]
    assert "the trigger does not listen to AppendObject, since" in event["reason"]


def test_an_import_that_fails_says_so_once_it_has(desk: Desk) -> None:
    desk.cloud.ecs.pace = BySeconds(waiting=0, creating=3600)
    desk.cloud.ecs.fail_import("InvalidImage", "There is no system on it.")
    client(desk).put_object("debian-12.qcow2", QCOW2)
    wait_for_deliveries(desk, 1)
    (before,) = state(desk)["images"]["newest"]
    desk.cloud.ecs.finish_imports()
    (after,) = state(desk)["images"]["newest"]
    assert (before["status"], before["failure"]) == ("Creating", "")
    assert (after["status"], after["failure"]) == (
        "CreateFailed",
        "InvalidImage: There is no system on it.",
    )


def test_keys_arrive_letter_for_letter(desk: Desk) -> None:
    client(desk).put_object(HOSTILE, QCOW2)
    wait_for_deliveries(desk, 1)
    shown = state(desk)
    assert shown["events"]["newest"][0]["key"] == HOSTILE
    assert shown["images"]["newest"][0]["disks"][0]["key"] == HOSTILE
    assert shown["buckets"][BUCKET]["newest"][0]["key"] == HOSTILE


def test_the_state_is_held_back_until_it_changes(desk: Desk) -> None:
    seen = state(desk)["version"]
    later: list[Any] = []
    asking = threading.Thread(target=lambda: later.append(state(desk, seen)))
    asking.start()
    asking.join(0.5)
    assert later == []
    client(desk).put_object("readme.txt", b"text")
    asking.join(30)
    assert later[0]["version"] != seen
    assert later[0]["events"]["newest"][0]["key"] == "readme.txt"


def test_a_state_that_does_not_change_is_not_sent_again(desk: Desk) -> None:
    page = LocalPage(desk, held_seconds=0)
    first = page(request("/_local/state"))
    assert first
    seen = json.loads(first.text)["version"]
    again = page(request("/_local/state", f"seen={seen}"))
    assert again
    assert (again.status, again.text) == (204, "")


def test_only_the_newest_of_many_are_listed(desk: Desk) -> None:
    for number in range(MOST_SHOWN + 5):
        desk.cloud.oss.put(BUCKET, f"note-{number:03}.txt", b"text")
    wait_for_deliveries(desk, MOST_SHOWN + 5)
    shown = state(desk)
    for listed in (shown["events"], shown["buckets"][BUCKET]):
        keys = [thing["key"] for thing in listed["newest"]]
        assert (listed["count"], len(keys)) == (MOST_SHOWN + 5, MOST_SHOWN)
        assert "note-000.txt" not in keys
        assert "note-104.txt" in keys


def test_a_delivery_shows_its_plan_with_evidence(desk: Desk) -> None:
    client(desk).put_object("ubuntu-24.04-amd64.vhd", QCOW2)
    (delivery,) = wait_for_deliveries(desk, 1)
    shown = get(desk, "/_local/delivery", id=delivery.request_id).json()
    (record,) = shown["tries"][0]["records"]
    told = record["evidence"]["DiskDeviceMapping.1.Format"]
    assert (told["value"], told["source"]) == ("QCOW2", "header")
    assert told["overrode"]["object key"].upper() == "VHD"
    assert record["parameters"]["DiskDeviceMapping.1.Format"] == "QCOW2"
    assert record["image_name"] in shown["tries"][0]["log"][0]


def test_a_ledger_shows_its_lines(desk: Desk) -> None:
    client(desk).put_object("debian-12.qcow2", QCOW2)
    wait_for_deliveries(desk, 1)
    (ledger,) = state(desk)["ledger"]["newest"]
    lines = get(desk, "/_local/ledger", key=ledger["key"]).json()
    assert [line["state"] for line in lines] == ["intent", "submitted"]
    assert lines[0]["parameters"]["DiskDeviceMapping.1.OSSObject"] == "debian-12.qcow2"


@pytest.mark.parametrize("disks", ["[[]]", "{}", "7", '""', "[[null]]"])
def test_a_ledger_that_was_tampered_with_is_shown_as_it_is(
    desk: Desk, disks: str
) -> None:
    key = ".image-import/images/x-1/E.jsonl"
    last = f'{{"state": "waiting", "disks": {disks}}}'
    desk.cloud.oss.put(LEDGER, key, f"not JSON\n[1]\n\n{last}\n".encode())
    lines = get(desk, "/_local/ledger", key=key).json()
    assert [line["state"] for line in lines] == ["unreadable", "unreadable", "waiting"]
    assert state(desk)["ledger"]["newest"][0]["state"] == "waiting"


@pytest.mark.parametrize("payload", [b"hello", b'{"events": [{"oss": {}}]}', b"[]"])
def test_an_invocation_with_something_else_is_shown_too(
    desk: Desk, payload: bytes
) -> None:
    keys = desk.cloud.credentials
    fc = fc2.Client(
        endpoint=desk.url,
        accessKeyID=keys.access_key_id,
        accessKeySecret=keys.access_key_secret,
    )
    asynchronous = {"x-fc-invocation-type": "Async"}
    fc.invoke_function("image-import", "importer", payload, headers=asynchronous)
    wait_for_deliveries(desk, 1)
    (event,) = state(desk)["events"]["newest"]
    assert (event["name"], event["outcome"]) == ("invocation", "refused")


def test_a_desk_that_was_reset_is_shown_empty(desk: Desk) -> None:
    client(desk).put_object("debian-12.qcow2", QCOW2)
    wait_for_deliveries(desk, 1)
    requests.post(f"{desk.url}/_fake/reset", timeout=PATIENCE_SECONDS)
    shown = state(desk)
    empty = {"count": 0, "newest": []}
    assert shown["events"]["count"] == 0
    assert shown["buckets"] == {BUCKET: empty, LEDGER: empty}
    client(desk).put_object("debian-12.qcow2", QCOW2)
    assert read_delivery(wait_for_deliveries(desk, 1)[0]).outcome == "submitted"
    assert get(desk, "/_local/ledger", key="k").status_code == 404


def test_nothing_but_ledgers_is_read_as_one(desk: Desk) -> None:
    desk.cloud.oss.put(LEDGER, "private.jsonl", b"{}")
    for key in ("private.jsonl", ".image-import/none.jsonl", ""):
        assert get(desk, "/_local/ledger", key=key).status_code == 404
    assert get(desk, "/_local/delivery", id="none").status_code == 404


def test_an_upload_url_takes_the_one_object_it_was_made_for(desk: Desk) -> None:
    said = get(desk, "/_local/upload", bucket=BUCKET, key=HOSTILE).json()
    headers = {"Content-Type": said["type"]}
    answer = requests.put(
        desk.url + said["url"], QCOW2, headers=headers, timeout=PATIENCE_SECONDS
    )
    assert answer.status_code == 200
    assert desk.cloud.oss.get(BUCKET, HOSTILE).content.to_bytes() == QCOW2
    other = said["url"].replace("onerror", "onother")
    answer = requests.put(
        desk.url + other, QCOW2, headers=headers, timeout=PATIENCE_SECONDS
    )
    assert "<Code>SignatureDoesNotMatch</Code>" in answer.text


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"bucket": "images", "key": ""}, "an upload needs a bucket and a key"),
        ({"bucket": "No Bucket", "key": "k"}, "an upload needs a bucket and a key"),
        ({"bucket": "images", "key": "k", "size": str(6 << 30)}, "up to 5 GiB"),
        ({"bucket": "images", "key": "../k"}, "a folder may not be called . or .."),
        ({"bucket": "images", "key": "a/./k"}, "a folder may not be called . or .."),
    ],
    ids=["no key", "no bucket", "too large", "parent", "dot"],
)
def test_an_upload_that_oss_would_not_take_is_refused_with_the_reason(
    desk: Desk, asked: dict[str, str], why: str
) -> None:
    answer = get(desk, "/_local/upload", **asked)
    assert answer.status_code == 400
    assert why in answer.json()["error"]


def test_the_commands_follow_what_is_shown_to_be_set(desk: Desk) -> None:
    desk.cloud.oss.put(BUCKET, "web.qcow2", QCOW2)
    wait_for_deliveries(desk, 1)
    _, _, shown = how_to_reach(desk).partition("follow these:")
    told = dict(re.findall(r"^  export (\w+)=(\S+)$", shown, re.MULTILINE))
    run = CliRunner(env=told).invoke(cli, ["status", "--json"])
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["object_key"] == "web.qcow2"


def test_the_shown_oss2_program_uploads(desk: Desk, tmp_path: Any) -> None:
    program = get(desk, "/_local/clients").json()["oss2"]
    (tmp_path / "web.qcow2").write_bytes(QCOW2)
    exec(program.replace("'web.qcow2')", f"{str(tmp_path / 'web.qcow2')!r})"))  # noqa: S102 - it is ours
    (delivery,) = wait_for_deliveries(desk, 1)
    assert delivery.status == "Succeeded"
    assert desk.cloud.oss.keys(BUCKET) == ["web.qcow2"]


def test_copies_families_and_shares_are_shown() -> None:
    settings = {
        "COPY_TO_REGIONS": "cn-beijing",
        "IMAGE_FAMILY": "web",
        "SHARE_WITH": "1000000000000001",
    }
    with desk_with(**settings) as desk:
        client(desk).put_object("web.qcow2", QCOW2)
        wait_for_deliveries(desk, 1)
        for number in range(2, 7):
            desk.cloud.fc.tick()
            wait_for_deliveries(desk, number)
        copy, image = sorted(
            state(desk)["images"]["newest"], key=lambda shown: shown["region_id"]
        )
    assert (copy["region_id"], image["region_id"]) == ("cn-beijing", "cn-hangzhou")
    assert copy["copied_from"] == image["image_id"]
    assert {shown["family"] for shown in (copy, image)} == {"web"}
    assert image["shared_with"] == ["1000000000000001"]
