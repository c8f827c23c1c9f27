"""Importing an image with aliyun-python-sdk-ecs.

Arguments: URL, key ID, secret; the object images/web.raw is there.
"""

import json
import sys
from typing import Any

from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import RpcRequest
from aliyunsdkecs.request.v20140526 import (
    CancelTaskRequest,
    DescribeImagesRequest,
    DescribeRegionsRequest,
    DescribeTaskAttributeRequest,
    DescribeTasksRequest,
    ImportImageRequest,
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


if __name__ == "__main__":
    main(*sys.argv[1:])
