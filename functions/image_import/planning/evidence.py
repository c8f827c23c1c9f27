"""All that was seen of an image before anything is decided."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from disk_images.formats.detect import Header, read_header
from disk_images.formats.types import FormatError

from image_import.errors import HeaderError
from image_import.filename.reader import KeyClues
from image_import.model.declaration import Declaration
from image_import.model.revision import DiskRevision, ImageRevision

# Where a value of a plan may come from, as the log names it.
SIDECAR = "sidecar"
METADATA = "object metadata"
CONTENTS = "image contents"
KEY = "object key"
HEADER = "header"
SETTINGS = "settings"

CONVERTIBLE = frozenset(
    {
        "bzip2", "gzip", "ova", "tar", "tar.gz", "vdi", "vhdx", "vmdk-descriptor",
        "vmdk-sparse", "xz", "zip", "zstd",
    }
)  # fmt: skip
"""What may become a format that ECS takes; whether it does, its contents tell."""

_ENCRYPTED_BY_CLIENT = ("client-side-encryption-", "oss-crypto-")


def header_from(head: bytes, tail: bytes, *, object_size_bytes: int) -> Header:
    """Return what an object is, by its ends as `read_header` takes them.

    Raises:
        HeaderError: It is damaged, truncated, or of two formats at once.
    """
    try:
        return read_header(head, tail, object_size_bytes=object_size_bytes)
    except FormatError as exc:
        raise HeaderError(str(exc)) from exc


def check_is_itself(
    object_key: str, *, object_type: str, user_metadata: Mapping[str, str]
) -> None:
    """Return if what was read under a key is the object as its uploader has it.

    A symbolic link shows another object, which its uploader perhaps may not read; ECS
    would follow it. What a client has encrypted, ECS would import as it is.

    Args:
        object_key: For the message.
        object_type: `x-oss-object-type`.
        user_metadata: Names in lower case, without `x-oss-meta-`.

    Raises:
        HeaderError: It is a link, or was encrypted by a client.

    Sources: "PutSymlink" and "Client-side encryption", OSS documentation; oss2 2.19.1,
    headers.py, for the names of older clients; read 2026-12.
    """
    if object_type == "Symlink":
        raise HeaderError(
            f"{object_key} is a symbolic link to another object; upload the file itself"
        )
    if any(name.startswith(_ENCRYPTED_BY_CLIENT) for name in user_metadata):
        raise HeaderError(
            f"{object_key} was encrypted by the client that uploaded it, so ECS cannot "
            "read it; upload it without client-side encryption"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskEvidence:
    """One object: its version, what its bytes tell, and what OSS says of it.

    Attributes:
        user_metadata: Names in lower case, without `x-oss-meta-`.
        encryption: `x-oss-server-side-encryption`, "" if the object is not encrypted.
        crc64: Of the whole object, in decimal; "" where OSS does not say.
        content_md5: What Content-MD5 says, in hexadecimal; "" if nothing.
        head: Its first bytes, as many as were read; b"" if they are not kept.
        object_type: `x-oss-object-type`.
        target: What the object was converted to, and is imported from: its header,
            size and head are these; None where it is imported as it is.
        target_bucket: Where that is.
    """

    revision: DiskRevision
    object_size_bytes: int
    header: Header
    user_metadata: dict[str, str] = field(default_factory=dict)
    encryption: str = ""
    crc64: str = ""
    content_md5: str = ""
    object_type: str = ""
    head: bytes = field(default=b"", repr=False, compare=False)
    target: DiskRevision | None = None
    target_bucket: str = ""

    @property
    def is_convertible(self) -> bool:
        """Whether it is of a format that may become one which ECS takes."""
        return self.target is None and self.header.detected in CONVERTIBLE

    @property
    def stored(self) -> DiskRevision:
        """What ECS reads."""
        return self.target or self.revision

    @property
    def object_key(self) -> str:
        """The object's key."""
        return self.revision.object_key


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What the system inside of the image tells, for one target.

    Attributes:
        told: Values by the attribute that they are for, as `platform`.
        where: Where each was read.
        notes: What could not be told, and why.
    """

    told: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What one image is planned from; `disks[0]` is the system disk."""

    revision: ImageRevision
    region_id: str
    disks: tuple[DiskEvidence, ...]
    clues: KeyClues
    sidecar: Declaration | None = None
    sidecar_key: str = ""
    metadata: Declaration | None = None
    contents: Contents | None = None

    def declared(self, attribute: str) -> Iterator[tuple[str, Any]]:
        """Yield what people have said of an attribute, the sidecar first."""
        for source, declared in ((SIDECAR, self.sidecar), (METADATA, self.metadata)):
            yield source, (getattr(declared, attribute) or None) if declared else None

    def seen_inside(self, attribute: str) -> tuple[str, str | None]:
        """Return what the image's contents tell of an attribute."""
        return CONTENTS, self.contents.told.get(attribute) if self.contents else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One value of a plan, where it came from, and what it was preferred to."""

    value: Any
    source: str
    overrode: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the choice as the log shows it."""
        said = {"value": self.value, "source": self.source}
        return {**said, "overrode": self.overrode} if self.overrode else said


def choose(candidates: Iterable[tuple[str, Any]]) -> Choice | None:
    """Return the first candidate that says something, and who said otherwise.

    Args:
        candidates: Source and value, in the order of precedence; a source that says
            nothing has None.
    """
    said = [(source, value) for source, value in candidates if value is not None]
    if not said:
        return None
    source, value = said[0]
    return Choice(
        value=value,
        source=source,
        overrode={other: v for other, v in said[1:] if v != value},
    )
