"""LVM2: the logical volumes on a disk's physical ones.

Linear volumes are read. Of any other kind (striped, RAID, thin, cached, snapshots), or
of one that lies on a disk that is not here, it is said which and why.

Source: LVM2, lib/format_text/layout.h and lib/format_text/import_vsn1.c;
libyal/libvslvm, documentation/Logical Volume Manager (LVM) format.asciidoc; read
2026-11.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from disk_images.blocks.prefetch import BlockView, Range, exactly
from disk_images.blocks.source import CannotTellError, DamagedError, Source

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

    def pair(self, name: str) -> tuple[str, int]:
        """Return a list of a name and a number, which must be there."""
        match self.values.get(name):
            case [str(first), int(second)]:
                return first, second
        raise DamagedError(f"LVM2 metadata has no pair as {name}")


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


@dataclass(frozen=True, kw_only=True)
class PhysicalVolume:
    """A physical volume: its UUID without dashes, and the text on it."""

    source: Source
    uuid: str
    text: str


@dataclass(frozen=True, kw_only=True)
class LogicalVolume:
    """A logical volume, or why it cannot be read."""

    name: str
    uuid: str
    source: Source | None
    problem: str = ""


@dataclass(frozen=True)
class _Segment:
    start: int
    size_bytes: int
    source: Source
    offset: int


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
        found = []
        for segment in self._segments:
            first = max(offset, segment.start)
            end = min(offset + count, segment.start + segment.size_bytes)
            if first < end:
                at = segment.offset + first - segment.start
                found.append((segment.source, at, end - first))
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
    extent = group.number("extent_size") * SECTOR
    found = []
    for name, section in group.section("logical_volumes").sections():
        if "VISIBLE" not in section.texts("status"):
            continue
        uuid = section.text("id")
        full = f"{group_name}/{name}"
        try:
            source = _Joined(_segments(section, places, extent))
        except CannotTellError as exc:
            problem = f"logical volume {full}: {exc}"
            found.append(
                LogicalVolume(name=full, uuid=uuid, source=None, problem=problem)
            )
        else:
            found.append(LogicalVolume(name=full, uuid=uuid, source=source))
    return found


def _segments(
    volume: Section, places: dict[str, tuple[Source | None, int]], extent: int
) -> list[_Segment]:
    count = volume.number("segment_count")
    if not 0 < count <= _MAX_SEGMENTS:
        raise DamagedError(f"it claims {count:,} segments")
    found, start = [], 0
    for number in range(1, count + 1):
        segment = volume.section(f"segment{number}")
        kind = segment.text("type")
        stripes = segment.number("stripe_count") if kind == "striped" else 0
        if stripes != 1:
            what = f"striped over {stripes}" if stripes else f"of type {kind}"
            raise CannotTellError(f"it is {what}, and only linear ones are read")
        name, at = segment.pair("stripes")
        source, first = places.get(name, (None, 0))
        if source is None:
            raise CannotTellError(
                f"a part of it is on {name}, which is not on this disk"
            )
        if segment.number("start_extent") * extent != start:
            raise DamagedError("its segments do not follow each other")
        size = segment.number("extent_count") * extent
        found.append(_Segment(start, size, source, first + at * extent))
        start += size
    return found
