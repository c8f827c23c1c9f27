"""Which disk of a machine a file name says it holds."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from image_import.filename.tokenizer import LAST_LATIN, Piece
from image_import.filename.vocabulary.disk_markers import (
    ALL_MARKERS,
    BUSES_FROM_0,
    DATA_DISKS,
    DATA_NODES,
    DATA_UNITS,
    DATA_WORDS,
    DEVICES,
    DISK_WORDS,
    DRIVES_FROM_0,
    FOREIGN_DATA_DISKS,
    HANA_WORDS,
    INNER_DATA_WORDS,
    MACHINE_WORDS,
    NOT_DEVICES,
    NOT_DISK_DATA,
    NUMBERED_DATA_WORDS,
    NUMBERED_WORDS,
    PAIRED_SERVERS,
    PAIRED_WORDS,
    SPACED_DISK_WORDS,
    SYSTEM_DISKS,
    SYSTEM_WORDS,
    WHOLE_NAME_DEVICES,
)
from image_import.model.disk import MAX_DISKS

# Where a marker may begin: after a separator, or also at a capital as in SQLDataDisk;
# other scripts need neither (麒麟V10系统盘).
_OTHER_SCRIPT = rf"(?=[^\x00-{LAST_LATIN}])"
_SEPARATOR = rf"(?:^|(?<=[-_. ])|{_OTHER_SCRIPT})"
_CAPITAL = rf"(?:^|(?<=[-_. ])|(?<=[a-z0-9])(?=[A-Z])|{_OTHER_SCRIPT})"
# Managed disks of Azure are named <machine>_OsDisk_1_<32 hex digits>, checkpoints of
# Hyper-V <disk>_<GUID>.
_SERIAL = r"(?:[-_][0-9]{1,2})?(?:[-_][0-9a-fA-F]{8}[-0-9a-fA-F]{0,28})?$"
# A machine's name may stand behind the words: Datenplatte_SAP.
_MACHINE = r"(?=[-_. ][^\W\d])"
_GUID = r"[0-9a-fA-F]{8}-[-0-9a-fA-F]{27}"
_NUMBER = r"0*(?P<number>[0-9]{1,2})"
# What backups put behind a device: web-vdb_20240501, web-vda-backup, vdb.full.20240501.
_COPY = (
    r"(?:[-_. ](?i:backup|bak|full|inc|diff|copy|clone|snap|snapshot|old|orig"
    r"|(?:19|20)[0-9]{2}[-_]?[01][0-9][-_]?[0-3][0-9](?:[-_T]?[0-9]{2}[-_:]?[0-9]{2}"
    r"(?:[-_:]?[0-9]{2})?Z?)?))*$"
)


def _any(words: tuple[str, ...]) -> str:
    """Return a pattern for any of the words; a space in one is an optional gap."""
    return "(?i:" + "|".join(word.replace(" ", "[-_ ]?") for word in words) + ")"


_SYSTEM = re.compile(
    rf"(?:{_CAPITAL}(?P<disk>{_any(SYSTEM_DISKS)})(?:{_SERIAL}|{_MACHINE})"
    rf"|{_SEPARATOR}(?P<word>{_any(SYSTEM_WORDS)})(?:_{_GUID})?$)"
)
_DATA_UNIT = _any(DATA_UNITS)
_DATA_NUMBER = re.compile(
    rf"{_CAPITAL}(?P<word>{_any(NUMBERED_DATA_WORDS)}(?:[-_ ]?(?P<unit>{_DATA_UNIT}))?)"
    rf"(?P<gap>[-_ ]?){_NUMBER}(?:[-_][0-9a-fA-F]{{8,32}})?$"
)
_DATA = re.compile(
    rf"{_CAPITAL}(?P<disk>{_any(DATA_DISKS)}){_SERIAL}"
    rf"|{_CAPITAL}(?P<foreign>{_any(FOREIGN_DATA_DISKS)})(?:{_SERIAL}|{_MACHINE})"
    rf"|{_SEPARATOR}(?P<word>{_any(DATA_WORDS)}){_SERIAL}"
    rf"|{_SEPARATOR}(?P<inner>{_any(INNER_DATA_WORDS)})(?=$|[-_. ])"
)
# Glued to its number a marker may stand inside (ipva-disk2-14r2), else only at the end.
_DISK_NUMBER = re.compile(
    rf"{_CAPITAL}(?P<word>{_any(DISK_WORDS)}){_NUMBER}(?=$|[-_ ]|\.[A-Za-z])"
    rf"|{_CAPITAL}(?P<spaced>{_any(SPACED_DISK_WORDS)})[-_ ]0*(?P<last>[0-9]{{1,2}})$"
)
_OTHER_NUMBER = re.compile(rf"{_SEPARATOR}(?P<word>{_any(NUMBERED_WORDS)}){_NUMBER}$")
_DEVICE = re.compile(
    rf"{_SEPARATOR}(?P<word>{_any(DEVICES)}(?P<letter>[a-pA-P])){_COPY}"
)
_NVME = re.compile(rf"{_SEPARATOR}(?P<word>(?i:nvme)(?P<number>[0-9]{{1,2}})n1){_COPY}")
_FROM_0 = re.compile(
    rf"(?:{_CAPITAL}(?P<drive>{_any(DRIVES_FROM_0)})"
    rf"|^(?:(?:disk-)?drive-)?(?P<bus>{_any(BUSES_FROM_0)})){_NUMBER}$"
)
_WHOLE = re.compile(rf"(?P<word>{_any(WHOLE_NAME_DEVICES)}(?P<letter>[a-pA-P]))$")
_LAST_WORD = re.compile(r"[a-zA-Z]+(?=[0-9]*$)")
_BEFORE_DEVICE = re.compile(r"[-_. ](?i:data)(?=[-_. ]|$)")
_DETACHED_DATA = re.compile(rf"(?:^|[-_. ])(?i:{'|'.join(NOT_DISK_DATA)})$")

PIECES_OF_A_MARKER = 9
"""`data` `disk` `2` and a serial of two, `vdb` and a time of eight; hashes
are no pieces."""

NAMES_SYSTEM_DISK = "names the system disk"
NAMES_DATA_DISK = "names a data disk"
NUMBERS_DISK = "numbers a disk"
NUMBERS_DATA_DISK = "numbers a data disk"


class DiskRole(NamedTuple):
    """What a file name tells of the disk it holds.

    Attributes:
        disk_index: 1 is the system disk; None for a data disk whose number is unknown.
        set_stem: The name without the marker, which the other disks share.
        is_of_set: The marker by itself says that there are other disks.
        number: As the name writes it; some count from 0, data disks by themselves.
        is_likely_machine: Alone the name is that of a whole machine, as es-data-01 or
            fw-secondary: only what lies beside it may make it a disk.
    """

    disk_index: int | None
    token: str
    rule: str
    set_stem: str
    is_of_set: bool
    number: int | None = None
    is_likely_machine: bool = False

    @property
    def is_data_disk(self) -> bool:
        """Whether it is any disk but the system disk."""
        return self.disk_index != 1


def find_disk_role(
    stem: str, found: Sequence[Piece], *, is_windows: bool
) -> DiskRole | None:
    """Return the disk that a name without its extensions tells.

    Args:
        stem: Of the file name.
        found: Its pieces; where no marker can begin, none is looked for.
        is_windows: A bare `data` then may be short for Datacenter.
    """
    if stem.isascii() and not _may_hold_marker(found):
        return None
    role = (
        _system_disk(stem)
        or _numbered_data(stem)
        or _data_disk(stem, is_windows=is_windows)
        or _numbered_disk(stem)
        or _device(stem)
        or _counted_from_0(stem)
    )
    return None if role and _means_other(role, found) else role


def _means_other(role: DiskRole, found: Sequence[Piece]) -> bool:
    """Return whether the words around the marker give it another meaning.

    A database's secondary is a machine among several, SAP's hdb a database.
    """
    token = role.token.lower()
    others = PAIRED_SERVERS if token in PAIRED_WORDS else HANA_WORDS
    is_ambiguous = token in PAIRED_WORDS or token == "hdb"
    return is_ambiguous and any(text in others for text, _ in found)


def _may_hold_marker(found: Sequence[Piece]) -> bool:
    """Return whether a marker may begin near the end, or a disk's number anywhere."""
    end = len(found) - PIECES_OF_A_MARKER
    return any(
        text.startswith(ALL_MARKERS if place >= end else DISK_WORDS)
        for place, (text, _) in enumerate(found)
    )


def _system_disk(stem: str) -> DiskRole | None:
    match = _SYSTEM.search(stem)
    if not match:
        return None
    word = match["disk"] or match["word"]
    is_paired = word.lower() in PAIRED_WORDS
    return DiskRole(1, word, NAMES_SYSTEM_DISK, _left(match), is_paired)


def _numbered_data(stem: str) -> DiskRole | None:
    """Data disk 2 is disk 2 of the machine; data2 is the second beside the first."""
    match = _DATA_NUMBER.search(stem)
    if not match:
        return None
    number = int(match["number"])
    is_of_machine = (match["unit"] or "").lower() == "disk" and number > 1
    index = number if is_of_machine else number + 1 + (number == 0)
    if index > MAX_DISKS:
        return None
    left = _left(match)
    is_bare = not match["unit"]
    # Behind a machine's number, or alone, the number is the disk's: web01-data-1.
    is_counted = bool(match["gap"] and left) and not left[-1:].isdigit()
    return DiskRole(
        index,
        f"{match['word']}{match['number']}",
        NUMBERS_DATA_DISK,
        left,
        is_of_set=True,
        number=number,
        is_likely_machine=is_bare and (is_counted or _is_data_node(left)),
    )


def _is_data_node(left: str) -> bool:
    """Return whether the word before data is one of machines that hold data."""
    last = _LAST_WORD.search(left)
    return last is not None and last[0].lower() in DATA_NODES


def _data_disk(stem: str, *, is_windows: bool) -> DiskRole | None:
    match = _DATA.search(stem)
    if not match:
        return None
    word = match["disk"] or match["foreign"] or match["word"] or match["inner"]
    is_bare = word.lower() == "data"
    if is_bare and (is_windows or _DETACHED_DATA.search(_left(match))):
        return None
    is_paired = word.lower() in PAIRED_WORDS
    left = _left(match)
    is_machine = word.lower() in MACHINE_WORDS or (is_bare and _is_data_node(left))
    return DiskRole(
        None,
        word,
        NAMES_DATA_DISK,
        left,
        is_paired,
        is_likely_machine=is_machine and bool(left),
    )


def _numbered_disk(stem: str) -> DiskRole | None:
    match = _DISK_NUMBER.search(stem) or _OTHER_NUMBER.search(stem)
    if not match:
        return None
    groups = match.groupdict()
    digits = groups["number"] or groups.get("last")
    word = groups["word"] or groups.get("spaced")
    number = int(digits or 0)
    if number > MAX_DISKS:
        return None
    return DiskRole(
        max(number, 1),
        f"{word}{digits}",
        NUMBERS_DISK,
        _left(match),
        is_of_set=number > 1,
        number=number,
    )


def _device(stem: str) -> DiskRole | None:
    """Return the disk of a device name: vda is the first, virtiob the second."""
    match = _DEVICE.search(stem) or _WHOLE.match(stem) or _NVME.search(stem)
    if not match or match["word"].lower() in NOT_DEVICES:
        return None
    letter = match.groupdict().get("letter")
    index = ord(letter.lower()) - ord("a") + 1 if letter else int(match["number"]) + 1
    if index > MAX_DISKS:
        return None
    # ECS exports a data disk as m-..._data_xvdb, its system disk as m-..._system.
    left = _BEFORE_DEVICE.sub("", _left(match, match.end("word")))
    return DiskRole(index, match["word"], "names a device", left, index > 1)


def _counted_from_0(stem: str) -> DiskRole | None:
    """Return the disk of a drive that its system counts from 0: PhysicalDrive1."""
    match = _FROM_0.search(stem)
    index = int(match["number"]) + 1 if match else MAX_DISKS + 1
    if not match or index > MAX_DISKS:
        return None
    token = f"{match['drive'] or match['bus']}{match['number']}"
    return DiskRole(index, token, "names a device", _left(match), index > 1)


def _left(match: re.Match[str], end: int | None = None) -> str:
    """Return what is left of the name without the marker and its separator.

    Args:
        match: Of the marker, and perhaps of what a backup put behind it.
        end: Where the marker ends, if the match goes further.
    """
    text = match.string
    left = text[: match.start()].rstrip("-_. ")
    rest = text[match.end() if end is None else end :]
    return left + rest if left else rest.lstrip("-_. ")
