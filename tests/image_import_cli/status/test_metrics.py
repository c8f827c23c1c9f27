"""`status --metrics`, as the OpenMetrics parser of prometheus_client reads it."""

import json
from datetime import datetime
from pathlib import Path

from image_import_cli.status.filters import WORDS
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as classic
from status_bucket import Bucket

Numbers = dict[tuple[str, ...], float]


def read(text: str) -> Numbers:
    """Return each sample by its name and labels."""
    families = list(text_string_to_metric_families(text))
    assert all(family.type == "gauge" for family in families)
    assert all(family.documentation for family in families)
    return {
        (sample.name.removeprefix("image_import_"), *sample.labels.values()): (
            sample.value
        )
        for family in families
        for sample in family.samples
    }


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_prometheus_client_reads_how_many_imports_are_in_which_state() -> None:
    bucket = Bucket()
    bucket.fill()
    numbers = read(bucket.run("--metrics", "-").stdout)
    imports = bucket.json()
    for word, state in WORDS.items():
        count = sum(one["state"] == state.value for one in imports)
        assert numbers["imports", word] == count, word
    assert numbers["imports", "stuck"] == numbers["imports", "create_failed"] == 1
    assert numbers["unreadable_ledgers",] == 0
    newest = max(moment(one["changed"]) for one in imports)
    assert numbers["last_change_timestamp_seconds",] == newest


def test_prometheus_client_reads_since_when_the_oldest_import_is_under_way() -> None:
    bucket = Bucket()
    bucket.uploads.upload("incoming/old.qcow2")
    bucket.uploads.clock.advance(100)
    bucket.uploads.upload("incoming/new.qcow2")
    since = {one["object_key"]: moment(one["since"]) for one in bucket.json()}
    numbers = read(bucket.run("--metrics", "-").stdout)
    assert numbers["oldest_open_timestamp_seconds",] == since["incoming/old.qcow2"]
    for _ in range(3):
        bucket.pass_time()
    numbers = read(bucket.run("--metrics", "-").stdout)
    assert ("oldest_open_timestamp_seconds",) not in numbers


def test_prometheus_client_reads_when_the_tracker_last_ran() -> None:
    bucket = Bucket()
    assert ("tracker_last_run_timestamp_seconds",) not in read(
        bucket.run("--metrics", "-").stdout
    )
    seen = []
    for _ in range(2):
        bucket.pass_time(300)
        numbers = read(bucket.run("--metrics", "-").stdout)
        seen.append(numbers["tracker_last_run_timestamp_seconds",])
    assert seen[1] - seen[0] > 299


def test_prometheus_client_reads_what_waits_to_be_told() -> None:
    bucket = Bucket({"NOTIFY": "https://deaf.example.com/", "NOTIFY_ON": "submitted"})
    for name in ("a", "b"):
        bucket.uploads.upload(f"incoming/{name}.qcow2")
    numbers = read(bucket.run("--metrics", "-").stdout)
    assert (numbers["waiting", "news"], numbers["waiting", "conversion"]) == (2, 0)


def test_a_note_of_the_tracker_that_is_none_of_ours_is_left_out() -> None:
    bucket = Bucket()
    bucket.uploads.cloud.oss.put("images", ".image-import/tracker.json", b"[]")
    numbers = read(bucket.run("--metrics", "-").stdout)
    assert ("tracker_last_run_timestamp_seconds",) not in numbers


def test_a_file_is_one_that_node_exporter_takes(tmp_path: Path) -> None:
    bucket, path = Bucket(), tmp_path / "image_import.prom"
    bucket.uploads.upload("incoming/refused.qcow2", b"QFI\xfb" + bytes(2000))
    run = bucket.run("--metrics", str(path))
    assert (run.exit_code, run.stdout) == (0, "")
    said = path.read_text("utf-8")
    names = {family.name for family in classic(said)}
    assert names == {family.name for family in text_string_to_metric_families(said)}
    assert said.endswith("# EOF\n")
    assert [p.name for p in tmp_path.iterdir()] == ["image_import.prom"]


def test_what_narrows_is_refused_and_so_is_a_folder_that_is_not_there() -> None:
    bucket = Bucket()
    assert "goes without" in bucket.run("--metrics", "-", "--open").stderr
    run = bucket.run("--metrics", "/none/x.prom", "--json")
    assert run.exit_code == 2
    assert "goes without" in json.loads(run.stdout)["error"]["message"]
    assert "cannot be written to" in bucket.run("--metrics", "/none/x.prom").stderr
