"""Importing an image with aliyun-python-sdk-ecs.

Arguments: URL, key ID, secret; the object images/web.raw is there.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import RpcRequest
from aliyunsdkecs.request.v20140526 import (
    CancelTaskRequest,
    CopyImageRequest,
    DeleteImageRequest,
    DescribeImageFromFamilyRequest,
    DescribeImageSharePermissionRequest,
    DescribeImagesRequest,
    DescribeRegionsRequest,
    DescribeTaskAttributeRequest,
    DescribeTasksRequest,
    ImportImageRequest,
    ListTagResourcesRequest,
    ModifyImageAttributeRequest,
    ModifyImageSharePermissionRequest,
    TagResourcesRequest,
    UntagResourcesRequest,
)

REGION = "cn-hangzhou"


def main(url: str, key_id: str, secret: str) -> None:
    client = AcsClient(key_id, secret, REGION)

    def ask(request: RpcRequest) -> dict[str, Any]:
        request.set_endpoint(url.removeprefix("http://"))
        request.set_protocol_type("http")
        answer: dict[str, Any] = json.loads(client.do_action_with_exception(request))
        return answer

    regions = ask(DescribeRegionsRequest.DescribeRegionsRequest())["Regions"]["Region"]
    assert REGION in [region["RegionId"] for region in regions]
    wanted = ImportImageRequest.ImportImageRequest()
    wanted.set_ImageName("web")
    wanted.set_DiskDeviceMappings([{"OSSBucket": "images", "OSSObject": "web.raw"}])
    made = ask(wanted)
    images = DescribeImagesRequest.DescribeImagesRequest()
    images.set_Status("Waiting,Creating,Available")
    assert ask(images)["Images"]["Image"][0]["ImageId"] == made["ImageId"]
    tasks = ask(DescribeTasksRequest.DescribeTasksRequest())["TaskSet"]["Task"]
    assert tasks[0]["TaskId"] == made["TaskId"]
    shown = DescribeTaskAttributeRequest.DescribeTaskAttributeRequest()
    shown.set_TaskId(made["TaskId"])
    assert ask(shown)["TaskStatus"] == "Processing"
    cancel = CancelTaskRequest.CancelTaskRequest()
    cancel.set_TaskId(made["TaskId"])
    assert ask(cancel)["RequestId"]
    after_available(ask)


def after_available(ask: Callable[[RpcRequest], dict[str, Any]]) -> None:
    """What is done to an image that is there, a copy to another region included."""
    wanted = ImportImageRequest.ImportImageRequest()
    wanted.set_ImageName("db")
    wanted.set_DiskDeviceMappings([{"OSSBucket": "images", "OSSObject": "web.raw"}])
    image_id = ask(wanted)["ImageId"]
    images = DescribeImagesRequest.DescribeImagesRequest()
    images.set_ImageId(image_id)
    images.set_Status("ALL")
    seen = [ask(images)["Images"]["Image"][0]["Status"] for _ in range(5)]
    assert seen[-1] == "Available"
    change = ModifyImageAttributeRequest.ModifyImageAttributeRequest()
    change.set_ImageId(image_id)
    change.set_ImageFamily("base")
    ask(change)
    family = DescribeImageFromFamilyRequest.DescribeImageFromFamilyRequest()
    family.set_ImageFamily("base")
    assert ask(family)["Image"]["ImageId"] == image_id
    tag = TagResourcesRequest.TagResourcesRequest()
    tag.set_Tags([{"Key": "team", "Value": "a"}])
    tags = ListTagResourcesRequest.ListTagResourcesRequest()
    untag = UntagResourcesRequest.UntagResourcesRequest()
    untag.set_TagKeys(["team"])
    for request in (tag, tags, untag):
        request.set_ResourceType("image")
        request.set_ResourceIds([image_id])
    ask(tag)
    assert ask(tags)["TagResources"]["TagResource"][0]["TagKey"] == "team"
    ask(untag)
    share = ModifyImageSharePermissionRequest.ModifyImageSharePermissionRequest()
    share.set_ImageId(image_id)
    share.set_AddAccounts(["1000000000000001"])
    ask(share)
    shares = DescribeImageSharePermissionRequest.DescribeImageSharePermissionRequest()
    shares.set_ImageId(image_id)
    accounts = ask(shares)["Accounts"]["Account"]
    assert accounts == [{"AliyunId": "1000000000000001"}]
    copy = CopyImageRequest.CopyImageRequest()
    copy.set_ImageId(image_id)
    copy.set_DestinationRegionId("cn-beijing")
    there = ask(copy)["ImageId"]
    images.add_query_param("RegionId", "cn-beijing")
    images.set_ImageId(there)
    seen = [ask(images)["Images"]["Image"][0]["Status"] for _ in range(5)]
    assert seen[-1] == "Available"
    delete = DeleteImageRequest.DeleteImageRequest()
    delete.add_query_param("RegionId", "cn-beijing")
    delete.set_ImageId(there)
    ask(delete)


if __name__ == "__main__":
    main(*sys.argv[1:])
