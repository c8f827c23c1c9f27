"""`image-import upload` on the fakes: what is in the bucket, and what becomes of it."""

import gzip
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result as Run
from desks import LEDGER, desk_with
from disk_images.convert.choose import ConversionOrder
from image_import.config.credentials import Credentials
from image_import.config.settings import read_settings
from image_import.importing.runtime import Clients
from image_import_cli.commands.demo import asset
from image_import_cli.commands.upload import FileUpload, UploadName
from image_import_cli.main import cli
from uploads import BUCKET, Uploads

MIB = 1024**2
PREFIX = f"oss://{BUCKET}/incoming/"


def disk(mib: int = 3) -> bytes:
    """Return a disk with data in front, zeros behind, and data at its end."""
    chance = random.Random(mib)  # noqa: S311 - the same each time
    return chance.randbytes(mib * MIB) + bytes(5 * MIB) + chance.randbytes(512)


class Terminal:
    """A bucket, a folder, and the command at a terminal."""

    def __init__(self, folder: Path) -> None:
        self.uploads = Uploads()
        self.folder = folder

    def run(self, *arguments: str | Path) -> Run:
        keys = self.uploads.cloud.credentials
        environ = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
            "REGION_ID": self.uploads.cloud.region_id,
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        with self.uploads.cloud:
            return CliRunner(env=environ).invoke(cli, ["upload", *map(str, arguments)])

    def json(self, *arguments: str | Path) -> dict[str, Any]:
        run = self.run(*arguments, "--json")
        assert run.exit_code == 0, run.output
        said: dict[str, Any] = json.loads(run.stdout)
        return said

    def file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def made(self, name: str, driver: str, options: str) -> Path:
        raw = self.file("raw", disk())
        path = self.folder / name
        command = ["qemu-img", "convert", "-f", "raw", "-O", driver, "-o", options]
        subprocess.run([*command, raw, path], check=True)
        return path

    def stored(self, key: str) -> bytes:
        return self.uploads.cloud.oss.get(BUCKET, key).content.to_bytes()

    def calls(self, action: str) -> int:
        return self.uploads.calls(action)

    @property
    def keys(self) -> list[str]:
        return self.uploads.cloud.oss.keys(BUCKET)

    @property
    def records(self) -> list[Path]:
        return [p for p in (self.folder / "cache").rglob("*") if p.is_file()]

    def is_the_same(self, key: str, source: Path, driver: str) -> None:
        target = self.file("back.qcow2", self.stored(key))
        subprocess.run(["qemu-img", "check", "-q", target], check=True)
        compare = ["qemu-img", "compare", "-q", "-f", "qcow2", "-F", driver]
        subprocess.run([*compare, target, source], check=True)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize(
    ("name", "driver", "options", "lane"),
    [
        ("web.vmdk", "vmdk", "subformat=streamOptimized", "map"),
        ("web.vmdk", "vmdk", "subformat=monolithicSparse", "stream"),
        ("web.vhdx", "vhdx", "subformat=fixed", "stream"),
        ("web.vdi", "vdi", "static=on", "stream"),
    ],
)
def test_qemu_img_finds_what_was_converted_meanwhile_sound_and_the_same(
    terminal: Terminal, name: str, driver: str, options: str, lane: str
) -> None:
    source = terminal.made(name, driver, options)
    said = terminal.json(source, PREFIX)
    assert (said["lane"], said["format"]) == (lane, "QCOW2")
    assert said["destination"] == f"{PREFIX}web.qcow2"
    assert terminal.keys == ["incoming/web.qcow2"]
    # 3 MiB of data; the zeros of a fixed disk are not sent.
    assert said["bytes_out"] < 4 * MIB
    terminal.is_the_same("incoming/web.qcow2", source, driver)


@pytest.mark.needs("qemu-img")
def test_a_packed_vmdk_is_unpacked_here_and_leaves_nothing(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing = tmp_path / "passing"
    passing.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(passing))
    source = terminal.made("web.vmdk", "vmdk", "subformat=streamOptimized")
    packed = terminal.file("web.vmdk.gz", gzip.compress(source.read_bytes(), 1))
    terminal.json(packed, PREFIX)
    terminal.is_the_same("incoming/web.qcow2", source, "vmdk")
    assert list(passing.iterdir()) == []


@pytest.mark.parametrize("name", ["web.raw", "web.img"])
def test_a_raw_disk_is_stored_as_it_is(terminal: Terminal, name: str) -> None:
    data = disk()
    said = terminal.json(terminal.file(name, data), PREFIX)
    assert said["format"] == "RAW"
    assert terminal.stored(f"incoming/{name}") == data
    about = terminal.uploads.cloud.oss.get(BUCKET, f"incoming/{name}")
    assert said["crc64"] == str(about.content.crc64)
    assert said["etag"] == about.etag.strip('"')


@pytest.mark.needs("qemu-img")
def test_compact_leaves_out_the_zeros_of_a_raw_disk(terminal: Terminal) -> None:
    source = terminal.file("web.raw", disk())
    said = terminal.json(source, PREFIX, "--compact")
    assert said["bytes_out"] < 4 * MIB
    terminal.is_the_same("incoming/web.qcow2", source, "raw")


def test_a_key_is_taken_as_it_is_given(terminal: Terminal) -> None:
    source = terminal.file("web.raw", disk(1))
    terminal.json(source, f"oss://{BUCKET}/incoming/other.raw")
    assert terminal.keys == ["incoming/other.raw"]


class KilledError(Exception):
    """The process is no more."""


def send(terminal: Terminal, source: Path, *, killed_after: int = 0) -> int:
    """Upload as the command does, in parts of 1 MiB, and return what was resumed.

    Args:
        killed_after: Parts that are stored when the process is killed.
    """
    cloud = terminal.uploads.cloud
    pair = cloud.credentials
    credentials = Credentials(
        access_key_id=pair.access_key_id, access_key_secret=pair.access_key_secret
    )
    settings = read_settings({"REGION_ID": cloud.region_id})
    stored: list[int] = []

    def on_progress(done: int, total: int | None) -> None:
        del total
        stored.append(done)
        if len(stored) == killed_after:
            raise KilledError

    sending = FileUpload(
        oss=Clients(pool_size=2).oss(settings, credentials, cloud.region_id),
        name=UploadName(bucket=BUCKET, key="incoming/", file_name=source.name),
        sidecar=None,
        is_compact=False,
        records=terminal.folder / "cache",
        part_bytes=MIB,
    )
    order = ConversionOrder(is_thin=True)
    with cloud:
        sending.run(source, order, on_progress, threads=1, may_overwrite=False)
    return sending.report.resumed_bytes


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize(
    ("options", "resumed"),
    [("", 2 * MIB), ("streamOptimized", 2 * MIB), ("monolithicSparse", 0)],
)
def test_an_upload_that_was_killed_goes_on_where_it_was(
    terminal: Terminal, options: str, resumed: int
) -> None:
    if options:
        source = terminal.made("web.vmdk", "vmdk", f"subformat={options}")
    else:
        source = terminal.file("web.raw", disk())
    with pytest.raises(KilledError):
        send(terminal, source, killed_after=2)
    assert terminal.keys == []
    assert len(terminal.records) == 1
    assert terminal.calls("UploadPart") == 2
    # One pass over a whole disk is made again, and what is there is not sent again.
    assert send(terminal, source) == resumed
    (key,) = terminal.keys
    parts = terminal.calls("UploadPart")
    assert parts <= -(-len(terminal.stored(key)) // MIB) + 1
    assert terminal.calls("InitiateMultipartUpload") == 1
    assert terminal.records == []
    if options:
        terminal.is_the_same(key, source, "vmdk")
    else:
        assert terminal.stored(key) == source.read_bytes()


def test_a_file_that_has_changed_meanwhile_is_begun_anew(terminal: Terminal) -> None:
    source = terminal.file("web.raw", disk())
    with pytest.raises(KilledError):
        send(terminal, source, killed_after=1)
    terminal.file("web.raw", disk(2))
    assert send(terminal, source) == 0
    assert terminal.stored("incoming/web.raw") == disk(2)
    assert terminal.uploads.cloud.oss.buckets[BUCKET].uploads == {}


def test_what_is_there_is_not_written_over(terminal: Terminal) -> None:
    source = terminal.file("web.raw", disk(1))
    terminal.uploads.put("incoming/web.raw", b"mine")
    run = terminal.run(source, PREFIX)
    assert run.exit_code == 1
    assert "is there already; see --force" in run.stderr
    assert terminal.calls("InitiateMultipartUpload") == 0
    terminal.json(source, PREFIX, "--force")
    assert terminal.stored("incoming/web.raw") == disk(1)


def test_what_is_refused_leaves_nothing(terminal: Terminal) -> None:
    source = terminal.file("web.raw.gz", gzip.compress(disk(1))[:-100])
    run = terminal.run(source, PREFIX, "--json")
    assert run.exit_code == 1
    assert "cut short" in json.loads(run.stdout)["error"]["message"]
    assert terminal.keys == []
    assert terminal.calls("AbortMultipartUpload") == terminal.calls(
        "InitiateMultipartUpload"
    )
    assert terminal.records == []


def test_a_qcow2_with_a_backing_file_is_refused(terminal: Terminal) -> None:
    run = terminal.run(terminal.file("leak.qcow2", asset("leak.qcow2")), PREFIX)
    assert run.exit_code == 1
    assert "backing file" in run.stderr


def test_options_become_the_sidecar_that_stands_there_before_the_image(
    terminal: Terminal,
) -> None:
    terminal.file("web.raw.yaml", b"Platform: Debian\nDescription: by hand\n")
    source = terminal.file("web.raw", disk(1))
    terminal.json(
        source, PREFIX, "--set-platform", "Ubuntu", "--set-os-type", "linux",
        "--set-tag", "team=web", "--set-nvme-support", "supported",
    )  # fmt: skip
    assert terminal.keys == ["incoming/web.raw", "incoming/web.raw.json"]
    assert json.loads(terminal.stored("incoming/web.raw.json")) == {
        "Platform": "Ubuntu",
        "Description": "by hand",
        "OSType": "linux",
        "Features": {"NvmeSupport": "supported"},
        "Tag": [{"Key": "team", "Value": "web"}],
    }
    actions = [request.action for request in terminal.uploads.cloud.requests]
    assert actions.index("PutObject") < actions.index("CompleteMultipartUpload")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--set-platform", "Ubuntuu"], "Platform"),
        (["--set-tag", "team"], "NAME=VALUE"),
        (["--wait", "--set", "KEY_PREFIX=other/"], "KEY_PREFIX is 'other/'"),
    ],
)
def test_what_the_function_would_refuse_is_refused_before_a_byte_is_sent(
    terminal: Terminal, options: list[str], why: str
) -> None:
    run = terminal.run(terminal.file("web.raw", disk(1)), PREFIX, *options)
    assert run.exit_code == 2
    assert why in run.stderr
    assert terminal.uploads.cloud.requests == []


def test_a_file_of_several_disks_is_refused(terminal: Terminal) -> None:
    terminal.file("web.raw.json", b'{"DiskDeviceMapping": [{"OSSObject": "a"}]}')
    run = terminal.run(terminal.file("web.raw", disk(1)), PREFIX)
    assert run.exit_code == 2
    assert "lists several disks" in run.stderr


@pytest.mark.needs("qemu-img")
def test_wait_stays_until_the_image_is_available(terminal: Terminal) -> None:
    source = terminal.made("web.vmdk", "vmdk", "subformat=streamOptimized")
    with desk_with(KEY_PREFIX="incoming/") as desk:
        keys = desk.cloud.credentials
        environ = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
            "REGION_ID": desk.cloud.region_id,
            "OSS_ENDPOINT": desk.url,
            "ECS_ENDPOINT": desk.url,
            "OSS_ADDRESSING": "path",
            "LEDGER_BUCKET": LEDGER,
            "XDG_CACHE_HOME": str(terminal.folder / "cache"),
        }
        arguments = ["upload", str(source), PREFIX, "--wait", "--interval", "0.2"]
        run = CliRunner(env=environ).invoke(cli, arguments)
        assert run.exit_code == 0, run.output
        assert "available" in run.stdout
        (image,) = desk.cloud.ecs.images.values()
        assert image.parameters["DiskDeviceMapping.1.OSSObject"] == "incoming/web.qcow2"
