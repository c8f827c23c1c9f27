"""The page of `image-import status --html`, as text and in a real browser."""

import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from browser import POOR_CONTRASTS, Tab, chromium
from image_import.config.settings import read_settings
from image_import.ledger.entries import State
from image_import_cli.status.html import (
    COUNT,
    LOOKS,
    NOT_LIKE_THAT,
    NOTHING,
    track,
)
from image_import_cli.status.model import ImportStatus
from image_import_cli.status.reader import open_ledgers
from image_import_cli.ui.language import chinese
from repository import FUNCTIONS
from status_bucket import Bucket
from uploads import BUCKET

HOSTILE = "incoming/</script><script>alert(1)</script>{{script}}\u202e'\"&.qcow2"
SHOWN = "[...document.querySelectorAll('#imports > li:not([hidden])')]"
KEYS = f"{SHOWN}.map(node => node.querySelector('bdi').innerText)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a bucket with an import in each state and a hostile key."""
    bucket = Bucket()
    bucket.uploads.upload(HOSTILE)
    bucket.fill()
    path = tmp_path_factory.mktemp("page") / "status.html"
    run = bucket.run("--html", str(path))
    assert run.exit_code == 1
    assert f"{path}: 12 imports: 1 failed, " in run.stderr
    return path


def test_every_state_has_a_look() -> None:
    # That its news was sent is no state of an import.
    assert {*LOOKS, State.NOTIFIED} == set(State)


def test_an_import_that_was_begun_just_now_is_drawn() -> None:
    bucket = Bucket()
    bucket.uploads.upload("web.qcow2")
    with (
        open_ledgers(
            read_settings(bucket.variables), bucket.variables, bucket=BUCKET, workers=1
        ) as ledgers,
        bucket.uploads.cloud,
    ):
        (found,) = ledgers.of_key(BUCKET, "web.qcow2")
    assert isinstance(found, ImportStatus)
    before = found.since - timedelta(milliseconds=1)
    assert track(found, begin=before, now=before).count("<rect") == 1


def test_the_page_names_nothing_outside_itself(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r"(?:src|href)=\"([^\"]*)\"", text) == ["data:,", "#imports"]
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in text


def test_a_hostile_key_ends_no_script_and_fills_no_place(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text.count("<script") == text.count("</script") == 1
    shown = r"incoming/&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{script}}"
    assert rf"{shown}\u202e&#x27;&quot;&amp;.qcow2" in text


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    bucket, path = Bucket(), tmp_path / "status.html"
    path.write_text("the last page")
    bucket.uploads.cloud.oss.fail_next("AccessDenied", action="ListObjectsV2")
    assert bucket.run("--html", str(path)).exit_code == 1
    assert [p.name for p in tmp_path.iterdir()] == ["status.html"]
    assert path.read_text() == "the last page"
    assert bucket.run("--html", str(path)).exit_code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["status.html"]
    text = path.read_text("utf-8")
    assert "There is no import." in text
    assert re.search(r"class=\"axis [^>]* hidden>", text)


def test_a_page_goes_where_a_link_leads_and_the_link_stays(tmp_path: Path) -> None:
    link, target = tmp_path / "link.html", tmp_path / "there" / "status.html"
    target.parent.mkdir()
    link.symlink_to(target)
    assert Bucket().run("--html", str(link)).exit_code == 0
    assert link.is_symlink()
    assert "There is no import." in target.read_text("utf-8")


def test_what_is_no_regular_file_is_not_replaced_by_a_page(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        run = Bucket().run("--html", str(path))
        assert run.exit_code == 2
        assert "it is there and no regular file; give a file" in run.stderr
    assert pipe.is_fifo()
    assert link.is_symlink()


def test_a_page_that_cannot_be_written_after_all_is_said_in_a_sentence() -> None:
    run = Bucket().run("--html", f"/proc/{os.getpid()}/status.html")
    assert isinstance(run.exception, SystemExit)
    assert re.search("cannot be written to|could not be written", run.stderr)


@pytest.fixture(scope="module")
def browser(tool_path: Callable[[str], str]) -> Iterator[Tab]:
    with chromium(tool_path("chromium")) as tab:
        yield tab


@pytest.fixture
def tab(browser: Tab) -> Iterator[Tab]:
    browser.complaints.clear()
    yield browser
    assert browser.complaints == []


def choose(tab: Tab, selector: str, value: str, event: str) -> None:
    tab.evaluate(
        f"(() => {{ const node = document.querySelector({selector!r});"
        f" node.value = {value!r}; node.dispatchEvent(new Event({event!r})); }})()"
    )


@pytest.mark.needs("chromium")
def test_the_browser_asks_for_nothing_and_runs_no_script_of_a_key(
    tab: Tab, page: Path
) -> None:
    tab.open(page.as_uri())
    loaded = "performance.getEntriesByType('resource').map(entry => entry.name)"
    assert [name for name in tab.evaluate(loaded) if name != "data:,"] == []
    assert tab.evaluate("document.querySelectorAll('script').length") == 1
    shown = HOSTILE.replace("\u202e", r"\u202e")
    assert shown in tab.evaluate(KEYS)


def test_whatever_the_page_says_by_itself_has_its_chinese(page: Path) -> None:
    template = (FUNCTIONS / "image_import_cli/assets/status.html").read_text("utf-8")
    own = re.findall(r"data-say>([^<]+)", template)
    assert len(own) > 5
    assert "data-say" not in page.read_text("utf-8")
    texts = {*own, COUNT, NOTHING, NOT_LIKE_THAT}
    assert {t for t in texts if chinese().told(t) == t} == set()


@pytest.mark.needs("chromium")
def test_the_page_speaks_both_languages_and_copies(tab: Tab, page: Path) -> None:
    tab.open(page.as_uri())
    said = "document.querySelector('.next strong').innerText"
    assert tab.evaluate(said) == "Next"
    tab.evaluate("document.querySelector('#language').click()")
    assert tab.evaluate(said) == "\u4e0b\u4e00\u6b65"
    assert tab.evaluate("document.documentElement.lang") == "zh-CN"
    assert "12" in tab.evaluate("document.querySelector('#shown').innerText")
    tab.evaluate("navigator.clipboard.writeText = async (t) => { copied = t; }; 1")
    tab.evaluate("document.querySelector('.command + .copy').click()")
    tab.wait_for("document.querySelector('.copy.done')")
    assert tab.evaluate("copied").startswith("image-import ")
    tab.evaluate("document.querySelector('#language').click()")
    assert tab.evaluate(said) == "Next"


@pytest.mark.needs("chromium")
def test_states_text_and_time_filter_together(tab: Tab, page: Path) -> None:
    tab.open(page.as_uri())
    assert tab.evaluate(f"{SHOWN}.length") == 12
    tab.evaluate("document.querySelector('[data-state=stuck]').click()")
    tab.evaluate("document.querySelector('[data-state=gone]').click()")
    assert sorted(tab.evaluate(KEYS)) == ["incoming/gone.qcow2", "incoming/stuck.qcow2"]
    assert tab.evaluate("document.querySelector('#shown').innerText") == (
        "2 of 12 imports"
    )
    choose(tab, "#since", "3600", "change")
    assert tab.evaluate(KEYS) == ["incoming/stuck.qcow2"]
    choose(tab, "#text", "no such word", "input")
    assert tab.evaluate("!document.querySelector('#none').hidden")
    choose(tab, "#text", "STUCK creating", "input")
    assert tab.evaluate(KEYS) == ["incoming/stuck.qcow2"]


@pytest.mark.needs("chromium")
def test_all_can_be_done_with_the_keyboard(tab: Tab, page: Path) -> None:
    tab.open(page.as_uri())
    for _ in ("skip", "language", "first state"):
        tab.press("Tab")
    tab.press(" ")
    assert tab.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    assert tab.evaluate(f"{SHOWN}.length") == 1
    tab.evaluate("document.querySelector('summary').focus()")
    tab.press("Enter")
    tab.wait_for("document.querySelector('details').open")


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_can_be_read_in_both_schemes(
    tab: Tab, page: Path, *, dark: bool
) -> None:
    tab.open(page.as_uri(), dark=dark)
    tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert tab.evaluate(POOR_CONTRASTS) == []
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(18, 23, 26)" if dark else "rgb(246, 247, 248)")


@pytest.mark.needs("chromium")
def test_a_phone_shows_all_without_scrolling_sideways(tab: Tab, page: Path) -> None:
    tab.open(page.as_uri(), width=360)
    tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert tab.evaluate("document.documentElement.scrollWidth") == 360
    sticking_out = (
        "[...document.querySelectorAll('main *')].filter(node => !node.closest("
        "'.command') && node.getBoundingClientRect().right > innerWidth).length"
    )
    assert tab.evaluate(sticking_out) == 0
