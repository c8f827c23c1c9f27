"""The page of `image-import local` in a real browser."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import POOR_CONTRASTS, Tab, chromium
from desks import BUCKET, QCOW2, client, desk_with, wait_for_deliveries
from fake_aliyun import BySeconds
from image_import_cli.commands.demo import UNSAFE, asset
from image_import_cli.local.desk import Desk

pytestmark = pytest.mark.needs("chromium")

HOSTILE = "<img src=x onerror=alert(1)>\u202e'\"&.qcow2"
ODD_FOLDER = "x//y z/?#%2F"
EVENTS = "document.querySelectorAll('#events-list > details')"
READY = "document.querySelector('#bucket').value === 'images'"


@pytest.fixture(scope="module")
def tab(tool_path: Callable[[str], str]) -> Iterator[Tab]:
    with chromium(tool_path("chromium")) as tab:
        yield tab


@pytest.fixture
def desk(tab: Tab) -> Iterator[Desk]:
    tab.complaints.clear()
    with desk_with() as desk:
        yield desk
        assert tab.complaints == []
        # Elsewhere before the server goes, so that the page misses nothing.
        tab.open("about:blank")


def text_of(tab: Tab, selector: str) -> str:
    return str(tab.evaluate(f"document.querySelector({selector!r})?.innerText ?? ''"))


def test_a_file_dropped_on_the_page_ends_as_an_available_image(
    tab: Tab, desk: Desk, tmp_path: Path
) -> None:
    desk.cloud.ecs.pace = BySeconds(waiting=0.4, creating=0.6)
    file = tmp_path / "ubuntu-24.04-amd64.qcow2"
    file.write_bytes(QCOW2)
    tab.open(desk.url)
    tab.wait_for(READY)
    tab.drop([file], ".zone")
    tab.wait_for("document.querySelector('#images progress')")
    tab.wait_for("document.querySelector('#images .pill')?.innerText === 'Available'")
    assert text_of(tab, "#events-list .pill") == "submitted"
    assert text_of(tab, "#news").endswith(": Available")
    (image,) = desk.cloud.ecs.images.values()
    assert image.disks[0].object_key == file.name


def test_the_next_exchange_fails_as_a_button_says(tab: Tab, desk: Desk) -> None:
    tab.open(desk.url)
    tab.wait_for(READY)
    tab.evaluate("document.querySelector('[data-fault=quota]').click()")
    tab.wait_for("document.querySelector('#faults-left li')")
    assert text_of(tab, "#faults-left") == (
        "the next 1 of ImportImage: QuotaExceed.Image"
    )
    client(desk).put_object("debian-12.qcow2", QCOW2)
    tab.wait_for("!document.querySelector('#faults-left li')")
    tab.evaluate("document.querySelector('[data-fault=throttled]').click()")
    tab.wait_for("document.querySelector('#faults-left li')")
    tab.evaluate("document.querySelector('#no-faults').click()")
    tab.wait_for("document.querySelector('#no-faults').hidden")
    assert desk.cloud.faults.remaining() == []


FAULTS = "[...document.querySelectorAll('[data-fault]')]"


def test_each_fault_that_is_offered_is_one_of_the_cloud(tab: Tab, desk: Desk) -> None:
    tab.open(desk.url)
    tab.wait_for(READY)
    tab.evaluate(f"{FAULTS}.forEach(button => button.click())")
    tab.wait_for(
        f"document.querySelectorAll('#faults-left li').length === {FAULTS}.length"
    )
    assert len(desk.cloud.faults.remaining()) == 5


def test_trouble_stands_first_and_in_the_icon_and_a_filter_finds_one_object(
    tab: Tab, desk: Desk
) -> None:
    client(desk).put_object(UNSAFE, asset(UNSAFE))
    client(desk).put_object("debian-12.qcow2", QCOW2)
    wait_for_deliveries(desk, 2)
    tab.open(desk.url)
    tab.wait_for(f"{EVENTS}.length === 2")
    assert text_of(tab, "#events-list .pill") == "refused"
    tab.wait_for("document.querySelector('#icon').href.endsWith('?count=1')")
    assert tab.evaluate("document.title") == "(1) image-import local"
    tab.evaluate("document.querySelector('#trouble').click()")
    assert text_of(tab, "#events-list .pill") == "submitted"
    tab.evaluate("document.querySelector('#images .related').click()")
    tab.wait_for(f"{EVENTS}.length === 1")
    assert tab.evaluate("document.querySelector('#filter').value") == "debian-12.qcow2"
    assert tab.evaluate("document.querySelectorAll('#ledger > details').length") == 1


def test_what_is_deleted_is_gone_and_a_reset_begins_anew(tab: Tab, desk: Desk) -> None:
    client(desk).put_object("notes.txt", b"text")
    client(desk).put_object("debian-12.qcow2", QCOW2)
    wait_for_deliveries(desk, 2)
    tab.open(desk.url)
    tab.wait_for("document.querySelectorAll('#buckets button').length >= 2")
    tab.evaluate(
        "document.querySelector('#buckets button[aria-label$=\"notes.txt\"]').click()"
    )
    tab.wait_for("!document.querySelector('#buckets').innerText.includes('notes')")
    assert desk.cloud.oss.keys(BUCKET) == ["debian-12.qcow2"]
    tab.evaluate("window.confirm = () => true")
    tab.evaluate("document.querySelector('#reset').click()")
    tab.wait_for("!document.querySelector('#images > li')")
    client(desk).put_object("debian-12.qcow2", QCOW2)
    tab.wait_for("document.querySelector('#images .pill')?.innerText === 'Available'")


def test_what_is_to_be_typed_elsewhere_is_copied_with_a_click(
    tab: Tab, desk: Desk
) -> None:
    tab.open(desk.url)
    tab.evaluate(
        "navigator.clipboard.writeText = async (text) => { copied = text; }; 1"
    )
    tab.wait_for("document.querySelectorAll('#clients button').length === 4")
    tab.evaluate("document.querySelector('#clients button').click()")
    tab.wait_for("document.querySelector('#clients button').textContent === 'Copied'")
    assert f"export OSS_ENDPOINT={desk.url}" in tab.evaluate("copied")


def test_the_page_speaks_chinese_to_who_wants_it(tab: Tab, desk: Desk) -> None:
    client(desk).put_object(UNSAFE, asset(UNSAFE))
    client(desk).put_object("debian-12.qcow2", QCOW2)
    wait_for_deliveries(desk, 2)
    tab.open(desk.url)
    tab.wait_for("document.querySelector('#language').innerText === '\u4e2d\u6587'")
    tab.evaluate("document.querySelector('#language').click()")
    tab.wait_for("document.documentElement?.lang === 'zh-CN'")
    tab.wait_for(f"{EVENTS}.length === 2")
    for place in ("#events-list > details", "#ledger > details", "#connection"):
        tab.evaluate(
            f"document.querySelectorAll('{place}').forEach(d => {{ d.open = true; }})"
        )
    tab.wait_for("document.querySelector('#ledger table')")
    tab.wait_for("document.querySelector('#events-list table')")
    unsaid = "import('/_local/page-words.js').then(words => [...words.unsaid])"
    assert tab.evaluate(unsaid) == []
    assert "\u4fee\u590d" in text_of(tab, "#events-list .reason")
    tab.evaluate("document.querySelector('#language').click()")
    tab.wait_for("document.documentElement?.lang === 'en'")


def test_several_files_go_under_the_folder_that_was_typed(
    tab: Tab, desk: Desk, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("debian-12.qcow2", "debian-12.qcow2.json")]
    files[0].write_bytes(QCOW2)
    files[1].write_text('{"Platform": "Debian"}')
    tab.open(desk.url)
    tab.wait_for(READY)
    tab.evaluate("document.querySelector('#folder').value = 'a folder/'")
    tab.drop(files, ".zone")
    tab.wait_for(f"{EVENTS}.length === 2")
    assert desk.cloud.oss.keys(BUCKET) == [f"a folder/{file.name}" for file in files]


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml"])
def test_a_sidecar_dropped_together_with_its_image_goes_first(
    tab: Tab, desk: Desk, tmp_path: Path, suffix: str
) -> None:
    files = [tmp_path / name for name in ("web.qcow2", f"web.qcow2{suffix}")]
    files[0].write_bytes(QCOW2)
    files[1].write_text('{"Platform": "Debian"}')
    tab.open(desk.url)
    tab.wait_for(READY)
    tab.drop(files, ".zone")
    tab.wait_for("document.querySelector('#images .pill')")
    (image,) = desk.cloud.ecs.images.values()
    assert image.platform == "Debian"
    came = [event["oss"]["object"]["key"] for event in desk.cloud.oss.events]
    assert came[:2] == [files[1].name, files[0].name]


def test_disks_dropped_together_with_their_manifest_become_one_image(
    tab: Tab, desk: Desk, tmp_path: Path
) -> None:
    names = ("accounts.qcow2", "web.qcow2")
    manifest = {"DiskDeviceMapping": [{"OSSObject": name} for name in names[::-1]]}
    files = [tmp_path / name for name in (*names, "web.qcow2.json")]
    for file in files[:2]:
        file.write_bytes(QCOW2)
    files[2].write_text(json.dumps(manifest))
    tab.open(desk.url)
    tab.wait_for(READY)
    tab.drop(files, ".zone")
    tab.wait_for(f"{EVENTS}.length === 3")
    tab.wait_for("document.querySelector('#images .pill')")
    wait_for_deliveries(desk, 3)
    (image,) = desk.cloud.ecs.images.values()
    assert [disk.object_key for disk in image.disks] == list(names[::-1])


def test_files_that_wait_for_their_turn_are_shown_and_go_where_they_were_dropped(
    tab: Tab, desk: Desk, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("debian-11.qcow2", "debian-12.qcow2")]
    for file in files:
        file.write_bytes(QCOW2)
    tab.open(desk.url)
    tab.wait_for(READY)
    tab.evaluate(WHEN_FILES_WAIT)
    tab.drop(files, ".zone")
    tab.wait_for(f"{EVENTS}.length === 2")
    assert tab.evaluate("mostRows") == 2
    assert desk.cloud.oss.keys(BUCKET) == [file.name for file in files]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("", "web.qcow2"),
        ("a/b", "a/b/web.qcow2"),
        ("a/b/", "a/b/web.qcow2"),
        ("/a", "a/web.qcow2"),
        ("in-", "in-web.qcow2"),
    ],
)
def test_a_folder_needs_no_last_slash(
    tab: Tab, tmp_path: Path, typed: str, key: str
) -> None:
    file = tmp_path / "web.qcow2"
    file.write_bytes(QCOW2)
    with desk_with(KEY_PREFIX="in-") as desk:
        tab.open(desk.url)
        tab.wait_for("document.querySelector('#folder').value === 'in-'")
        tab.evaluate(f"document.querySelector('#folder').value = {typed!r}")
        tab.drop([file], ".zone")
        tab.wait_for(f"{EVENTS}.length === 1")
        assert desk.cloud.oss.keys(BUCKET) == [key]
        tab.open("about:blank")


def test_a_very_long_key_is_brief_in_lists_and_whole_inside(
    tab: Tab, desk: Desk
) -> None:
    key = "x" * 700 + "/debian-12.qcow2"
    client(desk).put_object(key, QCOW2)
    wait_for_deliveries(desk, 1)
    tab.open(desk.url)
    tab.wait_for(f"{EVENTS}.length")
    lists = ("#events-list", "#images .facts", "#buckets td", "#ledger")
    for shown in (text_of(tab, f"{name} bdi") for name in lists):
        assert shown == f"{key[:60]} \u2026 {key[-60:]}"
    tab.evaluate(f"{EVENTS}[0].open = true")
    tab.evaluate("document.querySelector('#ledger > details').open = true")
    for name in ("#events-list", "#ledger"):
        inside = f"document.querySelector('{name} > details > div')"
        tab.wait_for(f"{inside}?.innerText.includes({key!r})")


def test_an_upload_that_oss_refuses_is_shown_with_its_reason(
    tab: Tab, desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "debian-12.qcow2"
    file.write_bytes(QCOW2)
    desk.cloud.oss.fail_next("AccessDenied", action="PutObject")
    tab.open(desk.url)
    tab.wait_for(READY)
    tab.drop([file], ".zone")
    tab.wait_for("document.querySelector('#uploads .pill')")
    assert "AccessDenied: " in text_of(tab, "#uploads")
    tab.complaints.clear()  # the browser's own line about status 403


def test_a_folder_that_a_browser_would_leave_out_is_refused(
    tab: Tab, desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "debian-12.qcow2"
    file.write_bytes(QCOW2)
    tab.open(desk.url)
    tab.wait_for(READY)
    for folder, becomes in ((ODD_FOLDER, "uploaded"), (f"../{ODD_FOLDER}", "refused")):
        tab.evaluate(f"document.querySelector('#folder').value = {folder!r}")
        tab.drop([file], ".zone")
        shown = "#uploads .pill" if becomes == "refused" else "#images .pill"
        tab.wait_for(f"document.querySelector({shown!r})")
    assert "a folder may not be called . or .." in text_of(tab, "#uploads")
    assert desk.cloud.oss.keys(BUCKET) == [f"{ODD_FOLDER}/{file.name}"]
    tab.complaints.clear()  # the browser's own line about status 400


def test_a_hostile_key_is_text_and_nothing_else(tab: Tab, desk: Desk) -> None:
    client(desk).put_object(HOSTILE, QCOW2)
    wait_for_deliveries(desk, 1)
    tab.open(desk.url)
    tab.wait_for(f"{EVENTS}.length")
    tab.evaluate(f"{EVENTS}[0].open = true")
    tab.evaluate("document.querySelector('#ledger > details').open = true")
    tab.wait_for("document.querySelector('#ledger table')")
    tab.wait_for("document.querySelector('#events-list table')")
    assert (
        tab.evaluate("document.querySelectorAll('main img, main script').length") == 0
    )
    assert r"<img src=x onerror=alert(1)>\u{202e}'" in text_of(tab, "#events-list bdi")


def test_an_opened_event_shows_its_plan_and_stays_open(tab: Tab, desk: Desk) -> None:
    client(desk).put_object("ubuntu-24.04-amd64.vhd", QCOW2)
    wait_for_deliveries(desk, 1)
    tab.open(desk.url)
    tab.wait_for(f"{EVENTS}.length")
    tab.evaluate(f"{EVENTS}[0].open = true")
    tab.wait_for("document.querySelector('#events-list table')")
    plan = tab.evaluate(
        "[...document.querySelectorAll('#events-list tbody tr')]"
        ".map(row => [...row.cells].map(cell => cell.innerText))"
    )
    assert ["Platform", "Ubuntu", "object key", ""] in plan
    assert "vhd (object key)" in str(plan).lower()
    client(desk).put_object("notes.txt", b"text")
    tab.wait_for(f"{EVENTS}.length === 2")
    assert tab.evaluate(f"[...{EVENTS}].map(event => event.open)") == [False, True]


def test_an_open_event_shows_further_attempts_as_they_are_made(
    tab: Tab, desk: Desk
) -> None:
    desk.cloud.ecs.fail_next("ServiceUnavailable", action="ImportImage", times=4)
    client(desk).put_object("debian-12.qcow2", QCOW2)
    tab.open(desk.url)
    tab.wait_for(f"{EVENTS}.length")
    tab.evaluate(f"{EVENTS}[0].open = true")
    tab.wait_for("document.querySelectorAll('#events-list h3').length === 2")
    headings = tab.evaluate("document.querySelector('#events-list h3 ~ h3').innerText")
    assert headings == "Attempt 2"
    tab.wait_for("document.querySelector('#events-list .pill').innerText !== 'running'")
    assert text_of(tab, "#events-list .pill") == "submitted"


def test_all_can_be_reached_with_the_keyboard(tab: Tab, desk: Desk) -> None:
    client(desk).put_object("debian-12.qcow2", QCOW2)
    wait_for_deliveries(desk, 1)
    tab.open(desk.url)
    tab.wait_for(f"{EVENTS}.length")
    seen = []
    for _ in range(40):
        tab.press("Tab")
        seen.append(tab.evaluate("document.activeElement.id"))
        if tab.evaluate("document.activeElement.matches('#events-list summary')"):
            break
    order = ["language", "filter", "trouble", "files", "bucket", "folder"]
    assert [name for name in seen if name][: len(order)] == order
    tab.press("Enter")
    tab.wait_for(f"{EVENTS}[0].open")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_can_be_read_in_both_schemes(
    tab: Tab, desk: Desk, *, dark: bool
) -> None:
    desk.cloud.ecs.pace = BySeconds(waiting=3600, creating=0)
    for key in ("debian-12.qcow2", "debian-12.qcow2", "notes.txt"):
        client(desk).put_object(key, QCOW2)
    client(desk).put_object(UNSAFE, asset(UNSAFE))
    wait_for_deliveries(desk, 4)
    tab.open(desk.url, dark=dark)
    tab.wait_for(f"{EVENTS}.length === 4")
    tab.evaluate(f"{EVENTS}.forEach(event => {{ event.open = true; }})")
    tab.wait_for("document.querySelectorAll('#events-list table').length")
    tab.wait_for(f"{EVENTS}[1].querySelector(':scope > div .reason')")
    told = tab.evaluate(f"{EVENTS}[1].innerText.split('neither').length - 1")
    assert told == 1, "an open event tells its reason twice"
    looks = "[...document.querySelectorAll('.pill')].map(pill => pill.classList[1])"
    assert {"good", "known", "wait", "bad", None} <= set(tab.evaluate(looks))
    assert tab.evaluate(POOR_CONTRASTS) == []
    light, black = "rgb(246, 247, 248)", "rgb(18, 23, 26)"
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == (black if dark else light)


def test_a_phone_shows_all_without_scrolling_sideways(tab: Tab, desk: Desk) -> None:
    client(desk).put_object("a-long-name-" * 20 + "debian-12.qcow2", QCOW2)
    wait_for_deliveries(desk, 1)
    tab.open(desk.url, width=360)
    tab.wait_for(f"{EVENTS}.length")
    assert not tab.evaluate("document.querySelector('#buckets details').open")
    tab.evaluate(
        "document.querySelectorAll('details').forEach(d => { d.open = true; })"
    )
    tab.wait_for("document.querySelector('#events-list table')")
    tab.wait_for("document.querySelector('#ledger table')")
    assert tab.evaluate("document.documentElement.scrollWidth") == 360
    assert tab.evaluate(WIDER_THAN_THEIR_PLACE) == []


def test_the_page_says_when_the_server_is_gone_and_comes_back(
    tab: Tab, desk: Desk
) -> None:
    tab.open(desk.url)
    tab.wait_for("document.querySelector('#live').innerText === 'live'")
    tab.command("Network.enable")
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    tab.command("Network.emulateNetworkConditions", offline=True, **offline)
    desk.cloud.oss.put(BUCKET, "notes.txt", b"text")
    tab.wait_for("document.querySelector('#live.off')")
    tab.command("Network.emulateNetworkConditions", offline=False, **offline)
    tab.wait_for("document.querySelector('#live.on')")
    tab.wait_for(f"{EVENTS}.length === 1")
    tab.complaints.clear()  # the browser's own lines about being offline


# Counts the files that wait, and types another folder once the first one does.
WHEN_FILES_WAIT = """
var mostRows = 0;
new MutationObserver(() => {
  const rows = document.querySelectorAll("#uploads li").length;
  mostRows = Math.max(mostRows, rows);
  document.querySelector("#folder").value = "elsewhere/";
}).observe(document.querySelector("#uploads"), { childList: true });
"""

# Elements that stick out of the page, unless they lie in something that scrolls.
WIDER_THAN_THEIR_PLACE = """
[...document.querySelectorAll('main *')].filter((node) =>
  node.getBoundingClientRect().right > innerWidth && !node.closest('pre, .table')
).map((node) => node.outerHTML)
"""
