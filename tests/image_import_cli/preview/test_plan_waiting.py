"""A plan for a local file waits where the function would."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fake_aliyun import FakeAliyun
from image_import_cli.commands.demo import IMAGE, asset
from image_import_cli.main import cli

QCOW2 = asset(IMAGE)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAliyun]:
    with FakeAliyun() as made:
        made.oss.create_bucket("images")
        monkeypatch.setenv("REGION_ID", "cn-hangzhou")
        keys = made.credentials
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", keys.access_key_id)
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", keys.access_key_secret)
        yield made


def planned(image: str, *options: str) -> dict[str, Any]:
    run = CliRunner().invoke(cli, ["plan", image, *options, "--json"])
    result: dict[str, Any] = json.loads(run.stdout)
    return result


@pytest.mark.parametrize(
    ("name", "options", "outcome"),
    [
        ("web-data1.qcow2", (), "waiting"),
        ("web-vdb.qcow2", (), "waiting"),
        ("es-data-01.qcow2", (), "planned"),
        ("fw-secondary.qcow2", (), "planned"),
        ("web.qcow2", ("--set", "SIDECAR=required"), "waiting"),
        ("web.qcow2", (), "planned"),
    ],
)
def test_a_local_plan_waits_where_the_function_would(
    cloud: FakeAliyun, tmp_path: Path, name: str, options: tuple[str, ...], outcome: str
) -> None:
    cloud.oss.put("images", name, QCOW2)
    (tmp_path / name).write_bytes(QCOW2)
    here = planned(str(tmp_path / name), *options)
    there = planned(f"oss://images/{name}", *options)
    assert here["outcome"] == there["outcome"] == outcome
    assert outcome == "planned" or here["reason"] == there["reason"]


def test_a_data_disk_with_a_sidecar_of_its_own_is_planned(tmp_path: Path) -> None:
    (tmp_path / "web-data1.qcow2").write_bytes(QCOW2)
    (tmp_path / "web-data1.qcow2.json").write_text("{}")
    assert planned(str(tmp_path / "web-data1.qcow2"))["outcome"] == "planned"


@pytest.mark.parametrize("beside", ["web.yaml", "web.qcow2.YAML", "web.json"])
def test_a_plan_names_a_sidecar_that_has_no_effect_because_of_its_name(
    cloud: FakeAliyun, tmp_path: Path, beside: str
) -> None:
    for name, held in (("web.qcow2", QCOW2), (beside, b"{}")):
        cloud.oss.put("images", name, held)
        (tmp_path / name).write_bytes(held)
    right = f"web.qcow2.{beside.rpartition('.')[2].lower()}"
    for image in (str(tmp_path / "web.qcow2"), "oss://images/web.qcow2"):
        notes = planned(image)["notes"]
        assert notes[-1].startswith(f"{beside} is no sidecar of web.qcow2")
        assert notes[-1].endswith(f"name it {right}")
