"""The text that describes a VMDK: its kind, its parent, and the files of its extents.

A name in it is an uploader's text: only a plain name in the same folder is taken, since
a program that opened any other would read what it was told to.

Sources: VMware, "Virtual Disk Format 5.0", "The Descriptor File"; CVE-2022-47951; read
2026-12.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from disk_images.blocks.prefetch import exactly
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.blocks.vmdk import SECTOR, VmdkHeader

NO_PARENT = "ffffffff"
LARGEST_DESCRIPTOR = 64 * 1024
MOST_EXTENTS = 4096

ALONE = frozenset({"monolithicsparse", "streamoptimized"})
IN_FILES = frozenset(
    {
        "monolithicflat",
        "twogbmaxextentsparse",
        "twogbmaxextentflat",
        "vmfs",
        "vmfseagerzeroedthick",
        "vmfspreallocated",
        "vmfsthin",
    }
)
"""Kinds whose data are in other files, and which we can read, in lower case."""

CLONE = "clone it in VMware with `vmkfstools -i SOURCE.vmdk TARGET.vmdk`, then upload"

_FIELD = re.compile(r'^[ \t]*(\w+)[ \t]*=[ \t]*"?([^"\n]*?)"?[ \t]*$', re.MULTILINE)
_EXTENT = re.compile(
    r"^[ \t]*(RW|RDONLY|NOACCESS)[ \t]+(\d{1,15})[ \t]+(\w+)"
    r'(?:[ \t]+"([^"\n]*)"(?:[ \t]+(\d{1,15}))?)?[ \t]*$',
    re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class VmdkExtent:
    """One piece of the disk.

    Attributes:
        kind: SPARSE, FLAT, ZERO, VMFS, VMFSSPARSE, SESPARSE, ... in upper case.
        name: Of the file that has it, "" if none.
        offset_bytes: Where it begins in that file.
    """

    size_bytes: int
    kind: str
    name: str = ""
    offset_bytes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class VmdkDescriptor:
    """What the text says."""

    create_type: str
    parent: str
    is_encrypted: bool
    extents: tuple[VmdkExtent, ...]

    @property
    def size_bytes(self) -> int:
        """The size of the disk."""
        return sum(extent.size_bytes for extent in self.extents)

    def must_be_whole(self) -> None:
        """Raise unless the disk's bytes are all in its own files.

        Raises:
            CannotTellError: It is a snapshot, a device, or encrypted.
        """
        if self.parent:
            raise CannotTellError(
                f"it is a snapshot, whose other bytes are in {self.parent!r}; {CLONE}"
            )
        if self.is_encrypted:
            raise CannotTellError(
                "it is encrypted by VMware; decrypt the machine first"
            )
        kinds = {extent.kind for extent in self.extents}
        if odd := kinds - {"SPARSE", "FLAT", "ZERO", "VMFS"}:
            raise CannotTellError(
                f"an extent of it is {min(odd)}, a snapshot or a device; {CLONE}"
            )

    def must_stand_alone(self) -> None:
        """Raise unless one file has the whole disk.

        Raises:
            CannotTellError: It is of a kind that takes other files.
        """
        self.must_be_whole()
        if self.create_type.lower() not in ALONE or len(self.extents) > 1:
            raise CannotTellError(
                f"it is a VMDK ({self.create_type}) whose data are in other files"
            )


def read_embedded(file: Source, header: VmdkHeader) -> VmdkDescriptor | None:
    """Return the descriptor in a sparse extent, None if it stands elsewhere."""
    place, length = header.descriptor
    if not place or not length:
        return None
    count = min(length, LARGEST_DESCRIPTOR, max(0, file.size_bytes - place))
    return parse_descriptor(exactly(file, place, count))


def parse_descriptor(data: bytes) -> VmdkDescriptor:
    """Return what a descriptor says.

    Raises:
        DamagedError: It is none.
    """
    text = data.partition(b"\0")[0].decode("utf-8", "replace").replace("\r\n", "\n")
    fields = {name.lower(): value for name, value in _FIELD.findall(text)}
    if "createtype" not in fields:
        raise DamagedError("the descriptor of the VMDK names no createType")
    has_parent = fields.get("parentcid", NO_PARENT).lower() != NO_PARENT
    hint = fields.get("parentfilenamehint", "")
    extents = tuple(_extents(text))
    if len(extents) > MOST_EXTENTS:
        raise DamagedError(f"the VMDK has {len(extents):,} extents")
    return VmdkDescriptor(
        create_type=fields["createtype"],
        parent=(hint or "a parent that it does not name") if has_parent else "",
        is_encrypted="encryption.keysafe" in text.lower(),
        extents=extents,
    )


def _extents(text: str) -> Iterator[VmdkExtent]:
    for access, sectors, kind, name, offset in _EXTENT.findall(text):
        is_zero = access == "NOACCESS"
        yield VmdkExtent(
            size_bytes=int(sectors) * SECTOR,
            kind="ZERO" if is_zero else kind.upper(),
            name=name,
            offset_bytes=int(offset or 0) * SECTOR,
        )


def plain_name(name: str) -> str:
    """Return a name of a file in the same folder.

    Raises:
        CannotTellError: It leads elsewhere.
    """
    is_plain = name and not name.startswith(".") and not set(name) & set('/\\:\0"')
    if not is_plain or not name.isprintable():
        raise CannotTellError(
            f"an extent of the VMDK is in {name!r}, expected a plain name of a file in"
            " the same folder"
        )
    return name


OpenFile = Callable[[str], Source]
"""Returns the file of a plain name that stands beside the descriptor."""
