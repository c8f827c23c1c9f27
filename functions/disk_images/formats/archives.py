"""What an object is that is no disk image at all: packed, an archive, a text.

Source: file(1), magic/Magdir/{compress,archive,images,msdos}, and the formats' own
descriptions: RFC 1952 (gzip), RFC 8878 (zstd), "The .xz File Format", "LZ4 Frame
Format", APPNOTE.TXT (zip), 7zFormat.txt, POSIX.1-2017 pax (ustar); read 2026-11.
"""

import re
from dataclasses import dataclass

from disk_images.formats.types import TAKEN, Header, foreign


@dataclass(frozen=True, slots=True)
class Signature:
    """Bytes by which a kind of file is known.

    Attributes:
        detected: As in Header.
        name: With its article.
        magic: What stands at `offset`.
        fix: As in Header.
    """

    detected: str
    name: str
    magic: bytes
    fix: str | None = None
    offset: int = 0

    def is_at(self, head: bytes) -> bool:
        """Whether the head carries this signature."""
        return head.startswith(self.magic, self.offset)

    def read(self) -> Header:
        """Return the header of such a file."""
        return foreign(self.detected, name=self.name, fix=self.fix)


def _packed(detected: str, magic: bytes, tool: str, *, offset: int = 0) -> Signature:
    name = f"compressed with {detected}"
    return Signature(detected, name, magic, f"{tool} {{source}} > {{target}}", offset)


SIGNATURES = (
    _packed("gzip", b"\x1f\x8b\x08", "gzip -dc"),
    _packed("bzip2", b"1AY&SY", "bzip2 -dc", offset=4),
    _packed("bzip2", b"\x17rE8P\x90", "bzip2 -dc", offset=4),
    _packed("xz", b"\xfd7zXZ\0", "xz -dc"),
    _packed("zstd", b"\x28\xb5\x2f\xfd", "zstd -dc"),
    _packed("lz4", b"\x04\x22\x4d\x18", "lz4 -dc"),
    _packed("lzip", b"LZIP\x01", "lzip -dc"),
    _packed("lzop", b"\x89LZO\0\r\n\x1a\n", "lzop -dc"),
    _packed("lzma", b"\x5d\0\0\x80\0", "xz --format=lzma -dc"),
    Signature("zip", "a zip archive", b"PK\x03\x04", "unzip {source}"),
    Signature("zip", "an empty zip archive", b"PK\x05\x06"),
    Signature("7z", "a 7z archive", b"7z\xbc\xaf\x27\x1c", "7z x {source}"),
    Signature("rar", "a RAR archive", b"Rar!\x1a\x07", "unrar x {source}"),
    Signature("cab", "a CAB archive", b"MSCF\0\0\0\0", "cabextract {source}"),
    Signature("wim", "a Windows installation image (WIM)", b"MSWIM\0\0\0"),
    Signature("partclone", "a Partclone backup", b"partclone-image"),
    Signature("ewf", "an EnCase image (E01)", b"EVF\x09\x0d\x0a\xff\0"),
    Signature("bochs", "a Bochs image", b"Bochs Virtual HD Image"),
    Signature("elf", "an ELF program", b"\x7fELF"),
    Signature("pdf", "a PDF document", b"%PDF-"),
    Signature("mp4", "a video", b"ftyp", offset=4),
    Signature("png", "a picture", b"\x89PNG\r\n\x1a\n"),
    Signature("jpeg", "a picture", b"\xff\xd8\xff"),
)

# ustar, from byte 0 of each member: 0-99 name, 124-135 size, 257-261 "ustar".
_USTAR = Signature("tar", "a tar archive", b"ustar", "tar -xf {source}", offset=257)
_OVA_FIX = (
    "tar -xf {source} && for disk in *.vmdk; do"
    ' qemu-img convert -f vmdk -O qcow2 "$disk" "${{disk%.vmdk}}.qcow2"; done'
)

_TEXTS = (
    ("html", "a web page", rb"(?i)<(!doctype html|html|head|body)\b"),
    ("ovf", "an OVF description, without its disks", rb"(?s)<\?xml.*?dmtf\.org/ovf"),
    ("xml", "an XML document, often an error reply", rb"<(\?xml|Error>)"),
    ("git-lfs-pointer", "a Git LFS pointer", rb"version https://git-lfs\.github\.com/"),
    ("json", "a JSON document", rb'\{\s*["}]|\[\s*["{\[\]\d]'),
    ("text", "text", rb""),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_LOOKED_AT = 4096


def read_packed(head: bytes) -> Header | None:
    """Return the header of something packed or of a known document, else None."""
    if _USTAR.is_at(head):
        return _read_tar(head)
    return next((found.read() for found in SIGNATURES if found.is_at(head)), None)


def _read_tar(head: bytes) -> Header:
    """Return a tar archive, or an appliance if its first member is an OVF."""
    first = head[:100].rstrip(b"\0")
    if first.endswith(b".ovf"):
        return foreign("ova", name="an OVA appliance, a tar archive", fix=_OVA_FIX)
    return _USTAR.read()


def read_text(head: bytes) -> Header | None:
    """Return the header of a text, such as an error page saved as an image."""
    seen = head[:_LOOKED_AT]
    if not seen.strip() or _CONTROL.search(seen):
        return None
    text = seen.removeprefix(b"\xef\xbb\xbf").lstrip()
    kinds = ((kind, name) for kind, name, start in _TEXTS if re.match(start, text))
    detected, name = next(kinds)
    shown = repr(text[:60].decode("utf-8", "replace"))
    return Header(detected=detected, problem=f"it is {name}: {shown}; {TAKEN}")
