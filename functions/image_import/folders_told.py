"""What the folders around a file tell: less than its name, as they hold many files.

Room: core.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from image_import.knowledge.context import FOLDERS_OF_PEOPLE
from image_import.knowledge.windows import ANY_WINDOWS
from image_import.systems_told import ANY_LINUX, Told, system_told
from image_import.tokens import Piece, pieces
from image_import.vocabulary import Strength, Vocabulary

DEEPEST = 8
"""Folders looked at, from the file outwards."""

_WEAK = frozenset({Strength.FIRST, Strength.PLAIN_CODENAME})


class Folder(NamedTuple):
    """A folder's name.

    Attributes:
        told: The system it tells; neither a bare Linux or Windows, nor a word that
            would need company in a file name.
    """

    pieces: Sequence[Piece]
    told: Told | None


def nearest(folders: Sequence[str]) -> list[str]:
    """Return the folders that count, the nearest first; nobody's login is one."""
    if not folders:
        return []
    above = ["", *folders]
    named = zip(folders, above, strict=False)
    counting = [own for own, outer in named if outer.lower() not in FOLDERS_OF_PEOPLE]
    return counting[: -DEEPEST - 1 : -1]


@lru_cache(maxsize=1024)
def folder_told(name: str, vocabulary: Vocabulary) -> Folder:
    """Return what a folder tells; kept, as a listing has few folders and many keys."""
    found = pieces(name)
    told = system_told(found, vocabulary)
    if told is None or told.system in (ANY_LINUX, ANY_WINDOWS):
        return Folder(found, None)
    meaning = vocabulary.table.get(told.token)
    is_weak = meaning is not None and meaning[1] in _WEAK
    return Folder(found, None if is_weak else told)
