"""Which release of which distribution a system's own files name.

Sources:
    os-release(5), systemd: the format, and that /etc comes before /usr/lib.
    github.com/ansible/ansible, lib/ansible/module_utils/facts/system/distribution.py,
    and github.com/python-distro/distro: the older files and what stands in them.
    Both read 2026-11.
"""

import re
import shlex
from collections.abc import Callable, Mapping

from disk_images.findings import Release

OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")
RELEASE_BYTES = 64 * 1024
"""More of a release file is not read; real ones have less than a kilobyte."""

LONGEST_VALUE = 200
"""Characters; what is longer is no name, and reports have lines."""


_OTHER_KERNELS = re.compile(
    r"bsd|hurd|dragonfly|illumos|solaris|omnios|openindiana|smartos|haiku",
    re.IGNORECASE,
)


def is_linux(release: Release) -> bool:
    """Whether a system with these names has the kernel Linux."""
    return not _OTHER_KERNELS.search(f"{release.id} {release.name}")


def read_release(files: Mapping[str, bytes]) -> Release | None:
    """Return what the first file that tells a release tells.

    Args:
        files: Contents by path; paths that are no release files are passed over.
    """
    for path, read in READERS.items():
        text = _text(files.get(path, b""))
        may_be_empty = path in NAMED_BY_EXISTENCE and path in files
        release = read(text, path) if text or may_be_empty else None
        if release:
            return release
    return None


def _text(data: bytes) -> str:
    return data[:RELEASE_BYTES].decode("utf-8", "replace").replace("\0", "")


def assignments(text: str) -> dict[str, str]:
    """Return the NAME=value lines of a file that a shell could read."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name.isidentifier():
            found[name] = _unquoted(value)[:LONGEST_VALUE].strip()
    return found


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value, comments=False))
    except ValueError:
        return value.strip("\"' ")


def _os_release(text: str, path: str) -> Release | None:
    told = assignments(text)
    if not (told.get("ID") or told.get("NAME")):
        return None
    return Release(
        id=told.get("ID", "").lower(),
        name=told.get("NAME", ""),
        pretty_name=told.get("PRETTY_NAME", ""),
        version=told.get("VERSION_ID", ""),
        variant=told.get("VARIANT_ID", "").lower(),
        where=path,
    )


_SENTENCE = re.compile(r"(?P<name>.+?)\s+release\s+(?P<version>\S+)", re.IGNORECASE)
_VERSION = re.compile(r"\d[\w.]*")


def _sentence(text: str, path: str) -> Release | None:
    """Read `CentOS release 6.10 (Final)`."""
    line = _first_line(text)
    if match := _SENTENCE.match(line):
        return Release(
            name=match["name"], pretty_name=line, version=match["version"], where=path
        )
    return Release(name=line, pretty_name=line, where=path) if line else None


def _first_line(text: str) -> str:
    stripped = text.strip()
    return stripped.splitlines()[0].strip()[:LONGEST_VALUE] if stripped else ""


def _suse(text: str, path: str) -> Release | None:
    line = _first_line(text)
    if not line:
        return None
    told = {
        name.strip(): value.strip()
        for name, _, value in (rest.partition("=") for rest in text.splitlines()[1:])
    }
    version = told.get("VERSION", "")
    if version and (level := told.get("PATCHLEVEL", "")):
        version = f"{version}.{level}"
    name = _VERSION.split(line.partition("(")[0])[0].strip()
    return Release(name=name, pretty_name=line, version=version, where=path)


NAMED_BY_EXISTENCE = {"/etc/arch-release", "/etc/sourcemage-release"}
"""Files that name a distribution although nothing stands in them."""


def _lsb(text: str, path: str) -> Release | None:
    told = assignments(text)
    if not (name := told.get("DISTRIB_ID")):
        return None
    return Release(
        name=name,
        pretty_name=told.get("DISTRIB_DESCRIPTION", ""),
        version=told.get("DISTRIB_RELEASE", ""),
        where=path,
    )


def _version_of(name: str) -> Callable[[str, str], Release | None]:
    """Return the reader of a file that holds a version alone."""

    def read(text: str, path: str) -> Release | None:
        found = _VERSION.search(_first_line(text))
        version = found[0] if found else _first_line(text)
        return Release(
            name=name, pretty_name=f"{name} {version}".strip(), version=version,
            where=path,
        )  # fmt: skip

    return read


def _named(name: str) -> Callable[[str, str], Release | None]:
    def read(text: str, path: str) -> Release | None:  # noqa: ARG001 - may be empty
        return Release(name=name, pretty_name=name, where=path)

    return read


# In the order in which they are asked: what is precise before what others have too
# (redhat-release stands in all that descends from Red Hat, debian_version likewise).
READERS: dict[str, Callable[[str, str], Release | None]] = {
    **dict.fromkeys(OS_RELEASE, _os_release),
    "/etc/centos-release": _sentence,
    "/etc/oracle-release": _sentence,
    "/etc/fedora-release": _sentence,
    "/etc/redhat-release": _sentence,
    "/etc/SuSE-release": _suse,
    "/etc/alpine-release": _version_of("Alpine Linux"),
    "/etc/gentoo-release": _sentence,
    "/etc/slackware-version": _version_of("Slackware"),
    "/etc/mandriva-release": _sentence,
    "/etc/mageia-release": _sentence,
    "/etc/sourcemage-release": _named("Source Mage GNU/Linux"),
    "/etc/arch-release": _named("Arch Linux"),
    "/etc/system-release": _sentence,
    "/etc/lsb-release": _lsb,
    "/etc/debian_version": _version_of("Debian"),
}
