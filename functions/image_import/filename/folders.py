"""What the folders around a file tell: less than its name, as they hold many files.

A folder's name may go on in the folder inside: `centos/9-stream/`, `windows/2019/`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from image_import.filename.lookup import Strength, Vocabulary
from image_import.filename.system import ANY_LINUX, Match, find_system
from image_import.filename.tokenizer import Piece, pieces
from image_import.filename.vocabulary.stop_words import FOLDERS_OF_PEOPLE
from image_import.filename.vocabulary.windows import ANY_WINDOWS, SERVER_WORDS

DEEPEST = 8
"""Folders looked at, from the file outwards."""

FARTHEST_INSIDE = 3
"""Names that a folder's name may go on in: windows/server/2019/."""

_WEAK = frozenset({Strength.FIRST, Strength.PLAIN_CODENAME})


class Folder(NamedTuple):
    """A folder's name.

    Attributes:
        match: The system it tells; neither a bare Linux or Windows, nor a word that
            would need company in a file name.
        goes_on_with: Words that make it another system at the start of the next name.
        is_windows: It tells Windows, but no release.
        is_ordinary: It is a distribution's name that is an ordinary word as well:
            `alpine/3.19/` is meant, `rocky/payroll.vhd` may be anything.
    """

    pieces: Sequence[Piece]
    match: Match | None
    goes_on_with: frozenset[str] = frozenset()
    is_windows: bool = False
    is_ordinary: bool = False


def nearest(folders: Sequence[str]) -> list[str]:
    """Return the folders that count, the nearest first; nobody's login is one."""
    if not folders:
        return []
    above = ["", *folders]
    named = zip(folders, above, strict=False)
    counting = [own for own, outer in named if outer.lower() not in FOLDERS_OF_PEOPLE]
    return counting[: -DEEPEST - 1 : -1]


def find_system_around(
    around: Sequence[str], stem: str, vocabulary: Vocabulary
) -> Match | None:
    """Return what the folders tell, the nearest first.

    Args:
        around: What `nearest` returned.
        stem: Of the file name, in which the nearest folder's name may go on.
    """
    inside = [] if stem.isdecimal() else [stem]
    for place, name in enumerate(around):
        folder = read_folder(name, vocabulary)
        match = _going_on(folder, inside, vocabulary) or folder.match
        inside.insert(0, name)
        if match:
            outer = [read_folder(n, vocabulary) for n in around[place + 1 : place + 2]]
            return (
                next((_going_on(f, inside, vocabulary) for f in outer), None) or match
            )
    return None


def _going_on(
    folder: Folder, inside: Sequence[str], vocabulary: Vocabulary
) -> Match | None:
    """Return the system that a folder tells together with the names inside it."""
    if inside and folder.is_ordinary:
        return find_system([*folder.pieces, *pieces(inside[0])], vocabulary)
    if not inside or not (folder.is_windows or folder.goes_on_with):
        return None
    more = [piece for name in inside[:FARTHEST_INSIDE] for piece in pieces(name)]
    if not _may_go_on(folder, [piece.text for piece in more[:2]]):
        return None
    match = find_system([*folder.pieces, *more], vocabulary)
    is_more = match is not None and match.system not in (None, ANY_WINDOWS)
    return match if is_more and match != folder.match else None


def _may_go_on(folder: Folder, texts: Sequence[str]) -> bool:
    """Return whether a name begins with a release, and not with a date."""
    if not texts:
        return False
    is_dated = len(texts) > 1 and texts[1].isdecimal() and len(texts[1]) <= len("06")
    if folder.is_windows:
        is_release = texts[0].isdecimal() and not is_dated
        return is_release or texts[0] in SERVER_WORDS
    return texts[0] in folder.goes_on_with


@lru_cache(maxsize=1024)
def read_folder(name: str, vocabulary: Vocabulary) -> Folder:
    """Return what a folder tells; kept, as a listing has few folders and many keys."""
    found = pieces(name)
    match = find_system(found, vocabulary)
    if match is None or match.system in (ANY_LINUX, ANY_WINDOWS):
        return Folder(
            found, None, is_windows=match is not None and match.system is ANY_WINDOWS
        )
    meaning = vocabulary.table.get(match.token)
    if meaning is not None and meaning[1] in _WEAK:
        return Folder(found, None)
    if meaning is not None and meaning[1] is Strength.ORDINARY and len(found) == 1:
        return Folder(found, None, is_ordinary=True)
    narrower = match.system.narrowed_by if match.system else ()
    return Folder(found, match, frozenset(word for word, _ in narrower))
