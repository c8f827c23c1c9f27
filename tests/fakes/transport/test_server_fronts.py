"""What stands before a served cloud, and what goes on beside it."""

import threading

import pytest
import requests
from fake_aliyun import FakeAliyun
from fake_aliyun.core.http import Request, Response
from waiting import PATIENCE_SECONDS, wait_until

FAULT = {"service": "ecs", "code": "Throttling"}


def tea_or_nothing(request: Request) -> Response | None:
    is_tea = request.path.startswith("/_tea/")
    return Response(status=418, body=b"short and stout") if is_tea else None


def get(url: str, **options: str) -> requests.Response:
    return requests.get(url, headers=options, timeout=PATIENCE_SECONDS)


def test_a_front_answers_in_the_clouds_place(cloud: FakeAliyun) -> None:
    with cloud.serve() as server:
        server.add_front(tea_or_nothing)
        answer = get(f"{server.url}/_tea/pot")
    assert (answer.status_code, answer.text) == (418, "short and stout")
    assert cloud.requests == []


def test_what_a_front_leaves_alone_goes_to_the_cloud(cloud: FakeAliyun) -> None:
    with cloud.serve() as server:
        server.add_front(tea_or_nothing)
        assert get(f"{server.url}/images/k").status_code == 404
        assert get(f"{server.url}/_fake/state").status_code == 200
    assert [record.key for record in cloud.requests] == ["k"]


def test_a_front_hears_nothing_of_a_buckets_own_host(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "_tea/pot", b"an object")
    cloud.oss.buckets["images"].acl = "public-read"
    with cloud.serve() as server:
        server.add_front(tea_or_nothing)
        answer = get(f"{server.url}/_tea/pot", Host=f"images.localhost:{server.port}")
    assert answer.content == b"an object"


def test_admin_paths_are_ordinary_keys_at_a_buckets_own_host(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "_fake/state", b"an object")
    cloud.oss.buckets["images"].acl = "public-read"
    with cloud.serve() as server:
        host = f"images.localhost:{server.port}"
        answer = get(f"{server.url}/_fake/state", Host=host)
    assert answer.content == b"an object"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_fake/reset"),
        ("POST", "/_fake/faults"),
        ("DELETE", "/_fake/faults"),
        ("POST", "/_tea/pot"),
    ],
    ids=" ".join,
)
def test_a_page_of_another_site_can_change_nothing(
    cloud: FakeAliyun, method: str, path: str, headers: dict[str, str]
) -> None:
    cloud.oss.put("images", "k", b"data")
    with cloud.serve() as server:
        server.add_front(tea_or_nothing)
        answer = requests.request(
            method,
            f"{server.url}{path}",
            headers=headers,
            json=FAULT,
            timeout=PATIENCE_SECONDS,
        )
    ((name, value),) = headers.items()
    assert answer.status_code == 403
    assert f"another site ({name}: {value})" in answer.json()["error"]
    assert cloud.oss.keys("images") == ["k"]
    assert cloud.faults.pending() == []


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_page_of_the_server_itself_may_change_something(
    cloud: FakeAliyun, name: str
) -> None:
    with cloud.serve() as server:
        host = f"{name}:{server.port}"
        own = {
            "Host": host,
            "Origin": f"http://{host}",
            "Sec-Fetch-Site": "same-origin",
        }
        answer = requests.post(
            f"{server.url}/_fake/faults",
            headers=own,
            json=FAULT,
            timeout=PATIENCE_SECONDS,
        )
    assert answer.status_code == 200
    assert len(cloud.faults.pending()) == 1


def test_as_many_invocations_run_at_once_as_there_are_instances() -> None:
    cloud, together = FakeAliyun(), threading.Barrier(2)
    function = cloud.fc.create_function(
        "s", "f", lambda *_: together.wait(PATIENCE_SECONDS)
    )
    with cloud.serve(instances=2):
        invocations = [cloud.fc.invoke_async(function, b"") for _ in range(2)]
        wait_until(lambda: all(i.status == "Succeeded" for i in invocations))
    assert [len(i.attempts) for i in invocations] == [1, 1]


def test_the_cloud_answers_until_the_functions_that_use_it_have_ended() -> None:
    cloud, begun, may_end = FakeAliyun(), threading.Event(), threading.Event()

    def handler(*_: object) -> str:
        begun.set()
        may_end.wait(PATIENCE_SECONDS)
        return str(get(f"{server.url}/_fake/state").status_code)

    function = cloud.fc.create_function("s", "f", handler)
    with cloud.serve() as server:
        invocation = cloud.fc.invoke_async(function, b"")
        assert begun.wait(PATIENCE_SECONDS)
        threading.Timer(0.05, may_end.set).start()
    assert invocation.result == b"200"


def test_what_still_waits_when_serving_ends_is_tried_when_it_begins_again() -> None:
    cloud = FakeAliyun()
    with cloud.serve():
        pass
    function = cloud.fc.create_function("s", "f", lambda *_: "done")
    invocation = cloud.fc.invoke_async(function, b"")
    with cloud.serve():
        wait_until(lambda: invocation.status == "Succeeded")
    assert invocation.result == b"done"


def test_at_rest_a_request_waits() -> None:
    cloud = FakeAliyun()
    upload = threading.Thread(target=cloud.oss.put, args=("images", "k", b"data"))
    with cloud.at_rest():
        upload.start()
        upload.join(0.1)
        assert upload.is_alive()
        assert "images" not in cloud.oss.buckets
    upload.join(10)
    assert cloud.oss.keys("images") == ["k"]
