"""A cloud's dump: what it holds, as JSON that another cloud loads."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from fake_aliyun import FakeAliyun, ManualClock
from repository import ROOT
from waiting import PATIENCE_SECONDS

GIB = 1024**3
MOMENT = "2026-01-02T03:04:05+00:00"


def through_json(document: object) -> Any:
    return json.loads(json.dumps(document))


def loaded(cloud: FakeAliyun) -> FakeAliyun:
    other = FakeAliyun()
    other.load(through_json(cloud.dump()))
    return other


def test_objects_come_back_with_bytes_metadata_and_tags(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "é/1", b"\x00\xff", metadata={"a": "b"}, tags={"t": "1"})
    there = loaded(cloud).oss.get("images", "é/1")
    assert there.content.to_bytes() == b"\x00\xff"
    assert (there.metadata, there.tags) == ({"a": "b"}, {"t": "1"})


def test_a_sparse_object_costs_a_dump_nothing(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "k", head=b"head", tail=b"tail", size_bytes=40 * GIB)
    text = json.dumps(cloud.dump())
    there = loaded(cloud).oss.get("images", "k")
    assert len(text) < 2_000
    assert (there.size_bytes, there.etag) == (
        40 * GIB,
        cloud.oss.get("images", "k").etag,
    )
    assert there.content.crc64 == cloud.oss.get("images", "k").content.crc64


def test_old_versions_and_delete_markers_come_back(cloud: FakeAliyun) -> None:
    cloud.oss.create_bucket("images").versioning = "Enabled"
    for data in (b"1", b"2"):
        cloud.oss.put("images", "k", data)
    cloud.oss.delete("images", "k")
    cloud.oss.put("images", "other", b"3")
    there = loaded(cloud).oss.buckets["images"].versions
    assert [type(v).__name__ for v in there.of("k")] == [
        "OssObject",
        "OssObject",
        "DeleteMarker",
    ]
    assert there.all_keys() == ["k", "other"]


def test_what_was_loaded_is_dumped_as_it_was(cloud: FakeAliyun) -> None:
    cloud.oss.create_bucket("archive", region_id="cn-beijing").storage_class = "Archive"
    cloud.oss.put("archive", "k", b"1")
    assert loaded(cloud).dump() == cloud.dump()


IMAGE = {
    "image_id": "m-1",
    "task_id": "t-1",
    "image_name": "web",
    "region_id": "cn-hangzhou",
    "created": MOMENT,
    "began": MOMENT,
    "disks": [
        {
            "number": 1,
            "bucket": "images",
            "object_key": "k",
            "format": "RAW",
            "size_gib": 1,
            "etag": "E",
            "snapshot_id": "s-1",
        }
    ],
    "status": "Creating",
    "percent": 33,
    "failure": ["ImageCheckFailed", "why"],
    "tags": {"t": "1"},
    "instance_ids": ["i-1"],
    "shared_with": ["2"],
}


def test_images_come_back_with_their_status_and_end(cloud: FakeAliyun) -> None:
    cloud.load({"format": 1, "images": [IMAGE]})
    other = loaded(cloud)
    image = other.ecs.images["web"]
    assert image == cloud.ecs.images["web"]
    assert (image.status, image.percent, image.instance_ids) == (
        "Creating",
        33,
        {"i-1"},
    )
    other.ecs.finish_imports()
    assert image.status == "CreateFailed"


def test_loading_replaces_what_was_there_and_tells_nobody(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "k", b"1")
    other = FakeAliyun(clock=ManualClock())
    other.oss.put("other", "gone", b"")
    events = list(other.oss.events)
    other.load(cloud.dump())
    assert list(other.oss.buckets) == ["images"]
    assert other.oss.events == events


BUCKET = {"name": "images", "region_id": "cn-hangzhou", "created": MOMENT}
OBJECT = {
    "key": "k",
    "content": [],
    "etag": "E",
    "object_type": "Normal",
    "last_modified": MOMENT,
}


def with_bucket(**changed: object) -> dict[str, object]:
    return {"format": 1, "buckets": [{**BUCKET, **changed}]}


def with_object(**changed: object) -> dict[str, object]:
    return with_bucket(versions=[{**OBJECT, **changed}])


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], r"dump holds \[\]; expected an object"),
        ({}, "dump lacks format"),
        ({"format": 2}, "dump.format holds 2; expected one of 1"),
        ({"format": 1, "roles": []}, "dump holds roles; known are buckets, format"),
        ({"format": 1, "buckets": {}}, r"dump.buckets holds {}; expected a list"),
        (with_bucket(name="A"), r"dump.buckets\[0\].name holds 'A'"),
        (with_bucket(created="today"), "created holds 'today'; expected a moment as"),
        (with_bucket(created="2026-01-02"), "expected a moment as"),
        (with_bucket(refuses_v1=1), "refuses_v1 holds 1; expected true or false"),
        (with_bucket(versioning="On"), "versioning holds 'On'; expected one of ''"),
        (with_object(key="/k"), r"versions\[0\].key holds '/k'; expected a key"),
        (with_object(etag=5), "etag holds 5; expected a text"),
        (with_object(tags={"t": 1}), r"tags\['t'\] holds 1; expected a text"),
        (with_object(content=[{"zeros": -1}]), r"content\[0\] holds {'zeros': -1}"),
        (with_object(content=[{"base64": "?"}]), "expected bytes in Base64"),
        (with_object(content="x" * 99), r"x\.\.\.; expected a list"),
        ({"format": 1, "images": [{**IMAGE, "disks": []}]}, "expected one disk or"),
        (
            {"format": 1, "images": [{**IMAGE, "failure": ["one"]}]},
            "expected a list of code and message",
        ),
    ],
)
def test_what_is_no_dump_is_refused_by_field_and_changes_nothing(
    cloud: FakeAliyun, document: object, message: str
) -> None:
    cloud.oss.put("kept", "k", b"1")
    with pytest.raises(ValueError, match=message):
        cloud.load(document)
    assert cloud.oss.keys("kept") == ["k"]


def test_a_dump_moves_from_server_to_server(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "k", b"data")
    other = FakeAliyun()
    with cloud.serve() as server, other.serve() as second:
        dump = requests.get(f"{server.url}/_fake/dump", timeout=PATIENCE_SECONDS)
        load = f"{second.url}/_fake/load"
        done = requests.post(load, data=dump.content, timeout=PATIENCE_SECONDS)
        refused = requests.post(load, data=b"{}", timeout=PATIENCE_SECONDS)
    assert done.status_code == 200
    assert other.oss.get("images", "k").content.to_bytes() == b"data"
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": "dump lacks format"},
    )


def test_the_server_begins_with_the_dump_of_a_file(
    cloud: FakeAliyun, tmp_path: Path
) -> None:
    cloud.oss.put("images", "k", b"data")
    file = tmp_path / "state.json"
    file.write_text(json.dumps(cloud.dump()), "utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "fake_aliyun", "--state", str(file)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT / "functions",
    ) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        dump = requests.get(f"{url}/_fake/dump", timeout=PATIENCE_SECONDS).json()
        process.terminate()
    assert dump == through_json(cloud.dump())


@pytest.mark.parametrize(
    ("text", "message"),
    [("{}", "dump lacks format"), ("no JSON", "Expecting value"), (None, "No such")],
)
def test_a_file_that_is_no_dump_ends_the_server_with_its_reason(
    tmp_path: Path, text: str | None, message: str
) -> None:
    file = tmp_path / "state.json"
    if text is not None:
        file.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "fake_aliyun", "--state", str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT / "functions",
    )
    assert done.returncode == 2
    assert f"argument --state: {file}: " in done.stderr
    assert message in done.stderr
