"""`image-import event`: what OSS would have sent, compared with what the fake sent."""

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import oss2
import pytest
from click.testing import CliRunner
from click.testing import Result as Run
from image_import.events.parser import ObjectCreated, parse_event
from image_import_cli.main import cli
from repository import ROOT
from uploads import BUCKET, QCOW2, Uploads

SAMPLE = ROOT / "events/put-qcow2/event.json"
ACCOUNT = ("--account-id", "1234567890123456")
NEW_EACH_TIME = {"requestParameters", "responseElements"}


def run(uploads: Uploads, *arguments: str, **more: str) -> Run:
    keys = uploads.cloud.credentials
    environ = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
        "REGION_ID": uploads.cloud.region_id,
        **more,
    }
    with uploads.cloud:
        return CliRunner(env=environ).invoke(cli, ["event", *arguments, *ACCOUNT])


def comparable(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record says of its object, without what only its upload knew."""
    said = {k: v for k, v in record.items() if k not in NEW_EACH_TIME}
    said["eventTime"] = said["eventTime"][:19]
    said["oss"] = {k: v for k, v in said["oss"].items() if k != "ruleId"}
    kept = {k: v for k, v in said["oss"]["object"].items() if k != "objectMeta"}
    return {**said, "oss": {**said["oss"], "object": kept}}


def test_it_is_the_event_that_the_bucket_sent_for_a_put() -> None:
    uploads = Uploads()
    (sent,) = json.loads(uploads.put("dir/Größe 1+1.qcow2"))["events"]
    (made,) = json.loads(run(uploads, f"oss://{BUCKET}/dir/Größe 1+1.qcow2").stdout)[
        "events"
    ]
    assert comparable(made) == comparable(sent)
    assert made["oss"].keys() == sent["oss"].keys()


def test_an_object_made_in_parts_gives_the_event_of_its_completion() -> None:
    uploads = Uploads()
    keys = uploads.cloud.credentials
    auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
    with uploads.cloud:
        endpoint = "https://oss-cn-hangzhou.aliyuncs.com"
        bucket = oss2.Bucket(auth, endpoint, BUCKET, region="cn-hangzhou")
        upload_id = bucket.init_multipart_upload("a.qcow2").upload_id
        part = bucket.upload_part("a.qcow2", upload_id, 1, QCOW2)
        parts = [oss2.models.PartInfo(1, part.etag)]
        bucket.complete_multipart_upload("a.qcow2", upload_id, parts)
    sent = uploads.cloud.oss.events[-1]
    (made,) = json.loads(run(uploads, f"oss://{BUCKET}/a.qcow2").stdout)["events"]
    assert made["eventName"] == "ObjectCreated:CompleteMultipartUpload"
    assert comparable(made) == comparable(sent)


def test_user_metadata_comes_along() -> None:
    uploads = Uploads()
    uploads.put("a.qcow2", metadata={"platform": "Ubuntu", "description": "größer"})
    made = run(uploads, f"oss://{BUCKET}/a.qcow2").stdout
    (record,) = parse_event(made.encode())
    assert isinstance(record, ObjectCreated)
    assert record.user_metadata == {"platform": "Ubuntu", "description": "größer"}


@pytest.mark.parametrize(
    ("data", "storage_class"),
    [(b"", "Standard"), (QCOW2, "Archive")],
    ids=["empty", "archived"],
)
def test_what_cannot_be_read_has_an_event_as_well(
    data: bytes, storage_class: str
) -> None:
    uploads = Uploads()
    sent_event = uploads.put("a.qcow2", data, storage_class=storage_class)
    (sent,) = json.loads(sent_event)["events"]
    (made,) = json.loads(run(uploads, f"oss://{BUCKET}/a.qcow2").stdout)["events"]
    assert comparable(made) == comparable(sent)
    assert uploads.calls("HeadObject") == 1
    assert uploads.calls("GetObject") == 0


def test_eventbridge_is_the_same_in_an_envelope_without_rule() -> None:
    uploads = Uploads()
    (sent,) = json.loads(uploads.put("a.qcow2"))["events"]
    made = json.loads(run(uploads, f"oss://{BUCKET}/a.qcow2", "--eventbridge").stdout)
    sample = ROOT / "events/eventbridge/event.json"
    assert made.keys() == json.loads(sample.read_text("utf-8")).keys()
    assert comparable(made["data"]) == comparable(sent)
    assert made["type"] == "oss:ObjectCreated:PutObject"
    assert "ruleId" not in made["data"]["oss"]


@pytest.mark.parametrize("envelope", [(), ("--eventbridge",)], ids=["native", "bridge"])
def test_invoke_takes_the_file_that_it_writes(
    tmp_path: Path, envelope: tuple[str, ...]
) -> None:
    uploads = Uploads()
    uploads.put("a.qcow2")
    path = str(tmp_path / "event.json")
    made = run(uploads, f"oss://{BUCKET}/a.qcow2", "--output", path, *envelope)
    assert (made.exit_code, made.stdout) == (0, "")
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket/a.qcow2").write_bytes(QCOW2)
    invoked = CliRunner().invoke(cli, ["invoke", path, "--local", "--json"])
    assert json.loads(invoked.stdout)["records"][0]["outcome"] == "submitted"


@pytest.mark.parametrize(
    ("place", "environ", "status", "said"),
    [
        ("a.qcow2", {}, 2, "give oss://BUCKET/KEY"),
        (f"oss://{BUCKET}/a.qcow2", {"REGION_ID": ""}, 2, "set REGION_ID"),
        (f"oss://{BUCKET}/none.qcow2", {}, 1, "NoSuchKey"),
    ],
    ids=["no place", "no region", "no object"],
)
def test_what_cannot_be_made_is_said(
    place: str, environ: dict[str, str], status: int, said: str
) -> None:
    made = run(Uploads(), place, **environ)
    assert made.exit_code == status
    assert said in made.stderr


def test_a_file_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    uploads = Uploads()
    uploads.put("web.qcow2")
    answer = run(uploads, f"oss://{BUCKET}/web.qcow2", "--output", f"{tmp_path}/no/e")
    assert answer.exit_code == 2
    assert "no/e cannot be written: No such file or directory" in answer.stderr


@pytest.mark.parametrize("value", ["abc", "12 34", "١٢", "-1"])
def test_what_is_no_accounts_number_is_status_2(value: str) -> None:
    arguments = ["event", f"oss://{BUCKET}/a.qcow2", f"--account-id={value}"]
    run = CliRunner().invoke(cli, arguments)
    assert run.exit_code == 2
    assert "is no account's number; give its digits" in run.stderr


@pytest.mark.parametrize("packed", [base64.b64encode, gzip.compress])
def test_a_packed_event_says_so_and_ends_with_1(
    packed: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    event = tmp_path / "event"
    event.write_bytes(packed(SAMPLE.read_bytes()))
    shown = CliRunner().invoke(cli, ["invoke", str(event), "--local"])
    assert shown.exit_code == 1
    assert "before it is handed to the function" in " ".join(shown.output.split())
