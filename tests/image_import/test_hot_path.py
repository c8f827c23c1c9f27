"""What an import costs whatever the machine: modules, exchanges and bytes.

The function runs in a process of its own, as Function Compute starts it, against the
cloud over HTTP. How long that takes is for `make bench` to tell.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import oss2
import pytest
from fake_aliyun import FakeAliyun
from fake_aliyun.core.http import Request, Response
from fake_aliyun.fc.runtime.function import FcFunction, FunctionConfig
from image_import_cli.package.archive import write_stand_ins
from repository import FUNCTIONS
from uploads import QCOW2, Uploads, manifest

GIB = 1024**3
HEAD_AND_TAIL = 68 * 1024 + 512

MOST_OF_OURS = 97
MOST_IN_ALL = 480
NEVER_LOADED = {
    "alibabacloud_ecs20140526", "aliyunsdkcore.vendored", "aliyunsdkecs", "asyncio",
    "cffi", "click", "cryptography", "fake_aliyun", "image_import_cli",
    "image_import.sidecar.yaml_subset", "image_import.tracking.schedule",
    "image_import.tracking.tracker", "jmespath", "multiprocessing", "pydantic",
    "responses", "rich", "unittest", "yaml",
}  # fmt: skip

# The handler itself, and then which modules have come to life meanwhile.
PROBE = """
import sys
sys.path.insert(0, {functions!r})
from image_import.handler import on_object_created

def handler(event, context):
    result = on_object_created(event, context)
    return {{"result": result, "alive": sorted(sys.modules)}}
"""


def invoked(
    tmp_path: Path, handler: str, *, sidecar: tuple[str, bytes] | None = None
) -> Any:
    """Return what a handler of the probe answers to the upload of a qcow2."""
    write_stand_ins(tmp_path)
    (tmp_path / "probe.py").write_text(PROBE.format(functions=str(FUNCTIONS)), "utf-8")
    packages = str(Path(oss2.__file__).parents[1])
    cloud = FakeAliyun()
    with cloud.serve() as server:
        cloud.oss.put("images", "web.qcow2", QCOW2)
        if sidecar:
            cloud.oss.put("images", *sidecar)
        config = FunctionConfig(
            handler=f"probe.{handler}",
            environment={"OSS_ENDPOINT": server.url, "ECS_ENDPOINT": server.url},
            layer_paths=(packages,),
        )
        event = cloud.oss.event("images", "web.qcow2")
        keys = cloud.ram.assume_role("image-import-function")
        with FcFunction(tmp_path, config, interpreter=sys.executable) as function:
            invocation = function.invoke(event, credentials=keys)
    assert invocation.error_type == "", invocation.log
    assert len(cloud.ecs.images) == 1
    return json.loads(invocation.payload)


def within(name: str, packages: set[str]) -> bool:
    return any(name == p or name.startswith(f"{p}.") for p in packages)


def test_an_import_loads_no_more_modules_than_it_needs(tmp_path: Path) -> None:
    alive = invoked(tmp_path, "handler")["alive"]
    assert [name for name in alive if within(name, NEVER_LOADED)] == []
    assert "oss2.api" in alive
    ours = [name for name in alive if within(name, {"image_import"})]
    assert len(ours) <= MOST_OF_OURS
    assert len(alive) <= MOST_IN_ALL


def test_a_parser_of_yaml_is_loaded_for_yaml_alone(tmp_path: Path) -> None:
    in_yaml = ("web.qcow2.yaml", b"Platform: Debian\n")
    assert "yaml" in invoked(tmp_path, "handler", sidecar=in_yaml)["alive"]
    in_json = ("web.qcow2.json", b'{"Platform": "Debian"}')
    assert "yaml" not in invoked(tmp_path, "handler", sidecar=in_json)["alive"]


LOADED = """
import gc, sys
runs = []
gc.callbacks.append(lambda phase, told: runs.append(phase))
sys.path.insert(0, {functions!r})
import image_import.handler
print(runs.count("stop"), gc.isenabled(), gc.get_freeze_count() > 10_000)
"""


def test_the_garbage_collector_rests_while_the_function_is_loaded() -> None:
    script = LOADED.format(functions=str(FUNCTIONS))
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    collections, is_on_again, is_spared = run.stdout.split()
    assert int(collections) <= 20
    assert (is_on_again, is_spared) == ("True", "True")


class Scales:
    """Weighs what the bodies of answers about an object bring."""

    def __init__(self, handle: Callable[[Request], Response], ending: str) -> None:
        self.bytes = 0
        self._handle = handle
        self._ending = ending

    def __call__(self, request: Request) -> Response:
        response = self._handle(request)
        if request.decoded_path.endswith(self._ending):
            self.bytes += len(response.content)
        return response


def weighed(uploads: Uploads, event: bytes) -> tuple[int, int]:
    """Return bytes read of images, and requests, of one delivery."""
    scales = Scales(uploads.cloud.handle, ".qcow2")
    before = len(uploads.cloud.requests)
    uploads.cloud.handle = scales  # type: ignore[method-assign]
    try:
        assert uploads.handle(event).outcome.value == "submitted"
    finally:
        del uploads.cloud.handle
    return scales.bytes, len(uploads.cloud.requests) - before


@pytest.mark.parametrize("gib", [1, 64, 2048])
def test_reading_an_image_costs_the_same_whatever_its_size(gib: int) -> None:
    uploads = Uploads()
    uploads.cloud.oss.put("images", "web.qcow2", head=QCOW2, size_bytes=gib * GIB)
    event = uploads.cloud.oss.event("images", "web.qcow2")
    read, requests = weighed(uploads, event)
    assert 0 < read <= HEAD_AND_TAIL
    assert requests == 9


def test_each_disk_of_a_set_is_read_no_further_than_a_single_one() -> None:
    uploads = Uploads()
    names = [f"db-disk{number}.qcow2" for number in range(1, 18)]
    for name in names:
        uploads.cloud.oss.put("images", name, head=QCOW2, size_bytes=64 * GIB)
    event = uploads.put("db-disk1.qcow2.json", manifest(*names))
    read, _ = weighed(uploads, event)
    assert 0 < read <= HEAD_AND_TAIL * len(names)


def test_other_objects_of_the_bucket_cost_nothing() -> None:
    costs = set()
    for others in (0, 3000):
        uploads = Uploads()
        for number in range(others):
            uploads.cloud.oss.put("images", f"old/{number}.qcow2", b"x")
        uploads.cloud.oss.put("images", "web.qcow2", head=QCOW2, size_bytes=GIB)
        event = uploads.cloud.oss.event("images", "web.qcow2")
        costs.add(weighed(uploads, event))
    assert len(costs) == 1
