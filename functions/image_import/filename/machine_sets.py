"""What object keys tell of each other: which of them are disks of one machine.

A lone `web-disk1` is a whole image; beside a `web-disk2` it is the first of two. Keys
that are read together also settle where a numbering begins: `vm-100-disk-1` is the
first disk, unless there is a `vm-100-disk-0`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from image_import.filename.architecture import ARCHITECTURE_BY_WORD
from image_import.filename.disk_role import (
    NAMES_DATA_DISK,
    NAMES_SYSTEM_DISK,
    NUMBERS_DATA_DISK,
    NUMBERS_DISK,
    DiskRole,
)
from image_import.filename.lookup import VOCABULARY, Vocabulary
from image_import.filename.reader import Clue, KeyClues, read_key
from image_import.filename.tokenizer import folder_part
from image_import.filename.vocabulary.disk_markers import PAIRED_WORDS
from image_import.filename.vocabulary.stop_words import IMAGE_WORDS
from image_import.model.disk import MAX_DISKS

Place = tuple[str, str]
"""A set's folder, and what the names of its disks share, in lower case."""

_LAST_WORD = re.compile(r"(?<=[^-_. ])[-_. ](?P<word>[A-Za-z]+)$")
_ROLES = frozenset({NAMES_SYSTEM_DISK, NAMES_DATA_DISK})
FIRST_DATA_DISK = 2


def read_keys(
    object_keys: Iterable[str], vocabulary: Vocabulary = VOCABULARY
) -> list[KeyClues]:
    """Return what each key tells, by itself and together with the others."""
    read = [read_key(key, vocabulary) for key in object_keys]
    joined: dict[str, KeyClues] = {}
    for members in _sets(read, vocabulary):
        joined.update(_joined(members))
    return [joined.get(clues.object_key, clues) for clues in read]


def _sets(read: Sequence[KeyClues], vocabulary: Vocabulary) -> list[list[KeyClues]]:
    """Return the keys that share a name, those with a marker first."""
    sets: dict[Place, list[KeyClues]] = defaultdict(list)
    unmarked = []
    for clues in {clues.object_key: clues for clues in read}.values():
        if clues.disk and clues.disk.set_stem:
            sets[_place(clues, clues.disk.set_stem)].append(clues)
        elif clues.kind == "image" and not clues.disk:
            unmarked.append(clues)
    marked = {place: tuple(members) for place, members in sets.items()}
    for clues in unmarked:
        if place := _place_beside(clues, marked, vocabulary):
            sets[place].append(clues)
    several = (members for members in sets.values() if len(members) > 1)
    return [disks for disks in map(_disks, several) if _is_set(disks)]


def _disks(members: Sequence[KeyClues]) -> list[KeyClues]:
    """Return the members without those that are machines rather than disks.

    Beside a system disk `es-data-01` is a disk, `fw-secondary` beside a disk that says
    so: `fw-primary` is the other machine of the pair.
    """
    roles = {_role(m) for m in members}
    has_system = not roles.isdisjoint({"system", "unmarked"})
    is_left = {"counted": has_system, "paired": "system" in roles}
    return [m for m in members if is_left.get(_role(m), True)]


def _role(clues: KeyClues) -> str:
    """Return what a member is by itself, as far as the set depends on it."""
    disk = clues.disk
    if disk is None:
        return "unmarked"
    if disk.is_likely_machine:
        return "paired" if disk.token.lower() in PAIRED_WORDS else "counted"
    is_system = disk.disk_index == 1 and disk.token.lower() not in PAIRED_WORDS
    return "system" if is_system else "data"


def _is_set(members: Sequence[KeyClues]) -> bool:
    """Return whether they are several disks, not the first one in several formats."""
    tokens = {m.disk.token.lower() if m.disk else m.object_key for m in members}
    has_others = any(not m.disk or _is_data_disk(m) for m in members)
    counts_from_0 = any(m.disk is not None and m.disk.number == 0 for m in members)
    return len(tokens) > 1 and (has_others or counts_from_0)


def _place(clues: KeyClues, stem: str) -> Place:
    return folder_part(clues.object_key), stem.casefold()


def _place_beside(
    clues: KeyClues,
    marked: Mapping[Place, Sequence[KeyClues]],
    vocabulary: Vocabulary,
) -> Place | None:
    """Return the set that a name without a marker belongs to."""
    stem = clues.stem
    place = _place(clues, stem)
    if any(_is_data_disk(m) for m in marked.get(place, ())):
        has_first = any(m.disk_index == 1 for m in marked[place])
        return None if has_first else place
    last = _LAST_WORD.search(stem)
    if not last or _is_known(last["word"].lower(), vocabulary):
        return None
    place = _place(clues, stem[: last.start()])
    return place if any(_is_alike(clues, m) for m in marked.get(place, ())) else None


def _is_alike(clues: KeyClues, marked: KeyClues) -> bool:
    """Return whether `app-cmdb` has its last word where `app-os` has its role."""
    has_role = marked.disk is not None and marked.disk.rule in _ROLES
    return has_role and marked.clues["format"].token == clues.clues["format"].token


def _is_known(word: str, vocabulary: Vocabulary) -> bool:
    """Return whether a word has a meaning of its own: `minimal`, `sid`, `arm64`."""
    is_system = vocabulary.table.get(word) is not None
    is_architecture = ARCHITECTURE_BY_WORD.get(word) is not None
    return word in IMAGE_WORDS or is_system or is_architecture


def _joined(members: Sequence[KeyClues]) -> dict[str, KeyClues]:
    """Return the members as disks of one set, by their keys."""
    first = members[0].disk
    stem = first.set_stem if first else ""
    set_name = folder_part(members[0].object_key) + stem
    beside = Clue(first.token if first else "", "marks a disk beside it")
    indices = [_index(clues, members, stem) for clues in members]
    joined = {}
    for clues, index in zip(members, indices, strict=True):
        own = Clue(clues.disk.token, clues.disk.rule) if clues.disk else beside
        added = {"set_name": own, **({"disk_index": own} if index else {})}
        joined[clues.object_key] = clues._replace(
            disk_index=index,
            is_data_disk=index != 1 and (_is_data_disk(clues) or 1 in indices),
            set_name=set_name,
            clues={**clues.clues, **added},
        )
    return joined


def _is_data_disk(clues: KeyClues) -> bool:
    return clues.disk is not None and clues.disk.is_data_disk


def _index(clues: KeyClues, members: Sequence[KeyClues], stem: str) -> int | None:
    """Return a member's place in the machine; the others settle the counting."""
    disk = clues.disk
    if disk is None:
        return 1 if clues.stem.casefold() == stem.casefold() else None
    index = disk.disk_index
    same_rule = [m.disk for m in members if m.disk and m.disk.rule == disk.rule]
    lowest = min((d.number or 0 for d in same_rule), default=0)
    number = disk.number or 0
    if disk.rule == NUMBERS_DISK:
        index = number + (lowest == 0)
    elif disk.rule == NUMBERS_DATA_DISK and _is_shared(same_rule):
        index = number - lowest + FIRST_DATA_DISK
    return index if index and index <= MAX_DISKS else None


def _is_shared(disks: Sequence[DiskRole]) -> bool:
    """Return whether two numbers would stand for the same place."""
    numbers = {disk.number for disk in disks}
    return len({disk.disk_index for disk in disks}) < len(numbers)
