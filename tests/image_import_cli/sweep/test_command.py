"""`image-import sweep` against a bucket in the fakes."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result as Run
from image_import.config.settings import read_settings
from image_import.model.result import Outcome
from image_import_cli.main import cli
from image_import_cli.sweep.checkpoint import IMAGES, Position, default_path, load, save
from uploads import BUCKET, LEDGER, QCOW2, Uploads, manifest


class Sweeps:
    """A bucket, and the command at a terminal beside it."""

    def __init__(self, home: Path) -> None:
        self.uploads = Uploads()
        self.state = home / "position.json"

    def run(self, *options: str, place: str = BUCKET) -> Run:
        keys = self.uploads.cloud.credentials
        environ = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
            "REGION_ID": self.uploads.cloud.region_id,
            "COLUMNS": "80",
        }
        state = ["--position", str(self.state), "--rate", "0"]
        with self.uploads.cloud:
            return CliRunner(env=environ).invoke(
                cli, ["sweep", place, *state, *options]
            )

    def json(self, *options: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return what was news, and the sums."""
        lines = self.run("--json", *options).stdout.splitlines()
        *news, last = [json.loads(line) for line in lines]
        return news, last["sweep"]


@pytest.fixture
def sweeps(tmp_path: Path) -> Sweeps:
    return Sweeps(tmp_path)


def test_what_no_event_told_of_is_imported_and_the_rest_is_left(sweeps: Sweeps) -> None:
    sweeps.uploads.upload("known.qcow2")
    for key in ("lost.qcow2", "dir/lost too.qcow2", "notes.txt"):
        sweeps.uploads.put(key)
    run = sweeps.run()
    assert run.exit_code == 0, run.output
    assert len(sweeps.uploads.image_names) == 3
    assert "4 keys: 2 submitted, 1 duplicate" in run.stdout


def test_a_second_sweep_finds_nothing_to_do(sweeps: Sweeps) -> None:
    sweeps.uploads.put("a.qcow2")
    sweeps.run()
    imports = sweeps.uploads.calls("ImportImage")
    news, sums = sweeps.json()
    assert (news, sums["duplicate"]) == ([], 1)
    assert sweeps.uploads.calls("ImportImage") == imports


def test_only_what_is_under_the_prefix_is_swept(sweeps: Sweeps) -> None:
    sweeps.uploads.put("in/a.qcow2")
    sweeps.uploads.put("out/b.qcow2")
    sweeps.run(place=f"oss://{BUCKET}/in/")
    assert [name[0] for name in sweeps.uploads.image_names] == ["a"]


@pytest.mark.parametrize(
    ("prefix", "is_outside"),
    [("old/", True), ("", False), ("in", False), ("in/a", False)],
)
def test_a_folder_outside_of_the_functions_prefix_is_said_to_be_so(
    sweeps: Sweeps, prefix: str, is_outside: bool
) -> None:
    sweeps.uploads.put("old/a.qcow2")
    run = sweeps.run("--set", "KEY_PREFIX=in/", place=f"{BUCKET}/{prefix}")
    assert (sweeps.uploads.image_names, run.exit_code) == ([], 0)
    said = "old/ is outside KEY_PREFIX=in/, so nothing there is imported; sweep what"
    assert (said in run.stderr) == is_outside


def test_an_object_that_was_uploaded_again_is_a_new_image(sweeps: Sweeps) -> None:
    sweeps.uploads.upload("a.qcow2")
    sweeps.uploads.put("a.qcow2", QCOW2 + bytes(512))
    sweeps.run()
    assert len(sweeps.uploads.image_names) == 2


def test_a_set_is_one_image_even_if_a_data_disk_comes_first(sweeps: Sweeps) -> None:
    sweeps.uploads.put("content.qcow2")
    sweeps.uploads.put("web.qcow2")
    sweeps.uploads.put("web.qcow2.json", manifest("web.qcow2", "content.qcow2"))
    run = sweeps.run()
    (name,) = sweeps.uploads.image_names
    assert run.exit_code == 0, run.output
    assert sweeps.uploads.disks_of(name) == ["web.qcow2", "content.qcow2"]


def test_a_dry_run_writes_nothing_anywhere(sweeps: Sweeps) -> None:
    sweeps.uploads.put("a.qcow2")
    run = sweeps.run("--dry-run")
    assert "planned    a.qcow2" in run.stdout
    assert (run.exit_code, sweeps.uploads.image_names) == (0, [])
    assert sweeps.uploads.cloud.oss.keys(BUCKET) == ["a.qcow2"]
    assert not sweeps.state.exists()


def test_one_key_is_counted_as_one(sweeps: Sweeps) -> None:
    sweeps.uploads.put("a.qcow2")
    assert "1 key: 1 submitted" in sweeps.run().stdout


def test_a_refused_image_is_named_and_makes_the_status_1(sweeps: Sweeps) -> None:
    sweeps.uploads.put("a.qcow2", b"QFI\xfb" + bytes(2000))
    run = sweeps.run()
    assert run.exit_code == 1
    assert "refused    a.qcow2  " in run.stdout


def test_what_was_refused_is_looked_at_again_only_if_asked(sweeps: Sweeps) -> None:
    sweeps.uploads.put("a.qcow2", b"QFI\xfb" + bytes(2000))
    sweeps.run()
    assert sweeps.json()[0] == []
    (record,) = sweeps.json("--again")[0]
    assert (record["outcome"], record["object_key"]) == ("refused", "a.qcow2")


def upload_one_of_each_ending(uploads: Uploads) -> None:
    """Upload an image that is imported, one that is refused, and one that fails."""
    uploads.upload("done.qcow2")
    uploads.upload("refused.qcow2", b"QFI\xfb" + bytes(2000))
    uploads.cloud.ecs.fail_next("InvalidImageName.Malformed", http_status=400)
    uploads.upload("failed.qcow2")


def test_what_has_no_image_since_earlier_is_counted_among_the_known(
    sweeps: Sweeps,
) -> None:
    uploads = sweeps.uploads
    upload_one_of_each_ending(uploads)
    run = sweeps.run()
    said = "3 keys: 3 duplicate (1 refused, 1 failed before: see --again)"
    assert (run.exit_code, run.stdout.splitlines()[-1]) == (0, said)
    assert sweeps.json()[1]["before"] == {"failed": 1, "refused": 1}


def test_what_was_handed_back_is_imported_by_the_next_sweep(sweeps: Sweeps) -> None:
    event = sweeps.uploads.put("a.qcow2")
    sweeps.uploads.cloud.ecs.fail_next("Throttling", http_status=400, times=4)
    assert sweeps.uploads.handle(event).outcome is Outcome.RETRYING
    assert sweeps.json()[1]["submitted"] == 1
    assert len(sweeps.uploads.image_names) == 1


def test_what_another_holds_is_left_until_its_lease_has_run_out(
    sweeps: Sweeps,
) -> None:
    uploads = sweeps.uploads
    uploads.upload("a.qcow2")
    (ledger,) = uploads.cloud.oss.keys(BUCKET, f"{LEDGER}images/")
    content = uploads.cloud.oss.get(BUCKET, ledger).content
    intent = content.to_bytes().splitlines(keepends=True)[0]
    uploads.cloud.oss.delete(BUCKET, ledger)
    uploads.cloud.oss.put(BUCKET, ledger, intent)
    assert sweeps.json()[1]["duplicate"] == 1
    uploads.clock.advance(1000)
    assert sweeps.json()[1]["submitted"] == 1
    assert len(uploads.image_names) == 1


def test_again_never_imports_again(sweeps: Sweeps) -> None:
    sweeps.uploads.upload("a.qcow2")
    _, sums = sweeps.json("--again")
    assert (sums["duplicate"], len(sweeps.uploads.image_names)) == (1, 1)


def test_again_ends_a_claim_that_was_abandoned_without_a_second_image(
    sweeps: Sweeps,
) -> None:
    event = sweeps.uploads.put("a.qcow2")
    sweeps.uploads.cloud.ecs.fail_next(timeout=True, after_effect=True, times=4)
    sweeps.uploads.handle(event)
    sweeps.uploads.clock.advance(1000)
    (record,) = sweeps.json("--again")[0]
    assert record["outcome"] == "submitted"
    assert len(sweeps.uploads.image_names) == 1


def test_a_dry_run_of_again_plans_nothing_that_would_not_be_imported(
    sweeps: Sweeps,
) -> None:
    uploads = sweeps.uploads
    upload_one_of_each_ending(uploads)
    uploads.put("lost.qcow2")
    news, sums = sweeps.json("--again", "--dry-run")
    told = {record["object_key"]: record["outcome"] for record in news}
    assert told == {
        "failed.qcow2": "planned",
        "lost.qcow2": "planned",
        "refused.qcow2": "refused",
    }
    assert sums["duplicate"] == 1


def test_the_ledger_itself_is_not_listed(sweeps: Sweeps) -> None:
    for n in range(20):
        sweeps.uploads.upload(f"z{n:02}.qcow2")
    sweeps.uploads.put("-first.qcow2")
    _, sums = sweeps.json()
    assert (sums["keys"], sums["submitted"], sums["duplicate"]) == (21, 1, 20)


def test_it_goes_on_behind_the_last_key_that_was_done(sweeps: Sweeps) -> None:
    for name in "abc":
        sweeps.uploads.put(f"{name}.qcow2")
    save(sweeps.state, Position(round=IMAGES, after="b.qcow2"))
    run = sweeps.run()
    assert "going on after b.qcow2" in run.stderr
    assert [name[0] for name in sweeps.uploads.image_names] == ["c"]
    assert not sweeps.state.exists()


def test_from_start_goes_on_nowhere(sweeps: Sweeps) -> None:
    sweeps.uploads.put("a.qcow2")
    save(sweeps.state, Position(round=IMAGES, after="b.qcow2"))
    sweeps.run("--from-start")
    assert len(sweeps.uploads.image_names) == 1


def test_many_failures_in_a_row_end_it_where_it_can_go_on(sweeps: Sweeps) -> None:
    for n in range(60):
        sweeps.uploads.put(f"a{n:02}.qcow2")
    ecs = sweeps.uploads.cloud.ecs
    ecs.fail_next("Forbidden.RAM", action="ImportImage", times=999)
    run = sweeps.run("--workers", "1")
    assert run.exit_code == 1
    assert "one image failed after the other: " in run.stderr
    assert sweeps.uploads.calls("ImportImage") < 30
    position = load(sweeps.state)
    assert position is not None
    assert position.after >= "a19.qcow2"


def test_after_an_outage_the_same_command_imports_what_failed_in_it(
    sweeps: Sweeps,
) -> None:
    names = [f"a{n:02}.qcow2" for n in range(40)]
    for name in names:
        sweeps.uploads.put(name)
    sweeps.uploads.cloud.oss.fail_next(
        "ServiceUnavailable", action="GetObject", http_status=503, times=9999
    )
    first = sweeps.run("--workers", "20")
    assert "one image failed after the other: " in first.stderr
    assert len(sweeps.uploads.image_names) < len(names)
    sweeps.uploads.cloud.faults.clear()
    second = sweeps.run()
    assert second.exit_code == 0, second.output
    assert len(sweeps.uploads.image_names) == len(names)


def test_a_few_that_could_not_be_reached_are_told_and_tried_again(
    sweeps: Sweeps,
) -> None:
    for name in "abc":
        sweeps.uploads.put(f"{name}.qcow2")
    sweeps.uploads.cloud.oss.fail_next(
        "ServiceUnavailable", key="b.qcow2", http_status=503, times=40
    )
    first = sweeps.run()
    sweeps.uploads.cloud.faults.clear()
    assert first.exit_code == 1
    assert "1 image was not finished; the same command tries again" in first.stderr
    second = sweeps.run()
    assert second.exit_code == 0, second.output
    assert len(sweeps.uploads.image_names) == 3


def test_a_sidecar_that_was_not_finished_is_begun_with_again(sweeps: Sweeps) -> None:
    sweeps.uploads.put("web.qcow2", QCOW2)
    sweeps.uploads.put("web.qcow2.json", b"{}")
    for n in range(40):
        sweeps.uploads.put(f"x{n:02}.qcow2")
    sweeps.uploads.cloud.oss.fail_next(
        "ServiceUnavailable", action="GetObject", http_status=503, times=9999
    )
    sweeps.run("--workers", "20")
    assert load(sweeps.state) == Position()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"REGION_ID": ""}, "set REGION_ID"),
        ({"OSS_ADDRESSING": "both"}, "OSS_ADDRESSING"),
    ],
    ids=["no region", "bad setting"],
)
def test_what_cannot_be_asked_for_is_said_with_status_2(
    sweeps: Sweeps, environ: dict[str, str], said: str
) -> None:
    assignments = [f"--set={name}={value}" for name, value in environ.items()]
    run = sweeps.run(*assignments)
    assert run.exit_code == 2
    assert said in run.stderr


@pytest.mark.parametrize("place", ["", "oss://", "/old/", "old.qcow2"])
def test_a_place_without_a_buckets_name_is_status_2(sweeps: Sweeps, place: str) -> None:
    run = sweeps.run(place=place)
    assert run.exit_code == 2
    assert "give BUCKET or BUCKET/PREFIX" in run.stderr


def test_a_bucket_that_is_not_there_is_status_1_and_explained(sweeps: Sweeps) -> None:
    run = sweeps.run(place="no-such-bucket/")
    assert run.exit_code == 1
    assert "NoSuchBucket" in run.stderr
    assert "Check its name, OSS_ENDPOINT and REGION_ID" in run.stderr


def test_a_file_that_holds_no_position_is_refused(sweeps: Sweeps) -> None:
    sweeps.state.write_text('{"round": "images"}')
    run = sweeps.run()
    assert run.exit_code == 2
    assert "begin with --from-start" in run.stderr


def test_each_place_has_a_position_of_its_own() -> None:
    paths = {
        default_path("images", prefix, read_settings({})) for prefix in ("", "a/", "b/")
    }
    assert len(paths) == 3


def test_the_same_bucket_of_another_cloud_or_ledger_has_another_position() -> None:
    others = [
        {},
        {"REGION_ID": "cn-beijing"},
        {"OSS_ENDPOINT": "http://127.0.0.1:9000"},
        {"LEDGER_BUCKET": "other-ledger"},
    ]
    paths = {default_path("images", "", read_settings(said)) for said in others}
    assert len(paths) == 4
