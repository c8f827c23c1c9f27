"""What an archive or a text says that lies where a disk image was expected.

Source: POSIX.1-2017, pax, "ustar Interchange Format"; DMTF DSP0243 (OVF); read 2026-11.
"""

import re
import zlib

from disk_images.formats.types import Ends, Header, foreign

_MEMBER = 512
TAR_FIX = "tar -xf {source}"
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


# ustar, from byte 0 of each member: 0-99 name, 124-135 size, 257-261 "ustar".
def read_tar(ends: Ends) -> Header:
    """Return a tar archive, or an appliance if its first member is an OVF."""
    first = ends.head[:100].rstrip(b"\0")
    if first.endswith(b".ovf"):
        return foreign("ova", name="an OVA appliance, a tar archive", fix=_OVA_FIX)
    return foreign("tar", name="a tar archive", fix=TAR_FIX)


def read_gzip(ends: Ends) -> Header:
    """Return what is packed with gzip: an archive with an image in it, or an image."""
    try:
        inside = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(ends.head, _MEMBER)
    except zlib.error:
        inside = b""
    if not inside.startswith(b"ustar", 257):
        fix = "gzip -dc {source} > {target}"
        return foreign("gzip", name="compressed with gzip", fix=fix)
    first = inside[:100].split(b"\0")[0].decode("utf-8", "replace")
    name = f"a tar archive compressed with gzip, with {first!r} in it"
    return foreign("tar.gz", name=name, fix="tar -xzf {source}")


def read_text(head: bytes) -> Header | None:
    """Return the header of a text, such as an error page saved as an image."""
    seen = head[:_LOOKED_AT]
    if not seen.strip() or _CONTROL.search(seen):
        return None
    text = seen.removeprefix(b"\xef\xbb\xbf").lstrip()
    kinds = ((kind, name) for kind, name, start in _TEXTS if re.match(start, text))
    detected, name = next(kinds)
    shown = repr(text[:60].decode("utf-8", "replace"))
    return Header(detected=detected, problem=f"it is {name}: {shown}")
