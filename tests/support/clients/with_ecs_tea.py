"""Importing an image with alibabacloud_ecs20140526.

Arguments: URL, key ID, secret, acs3 or v2; the object images/web.raw is there.
"""

import sys

from alibabacloud_ecs20140526 import models as m
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config

REGION = {"region_id": "cn-hangzhou"}
DISK = m.ImportImageRequestDiskDeviceMapping(ossbucket="images", ossobject="web.raw")


def main(url: str, key_id: str, secret: str, algorithm: str) -> None:
    client = Client(
        Config(
            access_key_id=key_id,
            access_key_secret=secret,
            endpoint=url.removeprefix("http://"),
            protocol="http",
            signature_algorithm=None if algorithm == "acs3" else algorithm,
        )
    )
    regions = client.describe_regions(m.DescribeRegionsRequest()).body.regions.region
    assert REGION["region_id"] in [region.region_id for region in regions]
    wanted = m.ImportImageRequest(
        **REGION, image_name="web", disk_device_mapping=[DISK]
    )
    made = client.import_image(wanted).body
    every = "Waiting,Creating,Available"
    images = client.describe_images(m.DescribeImagesRequest(**REGION, status=every))
    assert images.body.images.image[0].image_id == made.image_id
    tasks = client.describe_tasks(m.DescribeTasksRequest(**REGION)).body
    assert tasks.task_set.task[0].task_id == made.task_id
    task = {**REGION, "task_id": made.task_id}
    shown = client.describe_task_attribute(m.DescribeTaskAttributeRequest(**task)).body
    assert shown.task_status == "Processing"
    assert client.cancel_task(m.CancelTaskRequest(**task)).body.request_id


if __name__ == "__main__":
    main(*sys.argv[1:])
