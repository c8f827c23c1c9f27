"""Root file systems of Debian for three processors, by debootstrap, never run.

Each is made once for all test processes, and kept in pytest's cache for later runs.
What makes it large and tells nothing (libraries, documentation) is left out; what is
there is letter for letter Debian's. The one for amd64 has a kernel, of whose modules
only those for disks are kept; what its installation would generate is made by this
machine's depmod.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from made_images import run
from shared_folders import one_at_a_time

SUITE = "bookworm"
NEEDS = ("debootstrap", "dpkg-deb", "depmod")
_BULK = ("usr/share", "var/lib", "var/cache", "debootstrap", "usr/lib/*/gconv",
         "usr/lib/*/perl*", "usr/bin/perl*", "usr/lib/gcc*", "usr/lib/*/lib[g-z]*",
         "usr/lib/*/lib[a-e]*")  # fmt: skip
KERNEL_PACKAGE = "linux-image-cloud-amd64"
_FULL = (KERNEL_PACKAGE, "openssh-server", "cloud-init", "grub-efi-amd64-bin",
         "grub-pc-bin", "systemd-sysv")  # fmt: skip
ROOT_UUID = "1b0f6c6e-3d5a-4c2b-9f0e-2a7d8c9b1e34"
_KEPT_MODULES = ("virtio_blk.ko", "virtio_scsi.ko", "virtio_net.ko")
_LOADERS = {  # package, folder and loader in it, its name in EFI/BOOT
    "amd64": ("grub-efi-amd64-bin", "x86_64-efi", "grubx64.efi", "BOOTX64.EFI"),
    "i386": ("grub-efi-ia32-bin", "i386-efi", "grubia32.efi", "BOOTIA32.EFI"),
    "arm64": ("grub-efi-arm64-bin", "arm64-efi", "grubaa64.efi", "BOOTAA64.EFI"),
}  # fmt: skip


@dataclass(frozen=True)
class Root:
    """A root file system and the loaders that Debian has for its processor."""

    folder: Path
    efi_name: str
    efi: bytes
    mbr: bytes


def kept_in(config: pytest.Config, otherwise: Path) -> Path:
    """Return the folder for what is made here: pytest's cache, if there is one."""
    if not hasattr(config, "cache"):
        return otherwise
    made_by = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    return Path(config.cache.mkdir(f"debian-{made_by}"))


def make_root(shared: Path, architecture: str) -> Root:
    """Return the root for an architecture as Debian names it."""
    folder, extra = shared / f"root-{architecture}", shared / f"more-{architecture}"
    with one_at_a_time(shared / f"{architecture}.lock"):
        if not (shared / f"{architecture}.ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(extra, ignore_errors=True)
            _bootstrap(folder, extra, architecture)
            (shared / f"{architecture}.ready").touch()
    return _root(folder, extra / "usr/lib/grub", architecture)


def make_full_root(shared: Path) -> Root:
    """Return a root for amd64 as an image has it that is used: some 12,000 files.

    Every package is unpacked whole; what their scripts would make and a look reads is
    laid beside: the list of modules, an SSH server's configuration, GRUB's.
    """
    make_root(shared, "amd64")
    folder = shared / "root-full"
    return _root(folder, folder / "usr/lib/grub", "amd64")


def _root(folder: Path, grub: Path, architecture: str) -> Root:
    _, made_for, loader, efi_name = _LOADERS[architecture]
    mbr = grub / "i386-pc/boot.img"
    return Root(
        folder=folder,
        efi_name=efi_name,
        efi=(grub / made_for / "monolithic" / loader).read_bytes(),
        mbr=mbr.read_bytes() if mbr.exists() else b"",
    )


def _unpack(archives: Path, folder: Path) -> None:
    """Unpack all packages, with /bin and its like as links into /usr."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (folder / "usr" / name).mkdir(parents=True)
        (folder / name).symlink_to(f"usr/{name}")
    into = ("tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", folder)
    for archive in sorted(archives.glob("*.deb")):
        run(*into, given=run("dpkg-deb", "--fsys-tarfile", archive))


def _configure(folder: Path) -> None:
    """Lay the files where the packages' scripts would."""
    (modules,) = (folder / "usr/lib/modules").iterdir()
    kernel = modules.name
    run("depmod", "-b", folder, kernel)
    _add_initramfs(folder, kernel)
    for name in ("initrd.img", "vmlinuz"):
        (folder / name).symlink_to(f"boot/{name}-{kernel}")
    sshd = "usr/share/openssh/sshd_config"
    shutil.copy(folder / sshd, folder / "etc/ssh/sshd_config")
    line = f"linux /boot/vmlinuz-{kernel} root=UUID={ROOT_UUID} ro quiet"
    grub = folder / "boot/grub"
    for made_for in ("i386-pc", "x86_64-efi"):
        shutil.copytree(folder / "usr/lib/grub" / made_for, grub / made_for)
    (grub / "grub.cfg").write_text(f"menuentry Debian {{\n  {line}\n}}\n")
    fstab = f"UUID={ROOT_UUID} / auto errors=remount-ro 0 1\n"
    (folder / "etc/fstab").write_text(fstab)


def _add_initramfs(folder: Path, kernel: str) -> None:
    """Lay an initramfs; nothing here can make one, only its beginning is like one."""
    initramfs = folder / "boot" / f"initrd.img-{kernel}"
    initramfs.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(9_000_000))


def _bootstrap(folder: Path, extra: Path, architecture: str) -> None:
    packages = [_LOADERS[architecture][0]]
    if architecture != "arm64":
        packages.append("grub-pc-bin")
    if architecture == "amd64":
        _fetch(folder, architecture, _FULL)
    else:
        _fetch(folder, architecture, packages, "--no-resolve-deps")
    for package in packages:
        (archive,) = folder.glob(f"var/cache/apt/archives/{package}_*.deb")
        subprocess.run(["dpkg-deb", "-x", str(archive), str(extra)], check=True)
    if architecture == "amd64":
        full = folder.with_name("root-full")
        shutil.rmtree(full, ignore_errors=True)
        _unpack(folder / "var/cache/apt/archives", full)
        _configure(full)
        _add_kernel(folder, extra)
    for pattern in _BULK:
        for found in folder.glob(pattern):
            if found.is_dir() and not found.is_symlink():
                shutil.rmtree(found)
            else:
                found.unlink()
    shutil.rmtree(folder / "dev")
    (folder / "dev").mkdir()


def _fetch(
    folder: Path, architecture: str, included: Sequence[str], *options: str
) -> None:
    """Fetch the packages of a Debian, and unpack those without which none works."""
    command = ["debootstrap", "--foreign", "--variant=minbase", "--no-check-gpg",
               *options, f"--arch={architecture}",
               f"--include={','.join(included)}", SUITE,
               str(folder), _mirror()]  # fmt: skip
    if os.geteuid():
        command.insert(0, "fakeroot")
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _add_kernel(folder: Path, extra: Path) -> None:
    """Lay the files of the kernel's package where dpkg would."""
    archives = folder / "var/cache/apt/archives"
    unpacked = extra / "kernel"
    for package in ("linux-image-[0-9]*-cloud-amd64", "initramfs-tools-core"):
        (archive,) = archives.glob(f"{package}_*.deb")
        run("dpkg-deb", "-x", archive, unpacked)
    (modules,) = (unpacked / "lib/modules").iterdir()
    for module in modules.rglob("*.ko"):
        if module.name not in _KEPT_MODULES:
            module.unlink()
    run("depmod", "-b", unpacked, modules.name)
    target = folder / "usr/lib/modules" / modules.name
    shutil.copytree(modules, target)
    shutil.copytree(unpacked / "boot", folder / "boot", dirs_exist_ok=True)
    _add_initramfs(folder, modules.name)
    configuration = "etc/initramfs-tools"
    shutil.copytree(unpacked / configuration, folder / configuration)
    shutil.rmtree(unpacked)


def _mirror() -> str:
    """Return where this machine gets Debian's packages from."""
    if told := os.environ.get("DEBIAN_MIRROR"):
        return told
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = [uri for uri, _, suite in (x.partition(" ") for x in listed.splitlines())
             if suite == SUITE]  # fmt: skip
    assert found, f"apt names no mirror of {SUITE}; set DEBIAN_MIRROR to one"
    return found[0]
