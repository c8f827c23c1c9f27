"""A cloud, and buckets of it as real clients see them over each way and signature."""

from collections.abc import Callable, Iterator
from pathlib import Path

import oss2
import pytest
from bucket_clients import KEY_ID, PUBLIC, SECRET, ClientOf, client
from fake_aliyun import FakeAliyun
from fake_aliyun.fc.runtime.function import FcFunction
from running_code import PYTHONS, Make, config, write_code

WAYS = [
    "in process, V4, virtual host",
    "in process, V1, virtual host",
    "over HTTP, V4, path",
    "over HTTP, V1, path",
]


@pytest.fixture
def cloud() -> FakeAliyun:
    return FakeAliyun(access_key_id=KEY_ID, access_key_secret=SECRET)


@pytest.fixture
def client_of() -> ClientOf:
    """Return what makes a client of a bucket: endpoint, name and, by name, v4."""
    return client


@pytest.fixture(params=WAYS)
def bucket(cloud: FakeAliyun, request: pytest.FixtureRequest) -> Iterator[oss2.Bucket]:
    """Return the bucket "images" by each transport, signature and addressing."""
    cloud.oss.create_bucket("images")
    v4 = "V4" in request.param
    if "in process" in request.param:
        with cloud:
            yield client(PUBLIC, "images", v4=v4)
    else:
        with cloud.serve() as server:
            yield client(server.url, "images", v4=v4)


@pytest.fixture
def images(cloud: FakeAliyun) -> Iterator[oss2.Bucket]:
    """Return the bucket "images" in process, for rules that no transport changes."""
    cloud.oss.create_bucket("images")
    with cloud:
        yield client(PUBLIC, "images")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Return the folder of a small code package."""
    return write_code(tmp_path / "code")


@pytest.fixture(params=[pytest.param(n, marks=pytest.mark.needs(n)) for n in PYTHONS])
def python(request: pytest.FixtureRequest, tool_path: Callable[[str], str]) -> str:
    return tool_path(request.param)


@pytest.fixture
def make(code: Path, python: str) -> Iterator[Make]:
    """Deploy a function of the sample code on each Python."""
    made: list[FcFunction] = []

    def deploy(function: str, **settings: object) -> FcFunction:
        made.append(FcFunction(code, config(function, **settings), interpreter=python))
        return made[-1]

    yield deploy
    for function in made:
        function.close()
