"""A local image's two ends: what the function would read of it, and no more."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from disk_images.formats.detect import HEAD_BYTES, TAIL_BYTES
from fake_aliyun import FakeAliyun
from image_import_cli.commands.demo import IMAGE, asset
from image_import_cli.main import cli
from image_import_cli.preview.file_ends import read_ends
from specimens import load

QCOW2 = asset(IMAGE)
FOOTER = next(s for s in load() if s.name == "vhd-fixed").tail
LARGE = QCOW2[:4] + bytes(HEAD_BYTES) + b"!" * TAIL_BYTES


@pytest.mark.parametrize(
    ("name", "data", "tail"),
    [
        ("a.qcow2", LARGE, b""),
        ("a.img", LARGE, b"!" * TAIL_BYTES),
        ("a.qcow2", bytes(4) + LARGE, b"!" * TAIL_BYTES),
        ("a.qcow2", QCOW2[:100], QCOW2[:100]),
        ("a.raw", b"", b""),
    ],
    ids=["settled", "not by its name", "not by its bytes", "short", "empty"],
)
def test_the_last_bytes_are_read_where_they_may_matter(
    name: str, data: bytes, tail: bytes
) -> None:
    ends = read_ends(io.BytesIO(data), name=name, size_bytes=len(data))
    assert (ends.head, ends.tail) == (data[:HEAD_BYTES], tail)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAliyun]:
    with FakeAliyun() as made:
        made.oss.create_bucket("images")
        monkeypatch.setenv("REGION_ID", "cn-hangzhou")
        keys = made.credentials
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", keys.access_key_id)
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", keys.access_key_secret)
        yield made


@pytest.mark.parametrize("place", ["here", "oss://images/both.qcow2"])
def test_inspect_and_plan_see_the_same_image(
    cloud: FakeAliyun, tmp_path: Path, place: str
) -> None:
    """What is called qcow2 and starts as one is one, whatever its last bytes are."""
    both = QCOW2.ljust(HEAD_BYTES, b"\0") + FOOTER
    cloud.oss.put("images", "both.qcow2", both)
    (tmp_path / "both.qcow2").write_bytes(both)
    image = str(tmp_path / "both.qcow2") if place == "here" else place
    planned = CliRunner().invoke(cli, ["plan", image, "--json"])
    seen = CliRunner().invoke(cli, ["inspect", image, "--json"])
    parameters = json.loads(planned.stdout)["parameters"]
    assert parameters["DiskDeviceMapping.1.Format"] == "QCOW2"
    assert json.loads(seen.stdout)["format"] == "QCOW2"
