"""The checksums that people state: in a sidecar, as metadata, in a file beside.

Sources: GNU coreutils, "md5sum invocation" and `--tag`, for the lines of such files;
"ossutil hash", OSS documentation, for `CRC64-ECMA`; read 2026-12.
"""

import re
from collections.abc import Mapping, Sequence

from image_import.errors import SidecarError
from image_import.filename.reader import read_key
from image_import.model.checksum import (
    CHECKSUM_FIELDS,
    CRC64,
    MD5,
    SHA256,
    StatedChecksum,
)
from image_import.sidecar.fields import as_checksum

SUFFIXES = {".crc64": CRC64, ".md5": MD5, ".sha256": SHA256}
"""A file named so behind its image's name speaks of that image."""

LISTS = {"MD5SUMS": MD5, "SHA256SUMS": SHA256}
"""A file named so speaks of the files in its folder."""

MAX_FILE_BYTES = 256 * 1024
MOST_LISTED = 100
"""Images of a list that are looked for when it comes; each takes some requests."""

_LINE = re.compile(r"(?P<sum>[0-9A-Fa-f]{32}|[0-9A-Fa-f]{64})(?: [ *](?P<name>.+))?")
_TAGGED = re.compile(r"(?:MD5|SHA256) \((?P<name>.+)\) = (?P<sum>[0-9A-Fa-f]+)")
_CRC64 = re.compile(r"(?:CRC64-ECMA\s*:\s*)?(?P<sum>[0-9]{1,20})")


def metadata_checksums(user_metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the checksums among an object's metadata.

    Args:
        user_metadata: Names in lower case, without `x-oss-meta-`.

    Raises:
        SidecarError: One is none.
    """
    return {
        name: as_checksum(name, said.strip(), field=f"x-oss-meta-{name.lower()}")
        for name in CHECKSUM_FIELDS
        if (said := user_metadata.get(name.lower()))
    }


def checksum_file_keys(object_key: str) -> tuple[str, ...]:
    """Return where a file of checksums may stand that speaks of an object."""
    folder = object_key[: -len(_name(object_key))]
    own = (object_key + suffix for suffix in SUFFIXES)
    return (*own, *(folder + name for name in LISTS))


def is_checksum_file(object_key: str) -> bool:
    """Whether a file of this name speaks of images beside it."""
    return _kind(object_key) is not None


def images_of(file_key: str, data: bytes) -> list[str]:
    """Return the keys of the images that a file of checksums speaks of.

    Raises:
        SidecarError: It cannot be read, or lists too many.
    """
    if _name(file_key) not in LISTS:
        return [file_key.rpartition(".")[0]]
    folder = file_key[: -len(_name(file_key))]
    keys = [folder + name for name, _ in _read(file_key, data) if name]
    images = [key for key in dict.fromkeys(keys) if read_key(key).kind == "image"]
    if len(images) > MOST_LISTED:
        raise SidecarError(
            f"{file_key} lists {len(images)} images; at most {MOST_LISTED} are looked "
            "for, so upload one file of checksums for each image, or send the images "
            "again"
        )
    return images


def stated_in(
    file_key: str, data: bytes, *, object_key: str
) -> Sequence[StatedChecksum]:
    """Return what a file of checksums says of an object; nothing, if it is not listed.

    A file with one line, behind the name of an image, speaks of that image whatever
    the name in it: many are made where the file still had another.

    Raises:
        SidecarError: It cannot be read, does not speak of its image, or says two.
    """
    kind, lines = _kind(file_key), _read(file_key, data)
    if kind is None:
        return ()
    is_own = _name(file_key) not in LISTS
    name = _name(object_key)
    sums = {value for listed, value in lines if listed == name}
    if is_own and len(lines) == 1:
        sums = {lines[0][1]}
    if is_own and not sums:
        raise SidecarError(f"{file_key} says no {kind} of {name}; write one line")
    if len(sums) > 1:
        raise SidecarError(f"{file_key} says two {kind} of {name}; keep one")
    return [
        StatedChecksum(object_key=object_key, name=kind, value=value, source=file_key)
        for value in sums
    ]


def _read(file_key: str, data: bytes) -> list[tuple[str, str]]:
    """Return name and checksum of each line; "" for a line without a name."""
    if len(data) > MAX_FILE_BYTES:
        raise SidecarError(
            f"{file_key} is larger than {MAX_FILE_BYTES // 1024} KiB; is it a list of "
            "checksums?"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise SidecarError(f"{file_key} is not UTF-8 (byte {exc.start})") from exc
    kind = _kind(file_key) or MD5
    found = []
    for line in text.splitlines():
        match = _match(kind, line.strip())
        if match:
            name = match.groupdict().get("name") or ""
            value = as_checksum(kind, match["sum"], field=file_key)
            found.append((name.removeprefix("./"), value))
    if not found:
        raise SidecarError(f"{file_key} holds no line with {_a(kind)}")
    return found


def _match(kind: str, line: str) -> re.Match[str] | None:
    """Return what a line says; comments and signatures around the list say nothing."""
    if kind == CRC64:
        return _CRC64.fullmatch(line)
    return _LINE.fullmatch(line) or _TAGGED.fullmatch(line)


def _kind(file_key: str) -> str | None:
    """Return which checksum a file of this name holds, None if none."""
    name = _name(file_key)
    if name in LISTS:
        return LISTS[name]
    stem, dot, last = name.rpartition(".")
    is_beside = stem and read_key(stem).kind == "image"
    return SUFFIXES.get(f"{dot}{last}") if is_beside else None


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _a(kind: str) -> str:
    return "an MD5" if kind == MD5 else f"a {kind}"
