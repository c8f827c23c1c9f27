"""The handler by its documented settings alone, against servers that are not ours."""

import hashlib
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from plain_servers import KEY_ID, REGION, SECRET, PlainEcs, PlainOss, serving
from repository import FUNCTIONS

IMAGE = FUNCTIONS / "image_import_cli/assets/noble-server-cloudimg-amd64.img"
KEY = "in/noble-server-cloudimg-amd64.img"
RUN = """
import sys
from image_import import handler
handler.initialize(None)
print(handler.on_object_created(sys.stdin.buffer.read(), None))
"""
TARGETS = {
    "public": ("/", {"RequestId": "R-1", "ImageId": "m-1", "TaskId": "t-1"}),
    "apsara-pop": ("/", {"RequestId": "R-1", "ImageId": "m-1"}),
    "apsara-route": ("/apsara/route/Ecs/ImportImage", {"RequestID": "R-1"}),
}


def event(data: bytes) -> bytes:
    record = {
        "eventName": "ObjectCreated:PutObject",
        "eventSource": "acs:oss",
        "eventTime": "2026-11-23T03:04:05.000Z",
        "eventVersion": "1.0",
        "oss": {
            "bucket": {"name": "images"},
            "object": {
                "key": KEY,
                "size": len(data),
                "eTag": hashlib.md5(data).hexdigest().upper(),
            },
        },
        "region": REGION,
    }
    return json.dumps({"events": [record]}).encode()


def run(payload: bytes, environ: dict[str, str]) -> tuple[dict[str, Any], str]:
    """Run the handler in a process of its own; return its record and its log."""
    ran = subprocess.run(
        [sys.executable, "-c", RUN],
        input=payload,
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(FUNCTIONS), **environ},
    )
    assert ran.returncode == 0, ran.stderr.decode()
    (record,) = json.loads(ran.stdout)["records"]
    return record, ran.stderr.decode()


@pytest.mark.parametrize("signature", ["v1", "v4"])
@pytest.mark.parametrize("target", TARGETS)
def test_the_job_is_done_on_servers_that_check_signatures_as_the_official_sdk_does(
    target: str, signature: str
) -> None:
    data = IMAGE.read_bytes()
    path, reply = TARGETS[target]
    objects = {f"/images/{KEY}": data}
    with (
        serving(PlainOss, objects=objects) as (oss_url, oss),
        serving(PlainEcs, reply_body=reply) as (ecs_url, ecs),
    ):
        environ = {
            "IMPORT_TARGET": target,
            "OSS_ENDPOINT": oss_url,
            "ECS_ENDPOINT": ecs_url,
            "OSS_SIGNATURE_VERSION": signature,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET,
        }
        first, _ = run(event(data), environ)
        again, _ = run(event(data), environ)
    (call,) = ecs.seen
    assert (first["outcome"], again["outcome"]) == ("submitted", "duplicate")
    assert first["ecs_request_id"] == "R-1"
    assert (call["resource"], call["Platform"]) == (path, "Ubuntu")
    assert call["DiskDeviceMapping.1.OSSObject"] == KEY
    assert any("/.image-import/images/" in key for key in oss.objects)  # type: ignore[attr-defined]


def test_a_wrong_secret_is_explained_and_not_shown() -> None:
    data = IMAGE.read_bytes()
    with (
        serving(PlainOss, objects={}) as (oss_url, _),
        serving(PlainEcs, reply_body={}) as (ecs_url, _),
    ):
        environ = {
            "OSS_ENDPOINT": oss_url,
            "ECS_ENDPOINT": ecs_url,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "not-the-secret",
        }
        record, log = run(event(data), environ)
    assert record["outcome"] == "failed"
    assert "SignatureDoesNotMatch" in record["reason"]
    assert "not-the-secret" not in json.dumps(record) + log
