"""An uploaded object as the source of a conversion, and the lanes of its disks.

Every read asks for the ETag that the object had: what is overwritten meanwhile ends the
conversion (`ObjectChanged`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from disk_images.blocks.source import Fetched, Source
from disk_images.blocks.vmdk_descriptor import (
    LARGEST_DESCRIPTOR,
    parse_descriptor,
    plain_name,
)
from disk_images.convert.ahead import ReadAhead
from disk_images.convert.archives import tar_members
from disk_images.convert.choose import (
    ConversionChoice,
    ConversionOrder,
    choose,
    read_appliance,
)
from disk_images.convert.parts import PartLimits
from disk_images.formats.types import Header

from image_import.aliyun.oss.client import ObjectMissing, Oss
from image_import.aliyun.oss.multipart import (
    LARGEST_COPY_BYTES,
    MOST_PARTS,
    SMALLEST_PART_BYTES,
)
from image_import.errors import EvidenceError
from image_import.retry import RetryPolicy

LIMITS = PartLimits(
    smallest_bytes=SMALLEST_PART_BYTES,
    largest_copy_bytes=LARGEST_COPY_BYTES,
    most=MOST_PARTS,
)


class ExtentMissing(EvidenceError):  # noqa: N818 - it may come yet
    """A file that a descriptor names is not there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskChoice:
    """How one disk of an object becomes an image.

    Attributes:
        member: Which file of an archive it is; "" where that is the object itself.
    """

    member: str
    choice: ConversionChoice


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectSource:
    """One object, as it was when it was looked at."""

    oss: Oss
    retry: RetryPolicy
    bucket: str
    object_key: str
    etag: str
    size_bytes: int

    def open(self) -> Source:
        """Return its bytes."""

        def fetch(offset: int, count: int) -> bytes:
            return self.retry.repeat(
                lambda: self.oss.read_range(
                    self.bucket,
                    self.object_key,
                    first=offset,
                    last=offset + count - 1,
                    etag=self.etag,
                )
            ).data

        return ReadAhead(Fetched(fetch=fetch, size_bytes=self.size_bytes))

    def open_beside(self, name: str) -> Source:
        """Open the file of a plain name in the same folder.

        Raises:
            ExtentMissing: There is none.
        """
        folder = self.object_key.rpartition("/")[0]
        key = f"{folder}/{name}" if folder else name
        try:
            about = self.retry.repeat(lambda: self.oss.head(self.bucket, key))
        except ObjectMissing as exc:
            raise ExtentMissing(
                f"{self.object_key} names {key}, which is not there yet"
            ) from exc
        beside = replace(
            self, object_key=key, etag=about.etag, size_bytes=about.object_size_bytes
        )
        return beside.open()

    def flat_beside(self) -> str:
        """Return the one plain disk that this descriptor of a VMDK only describes.

        "" if there is more to it: several extents, or one that is not plain.

        Raises:
            DamagedError: It is no such descriptor.
        """
        descriptor = parse_descriptor(self.open().read(0, LARGEST_DESCRIPTOR))
        if len(descriptor.extents) != 1:
            return ""
        (extent,) = descriptor.extents
        is_plain = extent.kind in {"FLAT", "VMFS"} and not extent.offset_bytes
        return plain_name(extent.name) if is_plain else ""

    def choices(self, header: Header, order: ConversionOrder) -> Sequence[DiskChoice]:
        """Return how each disk in it becomes an image, the system disk first.

        Args:
            header: What its ends say.

        Raises:
            RefusedError: No lane takes it.
            CannotTellError: It is damaged, or needs another file or a key.
            ExtentMissing: A file that it names is not there.
        """
        source = self.open()
        order = replace(order, limits=LIMITS, open_beside=self.open_beside)
        members = list(_members(source, header, order)) or [order.member]
        return [
            DiskChoice(
                member=member, choice=choose(source, replace(order, member=member))
            )
            for member in members
        ]


def _members(source: Source, header: Header, order: ConversionOrder) -> Iterator[str]:
    """Yield the disks' files of an appliance that has several, in their order."""
    if order.member or header.detected not in {"tar", "ova"}:
        return
    appliance = read_appliance(source, tar_members(source))
    if appliance and len(appliance[1]) > 1:
        yield from (member.name for member in appliance[1])
