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
    after_available(client)


def after_available(client: Client) -> None:
    """What is done to an image that is there, its copy in another region included."""
    wanted = m.ImportImageRequest(**REGION, image_name="db", disk_device_mapping=[DISK])
    image_id = client.import_image(wanted).body.image_id
    source = {**REGION, "image_id": image_id}
    assert wait(client, source).usable
    features = m.ModifyImageAttributeRequestFeatures(nvme_support="supported")
    client.modify_image_attribute(
        m.ModifyImageAttributeRequest(**source, image_family="base", features=features)
    )
    family = m.DescribeImageFromFamilyRequest(**REGION, image_family="base")
    newest = client.describe_image_from_family(family).body.image
    assert newest.image_id == image_id
    assert wait(client, source).features.nvme_support == "supported"
    types = client.describe_image_support_instance_types(
        m.DescribeImageSupportInstanceTypesRequest(**source)
    )
    assert types.body.instance_types.instance_type
    tags = [m.TagResourcesRequestTag(key="team", value="a")]
    tagged = {**REGION, "resource_type": "image", "resource_id": [image_id]}
    client.tag_resources(m.TagResourcesRequest(**tagged, tag=tags))
    listed = client.list_tag_resources(m.ListTagResourcesRequest(**tagged)).body
    assert listed.tag_resources.tag_resource[0].tag_key == "team"
    client.untag_resources(m.UntagResourcesRequest(**tagged, tag_key=["team"]))
    accounts = {"add_account": ["1000000000000001"]}
    share = m.ModifyImageSharePermissionRequest(**source, **accounts)
    client.modify_image_share_permission(share)
    shown = client.describe_image_share_permission(
        m.DescribeImageSharePermissionRequest(**source)
    )
    assert shown.body.accounts.account[0].aliyun_id == "1000000000000001"
    unshare = {"remove_account": ["1000000000000001"]}
    client.modify_image_share_permission(
        m.ModifyImageSharePermissionRequest(**source, **unshare)
    )
    there = {"region_id": "cn-beijing", "image_id": copy(client, source, "one")}
    client.cancel_copy_image(m.CancelCopyImageRequest(**there))
    there["image_id"] = copy(client, source, "two")
    assert wait(client, there).is_copied
    client.delete_image(m.DeleteImageRequest(**there))
    client.delete_image(m.DeleteImageRequest(**source))
    launch_templates(client)


def launch_templates(client: Client) -> None:
    """The twelve that are there, and the versions of the last, newest first."""
    paged = {**REGION, "page_number": 2}
    asked = m.DescribeLaunchTemplatesRequest(**paged)
    listed = client.describe_launch_templates(asked).body
    shown = listed.launch_template_sets.launch_template_set
    assert (listed.total_count, len(shown)) == (12, 2)
    last = m.DescribeLaunchTemplateVersionsRequest(
        **REGION, launch_template_id=shown[-1].launch_template_id
    )
    versions = client.describe_launch_template_versions(last).body
    newest, first = versions.launch_template_version_sets.launch_template_version_set
    assert newest.launch_template_data.image_id == "m-11"
    assert first.launch_template_data.image_id is None


def copy(client: Client, source: dict[str, str], name: str) -> str:
    wanted = m.CopyImageRequest(
        **source, destination_region_id="cn-beijing", destination_image_name=name
    )
    return str(client.copy_image(wanted).body.image_id)


def wait(
    client: Client, image: dict[str, str]
) -> m.DescribeImagesResponseBodyImagesImage:
    asked = m.DescribeImagesRequest(**image, status="ALL")
    for _ in range(10):
        found = client.describe_images(asked).body.images.image[0]
        if found.status == "Available":
            return found
    raise AssertionError(found.status)


if __name__ == "__main__":
    main(*sys.argv[1:])
