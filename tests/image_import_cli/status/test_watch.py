"""`image-import status --watch` on the fakes, whose time passes between two looks."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from fake_aliyun.ecs.images import BySeconds, Image, Stage
from image_import.config.settings import read_settings
from image_import.errors import ServiceUnavailable
from image_import_cli.status.filters import Filter, place_of
from image_import_cli.status.reader import open_ledgers
from image_import_cli.status.watch import Watch
from rich.console import Console
from status_bucket import BROKEN, Bucket, StuckByName
from uploads import BUCKET
from waiting import PATIENCE_SECONDS

MINUTE = 60.0
LONG_ENOUGH = 60
"""Looks after which a watch that has not ended never will."""

AVAILABLE = "the image is Available"


@dataclass
class Watching:
    """A watch of a bucket; `between` happens after each look."""

    bucket: Bucket
    place: str = BUCKET
    follow: bool = True
    between: Callable[[int], object] = lambda _: None
    most: int = LONG_ENOUGH
    limit: int = 0
    looks: int = 0
    told: io.StringIO = field(default_factory=io.StringIO)
    inside: ExitStack = field(default_factory=ExitStack)

    def run(
        self, *, as_json: bool = False, terminal: bool = False, term: str = "xterm"
    ) -> int:
        settings = read_settings(self.bucket.variables)
        place = place_of(self.place, settings)
        console = Console(
            file=self.told,
            width=80,
            height=30,
            force_terminal=terminal,
            no_color=True,
            _environ={"TERM": term},
        )
        opened = open_ledgers(
            settings, self.bucket.variables, bucket=place.ledger_bucket, workers=4
        )
        with self.inside, opened as ledgers:
            self.inside.enter_context(self.bucket.uploads.cloud)
            watch = Watch(
                ledgers=ledgers,
                filter_=Filter(place=place),
                interval=MINUTE,
                limit=self.limit,
                pause=self._pause,
            )
            return watch.run(console, as_json=as_json)

    def _pause(self, seconds: float) -> bool:
        self.looks += 1
        self.inside.close()  # whoever uploads or tracks goes to the cloud by itself
        self.between(self.looks)
        self.bucket.uploads.clock.advance(seconds)
        if self.follow:
            self.bucket.uploads.track()
        self.inside.enter_context(self.bucket.uploads.cloud)
        return self.looks == self.most

    @property
    def lines(self) -> list[str]:
        return self.told.getvalue().splitlines()


def test_a_watch_lives_until_the_image_is_available_and_tells_each_change() -> None:
    bucket = Bucket()
    bucket.uploads.upload("web.qcow2")
    watching = Watching(bucket)
    assert watching.run() == 0
    assert watching.looks == 11
    words = [line.split()[2] for line in watching.lines[:-1]]
    assert words == ["progress"] * 11 + ["available"]
    assert watching.lines[-1] == "1 import: 1 available"


def test_without_a_tracker_ecs_is_asked_and_nothing_is_written() -> None:
    bucket = Bucket()
    sent = bucket.uploads.upload("web.qcow2")
    watching = Watching(bucket, follow=False)
    assert watching.run() == 0
    assert watching.lines[-2].endswith(f"available      web.qcow2  100%  {AVAILABLE}")
    assert [line.state.value for line in bucket.uploads.ledger("web.qcow2")] == [
        "intent",
        "submitted",
    ]
    assert bucket.uploads.cloud.ecs.images[sent.image_name].status == "Available"


def test_where_ecs_may_not_be_asked_the_ledger_alone_is_followed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bucket = Bucket()
    bucket.uploads.upload("web.qcow2")
    ecs = bucket.uploads.cloud.ecs
    for action in ("DescribeImages", "DescribeTasks"):
        ecs.fail_next("Forbidden.RAM", action=action, http_status=403)
    watching = Watching(bucket)
    bucket.uploads.cloud.requests.clear()
    watching.between = lambda _: ecs.finish_imports()
    assert watching.run() == 0
    said = capsys.readouterr().err
    assert said.count("ECS is not asked, the ledger alone is followed: ") == 1
    assert watching.lines[-1] == "1 import: 1 available"


def test_one_that_fails_makes_the_status_1_and_tells_its_own_error() -> None:
    bucket = Bucket()
    bucket.uploads.cloud.ecs.fail_import(BROKEN, "The block table is damaged.")
    bucket.uploads.upload("broken.qcow2")
    bucket.uploads.upload("web.qcow2")
    watching = Watching(bucket)
    assert watching.run() == 1
    assert f"{BROKEN}: The block table is damaged." in watching.told.getvalue()
    assert watching.lines[-1] == "2 imports: 1 create_failed, 1 available"


def test_history_is_not_watched_and_what_begins_meanwhile_is() -> None:
    bucket = Bucket()
    bucket.uploads.upload("refused.qcow2", b"QFI\xfb" + bytes(2000))
    bucket.uploads.upload("first.qcow2")
    watching = Watching(bucket)
    events = {3: "second.qcow2"}
    watching.between = lambda look: (
        look in events and bucket.uploads.upload(events[look])
    )
    assert watching.run() == 0
    assert watching.lines[-1] == "2 imports: 2 available"


def test_nothing_under_way_ends_at_once() -> None:
    watching = Watching(Bucket())
    assert watching.run() == 0
    assert (watching.looks, watching.lines) == (0, ["nothing is under way"])


def test_a_single_key_may_be_watched_before_it_is_uploaded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bucket = Bucket()
    watching = Watching(bucket, f"{BUCKET}/web.qcow2")
    watching.between = lambda look: look == 3 and bucket.uploads.upload("web.qcow2")
    assert watching.run() == 0
    assert "nothing is on record of oss://images/web.qcow2" in capsys.readouterr().err
    assert watching.lines[-1] == "1 import: 1 available"


def test_a_single_key_that_waits_for_its_sidecar_is_watched_until_it_ends() -> None:
    bucket = Bucket({"SIDECAR": "required"})
    bucket.uploads.upload("web.qcow2")
    watching = Watching(bucket, f"{BUCKET}/web.qcow2")
    watching.between = lambda look: (
        look == 2 and bucket.uploads.upload("web.qcow2.json", b"{}")
    )
    assert watching.run() == 0
    assert [line.split()[2] for line in watching.lines[:2]] == ["waiting", "progress"]


def test_changes_are_json_for_a_program() -> None:
    bucket = Bucket()
    bucket.uploads.upload("web.qcow2")
    watching = Watching(bucket)
    assert watching.run(as_json=True) == 0
    told = [json.loads(line) for line in watching.lines]
    assert (told[0]["outcome"], told[-1]["outcome"]) == ("progress", "available")
    assert len({json.dumps(change) for change in told}) == len(told)


def test_an_oss_that_does_not_answer_is_asked_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bucket = Bucket()
    bucket.uploads.upload("web.qcow2")
    watching = Watching(bucket)
    oss = bucket.uploads.cloud.oss
    watching.follow = False

    def fail_twice(look: int) -> None:
        if look in {1, 2, 4}:
            oss.fail_next("ServiceUnavailable", action="ListObjectsV2", times=4)

    watching.between = fail_twice
    assert watching.run() == 0
    told = [line.split(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert told == ["could not look, trying again", "it answers again"] * 2


def test_a_watch_that_is_ended_early_says_so_and_shows_where_all_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bucket = Bucket()
    bucket.uploads.cloud.ecs.pace = StuckByName()
    bucket.uploads.upload("stuck.qcow2")
    watching = Watching(bucket)
    watching.most = 2
    assert watching.run() == 130
    assert "interrupted; the imports go on" in capsys.readouterr().err
    assert watching.lines[-1] == "1 import: 1 progress"


def test_at_a_terminal_the_screen_moves_and_the_table_stays() -> None:
    bucket = Bucket()
    bucket.uploads.upload("web.qcow2")
    watching = Watching(bucket)
    assert watching.run(terminal=True) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", watching.told.getvalue())
    assert text.index("reading the ledger") < text.index("1 import: 1 progress; ")
    assert "progress       ━━───  40%" in text
    assert "Ctrl-C ends it" in text
    assert text.endswith("1 import: 1 available\n")
    assert max(map(len, text.splitlines())) <= 80


def test_more_imports_than_lines_fit_on_the_screen() -> None:
    bucket = Bucket()
    for number in range(40):
        bucket.uploads.upload(f"web{number}.qcow2")
    watching = Watching(bucket)
    watching.between = lambda _: bucket.uploads.cloud.ecs.finish_imports()
    assert watching.run(terminal=True) == 0
    first, *_ = watching.told.getvalue().split("Ctrl-C ends it")
    assert first.count("web") == 26
    assert "14 more; 40 imports" in first


def test_the_table_in_the_end_keeps_to_the_limit_and_counts_all() -> None:
    bucket = Bucket()
    for number in range(4):
        bucket.uploads.upload(f"web{number}.qcow2")
    watching = Watching(bucket, limit=3)
    watching.between = lambda _: bucket.uploads.cloud.ecs.finish_imports()
    assert watching.run(terminal=True) == 0
    _, _, table = watching.told.getvalue().partition("object and image")
    assert table.count(".qcow2") == 3
    text = " ".join(table.split())
    assert text.endswith(
        "4 imports (the first 3 shown; --limit 0 shows all): 4 available"
    )


def test_where_lines_cannot_move_a_terminal_gets_a_line_per_change() -> None:
    bucket = Bucket()
    bucket.uploads.upload("web.qcow2")
    watching = Watching(bucket)
    assert watching.run(terminal=True, term="dumb") == 0
    words = [line.split()[2] for line in watching.lines[:-1]]
    assert (words[0], words[-1]) == ("progress", "available")
    assert watching.lines[-1] == "1 import: 1 available"


def test_an_oss_that_has_never_answered_is_an_error_and_no_good_end() -> None:
    bucket = Bucket()
    bucket.uploads.upload("web.qcow2")
    bucket.uploads.cloud.oss.fail_next(
        "ServiceUnavailable", action="ListObjectsV2", times=4
    )
    with pytest.raises(ServiceUnavailable):
        Watching(bucket).run()


class PressesCtrlC(BySeconds):
    """Somebody presses Ctrl-C while ECS is being asked."""

    def stage(self, image: Image, now: datetime) -> Stage:
        signal.raise_signal(signal.SIGINT)
        return super().stage(image, now)


def test_ctrl_c_cuts_short_what_only_looks(capsys: pytest.CaptureFixture[str]) -> None:
    bucket = Bucket()
    bucket.uploads.upload("web.qcow2")
    bucket.uploads.cloud.ecs.pace = PressesCtrlC(waiting=60, creating=600)
    watching = Watching(bucket)
    assert watching.run() == 130
    assert (watching.looks, watching.lines) == (0, [])
    assert capsys.readouterr().err.startswith("interrupted; ")


def test_ctrl_c_ends_a_watch_with_whole_lines_and_status_130() -> None:
    bucket = Bucket()
    bucket.uploads.cloud.ecs.pace = StuckByName()
    bucket.uploads.upload("stuck.qcow2")
    with bucket.uploads.cloud.serve(0) as server:
        environ = {"OSS_ENDPOINT": server.url, "ECS_ENDPOINT": server.url}
        command = ["status", "images", "--watch", "--interval", "0.2"]
        watch = subprocess.Popen(
            [sys.executable, "-m", "image_import_cli", *command],
            env={**os.environ, **bucket.variables, **environ, "no_proxy": "127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert watch.stdout is not None
        assert "progress" in watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        shown, said = watch.communicate(timeout=PATIENCE_SECONDS)
    assert (watch.returncode, shown) == (130, "1 import: 1 progress\n")
    assert said == "interrupted; the imports go on, and the same command watches on\n"
