"""Every word that tells a system, ready to be looked up.

A vocabulary is made from rows and never changes. `VOCABULARY` holds the rows of
image_import.filename.vocabulary; anybody may make another with more rows or fewer.
"""

from collections.abc import Iterable, Iterator
from enum import Enum

from image_import.filename.tokenizer import Table
from image_import.filename.vocabulary.appliances import (
    BSD_AND_UNIX,
    HYPERVISORS,
    NETWORK,
    OTHER_KERNELS,
    SOFTWARE,
    STORAGE,
)
from image_import.filename.vocabulary.entry import System
from image_import.filename.vocabulary.other_linux import MORE_LINUX
from image_import.filename.vocabulary.platform_linux import LISTED
from image_import.filename.vocabulary.windows import (
    ANY_WINDOWS,
    AZURE_STACK_HCI,
    RELEASES,
    SEMI_ANNUAL_SERVER,
)


class Strength(Enum):
    """How surely a word means the system of its row."""

    NAME = "name"
    ORDINARY = "name that is also an ordinary word"
    FIRST = "name where it begins the file name"
    CODENAME = "codename"
    PLAIN_CODENAME = "codename that is also an ordinary word"


Meaning = tuple[System, Strength]


class Vocabulary:
    """The rows, looked up by word.

    Attributes:
        table: What each word means.
        foreign_words: The words not in Latin letters, the longest first; such scripts
            have no gaps.
        releases: Of Windows, by what stands behind the word Windows.
        servers, clients: Releases of Windows by build number.
        by_name: The rows by their names for people.
    """

    def __init__(self, rows: Iterable[System]) -> None:
        self.rows = tuple(rows)
        self.table = Table(_meanings(self.rows))
        foreign = (word for word in self.table if not word.isascii())
        self.foreign_words = tuple(sorted(foreign, key=len, reverse=True))
        self.releases = {r: row for row in self.rows for r in row.releases}
        self.servers = {
            b: row for row in self.rows if row.is_server for b in row.builds
        }
        self.clients = {
            b: row for row in self.rows if not row.is_server for b in row.builds
        }
        self.by_name = {row.name: row for row in self.rows}

    def with_rows(self, *rows: System) -> "Vocabulary":
        """Return a vocabulary in which these rows come first."""
        return Vocabulary((*rows, *self.rows))

    def without(self, families: Iterable[str]) -> "Vocabulary":
        """Return a vocabulary without the rows of these families."""
        left_out = frozenset(families)
        return Vocabulary(row for row in self.rows if row.family not in left_out)


def _meanings(rows: Iterable[System]) -> Iterator[tuple[str, Meaning]]:
    for row in rows:
        for strength, words in (
            (Strength.NAME, row.words),
            (Strength.ORDINARY, row.ordinary_words),
            (Strength.FIRST, row.first_words),
            (Strength.CODENAME, row.codenames),
            (Strength.PLAIN_CODENAME, row.plain_codenames),
        ):
            yield from ((word, (row, strength)) for word in words)


ROWS: tuple[System, ...] = (
    *LISTED,
    *MORE_LINUX,
    *BSD_AND_UNIX,
    *OTHER_KERNELS,
    *NETWORK,
    *STORAGE,
    *HYPERVISORS,
    *SOFTWARE,
    *RELEASES,
    AZURE_STACK_HCI,
    SEMI_ANNUAL_SERVER,
    ANY_WINDOWS,
)

VOCABULARY = Vocabulary(ROWS)
