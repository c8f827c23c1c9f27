"""The main job in a real account; runs only with `pytest --live tests/live`.

Set the function's own settings and credentials as its environment, and LIVE_BUCKET to
a bucket of that region with nothing of value in it. An image of the demo's empty disk
is imported, which costs a snapshot of 4 GiB until it is deleted by hand.
"""

import json
import os
import time
from types import SimpleNamespace

import pytest
from image_import import handler
from image_import.config.credentials import read_credentials
from image_import.config.settings import read_settings
from image_import.importing.runtime import Clients
from image_import_cli.commands.demo import asset

pytestmark = [pytest.mark.live, pytest.mark.enable_socket]
KEY = f"image-import-live/{int(time.time())}/noble-server-cloudimg-amd64.img"


def region_id() -> str:
    return read_settings(os.environ).region_id or "cn-hangzhou"


@pytest.fixture
def event() -> bytes:
    """Upload the demo's image and return the event that OSS would send."""
    bucket = os.environ["LIVE_BUCKET"]
    settings, credentials = (
        read_settings(os.environ),
        read_credentials(None, os.environ),
    )
    oss = Clients(pool_size=2).oss(settings, credentials, region_id())
    oss.put(bucket, KEY, asset("noble-server-cloudimg-amd64.img"))
    piece = oss.read_range(bucket, KEY, first=0, last=0)
    record = {
        "eventName": "ObjectCreated:PutObject",
        "eventSource": "acs:oss",
        "oss": {
            "bucket": {"name": bucket},
            "object": {
                "key": KEY,
                "size": piece.object_size_bytes,
                "eTag": piece.etag,
            },
        },
        "region": region_id(),
    }
    return json.dumps({"events": [record]}).encode()


def test_an_upload_is_imported_once_and_found_by_its_name(event: bytes) -> None:
    context = SimpleNamespace(request_id="live")
    (first,) = json.loads(handler.on_object_created(event, context))["records"]
    (again,) = json.loads(handler.on_object_created(event, context))["records"]
    assert (first["outcome"], again["outcome"]) == ("submitted", "duplicate")
    settings, credentials = (
        read_settings(os.environ),
        read_credentials(None, os.environ),
    )
    ecs = Clients(pool_size=2).ecs(settings, credentials, region_id())
    if ecs.has_lookup:
        (image,) = ecs.find_images(first["image_name"])
        assert image.import_object_key == KEY
