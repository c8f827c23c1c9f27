"""Whether what a system looks for by an identifier is on its disk.

UUIDs and labels stand in the superblocks that are read anyway, those of partitions in
the partition table. That something is not there is said only where nothing can be
hidden: in a volume that is encrypted, of a RAID, or of no known kind, may be anything.

Sources, read 2026-11: mount(8), "Indicating the device"; Linux,
Documentation/admin-guide/kernel-parameters.txt, root= and PARTUUID, and
block/partitions/msdos.c: an MBR's partition is known by signature and number; systemd,
rules.d/60-persistent-storage.rules, and systemd.mount(5), nofail and automount.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from disk_images.guest.root_device import FstabEntry
from disk_images.volumes.layout import Volume, VolumeLayout
from disk_images.volumes.partition_table import EXTENDED_TYPES, WITHOUT_FILES

Tag: TypeAlias = Literal["UUID", "LABEL", "PARTUUID", "PARTLABEL"]

_BY_TAG = re.compile(r"(UUID|LABEL|PARTUUID|PARTLABEL)=([^\s/\\]+)")
_BY_LINK = re.compile(r"/dev/disk/by-(uuid|label|partuuid|partlabel)/([^\s/\\]+)")
_OF_FILE_SYSTEM: tuple[Tag, ...] = ("UUID", "LABEL")
_LABELS_ARE_READ = {"ext2", "ext3", "ext4", "xfs", "btrfs", "swap"}
_HIDING = {"crypto_LUKS", "BitLocker", "linux_raid_member", "zfs_member"}
_MAPPED = "/dev/mapper/"
_NOT_WAITED_FOR = {"nofail", "noauto", "x-systemd.automount"}


@dataclass(frozen=True, kw_only=True)
class Identifiers:
    """What the volumes of a disk are called, by the kind of name.

    Attributes:
        known: Which volume has an identifier; in one case, as some are written in
            either.
        shared: The volumes that have an identifier in common, in words: which of them
            is meant nobody can tell.
        hidden: Why identifiers of a kind may be on the disk that are not known; "" if
            none can be.
        logical: Which logical volume has a name in /dev.
    """

    known: Mapping[Tag, Mapping[str, str]] = field(default_factory=dict)
    shared: Mapping[tuple[Tag, str], str] = field(default_factory=dict)
    hidden: Mapping[Tag, str] = field(default_factory=dict)
    logical: Mapping[str, str] = field(default_factory=dict)

    def where(self, reference: str) -> str | None:
        """Return on which volume that is; "" if on none, None if that is not known."""
        if logical := self.logical.get(reference.partition(",")[0]):
            return logical
        found = _parsed(reference)
        if found is None:
            return None
        if found in self.shared:
            return None
        tag, name = found
        volume = self.known.get(tag, {}).get(name)
        if volume:
            return volume
        return None if self.hidden.get(tag, "nothing was read") else ""

    def why_not(self, reference: str) -> str:
        """Return why it is not known where a reference leads."""
        found = _parsed(reference)
        if found is None:
            return "it is not found by an identifier"
        if found in self.shared:
            return f"{self.shared[found]} have it"
        return self.hidden.get(found[0], "nothing was read")

    def elsewhere(self, entries: Iterable[FstabEntry]) -> Iterator[FstabEntry]:
        """Yield what of an fstab boot waits for and is not on the disk, / left out."""
        for entry in _waited_for(entries):
            if self.where(entry.device) == "":
                yield entry

    def untold(self, entries: Iterable[FstabEntry]) -> Iterator[FstabEntry]:
        """Yield what boot waits for of which nobody can tell whether it is there."""
        for entry in _waited_for(entries):
            is_named = _parsed(entry.device) or entry.device.startswith(_MAPPED)
            if is_named and self.where(entry.device) is None:
                yield entry


def _waited_for(entries: Iterable[FstabEntry]) -> Iterator[FstabEntry]:
    for entry in entries:
        is_waited_for = _NOT_WAITED_FOR.isdisjoint(entry.options.split(","))
        if is_waited_for and entry.folder != "/" and entry.kind != "swap":
            yield entry


def _parsed(reference: str) -> tuple[Tag, str] | None:
    plain = reference.partition(",")[0]
    match = _BY_TAG.fullmatch(plain) or _BY_LINK.fullmatch(plain)
    tags: dict[str, Tag] = {
        "UUID": "UUID",
        "LABEL": "LABEL",
        "PARTUUID": "PARTUUID",
        "PARTLABEL": "PARTLABEL",
    }
    return (tags[match[1].upper()], match[2].strip("\"'").casefold()) if match else None


def identifiers_of(layout: VolumeLayout, titles: Mapping[int, str]) -> Identifiers:
    """Return what the volumes of a disk are called.

    Args:
        titles: What a report calls the volumes, by their place in the layout.
    """
    known: dict[Tag, dict[str, str]] = {
        "UUID": {}, "LABEL": {}, "PARTUUID": {}, "PARTLABEL": {},
    }  # fmt: skip
    shared: dict[tuple[Tag, str], str] = {}
    for number, volume in enumerate(layout.volumes):
        if volume.copy_of:
            continue
        names: dict[Tag, str] = {"UUID": volume.uuid, "LABEL": volume.label}
        if volume.number:
            names["PARTUUID"] = volume.partition_uuid
            names["PARTLABEL"] = volume.name
        for tag, name in names.items():
            if not name:
                continue
            key: tuple[Tag, str] = tag, name.casefold()
            if key[1] in known[tag]:
                first = shared.get(key, known[tag][key[1]])
                shared[key] = f"{first} and {titles[number]}"
            known[tag].setdefault(key[1], titles[number])
    hidden = dict.fromkeys(known, _hidden_in_table(layout))
    for tag in _OF_FILE_SYSTEM:
        named = ((titles[n], v) for n, v in enumerate(layout.volumes))
        reasons = (_hidden_in(title, v, tag, layout) for title, v in named)
        hidden[tag] = hidden[tag] or next(filter(None, reasons), "")
    logical = {
        path: titles[number]
        for number, volume in enumerate(layout.volumes)
        if volume.type == "lvm"
        for path in (f"/dev/{volume.name}", f"{_MAPPED}{mapped_name(volume.name)}")
    }
    return Identifiers(known=known, shared=shared, hidden=hidden, logical=logical)


def mapped_name(logical: str) -> str:
    """Return what /dev/mapper calls a logical volume, given as group/volume."""
    group, _, name = logical.partition("/")
    return f"{group.replace('-', '--')}-{name.replace('-', '--')}"


def _hidden_in_table(layout: VolumeLayout) -> str:
    return layout.warnings[0] if layout.warnings else ""


def _hidden_in(title: str, volume: Volume, tag: Tag, layout: VolumeLayout) -> str:
    """Return why a volume may have what is not seen of it, "" if it cannot."""
    extended = {f"0x{number:02x}" for number in EXTENDED_TYPES}
    if volume.type in WITHOUT_FILES | extended or volume.copy_of or volume.is_empty:
        return ""
    if volume.problem:
        return f"{title}: {volume.problem}"
    if volume.kind == "LVM2_member":
        has_logical = any(other.type == "lvm" for other in layout.volumes)
        return "" if has_logical else f"no logical volume on {title} was found"
    if not volume.kind or volume.kind in _HIDING:
        return f"what {title} holds is not seen"
    if not volume.uuid or (tag == "LABEL" and volume.kind not in _LABELS_ARE_READ):
        return f"what {title} is called is not read"
    return ""
