"""What a good engineer would write with the official SDKs, and no more than that.

HEAD, the sidecar, ImportImage: three exchanges, connections kept, credentials fresh.
It neither looks into the image nor remembers what it has sent, so a repeated event
is a second ImportImage.
"""

import json
import os

import oss2
from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config

FORMATS = {"qcow2": "QCOW2", "vhd": "VHD", "raw": "RAW", "img": "RAW"}
SESSION = oss2.Session()


def handler(event, context):
    """Import the image of an event of one record."""
    record = json.loads(event)["events"][0]
    bucket = oss_bucket(record, context)
    key = record["oss"]["object"]["key"]
    found = bucket.head_object(key)
    size_gib = -(-found.content_length // 1024**3)
    request = import_request(record, read_sidecar(bucket, key), size_gib=size_gib)
    answer = ecs_client(record, context).import_image(request)
    return json.dumps({"outcome": "submitted", "image_id": answer.body.image_id})


def oss_bucket(record, context):
    """Return the event's bucket."""
    keys = context.credentials
    provider = oss2.credentials.StaticCredentialsProvider(
        keys.access_key_id, keys.access_key_secret, keys.security_token
    )
    return oss2.Bucket(
        oss2.ProviderAuthV4(provider),
        os.environ["OSS_ENDPOINT"],
        record["oss"]["bucket"]["name"],
        session=SESSION,
        region=record["region"],
    )


def ecs_client(record, context):
    """Return ECS of the event's region."""
    keys = context.credentials
    protocol, _, host = os.environ["ECS_ENDPOINT"].partition("://")
    config = Config(
        access_key_id=keys.access_key_id,
        access_key_secret=keys.access_key_secret,
        security_token=keys.security_token or None,
        endpoint=host,
        protocol=protocol,
        region_id=record["region"],
    )
    return Client(config)


def read_sidecar(bucket, key):
    """Return what stands beside the image; nothing if there is nothing."""
    try:
        return json.loads(bucket.get_object(f"{key}.json").read())
    except oss2.exceptions.NoSuchKey:
        return {}


def import_request(record, sidecar, *, size_gib):
    """Return the request for an image and the disks that its sidecar lists."""
    key = record["oss"]["object"]["key"]
    folder = key.rpartition("/")[0]
    listed = [disk["OSSObject"] for disk in sidecar.get("DiskDeviceMapping", [])]
    disks = [f"{folder}/{name}" if folder else name for name in listed] or [key]
    name = sidecar.get("ImageName") or key.replace("/", "-").rpartition(".")[0]
    return models.ImportImageRequest(
        region_id=record["region"],
        image_name=name,
        platform=sidecar.get("Platform"),
        disk_device_mapping=[
            models.ImportImageRequestDiskDeviceMapping(
                ossbucket=record["oss"]["bucket"]["name"],
                ossobject=disk,
                format=FORMATS[disk.rpartition(".")[2]],
                disk_image_size=max(size_gib, 5),
            )
            for disk in disks
        ],
    )
