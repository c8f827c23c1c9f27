from typing import Any

import pytest
from image_import.aliyun.ecs.describe_responses import (
    ImportTask,
    TaskDetail,
    read_images,
    read_task,
    read_tasks,
)
from image_import.errors import ServiceUnavailable
from image_import.model.ownership import ExistingImage

IMAGE = {
    "ImageId": "m-1",
    "ImageName": "web",
    "Status": "Creating",
    "Progress": "32%",
    "Description": "x",
    "Size": 40,
    "DiskDeviceMappings": {
        "DiskDeviceMapping": [
            {"Format": "", "Device": "/dev/xvda"},
            {"ImportOSSBucket": "images", "ImportOSSObject": "in/web.raw"},
        ]
    },
    "Tags": {"Tag": [{"TagKey": "image-import", "TagValue": "0123"}]},
}
READ = ExistingImage(
    image_id="m-1",
    image_name="web",
    status="Creating",
    progress="32%",
    description="x",
    import_bucket="images",
    import_object_key="in/web.raw",
    tags={"image-import": "0123"},
)


@pytest.mark.parametrize(
    "answer",
    [
        {"Images": {"Image": [IMAGE]}, "TotalCount": 7},
        {"Images": [IMAGE], "TotalCount": "7"},
        {"data": {"images": {"Image": [IMAGE]}, "totalCount": 7}},
    ],
    ids=["documented", "a bare list", "wrapped"],
)
def test_an_image_is_read_with_all_that_tells_whose_it_is(
    answer: dict[str, Any],
) -> None:
    assert read_images(answer) == ([READ], 7)


def test_an_image_may_tell_next_to_nothing() -> None:
    answer = {"Images": {"Image": [{"ImageId": "m-1", "Description": None}, "?"]}}
    bare = ExistingImage(image_id="m-1", image_name="", status="")
    assert read_images(answer) == ([bare], None)


def test_no_images_are_an_answer_too() -> None:
    assert read_images({"Images": {"Image": []}, "TotalCount": 0}) == ([], 0)
    assert read_images({"Images": {}}) == ([], None)


@pytest.mark.parametrize(
    "answer", [{}, {"Images": None}, {"Images": "none"}, {"data": {"TaskSet": {}}}]
)
def test_a_missing_list_is_an_error(answer: dict[str, Any]) -> None:
    with pytest.raises(ServiceUnavailable, match="DescribeImages: the answer has no"):
        read_images(answer)


TASK = {
    "TaskId": "t-1",
    "TaskAction": "ImportImage",
    "TaskStatus": "Finished",
    "CreationTime": "2026-11-01T00:00:00Z",
    "FinishedTime": "2026-11-01T01:00:00Z",
    "ResourceId": "m-1",
}


@pytest.mark.parametrize(
    "held", [{"Task": [TASK]}, [TASK]], ids=["documented", "in the sample of 2021"]
)
def test_tasks_are_read(held: object) -> None:
    assert read_tasks({"TaskSet": held}) == [
        ImportTask(
            task_id="t-1",
            status="Finished",
            created="2026-11-01T00:00:00Z",
            finished="2026-11-01T01:00:00Z",
            image_id="m-1",
        )
    ]


def test_a_task_that_failed_says_why() -> None:
    answer = {
        "TaskId": "t-1",
        "TaskStatus": "Failed",
        "TaskProcess": "7%",
        "SupportCancel": False,
        "OperationProgressSet": {
            "OperationProgress": [
                {"OperationStatus": "Success", "ErrorCode": ""},
                {
                    "OperationStatus": "Failed",
                    "ErrorCode": "InvalidImageFormat",
                    "ErrorMsg": "The image is damaged.",
                },
            ]
        },
    }
    assert read_task(answer) == TaskDetail(
        task_id="t-1",
        status="Failed",
        progress="7%",
        error_code="InvalidImageFormat",
        error_message="The image is damaged.",
    )


@pytest.mark.parametrize("word", [True, "true", "True"])
def test_a_task_may_be_cancelled_whether_told_as_truth_or_as_text(
    word: object,
) -> None:
    task = read_task({"TaskId": "t", "TaskStatus": "Processing", "SupportCancel": word})
    assert task == TaskDetail(task_id="t", status="Processing")
