"""INSPECT through the whole handler, on an image whose name tells nothing."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click import Command
from click.testing import CliRunner
from fake_aliyun import FakeAliyun
from image_import.model.result import Outcome, Result
from image_import_cli.preview.inspect import inspect
from image_import_cli.preview.plan import plan
from made_images import NEEDS, make_disk, run
from repository import FUNCTIONS
from small_debian import DEBIAN, ELF_ARM64, PE_ARM64
from uploads import Uploads

pytestmark = pytest.mark.needs(
    *NEEDS["ext4"], *NEEDS["gpt"], *NEEDS["vfat"], "qemu-img"
)

AUTO = {"INSPECT": "auto"}


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Debian for arm64 that starts by UEFI."""
    tree = {path[1:]: _bytes(text) for path, text in DEBIAN.items()}
    tree["bin/sh"] = ELF_ARM64
    folder = tmp_path_factory.mktemp("disks")
    esp = {"EFI/BOOT/BOOTAA64.EFI": PE_ARM64}
    return make_disk(folder, tree, esp=esp, label="system")


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text


def sources(result: Result) -> dict[str, str]:
    return {name: choice["source"] for name, choice in result.evidence.items()}


def test_auto_finds_out_what_the_name_does_not_tell(disk: Path) -> None:
    uploads = Uploads(AUTO)
    result = uploads.upload("disk.raw", disk.read_bytes())
    assert result.outcome is Outcome.SUBMITTED
    sent = result.parameters
    assert (sent["Platform"], sent["Architecture"]) == ("Debian", "arm64")
    assert sent["BootMode"] == "UEFI"
    assert sources(result)["Platform"] == "image contents"
    (image,) = uploads.image_names
    assert uploads.cloud.ecs.images[image].parameters["Platform"] == "Debian"


def test_the_look_goes_on_from_the_bytes_that_told_the_format(disk: Path) -> None:
    """The first 512 KiB and the last bytes, then ESP and root, then what is on them."""
    uploads = Uploads({"INSPECT": "always"})
    uploads.upload("disk.raw", disk.read_bytes())
    reads = [r for r in uploads.cloud.requests if r.key == "disk.raw"]
    assert len(reads) <= 6


def test_never_looks_into_nothing(disk: Path) -> None:
    result = Uploads({}).upload("disk.raw", disk.read_bytes())
    assert result.outcome is Outcome.SUBMITTED
    assert "Platform" not in result.parameters


def test_a_name_that_tells_all_spares_auto_the_look(disk: Path) -> None:
    uploads = Uploads(AUTO)
    result = uploads.upload("ubuntu-22.04-amd64.raw", disk.read_bytes())
    assert sources(result)["Platform"] == "object key"


def test_always_corrects_a_name_that_lies(disk: Path) -> None:
    uploads = Uploads({"INSPECT": "always"})
    result = uploads.upload("ubuntu-22.04-amd64.raw", disk.read_bytes())
    assert result.parameters["Platform"] == "Debian"
    assert result.evidence["Architecture"]["overrode"] == {"object key": "x86_64"}


def test_a_sidecar_that_contradicts_is_refused_if_the_operator_wants(
    disk: Path,
) -> None:
    uploads = Uploads({"INSPECT": "always", "INSPECT_CONFLICT": "refuse"})
    uploads.put("disk.raw.json", b'{"Architecture": "x86_64"}')
    result = uploads.upload("disk.raw", disk.read_bytes())
    assert result.outcome is Outcome.REFUSED
    assert "sidecar says x86_64, but the image's contents say arm64" in result.reason
    assert uploads.image_names == []


def test_what_cannot_be_read_is_imported_with_a_note(disk: Path) -> None:
    data = bytearray(disk.read_bytes())
    data[2 << 20 :] = bytes(len(data) - (2 << 20))
    result = Uploads(AUTO).upload("disk.raw", bytes(data))
    assert result.outcome is Outcome.SUBMITTED
    assert any("could not tell" in note for note in result.notes)
    assert "Platform" not in result.parameters


def test_an_image_that_was_cut_off_is_noted(disk: Path, tmp_path: Path) -> None:
    image = tmp_path / "disk.qcow2"
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", disk, image)
    data = image.read_bytes()
    result = Uploads(AUTO).upload("disk.qcow2", data[: len(data) * 3 // 4])
    assert any("it is cut off: data should stand at" in n for n in result.notes)


def test_too_little_time_left_is_a_note(disk: Path) -> None:
    environ = {**AUTO, "INSPECT_MIB": "1"}
    result = Uploads(environ).upload("disk.raw", disk.read_bytes())
    assert result.outcome is Outcome.SUBMITTED


def test_without_the_setting_nothing_of_it_is_imported() -> None:
    program = (
        "import sys, image_import.handler\n"
        "print([m for m in sys.modules if m.startswith('image_import.inspection')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(FUNCTIONS)},
    )
    assert run.stdout.strip() == "[]"


def test_plan_shows_the_contents_as_a_source(disk: Path) -> None:
    arguments = [str(disk), "--set", "INSPECT=always", "--json"]
    answer = CliRunner().invoke(plan, arguments)
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert told["parameters"]["Platform"] == "Debian"
    assert told["evidence"]["Platform"]["source"] == "image contents"


def inspected(*arguments: str, **environ: str) -> dict[str, Any]:
    answer = CliRunner().invoke(inspect, [*arguments, "--json"], env=environ)
    told: dict[str, Any] = json.loads(answer.stdout)
    return {**told, "exit": answer.exit_code}


def test_inspect_reads_an_object_with_few_requests(disk: Path) -> None:
    with FakeAliyun() as cloud:
        cloud.oss.create_bucket("images")
        cloud.oss.put("images", "disk.raw", disk.read_bytes())
        keys = cloud.ram.assume_role("inspector")
        environ = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
            "ALIBABA_CLOUD_SECURITY_TOKEN": keys.security_token or "",
        }
        told = inspected("oss://images/disk.raw", **environ)
    assert told["exit"] == 0
    expected = {
        "format": "RAW",
        "virtual_size_bytes": disk.stat().st_size,
        "os_type": "linux",
        "platform": "Debian",
        "os_version": "13",
        "architecture": "arm64",
        "boot_mode": "UEFI",
    }
    assert {name: told[name] for name in expected} == expected
    assert told["requests"] <= 24
    assert told["bytes_read"] <= 6_000_000


def test_inspect_fails_where_the_target_cannot_take_it(disk: Path) -> None:
    told = inspected(str(disk), "--target", "apsara-pop")
    assert told["exit"] == 1
    failed = [c["seen"] for c in told["checks"] if c["verdict"] == "fails"]
    assert "made for arm64" in failed


@pytest.mark.parametrize("width", [50, 60, 79])
def test_on_a_narrow_terminal_it_is_still_told_what_is_asked_for(
    disk: Path, width: int
) -> None:
    environ = {"COLUMNS": str(width), "NO_COLOR": "1"}
    answer = CliRunner().invoke(inspect, [str(disk)], env=environ)
    told = " ".join(answer.output.split())
    assert "public asks for, and found" in told
    assert re.search(r"passes no LVM \[\d+\] no ", told)
    assert "… " not in told


@pytest.mark.parametrize("width", [80, 120])
def test_the_report_fits_its_terminal(disk: Path, width: int) -> None:
    environ = {"COLUMNS": str(width), "NO_COLOR": "1"}
    answer = CliRunner().invoke(inspect, [str(disk)], env=environ)
    lines = [line for line in answer.stdout.splitlines() if "https://" not in line]
    assert answer.exit_code == 0
    assert max(map(len, lines)) <= width
    for said in ("nothing fails", "Debian GNU/Linux 13 (trixie)", "round trips"):
        assert said in answer.stdout


@pytest.mark.parametrize("width", [80, 100])
def test_no_uuid_is_broken_in_the_report(tmp_path: Path, width: int) -> None:
    reference = "PARTUUID=1b0f6c6e-3d5a-4c2b-9f0e-2a7d8c9b1e34"
    tree = {path[1:]: _bytes(text) for path, text in DEBIAN.items()}
    tree["boot/grub/grub.cfg"] = f"linux /vmlinuz root={reference} ro\n".encode()
    environ = {"COLUMNS": str(width), "NO_COLOR": "1"}
    answer = CliRunner().invoke(inspect, [str(make_disk(tmp_path, tree))], env=environ)
    assert answer.stdout.count(reference) >= 2
    assert answer.stdout.count("1b0f6c6e") == answer.stdout.count(reference)


def test_inspect_notes_what_a_plan_would_of_the_file(tmp_path: Path) -> None:
    odd = tmp_path / "odd.raw"
    odd.write_bytes(b"\xd5\x00" * 35_000 + b"\x01")
    note = "it is no whole number of 512-byte sectors; it may be truncated"
    assert note in inspected(str(odd))["notes"]
    answer = CliRunner().invoke(inspect, [str(odd)], env={"COLUMNS": "120"})
    assert f"note: {note}" in answer.stdout


def test_inspect_of_no_file_is_a_usage_error(tmp_path: Path) -> None:
    answer = CliRunner().invoke(inspect, [str(tmp_path / "none.qcow2")])
    assert answer.exit_code == 2
    assert "is no file here" in answer.output


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo"])
def test_what_is_no_file_is_told_in_json_as_well(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "image.qcow2"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    told = inspected(str(path))
    assert told["exit"] == 2
    assert told["image"] == str(path)
    said = told["error"]["message"]
    assert said.startswith(f"{path} is no file here; give a local image")
    assert (told["format"], told["checks"]) == (None, [])


@pytest.mark.parametrize("command", [inspect, plan])
def test_a_file_that_cannot_be_opened_is_a_usage_error(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "mine.qcow2"
    path.write_bytes(b"QFI\xfb")
    monkeypatch.setattr(Path, "open", refuse)
    answer = CliRunner().invoke(command, [str(path)])
    assert answer.exit_code == 2
    assert "cannot be read: Permission denied" in answer.output


@pytest.mark.parametrize("command", [inspect, plan])
def test_a_name_that_no_file_can_have_is_a_usage_error(command: Command) -> None:
    answer = CliRunner().invoke(command, ["a" * 300 + ".qcow2"])
    assert answer.exit_code == 2
    assert "File name too long" in answer.output


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "report"])
def test_a_damaged_header_is_a_failed_requirement(
    tmp_path: Path, *, as_json: bool
) -> None:
    cut = tmp_path / "cut.qcow2"
    cut.write_bytes(b"QFI\xfb\0\0\0\3")
    arguments = [str(cut), *(["--json"] if as_json else [])]
    answer = CliRunner().invoke(inspect, arguments, env={"COLUMNS": "120"})
    assert answer.exit_code == 1
    if as_json:
        said = json.loads(answer.stdout)
        assert said["format"] == "damaged"
        (failed,) = [c for c in said["checks"] if c["verdict"] == "fails"]
        assert "the qcow2 header ends after 8 bytes" in failed["seen"]
    else:
        assert "FAILS" in answer.stdout


def report(path: Path, width: int = 80) -> str:
    environ = {"COLUMNS": str(width), "NO_COLOR": "1"}
    return CliRunner().invoke(inspect, [str(path)], env=environ).stdout


def test_a_command_can_be_copied_from_the_report(tmp_path: Path) -> None:
    image = tmp_path / "a-long-name-that-is-wrapped-in-every-table.qcow2"
    base = tmp_path / "base.qcow2"
    run("qemu-img", "create", "-f", "qcow2", base, "1M")
    run("qemu-img", "create", "-f", "qcow2", "-b", base, "-F", "qcow2", image)
    target = image.name.replace(".qcow2", "-new.qcow2")
    command = f"$ qemu-img convert -f qcow2 -O qcow2 {image.name} {target}"
    assert command in report(image)
    assert "1 request," in report(image)


@pytest.mark.parametrize(
    ("name", "data", "advice"),
    [
        (
            "text.raw",
            b"Not an image, but a letter.\n" * 99,
            "upload the disk image its",
        ),
        ("zeros.raw", bytes(1 << 20), ""),
        ("empty.raw", b"", "upload the disk image itself"),
    ],
)
def test_nobody_is_told_to_convert_what_is_no_image(
    tmp_path: Path, name: str, data: bytes, advice: str
) -> None:
    (tmp_path / name).write_bytes(data)
    checks = inspected(str(tmp_path / name))["checks"]
    assert checks[0].get("advice", "").startswith(advice)
    assert "convert" not in json.dumps(checks)


def test_what_shares_a_reason_shares_a_line(tmp_path: Path) -> None:
    (tmp_path / "noise.raw").write_bytes(b"\xd5\x00" * 35_000)
    shown = report(tmp_path / "noise.raw", 200)
    # Of the answers and of the checks one each, and the note.
    assert shown.count("the whole disk: what it holds is not known") == 3


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs"])
@pytest.mark.needs(*NEEDS["xfs"], *NEEDS["btrfs"])
def test_a_file_system_on_the_whole_disk_is_read_and_said_not_to_start(
    tmp_path: Path, kind: str
) -> None:
    tree = {path[1:]: _bytes(text) for path, text in DEBIAN.items()}
    disk = make_disk(tmp_path, tree, file_system=kind, scheme="none", label="system")
    told = inspected(str(disk))
    assert (told["detected"], told["platform"]) == ("raw-filesystem", "Debian")
    failed = [c["seen"] for c in told["checks"] if c["verdict"] == "fails"]
    assert failed == ["none: no boot code for BIOS, no loader for UEFI"]
    assert told["boot_mode"] is None


def test_a_person_may_limit_the_time_of_a_look(disk: Path) -> None:
    told = inspected(str(disk), INSPECT_SECONDS="1", INSPECT_MIB="1")
    assert told["bytes_read"] <= 1 << 20


def test_what_is_raw_by_a_guess_alone_has_no_format(tmp_path: Path) -> None:
    (tmp_path / "noise.qcow2").write_bytes(b"\xd5\x00" * 35_072)
    assert inspected(str(tmp_path / "noise.qcow2"))["format"] is None
