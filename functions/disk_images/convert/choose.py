"""Which lane a file takes to a format that clouds import, and why that one.

The first bytes of a file, and of what is packed in it, decide; a name never does. What
no lane takes is refused with what to do about it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from disk_images.blocks.joined import Joined
from disk_images.blocks.mapped import MappedDisk
from disk_images.blocks.open import nothing_beside, open_disk
from disk_images.blocks.prefetch import Slice
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.blocks.vhdx import VhdxDisk
from disk_images.blocks.vmdk import SparseVmdkDisk
from disk_images.blocks.vmdk_descriptor import OpenFile
from disk_images.convert.ahead import ReadAhead
from disk_images.convert.archives import (
    Member,
    inflated,
    tar_members,
    tar_stream,
    zip_members,
)
from disk_images.convert.map_lane import plan_map
from disk_images.convert.ovf import LARGEST_BYTES, Machine, label_of, read_ovf
from disk_images.convert.parts import ConversionPlan, PartLimits, RefusedError
from disk_images.convert.range_lane import plan_range
from disk_images.convert.stream_lane import (
    HOLE,
    StreamedPlan,
    as_it_is,
    as_qcow2,
    without_footer,
)
from disk_images.convert.unpack import unpacked
from disk_images.convert.wrap_lane import DoesNotFitError, plan_wrap
from disk_images.convert.xz_blocks import OrderedMap, read_blocks, unpacked_blocks
from disk_images.formats.detect import HEAD_BYTES, TAIL_BYTES, read_header
from disk_images.formats.types import DiskFormat, FormatError, Header

PACKED = {"gzip", "xz", "bzip2", "zstd", "tar.gz"}
ARCHIVES = {"tar", "ova", "zip"}
CONTAINERS = {"vmdk-sparse", "vhdx", "vdi"}
NESTED = PACKED | ARCHIVES | {"7z", "rar", "lz4", "lzip", "lzop", "lzma", "cab"}

DEFAULT_LARGEST_BYTES = 32 << 40
"""Of a disk that comes as a stream: more than any disk of a cloud has."""

_READ_BYTES = 4 << 20
_GPT = b"EFI PART"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversionOrder:
    """What is wanted of a conversion.

    Attributes:
        limits: Of the parts of a target.
        only_qcow2: Nothing but a qcow2 will do; else what lies whole inside another
            file stays as it is.
        can_copy: Ranges of the source can be copied into the target on their own side.
        wraps_compressed: Compressed grains may be wrapped, too. A reader with a window
            of 4 KiB for what it inflates does not take them.
        is_thin: No zeros are written that can be left out, wherever they stand: nothing
            is wrapped, and blocks that can be read at once are looked through.
        member: Which file of an archive, if it has several disks.
        largest_bytes: Of a disk that comes as a stream.
        open_beside: Opens the files that a descriptor names.
        ahead: Works on several pieces of the source side by side, where there are such.
    """

    limits: PartLimits = field(default_factory=PartLimits)
    only_qcow2: bool = False
    can_copy: bool = True
    wraps_compressed: bool = False
    is_thin: bool = False
    member: str = ""
    largest_bytes: int = DEFAULT_LARGEST_BYTES
    open_beside: OpenFile = nothing_beside
    ahead: OrderedMap = map


@dataclass(frozen=True, kw_only=True, slots=True)
class TwoPasses:
    """What has to be unpacked whole before its own tables can be followed.

    Attributes:
        pieces: Begins to unpack it, anew each time.
        notes: What a person should know of it.
        inner: What is in it, as `Header.detected`.
    """

    reason: str
    inner: str
    pieces: Callable[[], Iterator[bytes]]
    notes: tuple[str, ...] = ()


ConversionChoice = ConversionPlan | StreamedPlan | TwoPasses


def choose(file: Source, order: ConversionOrder) -> ConversionChoice:
    """Return how a file becomes an image.

    Raises:
        RefusedError: No lane takes it.
        CannotTellError: It is damaged, or needs another file or a key.
    """
    file = ReadAhead(file)
    header = _header(file)
    if header.detected == "zip":
        return _from_zip(file, order)
    if header.detected in {"tar", "ova"}:
        return _from_tar(file, order)
    if header.detected in PACKED:
        kind = "gzip" if header.detected == "tar.gz" else header.detected
        return _from_packed(file, kind, f"it is packed with {kind}", order)
    return _from_disk(file, header, order)


def _header(file: Source) -> Header:
    size = file.size_bytes
    tail = file.read(max(0, size - TAIL_BYTES), min(size, TAIL_BYTES))
    try:
        return read_header(file.read(0, HEAD_BYTES), tail, object_size_bytes=size)
    except FormatError as exc:
        raise DamagedError(str(exc)) from exc


def _from_disk(
    file: Source, header: Header, order: ConversionOrder
) -> ConversionChoice:
    """Return the lane of a disk that can be read anywhere."""
    is_known = header.format or header.detected in CONTAINERS | {"vmdk-descriptor"}
    if not is_known:
        raise RefusedError(header.problem or "it is no disk", fix=header.fix or "")
    disk = open_disk(file, header, open_beside=order.open_beside)
    _refuse_large_sectors(disk)
    return _noted(_of_opened(disk, file, header, order), _notes_of(disk))


def _notes_of(disk: Source) -> Iterator[str]:
    if isinstance(disk, SparseVmdkDisk) and disk.header.is_unclean:
        yield (
            "whoever wrote the VMDK last did not close it: it may be a copy of a disk"
            " that was in use; check what is on it"
        )


def _noted(choice: ConversionChoice, notes: Iterable[str]) -> ConversionChoice:
    return replace(choice, notes=(*choice.notes, *notes))


def _of_opened(
    disk: Source, file: Source, header: Header, order: ConversionOrder
) -> ConversionChoice:
    if order.is_thin and isinstance(disk, MappedDisk) and not _is_packed(disk):
        return as_qcow2(
            partial(_read_allocated, disk),
            reason="zeros are left out, and where it has them only its blocks say",
            largest_bytes=order.largest_bytes,
        )
    if header.detected in CONTAINERS:
        return _wrap_or_map(disk, file, order)
    if isinstance(disk, MappedDisk) and header.detected != "vhd-fixed":
        reason = f"it is {header.detected}: its tables say where it has data"
        return plan_map(disk, reason=reason, limits=order.limits)
    if isinstance(disk, Joined) and disk.is_mapped:
        reason = "its extents are sparse: their tables say where it has data"
        return plan_map(disk, reason=reason, limits=order.limits)
    return as_qcow2(
        partial(_read_through, disk),
        reason="it is plain: only its bytes say where it has data",
        largest_bytes=order.largest_bytes,
    )


def _wrap_or_map(disk: Source, file: Source, order: ConversionOrder) -> ConversionPlan:
    assert isinstance(disk, MappedDisk)  # noqa: S101 - what CONTAINERS are opened as
    what = "grains become compressed" if _is_packed(disk) else "blocks are whole"
    if order.is_thin:
        why = "its grains are compressed: their tables say where it has data"
    elif not order.can_copy:
        why = "ranges cannot be copied here"
    elif _is_packed(disk) and not order.wraps_compressed:
        why = "its grains are compressed: their tables say where it has data"
    elif isinstance(disk, VhdxDisk) and disk.header.is_replayed:
        why = "its log was replayed, so that the file alone is not the disk"
    else:
        try:
            return plan_wrap(
                disk,
                source_bytes=file.size_bytes,
                reason=f"its {what} clusters: tables in front are enough",
                limits=order.limits,
            )
        except DoesNotFitError as exc:
            why = str(exc)
    return plan_map(disk, reason=why, limits=order.limits)


def _refuse_large_sectors(disk: Source) -> None:
    """Raise for a disk whose partition table a machine with 512-byte sectors misses."""
    sector = disk.header.sector_bytes if isinstance(disk, VhdxDisk) else 512
    head = disk.read(0, 8192)
    has_large = head[4096:4104] == _GPT and head[512:520] != _GPT
    if has_large or sector != 512:
        raise RefusedError(
            "its disk has sectors of 4,096 bytes, where a machine of the cloud has 512:"
            " it would not find its partitions; install it anew on a disk with"
            " sectors of 512 bytes"
        )


def _is_packed(disk: Source) -> bool:
    return isinstance(disk, SparseVmdkDisk) and disk.header.is_compressed


def _read_allocated(disk: MappedDisk) -> Iterator[bytes]:
    """Yield a disk, without a read where its tables say that it has nothing."""
    at = 0
    for run in disk.runs(0, disk.size_bytes):
        for start in range(at, at + run.count, len(HOLE)):
            count = min(len(HOLE), at + run.count - start)
            if run.at is not None:
                yield disk.read(start, count)
            else:
                yield HOLE if count == len(HOLE) else bytes(count)
        at += run.count


def _read_through(disk: Source) -> Iterator[bytes]:
    at, size = 0, disk.size_bytes
    while at < size:
        piece = disk.read(at, min(_READ_BYTES, size - at))
        if not piece:
            raise DamagedError(f"the file ends at byte {at:,} of {size:,}")
        yield piece
        at += len(piece)


def _from_packed(
    file: Source, kind: str, why: str, order: ConversionOrder
) -> ConversionChoice:
    """Return the lane of what can only be read from its start."""
    pieces = partial(unpacked, file, kind)
    inner = _inner_header(_first(pieces()))
    if kind == "xz" and (blocks := read_blocks(file)):
        pieces = partial(unpacked_blocks, file, blocks, order.ahead)
        why = f"{why} in {len(blocks):,} blocks"
    if inner.detected in {"tar", "ova"}:
        return _from_packed_tar(pieces, why, order)
    return _packed_disk(pieces, inner, why, order)


def _inner_header(head: bytes) -> Header:
    """Return what a stream begins as; its end, and its size, are not known yet."""
    tail = b"\1" if len(head) >= HEAD_BYTES else head[-TAIL_BYTES:]
    size = 1 << 62 if len(head) >= HEAD_BYTES else len(head)
    try:
        return read_header(head, tail, object_size_bytes=size)
    except FormatError as exc:
        raise DamagedError(f"what is packed in it: {exc}") from exc


def _packed_disk(
    pieces: Callable[[], Iterator[bytes]],
    inner: Header,
    why: str,
    order: ConversionOrder,
) -> ConversionChoice:
    if inner.detected in NESTED:
        raise RefusedError(
            f"{why}, and in it is another archive ({inner.detected}); unpack the outer"
            " one and upload what is in it"
        )
    if inner.detected in CONTAINERS:
        return TwoPasses(
            reason=f"{why}; the tables of what is in it point back and forth",
            inner=inner.detected,
            pieces=pieces,
        )
    if inner.format in {DiskFormat.QCOW2, DiskFormat.VHD}:
        if inner.problem and inner.detected != "vhd-dynamic":
            raise RefusedError(f"{why}, and in it {inner.problem}")
        return as_it_is(
            pieces,
            reason=f"{why}; what is in it is {inner.detected} already",
            target_format=inner.format.value,
            largest_bytes=order.largest_bytes,
        )
    if inner.format is not DiskFormat.RAW:
        raise RefusedError(f"{why}, and in it is no disk: {inner.problem}")
    return as_qcow2(
        lambda: without_footer(pieces()),
        reason=f"{why}; what is in it is a plain disk",
        largest_bytes=order.largest_bytes,
    )


def _first(pieces: Iterator[bytes]) -> bytes:
    head = b""
    for piece in pieces:
        head += piece[: HEAD_BYTES - len(head)]
        if len(head) >= HEAD_BYTES:
            break
    return head


def _from_packed_tar(
    pieces: Callable[[], Iterator[bytes]], why: str, order: ConversionOrder
) -> ConversionChoice:
    """Return the lane of the one disk in a packed tar: all of it is gone over once."""
    seen: list[tuple[Member, bytes]] = []
    for member, inside in tar_stream(pieces()):
        if _is_candidate(member, order):
            seen.append((member, _first(inside)))
    member = _the_one([about for about, _ in seen], order)
    head = next(head for about, head in seen if about is member)
    return _packed_disk(
        partial(_one_of_tar, pieces, member.name),
        _inner_header(head),
        f"{why} and a tar; {member.name!r} in it",
        order,
    )


def _one_of_tar(pieces: Callable[[], Iterator[bytes]], name: str) -> Iterator[bytes]:
    found = False
    for member, inside in tar_stream(pieces()):
        if member.name == name:
            if found:
                raise RefusedError(f"{name!r} is there twice; upload one of them alone")
            found = True
            yield from inside


def _from_zip(file: Source, order: ConversionOrder) -> ConversionChoice:
    members = [m for m in zip_members(file) if _is_candidate(m, order)]
    member = _the_one(members, order)
    if member.is_plain:
        return _from_member(file, member, members, order)
    pieces = partial(inflated, file, member)
    why = f"{member.name!r} is deflated in a zip"
    return _packed_disk(pieces, _inner_header(_first(pieces())), why, order)


def read_appliance(
    file: Source, members: list[Member]
) -> tuple[Machine, list[Member]] | None:
    """Return what the OVF in a tar says, and its disks' files in their order.

    Its manifest's digests are not held against the files, which would take to read
    them all.

    Args:
        members: Of the whole tar.

    Returns:
        None if there is no OVF in it.

    Raises:
        RefusedError: There are several, or the machine cannot be taken as it is.
        DamagedError: A file that it names is missing.
    """
    texts = [m for m in members if m.base_name.lower().endswith(".ovf")]
    if not texts:
        return None
    if len(texts) > 1:
        names = ", ".join(repr(text.name) for text in texts[:10])
        raise RefusedError(f"it has several machines: {names}; export each alone")
    count = min(texts[0].size_bytes, LARGEST_BYTES + 1)
    machine = read_ovf(file.read(texts[0].offset, count))
    by_name = {member.base_name: member for member in members}
    disks = []
    for disk in machine.disks:
        if disk.chunk_bytes:
            raise RefusedError(
                f"its disk {disk.file_name!r} is cut in chunks; export it again without"
            )
        name = label_of(disk.file_name)
        if name not in by_name:
            raise DamagedError(
                f"its OVF names the disk {disk.file_name!r}, which is not in it; it was"
                " cut short or exported in part: export it again"
            )
        disks.append(by_name[name])
    return machine, disks


def _from_tar(file: Source, order: ConversionOrder) -> ConversionChoice:
    members = tar_members(file)
    appliance = read_appliance(file, members)
    candidates = members
    if appliance:
        candidates = [replace(disk, is_disk_by_ovf=True) for disk in appliance[1]]
    member = _the_one([m for m in candidates if _is_candidate(m, order)], order)
    if not member.is_plain:
        pieces = partial(_one_of_tar, partial(_read_through, file), member.name)
        why = f"{member.name!r} has holes in its tar"
        return _packed_disk(pieces, _inner_header(_first(pieces())), why, order)
    return _noted(_from_member(file, member, members, order), _unchecked(members))


def _unchecked(members: list[Member]) -> Iterator[str]:
    """Yield what is said of a machine's files and is not held against them."""
    for member in members:
        if member.base_name.lower().endswith(".mf"):
            yield (
                f"the digests in {member.name!r} were not compared with the files:"
                " all of them would have to be read"
            )


def _is_candidate(member: Member, order: ConversionOrder) -> bool:
    if order.member:
        return order.member in {member.name, member.base_name}
    return member.is_disk or member.is_disk_by_ovf


def _the_one(members: list[Member], order: ConversionOrder) -> Member:
    """Return the only candidate.

    Raises:
        RefusedError: There are several, or none.
    """
    if len(members) == 1:
        return members[0]
    names = ", ".join(repr(member.name) for member in members[:10])
    if members:
        raise RefusedError(
            f"it has several disks: {names}; name the one that is meant as its member"
            " (--member, or Member beside the upload), or upload each alone"
        )
    wanted = repr(order.member) if order.member else "no file named as a disk"
    raise RefusedError(f"it has no disk in it: expected {wanted}; upload the disk")


def _from_member(
    file: Source, member: Member, members: list[Member], order: ConversionOrder
) -> ConversionChoice:
    """Return the lane of what lies whole inside a file that can be read anywhere."""

    def beside(name: str) -> Source:
        for other in members:
            if other.base_name == name and other.is_plain:
                return Slice(file, other.offset, other.size_bytes)
        raise CannotTellError(f"{name!r} is not in the archive beside its descriptor")

    inside = Slice(file, member.offset, member.size_bytes)
    header = _header(inside)
    if header.detected == "gzip" and member.is_disk_by_ovf:
        why = f"{member.name!r} is packed with gzip, as its OVF says"
        return _from_packed(inside, "gzip", why, order)
    if header.detected in NESTED:
        raise RefusedError(
            f"{member.name!r} in it is another archive ({header.detected}); unpack the"
            " outer one and upload what is in it"
        )
    is_plain = header.format is DiskFormat.RAW or header.detected == "vhd-fixed"
    is_kept = not (order.only_qcow2 or (order.is_thin and is_plain))
    if header.format and is_kept and order.can_copy:
        if header.problem and not header.is_blank:
            raise RefusedError(
                f"{member.name!r}: {header.problem}", fix=header.fix or ""
            )
        return plan_range(
            offset=member.offset,
            size_bytes=member.size_bytes,
            disk_bytes=header.virtual_size_bytes or member.size_bytes,
            target_format=header.format.value,
            reason=f"{member.name!r} lies whole inside as {header.detected}",
            limits=order.limits,
        )
    choice = _from_disk(inside, header, replace(order, open_beside=beside))
    if not isinstance(choice, ConversionPlan):
        return choice
    moved = [
        part
        if part.make
        else replace(part, copied_from=part.copied_from + member.offset)
        for part in choice.parts
    ]
    return replace(choice, parts=moved)
