"""The disk in an image file, whatever the file's format."""

from disk_images.blocks.joined import Joined
from disk_images.blocks.mapped import MOST_AT_ONCE
from disk_images.blocks.prefetch import Slice
from disk_images.blocks.qcow2 import Qcow2Disk
from disk_images.blocks.source import (
    CannotTellError,
    CutOffError,
    DamagedError,
    Source,
)
from disk_images.blocks.vdi import VdiDisk, read_vdi_header
from disk_images.blocks.vhd import DynamicVhdDisk, FixedVhdDisk
from disk_images.blocks.vhdx import open_vhdx
from disk_images.blocks.vmdk import SparseVmdkDisk, read_vmdk_header
from disk_images.blocks.vmdk_descriptor import (
    LARGEST_DESCRIPTOR,
    OpenFile,
    VmdkExtent,
    parse_descriptor,
    plain_name,
    read_embedded,
)
from disk_images.formats import qcow2, vhd
from disk_images.formats.detect import HEAD_BYTES, TAIL_BYTES, read_header
from disk_images.formats.types import DiskFormat, Ends, FormatError, Header

__all__ = ["MOST_AT_ONCE", "open_disk"]


def nothing_beside(name: str) -> Source:
    """Open no other file.

    Raises:
        CannotTellError: Always.
    """
    raise CannotTellError(
        f"it is only the description of a VMDK, whose data are in another file,"
        f" {name!r}"
    )


def open_disk(
    file: Source,
    header: Header | None = None,
    *,
    open_beside: OpenFile = nothing_beside,
) -> Source:
    """Return the disk in an image as a machine would see it.

    Args:
        file: The image; its first HEAD_BYTES are read.
        header: What its ends say; where it is not known yet, its last 512 bytes are
            read as well.
        open_beside: Opens the files that the descriptor of a VMDK names.

    Raises:
        DamagedError: The header contradicts itself or the file.
        CannotTellError: Another file or a key is needed, or the format is not ours.
    """
    ends = _ends(file, with_tail=header is None)
    try:
        found = header or read_header(
            ends.head, ends.tail, object_size_bytes=file.size_bytes
        )
        if found.detected == "vmdk-descriptor":
            return _open_described(file, open_beside)
        return _open(file, found, ends)
    except FormatError as exc:
        raise DamagedError(str(exc)) from exc


def _ends(file: Source, *, with_tail: bool) -> Ends:
    size = file.size_bytes
    last = max(0, size - TAIL_BYTES) if with_tail else size
    file.want([(0, HEAD_BYTES), (last, size - last)])
    return Ends(file.read(0, HEAD_BYTES), file.read(last, size - last), size)


def _open(file: Source, header: Header, ends: Ends) -> Source:
    if header.format is DiskFormat.RAW:
        return file
    if header.format is DiskFormat.QCOW2:
        fields = qcow2.read_fields(ends)
        if reason := qcow2.needs_more(fields):
            raise CannotTellError(f"the disk cannot be read: {reason}")
        return Qcow2Disk(file, fields)
    if header.format is DiskFormat.VHD:
        return _open_vhd(file, header, ends)
    if header.detected == "vmdk-sparse":
        return _open_vmdk(file)
    if header.detected == "vhdx":
        return open_vhdx(file)
    if header.detected == "vdi":
        return VdiDisk(file, read_vdi_header(ends.head))
    raise CannotTellError(header.problem or f"it is {header.detected}")


def _open_vmdk(file: Source) -> Source:
    header = read_vmdk_header(file)
    descriptor = read_embedded(file, header)
    if descriptor is None:
        raise CannotTellError(
            "it is one extent of a VMDK in several files, which its descriptor names"
        )
    descriptor.must_stand_alone()
    return SparseVmdkDisk(file, header)


def _open_described(file: Source, open_beside: OpenFile) -> Source:
    if file.size_bytes > LARGEST_DESCRIPTOR:
        raise DamagedError(
            f"the descriptor of the VMDK has {file.size_bytes:,} bytes, expected at"
            f" most {LARGEST_DESCRIPTOR:,}"
        )
    descriptor = parse_descriptor(file.read(0, LARGEST_DESCRIPTOR))
    descriptor.must_be_whole()
    if not descriptor.size_bytes:
        raise DamagedError("the descriptor of the VMDK names no extent")
    opened: dict[str, Source] = {}
    for extent in descriptor.extents:
        if extent.kind != "ZERO" and extent.name not in opened:
            opened[extent.name] = open_beside(plain_name(extent.name))
    return Joined(
        [
            (extent.size_bytes, _open_extent(extent, opened.get(extent.name)))
            for extent in descriptor.extents
        ]
    )


def _open_extent(extent: VmdkExtent, file: Source | None) -> Source | None:
    if extent.kind == "ZERO" or file is None:
        return None
    if extent.kind == "SPARSE":
        disk: Source = SparseVmdkDisk(file, read_vmdk_header(file))
    else:
        disk = Slice(file, extent.offset_bytes, extent.size_bytes)
    if disk.size_bytes < extent.size_bytes:
        raise CutOffError(
            f"the extent {extent.name!r} has {disk.size_bytes:,} bytes, its descriptor"
            f" says {extent.size_bytes:,}; it was cut short, upload it again"
        )
    return disk


def _open_vhd(file: Source, header: Header, ends: Ends) -> Source:
    size = header.virtual_size_bytes or 0
    if header.detected == "vhd-fixed":
        return FixedVhdDisk(file, size_bytes=size)
    if header.detected == "vhd-differencing":
        raise CannotTellError(f"the disk cannot be read: {header.problem}")
    return DynamicVhdDisk(file, vhd.read_blocks(ends), size_bytes=size)
