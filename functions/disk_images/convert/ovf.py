"""What an OVF says: which disks a machine has, in which order, and its firmware.

Nothing of it is trusted: it is an uploader's text. A document type is refused, since
only one could name other files or grow without end.

Sources: DMTF DSP0243, "Open Virtualization Format Specification" 2.1; DMTF CIM,
CIM_ResourceAllocationSettingData (resource types); VMware's and VirtualBox's own
attributes as they write them; read 2026-12.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from disk_images.blocks.source import CannotTellError, DamagedError
from disk_images.convert.parts import RefusedError

LARGEST_BYTES = 4 << 20
MOST_DISKS = 64

_CONTROLLERS = {5: "IDE", 6: "SCSI", 20: "SATA"}
_DISK = 17
_UNITS = re.compile(r"byte\s*(?:\*\s*(\d{1,12})(?:\s*\^\s*(\d{1,2}))?)?", re.IGNORECASE)
_OLD_UNITS = {"megabytes": 1 << 20, "gigabytes": 1 << 30, "kilobytes": 1 << 10}
_DIGEST = re.compile(r"(SHA1|SHA256|SHA512)\s*\(([^)\n]+)\)\s*=\s*([0-9a-fA-F]+)\s*")
_DIGEST_LENGTHS = {"SHA1": 40, "SHA256": 64, "SHA512": 128}
_UNORDERED = (1 << 30, 1 << 30)

FIRMWARE = {"efi": "UEFI", "bios": "BIOS"}


@dataclass(frozen=True, kw_only=True, slots=True)
class OvfDisk:
    """A disk that has a file.

    Attributes:
        disk_id: As the descriptor calls it.
        file_name: Of its file, a label and no path.
        capacity_bytes: What the descriptor says; the file's own header wins.
        is_gzip: Its file is packed with gzip as a whole.
        chunk_bytes: Its file is cut in pieces of that size, None if it is whole.
        place: Its controller and slot, for people; "" if none is said.
    """

    disk_id: str
    file_name: str
    capacity_bytes: int
    is_gzip: bool = False
    chunk_bytes: int | None = None
    place: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What an OVF says of one machine.

    Attributes:
        disks: In the order of controllers and slots; the first one is the system's.
        empty_disks: Those without a file, which are not imported.
        firmware: `UEFI` or `BIOS`, "" if it is not said.
        system: The kind of system as the descriptor has it, "" if it is not said.
    """

    name: str
    disks: tuple[OvfDisk, ...]
    empty_disks: tuple[str, ...]
    firmware: str
    system: str


def read_ovf(data: bytes) -> Machine:
    """Return what the descriptor of a machine says.

    Raises:
        RefusedError: It describes several machines, a snapshot, or has a DOCTYPE.
        DamagedError: It is no OVF.
    """
    root = _parsed(data)
    systems = [e for e in root.iter() if _local(e.tag) == "VirtualSystem"]
    if len(systems) > 1:
        names = ", ".join(repr(_get(system, "id")) for system in systems[:10])
        raise RefusedError(
            f"it describes {len(systems)} machines: {names}; export each alone"
        )
    if not systems:
        raise DamagedError("the OVF describes no machine (VirtualSystem)")
    (system,) = systems
    files = {_get(e, "id"): e for e in _all(root, "File")}
    places = dict(_places(system))
    found: list[tuple[tuple[int, int], OvfDisk]] = []
    empty: list[str] = []
    for disk in _all(root, "Disk"):
        disk_id, reference = _get(disk, "diskId"), _get(disk, "fileRef")
        if _get(disk, "parentRef"):
            raise RefusedError(
                f"its disk {disk_id!r} is a snapshot of another one; remove the"
                " machine's snapshots and export it again"
            )
        if not reference:
            empty.append(disk_id)
            continue
        if reference not in files:
            raise DamagedError(f"the OVF's disk {disk_id!r} names no file that it has")
        order, place = places.get(
            f"disk/{disk_id}", places.get(f"file/{reference}", (_UNORDERED, ""))
        )
        found.append((order, _disk(disk, files[reference], place)))
    if len(found) > MOST_DISKS:
        raise RefusedError(f"it has {len(found)} disks, expected at most {MOST_DISKS}")
    found.sort(key=lambda pair: pair[0])
    return Machine(
        name=_get(system, "id"),
        disks=tuple(disk for _, disk in found),
        empty_disks=tuple(empty),
        firmware=_firmware(system),
        system=_system(system),
    )


def _parsed(data: bytes) -> ET.Element:
    if len(data) > LARGEST_BYTES:
        raise RefusedError(
            f"the OVF has {len(data):,} bytes, expected at most {LARGEST_BYTES:,}"
        )
    # Every encoding that the parser takes has the letters of ASCII, UTF-16 with a zero
    # beside each.
    if b"<!DOCTYPE" in data.replace(b"\0", b""):
        raise RefusedError(
            "the OVF has a document type, which no exporter writes and which could name"
            " other files; export it again"
        )
    try:
        root = ET.fromstring(data)  # noqa: S314 - without a document type, no entities
    except (ET.ParseError, LookupError, ValueError) as exc:
        raise DamagedError(f"the OVF is no XML: {exc}") from exc
    if _local(root.tag) != "Envelope":
        raise DamagedError("the OVF does not begin with an Envelope")
    return root


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _get(element: ET.Element, name: str) -> str:
    """Return an attribute, in whatever namespace it is."""
    for key, value in element.attrib.items():
        if _local(key) == name:
            return value.strip()
    return ""


def _all(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (e for e in root.iter() if _local(e.tag) == name)


def _text(element: ET.Element, name: str) -> str:
    for child in element:
        if _local(child.tag) == name:
            return (child.text or "").strip()
    return ""


def _number(text: str, default: int) -> int:
    return (
        int(text) if text.isascii() and text.isdigit() and len(text) < 12 else default
    )


def _places(system: ET.Element) -> Iterator[tuple[str, tuple[tuple[int, int], str]]]:
    """Yield for each disk, as `disk/ID` or `file/ID`, its order and its place.

    Controllers count in the order in which they stand, slots as numbers: 10 is after 2.
    """
    items = [e for e in system.iter() if _local(e.tag) in {"Item", "StorageItem"}]
    controllers: dict[str, tuple[int, str]] = {}
    for item in items:
        kind = _number(_text(item, "ResourceType"), 0)
        if kind in _CONTROLLERS:
            bus = _text(item, "Address") or "0"
            label = f"{_CONTROLLERS[kind]} {bus}"
            controllers[_text(item, "InstanceID")] = len(controllers), label
    for item in items:
        if _number(_text(item, "ResourceType"), 0) != _DISK:
            continue
        slot = _number(_text(item, "AddressOnParent"), 1 << 20)
        default = (1 << 20, "no controller")
        rank, label = controllers.get(_text(item, "Parent"), default)
        named = _text(item, "HostResource").removeprefix("ovf:").lstrip("/")
        yield named, ((rank, slot), f"{label}, slot {slot}")


def _disk(disk: ET.Element, file: ET.Element, place: str) -> OvfDisk:
    packed = _get(file, "compression").lower()
    if packed not in {"", "identity", "gzip"}:
        raise RefusedError(
            f"its file {_get(file, 'href')!r} is packed by {packed!r}, expected gzip;"
            " export it again without"
        )
    chunk = _number(_get(file, "chunkSize"), 0)
    return OvfDisk(
        disk_id=_get(disk, "diskId"),
        file_name=_get(file, "href"),
        capacity_bytes=_capacity(disk),
        is_gzip=packed == "gzip",
        chunk_bytes=chunk or None,
        place=place,
    )


def _capacity(disk: ET.Element) -> int:
    """Return a disk's size; 0 where it is not said in a way that is known."""
    count = _number(_get(disk, "capacity"), 0)
    unit = _get(disk, "capacityAllocationUnits") or "byte"
    if unit.lower() in _OLD_UNITS:
        return count * _OLD_UNITS[unit.lower()]
    found = _UNITS.fullmatch(unit)
    if not found:
        return 0
    base, power = int(found[1] or 1), int(found[2] or 1)
    return count * base**power if base <= 1 << 40 and power <= 64 else 0


def _firmware(system: ET.Element) -> str:
    for config in _all(system, "Config"):
        if _get(config, "key") == "firmware":
            return FIRMWARE.get(_get(config, "value").lower(), "")
    return ""


def _system(system: ET.Element) -> str:
    for section in _all(system, "OperatingSystemSection"):
        own = _text(section, "OSType")
        said = _get(section, "osType") or own or _text(section, "Description")
        return said or _get(section, "id")
    return ""


def read_manifest(data: bytes) -> dict[str, tuple[str, str]]:
    """Return the digests of a manifest: file name -> (algorithm, hex).

    Raises:
        DamagedError: A line of it is no digest.
    """
    found: dict[str, tuple[str, str]] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        if not line.strip():
            continue
        match = _DIGEST.fullmatch(line)
        if not match or len(match[3]) != _DIGEST_LENGTHS[match[1]]:
            raise DamagedError(f"a line of the manifest is {line[:80]!r}, no digest")
        found[match[2].strip()] = match[1].lower(), match[3].lower()
    return found


def label_of(name: str) -> str:
    """Return the last part of a file's name.

    Raises:
        CannotTellError: It leads elsewhere, as a URL does.
    """
    if "://" in name or "\0" in name:
        raise CannotTellError(
            f"a disk's file is {name!r}, expected a file in the same archive"
        )
    return name.replace("\\", "/").rpartition("/")[2]
