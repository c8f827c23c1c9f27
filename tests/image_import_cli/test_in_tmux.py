"""What a person sees: our commands in tmux, at the usual widths."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from loopback import Say, serving
from rich.cells import cell_len
from status_bucket import Bucket, StuckByName
from tmux import PROMPT, Tmux
from uploads import BUCKET
from waiting import wait_until

pytestmark = pytest.mark.needs("tmux", "bash")

COMMAND = "    image-import "
"""A command to copy is one line, however long it is."""

NO_ACCOUNT = {"https_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
"""What is asked of a cloud that is not this one comes to nothing at once."""

DOCTOR = (
    "doctor --image-bucket images --ledger-bucket images --region cn-hangzhou "
    "--account-id 1234567890123456"
)
KEY = "a-folder/of-some-length/rhel-guest-image-9.4-20240419.25.aarch64.qcow2.gz"
NO_COLOR, DUMB = {"NO_COLOR": "1"}, {"TERM": "dumb"}
COLOUR = re.compile(r"\x1b\[[\d;]*(?:3|9)[0-7]m")

Opened = Callable[..., Tmux]


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def opened(bucket: Bucket, tmp_path: Path) -> Iterator[Opened]:
    """Return what opens a terminal beside the bucket."""
    with ExitStack() as inside:
        server = inside.enter_context(bucket.uploads.cloud.serve(0))
        environ = {
            **bucket.variables,
            **NO_ACCOUNT,
            "OSS_ENDPOINT": server.url,
            "ECS_ENDPOINT": server.url,
        }

        def open_(width: int, more: Mapping[str, str] | None = None) -> Tmux:
            tmux = Tmux(width, {**environ, **(more or {})}, tmp_path)
            return inside.enter_context(closing(tmux))

        yield open_


def wrapped(lines: list[str], width: int) -> list[str]:
    """Return the lines that the terminal had to wrap, but for commands to copy."""
    wide = [line for line in lines if cell_len(line) > width]
    return [line for line in wide if not line.startswith(COMMAND)]


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_that_is_printed_wraps(
    width: int, bucket: Bucket, opened: Opened
) -> None:
    bucket.fill()
    tmux = opened(width)
    for line, told in (
        ("demo", "6  The service says no"),
        (
            "plan events/put-qcow2/bucket/noble-server-cloudimg-amd64.img",
            "DiskDeviceMapping.1.DiskImageSize",
        ),
        (f"infer --explain {KEY}", "aarch64"),
        (f"status {BUCKET}", "11 imports: "),
        (f"status {BUCKET}/incoming/broken.qcow2", "Timeline"),
        (f"sweep {BUCKET}/incoming/ --again --dry-run", "refused"),
        (f"redrive oss://{BUCKET}/incoming/ --dry-run", "would be delivered again"),
        (f"cancel --yes oss://{BUCKET}/incoming/stuck.qcow2", "cancelled"),
        (DOCTOR, "clock"),
    ):
        tmux.type(line)
        shown = tmux.result()
        assert any(told in text for text in shown), (line, shown)
        assert wrapped(shown, width) == [], line


@pytest.mark.parametrize("width", [80, 120])
def test_ctrl_c_leaves_a_clean_line_whatever_is_under_way(
    width: int, opened: Opened
) -> None:
    with serving(Say(keep_silent=True)) as silent:
        tmux = opened(width, {"OSS_ENDPOINT": silent.url, "ECS_ENDPOINT": silent.url})
        for line in (DOCTOR, f"plan oss://{BUCKET}/web.qcow2", f"status {BUCKET}"):
            silent.got.clear()
            tmux.type(line)
            wait_until(lambda: silent.got)
            tmux.press("C-c")
            shown = [text.strip() for text in tmux.result()]
            assert [t for t in shown if t not in {"", "^C"}] == [
                "interrupted; nothing was changed"
            ], line


@pytest.mark.parametrize("width", [80, 120])
def test_ctrl_c_ends_a_demo_between_its_lines(width: int, opened: Opened) -> None:
    tmux = opened(width)
    tmux.type("demo")
    tmux.wait_for(lambda text: "1  An image is uploaded" in text)
    tmux.press("C-c")
    shown = tmux.result()
    assert "Traceback" not in "\n".join(shown)
    assert wrapped(shown, width) == []


@pytest.mark.parametrize("width", [80, 120])
def test_ctrl_c_leaves_a_clean_line_and_a_watch_that_can_go_on(
    width: int, bucket: Bucket, opened: Opened
) -> None:
    bucket.uploads.cloud.ecs.pace = StuckByName()
    bucket.uploads.upload(f"stuck-{'in-a-folder/' * 10}web.qcow2")
    bucket.uploads.upload("stuck.qcow2")
    tmux = opened(width)
    tmux.type(f"status {BUCKET} --watch --interval 0.2")
    tmux.wait_for(lambda text: "Ctrl-C ends it" in text)
    tmux.press("C-c")
    first, *_, sums, said = tmux.result()
    assert first.startswith("state ")
    assert sums.startswith("2 imports: ")
    assert said == "interrupted; the imports go on, and the same command watches on"
    assert wrapped(tmux.lines("-J"), width) == []
    bucket.uploads.cloud.ecs.finish_imports()
    tmux.type(f"status {BUCKET} --watch --interval 0.2")
    assert tmux.result()[-1] == "2 imports: 2 available"


@pytest.mark.parametrize("width", [80, 120])
def test_ctrl_c_leaves_a_clean_line_and_a_sweep_that_goes_on(
    width: int, bucket: Bucket, opened: Opened
) -> None:
    keys = [f"old/server-{number}-rhel-guest-image.qcow2" for number in range(8)]
    for key in keys:
        bucket.uploads.put(key)
    tmux = opened(width)
    tmux.type(f"sweep {BUCKET}/old/ --rate 4 --workers 1")
    tmux.wait_for(lambda text: "submitted  old/server-1" in text)
    tmux.press("C-c")
    *begun, sums, said = tmux.result()
    assert {line.split()[0] for line in begun} == {"submitted"}
    assert sums.endswith(f"{len(begun)} submitted")
    assert said == "interrupted; the same command goes on where it stopped"
    tmux.type(f"sweep {BUCKET}/old/ --rate 0")
    note, how, *rest, _ = tmux.result()
    assert note.startswith("going on after old/server-")
    assert how == "--from-start begins anew"
    assert wrapped([note, *rest], width) == []
    done = [line.split()[1] for line in [*begun, *rest]]
    assert sorted(done) == keys
    assert bucket.uploads.calls("ImportImage") == len(keys)


@pytest.mark.parametrize(
    ("environ", "has_colours", "moves"),
    [
        pytest.param({}, True, True, id="colours"),
        pytest.param(NO_COLOR, False, True, id="NO_COLOR"),
        pytest.param(DUMB, False, False, id="dumb"),
    ],
)
def test_colours_and_movement_go_where_the_terminal_has_none(
    *,
    environ: Mapping[str, str],
    has_colours: bool,
    moves: bool,
    bucket: Bucket,
    opened: Opened,
) -> None:
    bucket.uploads.cloud.ecs.pace = StuckByName()
    bucket.uploads.upload("stuck.qcow2")
    tmux = opened(80, environ)
    tmux.type(f"status {BUCKET}")
    assert tmux.result()
    assert bool(COLOUR.search(tmux.screen("-e"))) is has_colours
    tmux.type(f"status {BUCKET} --watch --interval 0.2")
    tmux.wait_for(lambda text: "progress" in text)
    assert ("Ctrl-C ends it" in tmux.screen()) is moves
    tmux.press("C-c")
    *_, sums, said = tmux.result()
    assert sums == "1 import: 1 progress"
    assert said.startswith("interrupted; ")
    assert bool(COLOUR.search(tmux.screen("-e"))) is has_colours


COLOURLESS = [
    "demo",
    "plan events/put-qcow2/bucket/noble-server-cloudimg-amd64.img",
    f"sweep {BUCKET}/incoming/ --again --dry-run",
    f"redrive oss://{BUCKET}/incoming/ --dry-run",
    DOCTOR,
]


@pytest.mark.parametrize("line", COLOURLESS)
def test_no_command_prints_a_colour_where_none_is_wanted(
    line: str, bucket: Bucket, opened: Opened
) -> None:
    bucket.fill()
    coloured, bold, dumb = opened(80), opened(80, NO_COLOR), opened(80, DUMB)
    for tmux in (coloured, bold, dumb):
        tmux.type(line)
    for tmux in (coloured, bold, dumb):
        tmux.wait_for(lambda text: text.rstrip().endswith(f"\n{PROMPT}"))
        assert len(tmux.screen().rstrip().splitlines()) > 5
    assert COLOUR.search(coloured.screen("-e"))
    assert not COLOUR.search(bold.screen("-e"))
    assert "\x1b" not in dumb.screen("-e")
