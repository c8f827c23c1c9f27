"""The ECS client looking up images and tasks."""

from typing import Any

import pytest
import requests
from calling_ecs import POP, ROUTE, make_ecs
from image_import.errors import ServiceRejected, ServiceUnavailable
from image_import.model.ownership import ExistingImage
from loopback import Say, serving


def image(name: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"ImageId": f"m-{number}", "ImageName": name, "Status": "Waiting", **more}


def page(*images: dict[str, Any], total: int | None = None) -> Say:
    told = {} if total is None else {"TotalCount": total}
    return Say(json={"RequestId": "R", "Images": {"Image": list(images)}, **told})


def test_an_image_is_found_by_its_exact_name_in_any_status(
    session: requests.Session,
) -> None:
    with serving(page(image("web-10"), image("web-1", 2), total=2)) as server:
        found = make_ecs(session, server.url).find_images("web-1")
        query = server.only.query
    assert found == [
        ExistingImage(image_id="m-2", image_name="web-1", status="Waiting")
    ]
    assert query == {
        "RegionId": "cn-hangzhou",
        "ImageName": "web-1",
        "ImageOwnerAlias": "self",
        "Status": "Creating,Waiting,Available,UnAvailable,CreateFailed",
        "PageSize": "100",
        "PageNumber": "1",
    }


def test_all_pages_are_read(session: requests.Session) -> None:
    first = page(*(image("web", n) for n in range(100)), total=101)
    with serving(first, page(image("web", 100), total=101)) as server:
        found = make_ecs(session, server.url).find_images("web")
        pages = [got.query["PageNumber"] for got in server.got]
    assert (len(found), pages) == (101, ["1", "2"])


@pytest.mark.parametrize(
    ("answers", "requests_made"),
    [
        ([page(image("web"))], 1),
        ([page(*(image("web", n) for n in range(100))), page()], 2),
        ([page(total=7)], 1),
    ],
    ids=["a short page", "a full page", "an empty page"],
)
def test_pages_end_without_a_total(
    session: requests.Session, answers: list[Say], requests_made: int
) -> None:
    with serving(*answers) as server:
        make_ecs(session, server.url).find_images("web")
        assert len(server.got) == requests_made


def test_pages_without_an_end_are_left(session: requests.Session) -> None:
    with serving(page(image("web"), total=10**6)) as server:
        with pytest.raises(ServiceRejected, match="more than 10000 images fit"):
            make_ecs(session, server.url).find_images("web")
        assert len(server.got) == 100


def test_images_are_found_by_their_ids_in_one_request(
    session: requests.Session,
) -> None:
    with serving(page(image("a"), image("b", 2), total=2)) as server:
        found = make_ecs(session, server.url).find_images_by_id(["m-1", "m-2"])
        assert server.only.query["ImageId"] == "m-1,m-2"
    assert [image.image_name for image in found] == ["a", "b"]


def test_a_missing_list_is_not_an_empty_one(session: requests.Session) -> None:
    with (
        serving(Say(json={"RequestId": "R"})) as server,
        pytest.raises(ServiceUnavailable, match="the answer has no Images"),
    ):
        make_ecs(session, server.url).find_images("web")


def test_pop_looks_up_at_the_same_door(session: requests.Session) -> None:
    with serving(page()) as server:
        make_ecs(session, server.url, POP).find_images("web")
        got = server.only
    assert got.query["Action"] == "DescribeImages"
    assert got.query.keys() >= {"Signature", "Version"}
    assert got.headers["x-acs-organizationid"] == "37"


def test_the_route_may_look_up_by_pop_elsewhere(session: requests.Session) -> None:
    with serving(page()) as pop:
        environ = {**ROUTE, "ECS_LOOKUP": "pop", "ECS_LOOKUP_ENDPOINT": pop.url}
        ecs = make_ecs(session, "http://ecs.test", environ)
        assert ecs.find_images("web") == []
        got = pop.only
    assert (ecs.has_lookup, ecs.has_client_token) == (True, False)
    assert (got.path, got.query["Version"]) == ("/", "2014-05-26")


def test_tasks_are_asked_for_together(session: requests.Session) -> None:
    tasks = {"Task": [{"TaskId": "t-1", "TaskStatus": "Finished"}]}
    with serving(Say(json={"RequestId": "R", "TaskSet": tasks})) as server:
        (task,) = make_ecs(session, server.url).describe_tasks(["t-1", "t-2"])
        assert server.only.query["TaskIds"] == "t-1,t-2"
    assert (task.task_id, task.status) == ("t-1", "Finished")


def test_one_task_is_asked_for_with_its_error(session: requests.Session) -> None:
    said = {"RequestId": "R", "TaskId": "t-1", "TaskStatus": "Failed"}
    with serving(Say(json=said)) as server:
        task = make_ecs(session, server.url).describe_task("t-1")
        assert server.only.headers["x-acs-action"] == "DescribeTaskAttribute"
    assert task.status == "Failed"


def test_a_task_is_cancelled(session: requests.Session) -> None:
    with serving(Say(json={"RequestId": "R"})) as server:
        make_ecs(session, server.url).cancel_task("t-1")
        assert server.only.headers["x-acs-action"] == "CancelTask"


def test_a_task_that_has_ended_cannot_be_cancelled(session: requests.Session) -> None:
    said = {"Code": "InvalidTaskId.IncorrectTaskStatus", "Message": "x"}
    with (
        serving(Say(json=said, status=403)) as server,
        pytest.raises(ServiceRejected, match="IncorrectTaskStatus"),
    ):
        make_ecs(session, server.url).cancel_task("t-1")
