"""A local plan of a disk that the function would convert first."""

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from image_import_cli.main import cli

pytestmark = pytest.mark.needs("qemu-img")


def made(folder: Path, name: str, kind: str, *options: str) -> Path:
    path = folder / name
    command = ["qemu-img", "create", "-q", "-f", kind, *options, str(path), "3G"]
    subprocess.run(command, check=True)
    return path


def planned(path: Path, *options: str) -> dict[str, Any]:
    run = CliRunner().invoke(cli, ["plan", str(path), "--json", *options])
    record: dict[str, Any] = json.loads(run.stdout)
    return record


@pytest.mark.parametrize("kind", ["vmdk", "vhdx", "vdi"])
def test_a_disk_that_is_wrapped_is_planned_as_the_qcow2_it_becomes(
    tmp_path: Path, kind: str
) -> None:
    plan = planned(made(tmp_path, f"web.{kind}", kind))
    assert plan["outcome"] == "planned"
    assert plan["parameters"]["DiskDeviceMapping.1.Format"] == "QCOW2"
    assert plan["parameters"]["DiskDeviceMapping.1.DiskImageSize"] == "3"
    assert plan["notes"][0].endswith("(wrap lane)")


def test_what_takes_a_converter_is_said_to(tmp_path: Path) -> None:
    packed = tmp_path / "web.vdi.gz"
    packed.write_bytes(gzip.compress(made(tmp_path, "web.vdi", "vdi").read_bytes()))
    assert planned(packed)["notes"][0].endswith("by a converter, if one is deployed")


def test_the_files_that_a_descriptor_names_are_read_beside_it(tmp_path: Path) -> None:
    split = ("-o", "subformat=twoGbMaxExtentSparse")
    descriptor = made(tmp_path, "web.vmdk", "vmdk", *split)
    assert planned(descriptor)["outcome"] == "planned"
    (tmp_path / "web-s002.vmdk").unlink()
    missing = planned(descriptor)
    assert missing["outcome"] == "refused"
    assert "web-s002.vmdk cannot be read: No such file" in missing["reason"]


def test_where_nothing_is_converted_the_command_is_named(tmp_path: Path) -> None:
    plan = planned(made(tmp_path, "web.vmdk", "vmdk"), "--set", "CONVERT=never")
    assert plan["outcome"] == "refused"
    assert "qemu-img convert -f vmdk -O qcow2 web.vmdk web.qcow2" in plan["reason"]
