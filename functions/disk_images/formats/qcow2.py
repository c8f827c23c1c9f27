"""What a qcow2 header says, and whether anything but this file is needed to read it.

Source: QEMU, docs/interop/qcow2.txt ("Header", "Header extensions", "Feature name
table") and the limits in block/qcow2.h, read 2026-11.
"""

from typing import NamedTuple

from disk_images.formats.types import (
    SECTOR,
    DiskFormat,
    Ends,
    Header,
    convert_from,
    damaged,
    foreign,
)

MAGIC = b"QFI\xfb"

# Big-endian.      bytes  field
#                    0-3  magic "QFI\xfb"
#                    4-7  version
#                   8-15  backing_file_offset, 0 if none
#                  16-19  backing_file_size, bytes of its name
#                  20-23  cluster_bits
#                  24-31  size in bytes
#                  32-35  crypt_method: 0 none, 1 AES, 2 LUKS
#                  36-39  l1_size, in entries of 8 bytes
#                  40-47  l1_table_offset
#                  48-55  refcount_table_offset
#                  56-59  refcount_table_clusters
#                  60-63  nb_snapshots
#                  64-71  snapshots_offset
_FIELDS = ">QIIQIIQQIIQ"
_FIELDS_END = 72
# Version 3 only.    72-79  incompatible_features
#                    80-87  compatible_features
#                    88-95  autoclear_features
#                    96-99  refcount_order
#                  100-103  header_length
#                      104  compression_type, if the header is longer than that
_FIELDS_V3 = ">QQQII"
_V3_HEADER = 104
_ZLIB, _ZSTD = 0, 1

_CLUSTER_BITS = range(9, 22)
_MAX_L1_ENTRIES = 32 * 1024**2 // 8
_MAX_REFCOUNT_TABLE = 8 * 1024**2
_MAX_NAME = 1023
_MAX_SNAPSHOTS = 65536

DIRTY, CORRUPT, DATA_FILE, COMPRESSION, EXTENDED_L2 = (1 << bit for bit in range(5))
_KNOWN = DIRTY | CORRUPT | DATA_FILE | COMPRESSION | EXTENDED_L2

_EXTENSION_FEATURES = 0x6803F857
_EXTENSION_DATA_FILE = 0x44415441

_CONVERT = convert_from("qcow2")
_CHECK = "qemu-img check -r all {source}"
_DECRYPT = (
    "qemu-img convert --object secret,id=key,file=PASSPHRASE_FILE --image-opts"
    " driver=qcow2,encrypt.key-secret=key,file.filename={source}"
    " -O qcow2 {target}.qcow2"
)


class Qcow2(NamedTuple):
    """The fields of a header in order; version 2 has version 3's defaults."""

    version: int
    backing_file_offset: int
    backing_file_size: int
    cluster_bits: int
    size: int
    crypt_method: int
    l1_size: int
    l1_table_offset: int
    refcount_table_offset: int
    refcount_table_clusters: int
    nb_snapshots: int
    snapshots_offset: int
    incompatible_features: int = 0
    compatible_features: int = 0
    autoclear_features: int = 0
    refcount_order: int = 4
    header_length: int = _FIELDS_END

    @property
    def cluster_size(self) -> int:
        """Bytes of a cluster."""
        return 1 << self.cluster_bits

    @property
    def l1_entries_needed(self) -> int:
        """How many L1 entries it takes to reach the end of the disk."""
        l2_entry = 16 if self.incompatible_features & EXTENDED_L2 else 8
        per_l1_entry = self.cluster_size * (self.cluster_size // l2_entry)
        return -(-self.size // per_l1_entry)


def read_qcow2(ends: Ends) -> Header:
    """Return what a qcow2 header says.

    Raises:
        FormatError: The header is truncated or holds what no writer puts there.
    """
    (version,) = ends.fields(">I", 4, of="the qcow2 header")
    if version == 1:
        return _read_version_1(ends)
    header = read_fields(ends)
    extensions = _read_extensions(header, ends)
    problems = [*_problems(header, extensions, ends), *_mistakable(header, ends)]
    return Header(
        detected=f"qcow2-v{version}",
        format=DiskFormat.QCOW2,
        virtual_size_bytes=header.size // SECTOR * SECTOR,
        problem="; ".join(problem for problem, _ in problems) or None,
        fix=next((fix for _, fix in problems if fix), None),
        notes=_notes(header),
    )


def read_fields(ends: Ends) -> Qcow2:
    """Return the fields of a header of version 2 or 3, each of them possible.

    Raises:
        FormatError: The header is truncated or holds what no writer puts there.
    """
    (version,) = ends.fields(">I", 4, of="the qcow2 header")
    if version not in {2, 3}:
        raise damaged("the qcow2 version", version, "2 or 3")
    header = _read_fields(ends, version)
    _check_header(header)
    _check_compression(header, ends)
    _check_tables(header, ends)
    return header


def needs_more(header: Qcow2) -> str:
    """Return what its disk cannot be read without, "" if the file is enough."""
    bits = header.incompatible_features
    reasons = {
        "it needs features that are not known": bits & ~_KNOWN,
        "its data are in another file": bits & DATA_FILE,
        "it is encrypted": header.crypt_method,
        "it holds only what differs from its backing file": header.backing_file_offset,
    }
    return "; ".join(reason for reason, applies in reasons.items() if applies)


def _mistakable(header: Qcow2, ends: Ends) -> list[tuple[str, str]]:
    """Return the problem that another reader may see features in version 2.

    A header of version 2 ends at byte 72, where version 3 has its features; oslo.utils
    reads them from either.
    """
    if header.version == 2 and any(ends.head[72:80]):
        problem = (
            "behind its version 2 header stands what other readers take for features"
        )
        return [(problem, _CONVERT)]
    return []


# qcow version 1, big-endian: 8-15 backing_file_offset, 16-19 backing_file_size,
# 20-23 mtime, 24-31 size in bytes. Source: QEMU, block/qcow.c, read 2026-11.
def _read_version_1(ends: Ends) -> Header:
    (size,) = ends.fields(">Q", 24, of="the qcow header")
    name = "a qcow image of version 1"
    return foreign("qcow", name=name, fix=convert_from("qcow"), size=size)


def _read_fields(ends: Ends, version: int) -> Qcow2:
    of = "the qcow2 header"
    values = ends.fields(_FIELDS, 8, of=of)
    if version == 3:
        values += ends.fields(_FIELDS_V3, _FIELDS_END, of=of)
    return Qcow2(version, *values)


def _check_header(header: Qcow2) -> None:
    """Raise unless each field is within the format's limits."""
    if header.cluster_bits not in _CLUSTER_BITS:
        raise damaged("qcow2 cluster_bits", header.cluster_bits, "9 to 21")
    if header.size >= 1 << 63:
        raise damaged("the qcow2 size", header.size, "less than 2^63 bytes")
    if header.crypt_method not in {0, 1, 2}:
        raise damaged("qcow2 crypt_method", header.crypt_method, "0, 1 or 2")
    if header.refcount_order > 6:
        raise damaged("qcow2 refcount_order", header.refcount_order, "0 to 6")
    longest = header.cluster_size
    if header.version == 3 and not _V3_HEADER <= header.header_length <= longest:
        limits = f"{_V3_HEADER} to {longest:,} (one cluster)"
        raise damaged("qcow2 header_length", header.header_length, limits)
    if header.nb_snapshots > _MAX_SNAPSHOTS:
        limits = f"at most {_MAX_SNAPSHOTS:,}"
        raise damaged("qcow2 nb_snapshots", header.nb_snapshots, limits)
    name_end = header.backing_file_offset + header.backing_file_size
    if header.backing_file_offset and (
        header.backing_file_size > _MAX_NAME or name_end > header.cluster_size
    ):
        limits = f"at most {_MAX_NAME:,} bytes within the first cluster"
        place = f"{header.backing_file_size:,} bytes at {header.backing_file_offset:,}"
        raise damaged("the name of the qcow2 backing file", place, limits)


def _check_compression(header: Qcow2, ends: Ends) -> None:
    """Raise unless the compression type is known, and announced if not zlib."""
    found = _ZLIB
    if header.header_length > _V3_HEADER:
        (found,) = ends.fields("B", _V3_HEADER, of="the qcow2 header")
    expected = _ZSTD if header.incompatible_features & COMPRESSION else _ZLIB
    if found != expected:
        limits = f"{expected} by its incompatible features"
        raise damaged("qcow2 compression_type", found, limits)


def _check_tables(header: Qcow2, ends: Ends) -> None:
    """Raise unless the tables are as large as the disk needs, and in the object."""
    needed, entries = header.l1_entries_needed, header.l1_size
    if not needed <= entries <= _MAX_L1_ENTRIES:
        limits = (
            f"{needed:,} to {_MAX_L1_ENTRIES:,} for a disk of {header.size:,} bytes"
        )
        raise damaged("qcow2 l1_size", f"{entries:,}", limits)
    clusters = header.refcount_table_clusters
    refcount_bytes = clusters * header.cluster_size
    if not 0 < refcount_bytes <= _MAX_REFCOUNT_TABLE:
        limits = f"1 to {_MAX_REFCOUNT_TABLE // header.cluster_size:,}"
        raise damaged("qcow2 refcount_table_clusters", f"{clusters:,}", limits)
    tables = {
        "L1 table": (header.l1_table_offset, header.l1_size * 8),
        "refcount table": (header.refcount_table_offset, refcount_bytes),
        "snapshot table": (header.snapshots_offset, header.nb_snapshots and 1),
    }
    for name, (offset, length) in tables.items():
        if offset % header.cluster_size or offset >= 1 << 63:
            limits = f"a multiple of the cluster size {header.cluster_size:,}"
            raise damaged(f"the offset of the qcow2 {name}", f"{offset:,}", limits)
        ends.must_hold(offset + length if length else 0, of=f"the qcow2 {name}")


def _read_extensions(header: Qcow2, ends: Ends) -> dict[int, bytes]:
    """Return the header extensions that the head shows, by type.

    Each is a type and a length, four bytes each, then the data, padded to a multiple
    of eight; type 0 ends the list.
    """
    found: dict[int, bytes] = {}
    area_end = header.backing_file_offset or header.cluster_size
    offset = header.header_length
    while offset + 8 <= min(area_end, len(ends.head)):
        kind, length = ends.fields(">II", offset, of="a qcow2 header extension")
        if not kind:
            break
        if offset + 8 + length > area_end:
            limits = f"at most {area_end - offset - 8:,} bytes"
            raise damaged("a qcow2 header extension", f"{length:,} bytes long", limits)
        found[kind] = ends.head[offset + 8 : offset + 8 + length]
        offset += 8 + -(-length // 8) * 8
    return found


def _problems(
    header: Qcow2, extensions: dict[int, bytes], ends: Ends
) -> list[tuple[str, str | None]]:
    """Return why the image cannot be imported as it is, each with its fix."""
    bits = header.incompatible_features
    problems: list[tuple[str, str | None]] = []
    if bits & ~_KNOWN:
        named = _named_features(bits & ~_KNOWN, extensions.get(_EXTENSION_FEATURES))
        problems += [(f"it needs features that are not known: {named}", None)]
    if bits & DATA_FILE:
        name = _shown(extensions.get(_EXTENSION_DATA_FILE, b""))
        problems += [(f"its data are in another file, {name}", _CONVERT)]
    if header.crypt_method:
        method = "AES" if header.crypt_method == 1 else "LUKS"
        problems += [(f"it is encrypted ({method})", _DECRYPT)]
    if header.backing_file_offset:
        start = header.backing_file_offset
        name = _shown(ends.head[start : start + header.backing_file_size])
        what = f"it holds only what differs from its backing file {name}"
        problems += [(what, _CONVERT)]
    if bits & CORRUPT:
        problems += [("it is marked as corrupt", _CHECK)]
    if bits & DIRTY:
        what = "it was not closed: whatever wrote it still ran or crashed (dirty bit)"
        problems += [(what, _CHECK)]
    if bits & EXTENDED_L2:
        what = "it has subclusters (extended L2 entries), which many readers lack"
        problems += [(what, _CONVERT)]
    if not header.size:
        problems += [("it holds a disk of 0 bytes", None)]
    return problems


def _notes(header: Qcow2) -> tuple[str, ...]:
    notes = []
    if header.nb_snapshots:
        count = header.nb_snapshots
        notes.append(f"only the current state is imported, not its snapshots ({count})")
    if header.incompatible_features & COMPRESSION:
        notes.append(
            "it is compressed with zstd, which an older reader may not know; if the"
            " import fails, convert it with -o compression_type=zlib"
        )
    return tuple(notes)


# A feature name table is a list of 48 bytes each:
#      0  type: 0 incompatible, 1 compatible, 2 autoclear
#      1  bit number
#   2-47  name, padded with zeros
def _named_features(bits: int, table: bytes | None) -> str:
    """Return unknown incompatible features by bit and, if the file says so, name."""
    entries = [(table or b"")[at : at + 48] for at in range(0, len(table or b""), 48)]
    names = {
        entry[1]: entry[2:] for entry in entries if entry[:1] == b"\0" and entry[1:]
    }
    found = [bit for bit in range(64) if bits >> bit & 1]
    return ", ".join(
        f"bit {bit} ({_shown(names[bit])})" if bit in names else f"bit {bit}"
        for bit in found
    )


def _shown(name: bytes) -> str:
    """Return a name from a file as it may stand in a message."""
    text = name.rstrip(b"\0").decode("utf-8", "replace")
    return repr(text) if text else "(not named)"
