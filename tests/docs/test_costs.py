"""What README, "What it costs", says of requests is what the fakes count."""

import re
from collections.abc import Callable

import pytest
from manual import section
from uploads import QCOW2, Uploads, manifest

COSTS = section("docs/deploy.md", "What it costs")
KEYS = ("web.qcow2", "web.img")
"""Of an image that one read tells all of, and of one that takes two."""

Scene = tuple[Uploads, bytes]


def plain(key: str) -> Scene:
    uploads = Uploads()
    uploads.cloud.oss.put("images", key, head=QCOW2, size_bytes=40 * 1024**3)
    return uploads, uploads.cloud.oss.event("images", key)


def repeated(key: str) -> Scene:
    uploads, event = plain(key)
    uploads.handle(event)
    return uploads, event


def three_disks(_: str) -> Scene:
    uploads = Uploads()
    names = [f"db-disk{number}.qcow2" for number in (1, 2, 3)]
    for name in names:
        uploads.put(name)
    return uploads, uploads.put("db-disk1.qcow2.json", manifest(*names))


def foreign(_: str) -> Scene:
    uploads = Uploads()
    return uploads, uploads.put("readme.txt")


ROWS: dict[str, Callable[[str], Scene]] = {
    "a plain image is imported": plain,
    "the same event again": repeated,
    "a manifest of three disks (its own arrival)": three_disks,
    "an object that is not ours": foreign,
}


def counted(scene: Callable[[str], Scene]) -> tuple[str, str]:
    """Return how many requests went to OSS and to ECS, as the README writes it."""
    to_oss, to_ecs = set(), set()
    for key in KEYS:
        uploads, event = scene(key)
        before = len(uploads.cloud.requests)
        uploads.handle(event)
        asked = [request.action for request in uploads.cloud.requests][before:]
        imports = asked.count("ImportImage")
        to_ecs.add(imports)
        to_oss.add(len(asked) - imports)
    return _range(to_oss), _range(to_ecs)


def _range(numbers: set[int]) -> str:
    return "-".join(str(number) for number in sorted({min(numbers), max(numbers)}))


@pytest.mark.parametrize("what", ROWS)
def test_the_readme_says_what_an_upload_costs(what: str) -> None:
    to_oss, to_ecs = counted(ROWS[what])
    assert f"| {what} | 1 | {to_oss} | {to_ecs} |" in COSTS.splitlines()


def test_the_readme_has_no_other_costs() -> None:
    rows = re.findall(r"^\| ([^|]+) \| \d", COSTS, re.MULTILINE)
    assert rows == list(ROWS)
