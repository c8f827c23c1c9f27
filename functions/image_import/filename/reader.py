"""What the name of an uploaded object tells of the image in it.

The file name counts; folders fill in, the nearest first, what it leaves open. Where a
name tells nothing, nothing is inferred: ImportImage detects what a request leaves out,
and a wrong guess makes an image that does not boot.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from image_import.filename.architecture import find_architecture
from image_import.filename.disk_role import DiskRole, find_disk_role
from image_import.filename.extension import FileName, split_file_name
from image_import.filename.folders import find_system_around, nearest, read_folder
from image_import.filename.lookup import VOCABULARY, Vocabulary
from image_import.filename.system import find_system
from image_import.filename.tokenizer import Piece, folder_part, pieces, split_key
from image_import.filename.vocabulary.companions import companion
from image_import.filename.vocabulary.entry import System
from image_import.filename.vocabulary.extensions import FileKind
from image_import.model.targets import Target

KeyKind = Literal["image", "sidecar", "other"]
_IMPORTABLE = frozenset({FileKind.IMAGE, FileKind.UNSURE})
_DISKS = _IMPORTABLE | {FileKind.FOREIGN, FileKind.COMPRESSED}


class Clue(NamedTuple):
    """The word that a value was inferred from, and the rule by which it did."""

    token: str
    rule: str


class KeyClues(NamedTuple):
    """What an object key tells; None where it tells nothing.

    Attributes:
        kind: A sidecar is JSON or YAML beside what may be an image; "other" is not
            ours. An image may be unsupported: compressed, an ISO, VMDK.
        stem: The file name without its extensions.
        architecture: As ImportImage spells it, or "unsupported": one it does not have.
        disk_index: 1 is the system disk, 2 the first data disk.
        set_name: What the disks of one machine share, folder included.
        is_data_disk: Also where the number of the data disk is unknown.
        disk: The marker of a disk in the name, also where it is a machine's rather.
        system: What `platform` looks up in a target's list; None as well where names
            contradict each other.
        clues: What each field was inferred from, by the field's name.
    """

    object_key: str
    kind: KeyKind
    format: str
    stem: str
    os_type: str | None = None
    system: System | None = None
    architecture: str | None = None
    disk_index: int | None = None
    set_name: str | None = None
    is_data_disk: bool = False
    disk: DiskRole | None = None
    clues: Mapping[str, Clue] = MappingProxyType({})

    def platform(self, target: Target) -> str | None:
        """Return the value in a target's list of platforms that the name tells."""
        return self.system.platform_in(target.platforms) if self.system else None


@lru_cache(maxsize=64)
def read_key(object_key: str, vocabulary: Vocabulary = VOCABULARY) -> KeyClues:
    """Return what an object key tells by itself.

    One import asks it of the same keys again and again, so the latest are kept.
    """
    folders, name = split_key(object_key)
    file = split_file_name(name)
    found = pieces(file.stem)
    around = nearest(folders)
    system, clues = _system(file.stem, found, around, vocabulary)
    named = find_architecture(file.stem, found, system=system)
    architecture = _architecture(named, around, system, vocabulary)
    clues["format"] = Clue(file.extension or name, file.kind.value)
    if architecture:
        clues["architecture"] = architecture[1]
    disk = _disk(file, found, system)
    role = None if disk and disk.is_likely_machine else disk
    set_name = _set_name(object_key, role)
    if role:
        clues["disk_index"] = Clue(role.token, role.rule)
    if set_name:
        clues["set_name"] = clues["disk_index"]
    return KeyClues(
        object_key=object_key,
        kind=_kind(name, file),
        format=file.format if name else "unsupported",
        stem=file.stem,
        os_type=system.os_type if system else None,
        system=system,
        architecture=architecture[0] if architecture else None,
        disk_index=role.disk_index if role else None,
        set_name=set_name,
        is_data_disk=role is not None and role.is_data_disk,
        disk=disk,
        clues=clues,
    )


def _system(
    stem: str, found: Sequence[Piece], around: Sequence[str], vocabulary: Vocabulary
) -> tuple[System | None, dict[str, Clue]]:
    """Return the system that file name or folders tell, and the clues for it."""
    match, where = find_system(found, vocabulary), "in the file name"
    if not match:
        match = find_system_around(around, stem, vocabulary)
        where = "in a folder's name"
    if not match:
        return None, {}
    clue = Clue(match.token, f"{match.rule}, {where}")
    system = match.system
    fields = {
        "os_type": system and system.os_type,
        "platform": not system or bool(system.platforms) or system.os_type is None,
    }
    return system, {name: clue for name, is_known in fields.items() if is_known}


def _architecture(
    named: tuple[str, str] | None,
    around: Sequence[str],
    system: System | None,
    vocabulary: Vocabulary,
) -> tuple[str, Clue] | None:
    """Return the architecture that file name or folders tell, and the clue for it."""
    if named:
        return named[0], Clue(named[1], "names the architecture, in the file name")
    for folder in around:
        found = read_folder(folder, vocabulary).pieces
        if named := find_architecture("", found, system=system):
            where = "names the architecture, in a folder's name"
            return named[0], Clue(named[1], where)
    return None


def _kind(name: str, file: FileName) -> KeyKind:
    if not name or file.kind is FileKind.OTHER or companion(name):
        return "other"
    if file.kind is FileKind.SIDECAR:
        return "sidecar" if file.inner_kind in _IMPORTABLE else "other"
    return "image"


def _disk(
    file: FileName, found: Sequence[Piece], system: System | None
) -> DiskRole | None:
    """Return which disk it is: none for a disc, a bundle or a side file."""
    if file.kind not in _DISKS or file.inner_kind not in _DISKS:
        return None
    is_windows = system is not None and system.os_type == "windows"
    return find_disk_role(file.stem, found, is_windows=is_windows)


def _set_name(object_key: str, disk: DiskRole | None) -> str | None:
    """Return the set's name where this key alone says that there are other disks.

    A lone `-disk1` is a whole image more often than not.
    """
    if disk is None or not disk.is_of_set or not disk.set_stem:
        return None
    return folder_part(object_key) + disk.set_stem
