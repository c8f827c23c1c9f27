"""LVM2: the logical volumes on a disk's physical ones.

Linear, striped and thin volumes are read, and mirrors by the leg that is here. Of any
other kind (RAID with parity, cached, thick snapshots), or of one that lies on a disk
that is not here, it is said which and why.

Source: LVM2, lib/format_text/layout.h and lib/format_text/import_vsn1.c;
libyal/libvslvm, documentation/Logical Volume Manager (LVM) format.asciidoc; read
2026-11.
"""

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from disk_images.blocks.prefetch import BlockView, Range, exactly
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.volumes.lvm_thin import ThinVolume

_Scalar: TypeAlias = "str | int"
_Value: TypeAlias = "_Scalar | list[_Scalar] | Section"

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|(?P<word>[A-Za-z_0-9.+-]+)|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<mark>[{}=\[\],])""",
    re.DOTALL,
)
_MAX_DEPTH = 16


class Section:
    """What stands between two braces."""

    def __init__(self) -> None:
        self.values: dict[str, _Value] = {}

    def sections(self) -> Iterator[tuple[str, "Section"]]:
        """Yield the sections in it, by name."""
        for name, value in self.values.items():
            if isinstance(value, Section):
                yield name, value

    def section(self, name: str) -> "Section":
        """Return a section, an empty one if it is missing."""
        value = self.values.get(name)
        return value if isinstance(value, Section) else Section()

    def number(self, name: str) -> int:
        """Return a number, which must be there."""
        value = self.values.get(name)
        if not isinstance(value, int):
            raise DamagedError(f"LVM2 metadata has {value!r} as {name}")
        return value

    def text(self, name: str) -> str:
        """Return a text, which must be there."""
        value = self.values.get(name)
        if not isinstance(value, str):
            raise DamagedError(f"LVM2 metadata has {value!r} as {name}")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, an empty one if it is missing."""
        value = self.values.get(name)
        return [str(item) for item in value] if isinstance(value, list) else []

    def pairs(self, name: str) -> list[tuple[str, int]]:
        """Return a list of names, each with a number; it must be there."""
        value = self.values.get(name)
        items = value if isinstance(value, list) else []
        pairs = [
            (name, at)
            for name, at in zip(items[::2], items[1::2], strict=False)
            if isinstance(name, str) and isinstance(at, int)
        ]
        if not pairs or len(pairs) * 2 != len(items):
            raise DamagedError(f"LVM2 metadata has no pairs as {name}")
        return pairs


def parse_metadata(text: str) -> Section:
    """Return the whole text as a section.

    Raises:
        DamagedError: It is no such text.
    """
    tokens = _tokens(text)
    return _section(tokens, depth=0)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and content of each token."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise DamagedError(f"LVM2 metadata has {text[at : at + 10]!r} in it")
        at = match.end()
        if match.lastgroup:
            yield match.lastgroup, match[match.lastgroup]


def _section(tokens: Iterator[tuple[str, str]], *, depth: int) -> Section:
    """Return what follows up to the closing brace, or to the end on the top."""
    if depth > _MAX_DEPTH:
        raise DamagedError("LVM2 metadata is nested too deep")
    found = Section()
    for kind, name in tokens:
        if (kind, name) == ("mark", "}") and depth:
            return found
        sign = next(tokens, ("end", ""))[1]
        if kind == "mark" or sign not in {"=", "{"}:
            raise DamagedError(f"LVM2 metadata has {sign!r} after {name!r}")
        if sign == "{":
            found.values[name] = _section(tokens, depth=depth + 1)
        else:
            found.values[name] = _value(tokens)
    if depth:
        raise DamagedError("LVM2 metadata ends in the middle")
    return found


def _value(tokens: Iterator[tuple[str, str]]) -> _Value:
    first = next(tokens, ("end", ""))
    if first != ("mark", "["):
        return _scalar(first)
    values: list[_Scalar] = []
    for token in tokens:
        if token == ("mark", "]"):
            return values
        if token != ("mark", ","):
            values.append(_scalar(token))
    raise DamagedError("an LVM2 list has no end")


def _scalar(token: tuple[str, str]) -> _Scalar:
    kind, content = token
    if kind == "text":
        return content
    if kind != "word" or not re.fullmatch(r"-?\d{1,19}", content):
        # Numbers with a point are there for the creation time of nothing we read.
        return content
    return int(content)


SECTOR = 512

# The label, in one of the first four sectors: 0-7 "LABELONE", 20-23 offset of what
# follows, 24-31 "LVM2 001". At that offset: 0-31 UUID, 32-39 size, then pairs of
# offset and size: the data areas, a pair of zeros, the metadata areas, a pair of zeros.
_LABEL, _LABEL_TYPE = b"LABELONE", b"LVM2 001"
_MAX_AREAS = 16

# A metadata area's header: 4-19 magic, 20-23 version, 24-31 its own offset, 32-39 its
# size, 40-47 offset of the text in the area, 48-55 size of the text, 60-63 flags
# (1: not to be used). The text goes round from the end of the area to its byte 512.
_AREA_MAGIC = b" LVM2 x[5A%r0N*>"
_AREA_HEADER_BYTES = 512
_MAX_TEXT_BYTES = 4 << 20
_MAX_VOLUMES = 256
_MAX_SEGMENTS = 1024
_MAX_LEVELS = 2


@dataclass(frozen=True, kw_only=True)
class PhysicalVolume:
    """A physical volume: its UUID without dashes, and the text on it."""

    source: Source
    uuid: str
    text: str


@dataclass(frozen=True, kw_only=True)
class LogicalVolume:
    """A logical volume, by the name that its user gave it, or why it is not read."""

    name: str
    uuid: str
    source: Source | None
    size_bytes: int = 0
    problem: str = ""


@dataclass(frozen=True)
class _Segment:
    """A stretch of a volume: on one place, or in turns on several.

    Attributes:
        places: A source and the offset on it, for each stripe.
        stripe_bytes: What stands on one of them before the next one has its turn.
    """

    start: int
    size_bytes: int
    places: tuple[tuple[Source, int], ...]
    stripe_bytes: int

    def pieces(self, offset: int, count: int) -> Iterator[tuple[Source, int, int]]:
        """Yield source, offset and length of what a range of the segment is made of."""
        if len(self.places) == 1:
            source, at = self.places[0]
            yield source, at + offset, count
            return
        while count > 0:
            turn, within = divmod(offset, self.stripe_bytes)
            source, at = self.places[turn % len(self.places)]
            length = min(count, self.stripe_bytes - within)
            row = turn // len(self.places)
            yield source, at + row * self.stripe_bytes + within, length
            offset, count = offset + length, count - length


class _Group(NamedTuple):
    """A volume group, as its volumes are looked for in it."""

    places: dict[str, tuple[Source | None, int]]
    extent_bytes: int
    volumes: Mapping[str, Section]


class _Joined(BlockView):
    """Stretches of sources one after the other, as a `Source`."""

    def __init__(self, segments: list[_Segment]) -> None:
        self._segments = segments

    @property
    def size_bytes(self) -> int:
        """The number of bytes."""
        return sum(segment.size_bytes for segment in self._segments)

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes; fewer only where the volume ends."""
        pieces = []
        for source, at, length in self._pieces(offset, count):
            pieces.append(exactly(source, at, length))
        return b"".join(pieces)

    def below(self, ranges: Iterable[Range]) -> Iterator[tuple[Source, list[Range]]]:
        """Yield where ranges are, each piece on its own source."""
        for offset, count in ranges:
            for source, at, length in self._pieces(offset, count):
                yield source, [(at, length)]

    def _pieces(self, offset: int, count: int) -> list[tuple[Source, int, int]]:
        found: list[tuple[Source, int, int]] = []
        for segment in self._segments:
            first = max(offset, segment.start)
            end = min(offset + count, segment.start + segment.size_bytes)
            if first < end:
                found += segment.pieces(first - segment.start, end - first)
        return found


def read_physical_volume(source: Source) -> PhysicalVolume:
    """Return a physical volume and the text on it, "" if it has none.

    Raises:
        CannotTellError: It is damaged or cannot be read.
    """
    head = source.read(0, 4 * SECTOR)
    places = [at for at in range(0, 2048, SECTOR) if head.startswith(_LABEL, at)]
    if not places or head[places[0] + 24 : places[0] + 32] != _LABEL_TYPE:
        raise DamagedError("there is no LVM2 label")
    (offset,) = struct.unpack_from("<I", head, places[0] + 20)
    header = exactly(source, places[0] + offset, 40 + 32 * _MAX_AREAS)
    pairs = [struct.unpack_from("<QQ", header, 40 + 16 * n) for n in range(_MAX_AREAS)]
    ends = [number for number, pair in enumerate(pairs) if pair == (0, 0)]
    areas = pairs[ends[0] + 1 : ends[1]] if len(ends) > 1 else []
    source.want(areas[:1] and [(areas[0][0], min(areas[0][1], 64 * 1024))])
    texts = [_text(source, *area) for area in areas]
    text = next((text for text in texts if text), "")
    uuid = header[:32].decode("ascii", errors="replace")
    return PhysicalVolume(source=source, uuid=uuid, text=text)


def _text(source: Source, area: int, size: int) -> str:
    header = exactly(source, area, _AREA_HEADER_BYTES)
    if header[4:20] != _AREA_MAGIC:
        raise DamagedError("the LVM2 metadata area has no header")
    offset, length, _, flags = struct.unpack_from("<QQII", header, 40)
    if flags & 1 or not offset:
        return ""
    if length > _MAX_TEXT_BYTES or not _AREA_HEADER_BYTES <= offset < size:
        raise DamagedError(f"LVM2 metadata of {length:,} bytes at {offset:,}")
    first = min(length, size - offset)
    raw = exactly(source, area + offset, first)
    raw += exactly(source, area + _AREA_HEADER_BYTES, length - first)
    return raw.split(b"\0")[0].decode(errors="replace")


def logical_volumes(physical: list[PhysicalVolume]) -> list[LogicalVolume]:
    """Return the logical volumes that these physical ones hold or tell of.

    Raises:
        CannotTellError: The metadata is damaged.
    """
    by_uuid = {volume.uuid: volume.source for volume in physical}
    newest: dict[str, tuple[int, str, Section]] = {}
    for text in dict.fromkeys(volume.text for volume in physical if volume.text):
        for name, group in parse_metadata(text).sections():
            sequence = group.number("seqno")
            if sequence >= newest.get(group.text("id"), (-1,))[0]:
                newest[group.text("id")] = sequence, name, group
    found: list[LogicalVolume] = []
    for _, name, group in newest.values():
        found += _volumes_of(name, group, by_uuid)
    return found[:_MAX_VOLUMES]


def _volumes_of(
    group_name: str, group: Section, by_uuid: dict[str, Source]
) -> list[LogicalVolume]:
    places: dict[str, tuple[Source | None, int]] = {}
    for name, section in group.section("physical_volumes").sections():
        source = by_uuid.get(section.text("id").replace("-", ""))
        places[name] = source, section.number("pe_start") * SECTOR
    volumes = dict(group.section("logical_volumes").sections())
    extent_bytes = group.number("extent_size") * SECTOR
    inside = _Group(places, extent_bytes, volumes)
    snapshots = _snapshots(volumes)
    found = []
    for name, section in volumes.items():
        is_inner = _kind_of(section) in {"snapshot", "thin-pool"}
        if "VISIBLE" not in section.texts("status") or is_inner:
            continue
        joined: Source | None = None
        origin = snapshots.get(name)
        problem = _unread(f"a snapshot of {origin}") if origin else ""
        if not problem:
            try:
                joined = _Joined(_segments(section, inside))
            except CannotTellError as exc:
                problem = str(exc)
        found.append(
            LogicalVolume(
                name=f"{group_name}/{name}",
                uuid=section.text("id"),
                source=joined,
                size_bytes=_size_of(section, extent_bytes),
                problem=problem,
            )
        )
    return found


def _kind_of(volume: Section) -> str:
    kind = volume.section("segment1").values.get("type")
    return kind if isinstance(kind, str) else ""


def _snapshots(volumes: Mapping[str, Section]) -> dict[str, str]:
    """Return which volumes are snapshots, and of which ones.

    LVM2 keeps a snapshot as a volume of an inner name, which says where its blocks are
    and whose they were; the user knows the one with the blocks.
    """
    segments = [volume.section("segment1").values for volume in volumes.values()]
    return {
        str(values.get("cow_store")): str(values.get("origin"))
        for values in segments
        if values.get("type") == "snapshot"
    }


def _size_of(volume: Section, extent_bytes: int) -> int:
    counts = (segment.values.get("extent_count", 0) for _, segment in volume.sections())
    return sum(n for n in counts if isinstance(n, int)) * extent_bytes


def _unread(what: str) -> str:
    return f"it is {what}, and only linear, striped, mirrored and thin ones are read"


def _segments(volume: Section, group: _Group, depth: int = 0) -> list[_Segment]:
    count = volume.number("segment_count")
    if not 0 < count <= _MAX_SEGMENTS:
        raise DamagedError(f"it claims {count:,} segments")
    found: list[_Segment] = []
    start = 0
    for number in range(1, count + 1):
        segment = volume.section(f"segment{number}")
        if segment.number("start_extent") * group.extent_bytes != start:
            raise DamagedError("its segments do not follow each other")
        size = segment.number("extent_count") * group.extent_bytes
        found.append(_segment(segment, group, start, size, depth))
        start += size
    return found


def _segment(
    segment: Section, group: _Group, start: int, size: int, depth: int
) -> _Segment:
    kind = segment.text("type")
    if kind == "striped":
        names = segment.pairs("stripes")
        if len(names) != segment.number("stripe_count"):
            raise DamagedError(f"it has {len(names)} stripes")
        stripe_bytes = segment.number("stripe_size") * SECTOR if len(names) > 1 else 0
        if len(names) > 1 and stripe_bytes <= 0:
            raise DamagedError(f"its stripes have {stripe_bytes:,} bytes")
        places = tuple(_place(name, at, group) for name, at in names)
        return _Segment(start, size, places, stripe_bytes)
    if kind == "thin" and not depth:
        return _Segment(start, size, ((_thin(segment, group, start + size), start),), 0)
    legs = _legs(segment, kind)
    if not legs or depth >= _MAX_LEVELS:
        raise CannotTellError(_unread(f"of type {kind}"))
    source = _first_leg(legs, group, depth + 1)
    return _Segment(start, size, ((source, start),), 0)


def _thin(segment: Section, group: _Group, size_bytes: int) -> ThinVolume:
    """Return a thin volume, found over its pool."""
    if segment.values.get("external_origin"):
        raise CannotTellError(_unread("a thin one on top of another volume"))
    name = segment.text("thin_pool")
    pool = group.volumes.get(name, Section()).section("segment1")
    metadata, data = (
        _inner(pool.text(role), group, depth=1) for role in ("metadata", "pool")
    )
    device = segment.number("device_id")
    return ThinVolume(metadata, data, device=device, size_bytes=size_bytes)


def _inner(name: str, group: _Group, depth: int) -> _Joined:
    """Return a volume that others are made of."""
    if name not in group.volumes:
        raise DamagedError(f"the metadata tell of no volume {name}")
    return _Joined(_segments(group.volumes[name], group, depth))


def _place(name: str, at: int, group: _Group) -> tuple[Source, int]:
    source, first = group.places.get(name, (None, 0))
    if source is None:
        raise CannotTellError(f"a part of it is on {name}, which is not on this disk")
    return source, first + at * group.extent_bytes


def _legs(segment: Section, kind: str) -> list[str]:
    """Return the volumes that each hold all of a mirror."""
    if kind == "mirror":
        return [name for name, _ in segment.pairs("mirrors")]
    return segment.texts("raids")[1::2] if kind == "raid1" else []


def _first_leg(legs: list[str], group: _Group, depth: int) -> Source:
    """Return the first leg of a mirror that is on this disk."""
    problem = "its legs are missing"
    for leg in legs:
        if leg in group.volumes:
            try:
                return _inner(leg, group, depth)
            except CannotTellError as exc:
                problem = str(exc)
    raise CannotTellError(problem)
