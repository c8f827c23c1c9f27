"""A cloud on this machine for one event: the fakes, and the files beside it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fake_aliyun import FakeAliyun
from image_import.importing.pipeline import import_event
from image_import.importing.runtime import Runtime, make_invocation
from image_import.model.result import Result

from image_import_cli.options.settings import checked_settings

APSARA_DOMAIN = "apsara.test"
ENDPOINTS = {
    "apsara-pop": {"ECS_ENDPOINT": f"https://ecs-internal.{APSARA_DOMAIN}"},
    "apsara-route": {"ECS_ENDPOINT": f"https://api.{APSARA_DOMAIN}"},
}


def local_environ(given: Mapping[str, str], region_id: str) -> dict[str, str]:
    """Return settings that lead to the fakes; endpoints given by hand are kept."""
    environ = dict(given)
    for name, value in ENDPOINTS.get(environ.get("IMPORT_TARGET", ""), {}).items():
        environ.setdefault(name, value)
        oss = f"https://oss-{region_id}-a.{APSARA_DOMAIN}"
        environ.setdefault("OSS_ENDPOINT", oss)
    return environ


@contextmanager
def local_cloud(region_id: str) -> Iterator[FakeAliyun]:
    """Yield a cloud of one region that answers whatever this process sends."""
    with FakeAliyun(region_id=region_id, apsara_domain=APSARA_DOMAIN) as cloud:
        yield cloud


def fill_bucket(cloud: FakeAliyun, bucket: str, folder: Path) -> None:
    """Put the files of a folder into a bucket, under their paths as keys.

    A file NAME.sparse.json stands for a large object of which only the ends matter:
    `{"head": FILE, "tail": FILE, "size_bytes": N}`; the rest is zeros.
    """
    cloud.oss.create_bucket(bucket)
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        key = path.relative_to(folder).as_posix()
        if key.endswith(".sparse.json"):
            _put_sparse(cloud, bucket, key.removesuffix(".sparse.json"), path)
        elif not key.endswith((".head", ".tail")):
            cloud.oss.put(bucket, key, path.read_bytes())


def _put_sparse(cloud: FakeAliyun, bucket: str, key: str, path: Path) -> None:
    said = json.loads(path.read_text("utf-8"))
    ends = {
        end: (path.parent / said[end]).read_bytes()
        for end in ("head", "tail")
        if end in said
    }
    cloud.oss.put(bucket, key, size_bytes=said["size_bytes"], **ends)


def handle_locally(
    cloud: FakeAliyun, event: bytes, environ: Mapping[str, str]
) -> tuple[list[Result], list[Exception]]:
    """Run the function's own code on an event, against the cloud on this machine."""
    invocation = make_invocation(
        checked_settings(environ), cloud.context(), environ={}, runtime=Runtime()
    )
    return import_event(event, invocation)
