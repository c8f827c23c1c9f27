"""What disk images of other makers say: recognised to be refused with their fix.

Sources, all read 2026-11: QEMU, block/{vmdk,vhdx,vdi,qed,parallels,dmg}.c and
docs/interop/qed_spec.txt; VMware, "Virtual Disk Format 1.1"; [MS-VHDX]; "LUKS1
On-Disk Format Specification" and "LUKS2 On-Disk Format Specification"; Android,
libsparse/sparse_format.h.
"""

import re
import struct

from disk_images.formats.types import (
    SECTOR,
    Ends,
    Header,
    convert_from,
    foreign,
    whole_sectors,
)

_CREATE_TYPE = re.compile(rb'(?im)^[ \t]*createType[ \t]*=[ \t]*"([\w-]{1,40})"')
_EXTENT = re.compile(rb"(?m)^[ \t]*RW[ \t]+(\d{1,15})[ \t]")
_PARENT = re.compile(rb'(?im)^[ \t]*parentFileNameHint[ \t]*=[ \t]*"([^"\n]{1,200})"')
_MAX_DESCRIPTOR = 20 * 1024


# VMware's sparse extent, little-endian:
#   0-3 "KDMV", 4-7 version, 8-11 flags, 12-19 capacity in sectors, 20-27 grain size,
#   28-35 sector of the descriptor, 36-43 sectors of the descriptor (0: it is one of
#   several extents)
def read_vmdk_sparse(ends: Ends) -> Header:
    """Return what a VMDK says that has its data in it."""
    capacity, _, place, length = ends.fields("<QQQQ", 12, of="the VMDK header")
    start = place * SECTOR
    descriptor = ends.head[start : start + min(length * SECTOR, _MAX_DESCRIPTOR)]
    name, fix = f"a VMDK ({_vmdk_kind(descriptor)})", convert_from("vmdk")
    if not _CREATE_TYPE.search(descriptor):
        name = "one extent of a VMDK in several files, which its descriptor names"
        fix = "qemu-img convert -f vmdk -O qcow2 DESCRIPTOR.vmdk {target}.qcow2"
    return foreign("vmdk-sparse", name=name, fix=fix, size=capacity * SECTOR)


# ESX's own sparse extents, little-endian. 0-3 "COWD", 4-11 version and flags,
# 12-15 sectors. Or 0-7 0xCAFEBABE, 8-15 version, 16-23 capacity in sectors.
def read_vmdk_esx(ends: Ends) -> Header:
    """Return what an extent says that ESX keeps beside a descriptor."""
    is_cowd = ends.head.startswith(b"COWD")
    layout, offset = ("<I", 12) if is_cowd else ("<Q", 16)
    (sectors,) = ends.fields(layout, offset, of="the VMDK header")
    name = "an ESX sparse extent of a VMDK; its descriptor names it"
    fix = convert_from("vmdk").replace("{source}", "DESCRIPTOR.vmdk")
    return foreign("vmdk-esx-sparse", name=name, fix=fix, size=sectors * SECTOR)


def is_vmdk_descriptor(ends: Ends) -> bool:
    """Whether this is the text that describes a VMDK."""
    start = ends.head[:_MAX_DESCRIPTOR].lstrip()
    return start.lower().startswith(b"# disk descriptorfile") or (
        b"\0" not in start and bool(_CREATE_TYPE.search(start))
    )


def read_vmdk_descriptor(ends: Ends) -> Header:
    """Return what a VMDK says whose data are in other files."""
    text = ends.head[:_MAX_DESCRIPTOR]
    sectors = sum(int(count) for count in _EXTENT.findall(text))
    is_whole = ends.object_size_bytes <= len(text)
    return foreign(
        "vmdk-descriptor",
        name=(
            f"only the description of a VMDK ({_vmdk_kind(text)}), whose data are in"
            " other files"
        ),
        fix=convert_from("vmdk"),
        size=sectors * SECTOR if is_whole else None,
    )


def _vmdk_kind(descriptor: bytes) -> str:
    """Return a VMDK's kind, and its parent if it is a snapshot of one."""
    kind = _CREATE_TYPE.search(descriptor)
    parent = _PARENT.search(descriptor)
    name = kind[1].decode() if kind else "no createType"
    return (
        f"{name}, parent {parent[1].decode('utf-8', 'replace')!r}" if parent else name
    )


# VHDX: 0-7 "vhdxfile"; the size stands in a metadata region after the first MiB. A log
# may have to be replayed, which qemu-img does only where it may write; without a log
# the check changes nothing. Source: QEMU, block/vhdx-log.c, vhdx_parse_log; 2026-12.
def read_vhdx(_: Ends) -> Header:
    """Return that it is a VHDX; its size lies beyond the head."""
    fix = "qemu-img check -q -r all {source} && " + convert_from("vhdx")
    return foreign("vhdx", name="a VHDX", fix=fix)


# VDI, little-endian: 64-67 0xBEDA107F, 68-71 version, 76-79 kind (1 dynamic, 2 fixed,
# 4 differencing), 368-375 size in bytes.
def read_vdi(ends: Ends) -> Header:
    """Return what a VirtualBox image says."""
    (size,) = ends.fields("<Q", 368, of="the VDI header")
    size = whole_sectors(size)
    return foreign("vdi", name="a VirtualBox VDI", fix=convert_from("vdi"), size=size)


# QED, little-endian: 0-3 "QED\0", 4-15 cluster, table and header size, 16-39
# features, 40-47 L1 table, 48-55 size in bytes.
def read_qed(ends: Ends) -> Header:
    """Return what a QED image says."""
    (size,) = ends.fields("<Q", 48, of="the QED header")
    return foreign("qed", name="a QED image", fix=convert_from("qed"), size=size)


# Parallels, little-endian: 0-15 magic, 16-35 version, geometry, cluster, table,
# 36-43 sectors (only 36-39 after the older magic).
PARALLELS = (b"WithoutFreeSpace", b"WithouFreSpacExt")


def read_parallels(ends: Ends) -> Header:
    """Return what a Parallels expanding disk says."""
    layout = "<I" if ends.head.startswith(PARALLELS[0]) else "<Q"
    (sectors,) = ends.fields(layout, 36, of="the Parallels header")
    fix = convert_from("parallels")
    name = "a Parallels disk"
    return foreign("parallels", name=name, fix=fix, size=sectors * SECTOR)


# LUKS, big-endian: 0-5 "LUKS" BA BE, 6-7 version; version 1: 104-107 sector at which
# the encrypted disk begins.
def read_luks(ends: Ends) -> Header:
    """Return what a LUKS volume says."""
    (version,) = ends.fields(">H", 6, of="the LUKS header")
    if version != 1:
        name = f"encrypted (LUKS version {version})"
        name += "; open it with cryptsetup and upload what is then in /dev/mapper"
        return foreign("luks", name=name, fix=None)
    (payload,) = ends.fields(">I", 104, of="the LUKS header")
    ends.must_hold(payload * SECTOR, of="the LUKS header and its keys")
    fix = (
        "qemu-img convert --object secret,id=key,file=PASSPHRASE_FILE --image-opts"
        " driver=luks,key-secret=key,file.filename={source} -O qcow2 {target}.qcow2"
    )
    size = whole_sectors(ends.object_size_bytes) - payload * SECTOR
    return foreign("luks", name="encrypted (LUKS version 1)", fix=fix, size=size)


# Apple's disk image ends with 512 bytes, big-endian: 0-3 "koly", 4-7 version 4,
# 8-11 their length, 492-499 sectors.
DMG_TRAILER = struct.pack(">4sII", b"koly", 4, 512)


def read_dmg(ends: Ends) -> Header:
    """Return what the trailer of an Apple disk image says."""
    trailer = Ends(ends.tail, b"", len(ends.tail))
    (sectors,) = trailer.fields(">Q", 492, of="the trailer of the DMG")
    name = "an Apple DMG"
    return foreign("dmg", name=name, fix=convert_from("dmg"), size=sectors * SECTOR)


# Android's sparse image, little-endian: 0-3 0xED26FF3A, 4-11 versions and header
# sizes, 12-15 block size in bytes, 16-19 blocks of the whole image.
def read_android_sparse(ends: Ends) -> Header:
    """Return what an Android sparse image says."""
    block, blocks = ends.fields("<II", 12, of="the Android sparse header")
    fix = "simg2img {source} {target}.raw"
    name = "an Android sparse image"
    return foreign("android-sparse", name=name, fix=fix, size=block * blocks)


# ISO 9660, volume descriptor from byte 32768: 0 type (1: primary), 1-5 "CD001".
def read_iso(_: Ends) -> Header:
    """Return that it is a CD or DVD image, whatever partition table it also has."""
    return Header(
        detected="iso9660",
        problem=(
            "it is an ISO image: a medium to install from, not an installed disk;"
            " install from it on a new disk and upload that"
        ),
    )
