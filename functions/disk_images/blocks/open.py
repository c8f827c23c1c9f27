"""The disk in an image file, whatever the file's format."""

from disk_images.blocks.mapped import MOST_AT_ONCE
from disk_images.blocks.qcow2 import Qcow2Disk
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.blocks.vdi import VdiDisk, read_vdi_header
from disk_images.blocks.vhd import DynamicVhdDisk, FixedVhdDisk
from disk_images.blocks.vhdx import open_vhdx
from disk_images.blocks.vmdk import SparseVmdkDisk, read_vmdk_header
from disk_images.blocks.vmdk_descriptor import read_embedded
from disk_images.formats import qcow2, vhd
from disk_images.formats.detect import HEAD_BYTES, TAIL_BYTES, read_header
from disk_images.formats.types import DiskFormat, Ends, FormatError, Header

__all__ = ["MOST_AT_ONCE", "open_disk"]


def open_disk(file: Source, header: Header | None = None) -> Source:
    """Return the disk in an image as a machine would see it.

    Args:
        file: The image; its first HEAD_BYTES are read.
        header: What its ends say; where it is not known yet, its last 512 bytes are
            read as well.

    Raises:
        DamagedError: The header contradicts itself or the file.
        CannotTellError: Another file or a key is needed, or the format is not ours.
    """
    ends = _ends(file, with_tail=header is None)
    try:
        found = header or read_header(
            ends.head, ends.tail, object_size_bytes=file.size_bytes
        )
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


def _open_vhd(file: Source, header: Header, ends: Ends) -> Source:
    size = header.virtual_size_bytes or 0
    if header.detected == "vhd-fixed":
        return FixedVhdDisk(file, size_bytes=size)
    if header.detected == "vhd-differencing":
        raise CannotTellError(f"the disk cannot be read: {header.problem}")
    return DynamicVhdDisk(file, vhd.read_blocks(ends), size_bytes=size)
