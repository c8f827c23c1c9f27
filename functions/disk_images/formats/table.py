"""One row for each format that a file may be of, and by which bytes it is known.

Whoever adds a format adds a row here; a function that reads more of it than its name
(its size, a fix of its own) goes beside those in `foreign`. The order decides where two
archives match; two formats of disks in one file are refused.

Source: file(1), magic/Magdir/{compress,archive,images,msdos}, and the formats' own
descriptions: RFC 1952 (gzip), RFC 8878 (zstd), "The .xz File Format", "LZ4 Frame
Format", APPNOTE.TXT (zip), 7zFormat.txt, POSIX.1-2017 pax (ustar); those of disks where
their readers are; read 2026-11.
"""

from collections.abc import Callable
from dataclasses import dataclass

from disk_images.formats import archives, qcow2, vhd
from disk_images.formats import foreign as read
from disk_images.formats.types import Ends, Header, convert_from, foreign

Magic = tuple[int, bytes]
"""What stands at which offset of the head."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format, and how a file of it is known.

    Attributes:
        detected: As in Header, where the row has no reader.
        name: What a file of it is, with its article.
        magics: One of them is enough.
        fix: As in Header, where the row has no reader.
        read: Reads more of it than that it is one.
        trailer: What the last 512 bytes start with, instead of a magic.
        is_disk: Whether it is the format of a disk, which no file has two of.
        allows_boot_record: The first sector may be a boot record all the same.
        allows_archive: A block of the disk may look like an archive.
    """

    detected: str
    name: str
    magics: tuple[Magic, ...]
    fix: str | None = None
    read: Callable[[Ends], Header] | None = None
    trailer: bytes | None = None
    is_disk: bool = False
    allows_boot_record: bool = False
    allows_archive: bool = False

    def is_seen(self, ends: Ends) -> bool:
        """Whether one of the ends carries this format's signature."""
        at_end = self.trailer is not None and ends.tail.startswith(self.trailer)
        return at_end or any(ends.head.startswith(m, at) for at, m in self.magics)

    def header(self, ends: Ends) -> Header:
        """Return what a file of this format says.

        Raises:
            FormatError: It is truncated or damaged.
        """
        if self.read:
            return self.read(ends)
        return foreign(self.detected, name=self.name, fix=self.fix)


def _disk(  # noqa: PLR0913 - what a row has
    detected: str,
    name: str,
    *magics: Magic,
    read: Callable[[Ends], Header] | None = None,
    fix: str | None = None,
    trailer: bytes | None = None,
    allows_boot_record: bool = False,
    allows_archive: bool = False,
) -> Format:
    return Format(
        detected,
        name,
        magics,
        fix,
        read,
        trailer,
        is_disk=True,
        allows_boot_record=allows_boot_record,
        allows_archive=allows_archive,
    )


def _packed(detected: str, tool: str, *magics: Magic) -> Format:
    fix = f"{tool} {{source}} > {{target}}"
    return Format(detected, f"compressed with {detected}", magics, fix)


def _file(detected: str, name: str, magic: Magic, fix: str | None = None) -> Format:
    return Format(detected, name, (magic,), fix)


FORMATS = (
    _disk("qcow2", "qcow2", (0, qcow2.MAGIC), read=qcow2.read_qcow2),
    _disk("vhd", "VHD", (0, vhd.COOKIE), read=vhd.read_vhd, trailer=vhd.COOKIE,
          allows_boot_record=True),
    _disk("vhdx", "VHDX", (0, b"vhdxfile"), read=read.read_vhdx),
    _disk("vmdk-sparse", "VMDK", (0, b"KDMV"), read=read.read_vmdk_sparse),
    _disk("vmdk-esx-sparse", "VMDK", (0, b"COWD"), (0, b"\xbe\xba\xfe\xca\0\0\0\0"),
          read=read.read_vmdk_esx),
    _disk("vdi", "VDI", (64, b"\x7f\x10\xda\xbe"), read=read.read_vdi),
    _disk("qed", "QED", (0, b"QED\0"), read=read.read_qed),
    _disk("parallels", "Parallels", (0, read.PARALLELS[0]), (0, read.PARALLELS[1]),
          read=read.read_parallels),
    _disk("luks", "LUKS", (0, b"LUKS\xba\xbe"), read=read.read_luks),
    _disk("android-sparse", "Android sparse", (0, b"\x3a\xff\x26\xed"),
          read=read.read_android_sparse),
    _disk("iso9660", "ISO 9660", (32769, b"CD001"), read=read.read_iso,
          allows_boot_record=True),
    _disk("dmg", "DMG", read=read.read_dmg, trailer=read.DMG_TRAILER,
          allows_boot_record=True, allows_archive=True),
    _disk("bochs", "a Bochs image", (0, b"Bochs Virtual HD Image"),
          fix=convert_from("bochs")),
    _disk("cloop", "a compressed loop image (cloop)",
          (0, b"#!/bin/sh\n#V2.0 Format\n"), fix=convert_from("cloop")),
    Format("tar", "a tar archive", ((257, b"ustar"),), read=archives.read_tar),
    Format("gzip", "compressed with gzip", ((0, b"\x1f\x8b\x08"),),
           read=archives.read_gzip),
    _packed("bzip2", "bzip2 -dc", (4, b"1AY&SY"), (4, b"\x17rE8P\x90")),
    _packed("xz", "xz -dc", (0, b"\xfd7zXZ\0")),
    _packed("zstd", "zstd -dc", (0, b"\x28\xb5\x2f\xfd")),
    _packed("lz4", "lz4 -dc", (0, b"\x04\x22\x4d\x18")),
    _packed("lzip", "lzip -dc", (0, b"LZIP\x01")),
    _packed("lzop", "lzop -dc", (0, b"\x89LZO\0\r\n\x1a\n")),
    _packed("lzma", "xz --format=lzma -dc", (0, b"\x5d\0\0\x80\0")),
    _file("zip", "a zip archive", (0, b"PK\x03\x04"), "unzip {source}"),
    _file("zip", "an empty zip archive", (0, b"PK\x05\x06")),
    _file("7z", "a 7z archive", (0, b"7z\xbc\xaf\x27\x1c"), "7z x {source}"),
    _file("rar", "a RAR archive", (0, b"Rar!\x1a\x07")),
    _file("cab", "a CAB archive", (0, b"MSCF\0\0\0\0")),
    _file("wim", "a Windows installation image (WIM)", (0, b"MSWIM\0\0\0")),
    _file("partclone", "a Partclone backup", (0, b"partclone-image")),
    _file("ewf", "an EnCase image (E01)", (0, b"EVF\x09\x0d\x0a\xff\0")),
    _file("ewf", "an EnCase image (Ex01)", (0, b"EVF2\r\n\x81\0")),
    _file("ewf", "an EnCase logical image (L01)", (0, b"LVF\x09\x0d\x0a\xff\0")),
    _file("elf", "an ELF program", (0, b"\x7fELF")),
    _file("pdf", "a PDF document", (0, b"%PDF-")),
    _file("mp4", "a video", (4, b"ftyp")),
    _file("png", "a picture", (0, b"\x89PNG\r\n\x1a\n")),
    _file("jpeg", "a picture", (0, b"\xff\xd8\xff")),
)  # fmt: skip
