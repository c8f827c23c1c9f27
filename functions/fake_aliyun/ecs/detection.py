"""What ECS finds in the bytes of a disk image, whatever the request says.

Source: ImportImage, `DiskDeviceMapping.N.Format` and `.DiskImageSize`: both are
detected and the result counts; QEMU docs/interop/qcow2.txt, "Header"; "Virtual Hard
Disk Image Format Specification", "Hard Disk Footer Format"; read 2026-11.
"""

from typing import NamedTuple

from fake_aliyun.content import Content

GIB = 1024**3


class Detected(NamedTuple):
    """A format and the size of the disk that it holds."""

    format: str
    virtual_size_bytes: int

    @property
    def size_gib(self) -> int:
        """Return the size in whole GiB, at least one."""
        return max(1, -(-self.virtual_size_bytes // GIB))


def detect(content: Content) -> Detected:
    """Return what the first and the last bytes of a file say."""
    head = content.span(0, 512).to_bytes()
    # offset 0: "QFI\xfb", offset 24: virtual size, 8 bytes, big-endian
    if head[:4] == b"QFI\xfb" and len(head) >= 32:
        return Detected("QCOW2", int.from_bytes(head[24:32], "big"))
    size = len(content)
    footer = content.span(max(0, size - 512), size).to_bytes()
    # offset 0: "conectix", offset 48: current size, 8 bytes, big-endian
    if footer[:8] == b"conectix" and len(footer) >= 56:
        return Detected("VHD", int.from_bytes(footer[48:56], "big"))
    return Detected("RAW", size)
