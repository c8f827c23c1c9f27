"""An object key, cut into the pieces that its author meant.

`WindowsServer2016Docker` is four words and `web01_data-disk2` five: names change
case, glue digits to words and use any separator. A piece is lower case and knows
whether a separator stood before it, so that `red-hat` and `RedHat` can be one name
while `arch` in `archive` is none.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from image_import.filename.opaque import without_opaque

LAST_LATIN = "\u0250"
"""The first character behind Latin letters with accents."""

# What separates a piece from the one before, and the piece.
_PIECE = re.compile(r"([\W_]*)([0-9]+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+)")


class Piece(NamedTuple):
    """A run of letters or of digits.

    Attributes:
        is_glued: No separator stands between it and the piece before.
    """

    text: str
    is_glued: bool


class Phrase(NamedTuple):
    """Where pieces `start` to `stop` (exclusive) spell an entry of a table."""

    text: str
    start: int
    stop: int


T = TypeVar("T")


def split_key(object_key: str) -> tuple[list[str], str]:
    """Return the folders of a key, outermost first, and its file name."""
    *folders, file_name = object_key.replace("\\", "/").split("/")
    return [folder for folder in folders if folder], file_name


def folder_part(object_key: str) -> str:
    """Return what stands before the file name, the last slash included."""
    return object_key[: max(object_key.rfind("/"), object_key.rfind("\\")) + 1]


def pieces(name: str) -> list[Piece]:
    """Return the pieces of a file or folder name, in order, without what is random."""
    if not name.isascii():
        name = _in_latin(name)
    cut = _PIECE.findall(without_opaque(name))
    found = [Piece(text.lower(), not gap) for gap, text in cut]
    if found:
        found[0] = Piece(found[0].text, is_glued=False)
    return _with_x_apart(found) if "86" in name else found


def _in_latin(name: str) -> str:
    """Return a name without accents, and with known foreign words in Latin letters."""
    from image_import.filename.vocabulary import (  # noqa: PLC0415 - cold start
        other_scripts,
    )

    name = unicodedata.normalize("NFKC", name)
    name = "".join(_without_accent(c) for c in name)
    return other_scripts.FOREIGN_WORD.sub(
        lambda match: other_scripts.LATIN[match[0].lower()], name
    )


def _without_accent(character: str) -> str:
    """Return a Latin letter without its accent, and a digit of any script as ASCII."""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    is_latin = character < LAST_LATIN
    return unicodedata.normalize("NFD", character)[0] if is_latin else character


def _with_x_apart(found: Sequence[Piece]) -> list[Piece]:
    """Return the pieces with `genericx` + `86` as `generic` + `x` + `86`."""
    apart: list[Piece] = []
    for text, is_glued in found:
        word = apart[-1].text if apart else ""
        if text == "86" and is_glued and len(word) > 1 and word.endswith("x"):
            apart[-1] = apart[-1]._replace(text=word[:-1])
            apart.append(Piece("x", is_glued=True))
        apart.append(Piece(text, is_glued))
    return apart


class Table(Generic[T]):
    """Words and what they mean, ready to be found among pieces.

    `red hat` stands for red-hat, red_hat, "red hat" and RedHat; `redhat` only for
    what has no separator. Of two meanings of a word the first counts.
    """

    def __init__(self, meanings: Iterable[tuple[str, T]]) -> None:
        self._entries: dict[str, tuple[int, T]] = {}
        for word, meaning in meanings:
            entry = word.count(" "), meaning
            self._entries.setdefault(word.replace(" ", ""), entry)
        self._beginnings = frozenset(
            word[:length] for word in self._entries for length in range(1, len(word))
        )
        self._known = self._beginnings.union(self._entries)

    def __iter__(self) -> Iterator[str]:
        """Yield the words, without their gaps."""
        return iter(self._entries)

    def get(self, word: str) -> T | None:
        """Return the meaning of a word that stands by itself."""
        entry = self._entries.get(word)
        return entry[1] if entry else None

    def phrases(self, found: Sequence[Piece]) -> list[tuple[Phrase, T]]:
        """Return the words that pieces spell, the longest one at each place."""
        hits: list[tuple[Phrase, T]] = []
        stop = 0
        for start, (text, _) in enumerate(found):
            if text in self._known and start >= stop:
                hit = self.phrase_at(found, start)
                if hit:
                    hits.append(hit)
                    stop = hit[0].stop
        return hits

    def phrase_at(self, found: Sequence[Piece], start: int) -> tuple[Phrase, T] | None:
        """Return the longest word that begins with the piece at `start`."""
        text, gaps, best = "", 0, None
        for place in range(start, len(found)):
            word, is_glued = found[place]
            gaps += place > start and not is_glued
            text += word
            entry = self._entries.get(text)
            if entry and gaps <= entry[0]:
                best = Phrase(text, start, place + 1), entry[1]
            if text not in self._beginnings:
                break
        return best


def neighbours(found: Sequence[Piece], phrase: Phrase) -> list[str]:
    """Return the texts of the pieces right before and right after a phrase."""
    before = found[phrase.start - 1 : phrase.start] if phrase.start else ()
    return [piece.text for piece in (*before, *found[phrase.stop : phrase.stop + 1])]
