"""Images of Debian made by its own tools: each is known for what it is."""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import debian_roots
import pytest
from debian_roots import ROOT_UUID, Root, kept_in, make_full_root, make_root
from disk_images.blocks.open import open_disk
from disk_images.blocks.remote import Bounded, Budget
from disk_images.findings import Inspection, Scope
from disk_images.formats.detect import LOOK_BYTES, TAIL_BYTES
from disk_images.survey import inspect_bytes, inspect_file
from image_import.inspection.inspect import FOR_PLAN
from image_import.inspection.platform import platform_of
from image_import.model.revision import DiskRevision
from image_import.model.targets import PUBLIC
from image_import_cli.preview.plan import read_disk
from made_images import (
    NEEDS,
    TYPES,
    Part,
    copy_into,
    file_system_of,
    make_file_system,
    make_partitioned,
    run,
    written_places,
)
from shared_folders import folder_of_this_run

MIB, GIB = 1 << 20, 1 << 30
TOOLS = (
    *debian_roots.NEEDS, *NEEDS["ext4"], *NEEDS["xfs"], *NEEDS["btrfs"], *NEEDS["vfat"],
    *NEEDS["gpt"], "qemu-img",
)  # fmt: skip
pytestmark = pytest.mark.needs(*TOOLS)

IN_ECS = {"amd64": "x86_64", "i386": "i386", "arm64": "arm64"}
CASES = [
    ("amd64", "ext4", "gpt", "both"),
    ("amd64", "xfs", "gpt", "UEFI"),
    ("amd64", "btrfs", "mbr", "BIOS"),
    ("i386", "ext4", "mbr", "BIOS"),
    ("i386", "xfs", "gpt", "BIOS"),
    ("i386", "btrfs", "gpt", "both"),
    ("arm64", "ext4", "gpt", "UEFI"),
    ("arm64", "xfs", "mbr", "UEFI"),
    ("arm64", "btrfs", "gpt", "UEFI"),
]
FORMATS = {
    "qcow2": ("-O", "qcow2"),
    "qcow2 packed by zlib": ("-c", "-O", "qcow2"),
    "qcow2 packed by zstd": ("-c", "-O", "qcow2", "-o", "compression_type=zstd"),
    "VHD, dynamic": ("-O", "vpc", "-o", "force_size=on"),
    "VHD, fixed": ("-O", "vpc", "-o", "subformat=fixed,force_size=on"),
}


@pytest.fixture(scope="session")
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return kept_in(request.config, folder_of_this_run(tmp_path_factory))


@pytest.fixture(scope="session")
def root_of(kept: Path) -> Callable[[str], Root]:
    return lambda architecture: make_root(kept, architecture)


def make_image(
    folder: Path, root: Root, file_system: str, scheme: str, mode: str, size: int = 0
) -> Path:
    """Return a raw disk with the root, and what the boot mode takes."""
    is_gpt = scheme == "gpt"
    content = file_system_of(folder, root.folder, kind=file_system, size_bytes=size)
    parts = []
    if mode != "UEFI" and is_gpt:
        parts.append(Part(content=None, type=TYPES["bios"]))
    if mode != "BIOS":
        tree = {f"EFI/BOOT/{root.efi_name}": root.efi}
        esp = make_file_system(folder, tree, kind="vfat", label="ESP")
        parts.append(Part(content=esp, type=TYPES["esp"] if is_gpt else "ef"))
    kind = TYPES["linux"] if is_gpt else "83"
    parts.append(Part(content=content, type=kind, is_active=not is_gpt))
    disk = folder / f"{file_system}-{scheme}.raw"
    make_partitioned(disk, parts, scheme=scheme)  # type: ignore[arg-type]
    content.unlink()
    if mode != "UEFI":
        code = folder / "code"
        code.write_bytes(root.mbr[:440])
        copy_into(code, disk, 0)
    return disk


def inspection_of(image: Path, mib: int = 16) -> Inspection:
    disk = read_disk(image, DiskRevision(object_key=image.name, etag=""))
    with image.open("rb") as file:
        budget = Budget(seconds=60, most_bytes=mib * MIB)
        return inspect_file(file, disk.header, budget=budget)


def told(inspection: Inspection) -> dict[str, Any]:
    found = inspection.findings
    return {
        "platform": platform_of(found, PUBLIC),
        "version": found.os_version.value,
        "architecture": found.architecture.value,
        "boot_mode": found.boot_mode.value,
        "file system": found.root_file_system.value,
    }


@pytest.mark.parametrize(("architecture", "file_system", "scheme", "mode"), CASES)
def test_a_debian_is_known_for_what_it_is(
    tmp_path: Path,
    root_of: Callable[[str], Root],
    architecture: str,
    file_system: str,
    scheme: str,
    mode: str,
) -> None:
    image = make_image(tmp_path, root_of(architecture), file_system, scheme, mode)
    inspection = inspection_of(image)
    assert told(inspection) == {
        "platform": "Debian",
        "version": "12",
        "architecture": IN_ECS[architecture],
        "boot_mode": mode,
        "file system": file_system,
    }


@pytest.fixture(scope="module")
def plain(
    tmp_path_factory: pytest.TempPathFactory, root_of: Callable[[str], Root]
) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    return make_image(folder, root_of("amd64"), "ext4", "gpt", "both")


def test_debians_kernel_is_known_with_its_drivers(
    plain: Path, root_of: Callable[[str], Root]
) -> None:
    (kernel,) = (root_of("amd64").folder / "boot").glob("vmlinuz-*")
    found = inspection_of(plain).findings
    version = kernel.name.removeprefix("vmlinuz-")
    assert found.kernel.value == version
    modules = f"partition 3 (ext4): /lib/modules/{version}"
    # In Debian's kernel for clouds virtio_blk is a module, and nvme is built in.
    assert (found.virtio.value, found.nvme.value) == ("yes", "yes")
    assert found.virtio.where == f"{modules}/modules.dep"
    assert found.nvme.where == f"{modules}/modules.builtin"
    assert found.initramfs.value == "yes"
    made_by = f"/boot/initrd.img-{version} as /etc/initramfs-tools/initramfs.conf makes"
    assert made_by in found.initramfs.where
    assert found.kernel_file.value == f"vmlinuz-{version}"


@pytest.fixture(scope="module", params=FORMATS.values(), ids=list(FORMATS))
def converted(plain: Path, request: pytest.FixtureRequest) -> Path:
    """The Debian in another format."""
    image = plain.with_name("converted")
    run("qemu-img", "convert", "-f", "raw", *request.param, plain, image)
    return image


def test_every_format_tells_the_same(plain: Path, converted: Path) -> None:
    assert told(inspection_of(converted)) == told(inspection_of(plain))


def test_the_bytes_of_a_debian_are_what_qemu_img_converts_to(
    plain: Path, converted: Path, tmp_path: Path
) -> None:
    back = tmp_path / "back.raw"
    found = read_disk(converted, DiskRevision(object_key="x", etag=""))
    assert found.header.format
    kind = "vpc" if found.header.format.value == "VHD" else "qcow2"
    run("qemu-img", "convert", "-f", kind, "-O", "raw", converted, back)
    chance = random.Random(13)  # noqa: S311 - the same each time
    with converted.open("rb") as file, back.open("rb") as expected:
        source = bytes_of(file)
        disk = open_disk(source, found.header)
        assert disk.size_bytes == back.stat().st_size == plain.stat().st_size
        written = [range(*place) for place in written_places(back)]
        for number in range(10_000):
            # The disk is nearly empty: most of them where there is something.
            place = chance.choice(written) if number % 10 else range(disk.size_bytes)
            offset = chance.choice(place)
            expected.seek(offset)
            assert disk.read(offset, 512) == expected.read(512), offset


def bytes_of(file: BinaryIO) -> Bounded:
    """Return an image file as the view over an object shows it."""

    def fetch(offset: int, count: int) -> bytes:
        file.seek(offset)
        return file.read(count)

    budget = Budget(seconds=600, most_bytes=1 << 40, most_requests=1 << 20)
    size = os.fstat(file.fileno()).st_size
    return Bounded(fetch=fetch, size_bytes=size, budget=budget)


def inspection_as_of_an_object(image: Path, *, names_only: bool) -> Inspection:
    """Return what is found, the two requests for the file's ends counted."""
    disk = read_disk(image, DiskRevision(object_key=image.name, etag=""))
    with image.open("rb") as file:
        source = bytes_of(file)
        head = file.read(LOOK_BYTES)
        source.know(head, requests=2, bytes_read=len(head) + TAIL_BYTES)
        return inspect_bytes(source, disk.header, FOR_PLAN if names_only else Scope())


@pytest.fixture(scope="session")
def full_root(kept: Path) -> Root:
    """Debian with cloud-init, an SSH server and all modules of its kernel."""
    return make_full_root(kept)


@pytest.mark.parametrize("size_gib", [1, 40])
@pytest.mark.parametrize(
    ("file_system", "requests", "round_trips"), [("ext4", 24, 8), ("xfs", 32, 10)]
)
def test_a_full_debian_costs_little_whatever_its_size(
    tmp_path: Path,
    full_root: Root,
    file_system: str,
    requests: int,
    round_trips: int,
    size_gib: int,
) -> None:
    raw = make_image(tmp_path, full_root, file_system, "gpt", "UEFI", size_gib * GIB)
    packed = tmp_path / "image.qcow2"
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, packed)
    for image in (raw, packed):
        inspection = inspection_as_of_an_object(image, names_only=False)
        found = inspection.findings
        assert told(inspection)["platform"] == "Debian"
        assert (found.virtio.value, found.nvme.value) == ("yes", "yes")
        assert (found.initramfs.value, found.agent.value) == ("yes", "cloud-init")
        assert (found.ssh.value, found.boot_mode.value) == ("yes", "UEFI")
        assert found.root_device.value == f"UUID={ROOT_UUID}"
        assert within(inspection, requests=requests, round_trips=round_trips)
        # What the handler takes from it costs less.
        for_plan = inspection_as_of_an_object(image, names_only=True)
        assert told(for_plan) == told(inspection)
        assert for_plan.findings.nvme.value == "yes"
        assert within(for_plan, requests=24, round_trips=8)


def within(inspection: Inspection, *, requests: int, round_trips: int) -> bool:
    spent = inspection.spent
    assert spent.bytes_read <= 6_000_000
    assert spent.requests <= requests
    assert spent.round_trips <= round_trips
    return True


@pytest.mark.parametrize("file_system", ["ext4", "xfs"])
@pytest.mark.parametrize("size_gib", [1, 40])
def test_a_plain_image_costs_little_whatever_its_size(
    tmp_path: Path, root_of: Callable[[str], Root], file_system: str, size_gib: int
) -> None:
    root, size = root_of("amd64"), size_gib * GIB
    raw = make_image(tmp_path, root, file_system, "gpt", "UEFI", size)
    packed = tmp_path / "image.qcow2"
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, packed)
    for image in (raw, packed):
        inspection = inspection_as_of_an_object(image, names_only=False)
        assert told(inspection)["platform"] == "Debian"
        assert within(inspection, requests=24, round_trips=8)


def test_damage_anywhere_ends_within_the_budget(plain: Path, tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - the same each time
    with plain.open("rb") as whole:
        data = whole.read(64 * MIB)
    image = tmp_path / "damaged.raw"
    for _ in range(12):
        damaged = bytearray(data)
        for _ in range(400):
            at = chance.randrange(0, 4 * MIB)
            damaged[at : at + 4] = chance.randbytes(4)
        image.write_bytes(damaged)
        with image.open("rb") as file:
            disk = read_disk(plain, DiskRevision(object_key="x", etag=""))
            budget = Budget(seconds=60, most_bytes=16 * MIB)
            inspection = inspect_file(file, disk.header, budget=budget)
        assert inspection.spent.bytes_read <= 16 * MIB
