"""Which release of Windows a name tells.

A release may stand right behind the word (`win10`), further on (`Win_Server_STD_2022`)
or in the build number of an evaluation disc.
A year that belongs to a product (SQL Server 2016), a date or a client edition (LTSC
2019 is Windows 10) is none of a server's.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from image_import.filename.lookup import Vocabulary
from image_import.filename.tokenizer import Piece
from image_import.filename.vocabulary.entry import System
from image_import.filename.vocabulary.stop_words import MIRRORS, SERVED_WORDS
from image_import.filename.vocabulary.windows import (
    ANY_WINDOWS,
    BUILD_MARKS,
    CLIENT_EDITIONS,
    CLIENT_MARKS,
    CLIENT_VERSIONS,
    CLIENT_WORDS,
    DATED_WORDS,
    GLUED_PREFIXES,
    NOT_ALONE,
    NT_10,
    NT_CLIENTS,
    NT_SERVERS,
    PREFIXES,
    PRODUCTS_WITH_YEARS,
    SEMI_ANNUAL_RELEASES,
    SEMI_ANNUAL_SERVER,
    SERVER_PREFIXES,
    SERVER_WORDS,
    SHORT_CLIENTS,
    SHORT_PREFIXES,
    SHORT_YEAR_COMPANY,
    SHORT_YEARS,
    WINDOWS_OF_HOUSES,
    YEARS_WITH_R2,
)

YEAR_DIGITS = 4
LTSC_CLIENT = "10"
MONTHS = frozenset(f"{month:02}" for month in range(1, 13))
_BEGINNINGS = PREFIXES | GLUED_PREFIXES
_HINTS = _BEGINNINGS | BUILD_MARKS | {"r"}
"""Without one of them nothing tells Windows; the r is that of a bare 2012R2."""


class WindowsMatch(NamedTuple):
    """A release of Windows, and the words that name it.

    Attributes:
        is_sure: The word Windows, Win or a release of it stands in the name.
    """

    system: System
    token: str
    rule: str
    is_sure: bool = True


def find_windows(
    found: Sequence[Piece], taken: Collection[int], vocabulary: Vocabulary
) -> WindowsMatch | None:
    """Return the release that the pieces tell.

    Args:
        found: The pieces of one name.
        taken: Places that a longer name has used up: `virtio-win` is no Windows.
        vocabulary: Whose releases are known.
    """
    texts = [piece.text for piece in found]
    if _HINTS.isdisjoint(texts):
        return None
    if by_build := _by_build(texts, vocabulary):
        return by_build
    places = [i for i, t in enumerate(texts) if t in _BEGINNINGS and i not in taken]
    if hits := [h for h in (_hit(found, i, vocabulary) for i in places) if h]:
        return _one_release(hits)
    if marks := BUILD_MARKS.intersection(texts):
        return WindowsMatch(ANY_WINDOWS, min(marks), "mark of a Windows build")
    return _by_r2(texts, taken, vocabulary)


def _hit(
    found: Sequence[Piece], place: int, vocabulary: Vocabulary
) -> WindowsMatch | None:
    """Return the release that begins with the word at `place`."""
    read = _behind if found[place].text in PREFIXES else _glued
    return (
        _short_year(found, place, vocabulary)
        or _short_client(found, place, vocabulary)
        or read(found, place, vocabulary)
    )


def _one_release(hits: Sequence[WindowsMatch]) -> WindowsMatch:
    """Return the first release, unless another stands beside it: win7-to-win10."""
    released = [hit for hit in hits if hit.system.releases]
    first = released[0] if released else hits[0]
    for other in released:
        if other.is_sure and other.system is not first.system:
            token = f"{first.token} and {other.token}"
            return WindowsMatch(ANY_WINDOWS, token, "names two releases of Windows")
    return first


def _behind(
    found: Sequence[Piece], place: int, vocabulary: Vocabulary
) -> WindowsMatch | None:
    """Return the release behind the word Windows at `place`, or just Windows."""
    texts = [piece.text for piece in found]
    word, rest = texts[place], texts[place + 1 :]
    is_server = word in SERVER_PREFIXES or bool(SERVER_WORDS.intersection(rest))
    release = (
        _right_behind(texts, place + 1, vocabulary)
        or _year_behind(texts, place + 1, is_server=is_server, vocabulary=vocabulary)
        or (_semi_annual(rest, vocabulary) if is_server else None)
    )
    beside = {*texts[max(place - 1, 0) : place], *rest[:1]}
    is_ordinary = word in NOT_ALONE or not WINDOWS_OF_HOUSES.isdisjoint(texts)
    if not release and (is_ordinary or not beside.isdisjoint(SERVED_WORDS | MIRRORS)):
        return None
    if not release:
        return WindowsMatch(ANY_WINDOWS, word, "the word Windows")
    system, token = release
    return WindowsMatch(system, f"{word} {token}", f"name of {system.name}")


def _right_behind(
    texts: Sequence[str], place: int, vocabulary: Vocabulary
) -> tuple[System, str] | None:
    """Return the release in the next pieces, editions apart: 2k12, 8.1, pro 10."""
    while texts[place : place + 1] and texts[place] in CLIENT_EDITIONS:
        place += 1
    if _is_date(texts, place):
        return None
    place += texts[place : place + 1] == ["nt"] and bool(_nt_version(texts, place + 1))
    if version := _nt_version(texts, place):
        return _by_nt_version(version, texts[place + 2 :], vocabulary)
    for count in (3, 2, 1):
        token = "".join(texts[place : place + count])
        rest = texts[place + count : place + count + 1]
        is_begun = token == "2k" and rest and rest[0].isdecimal()
        if (system := vocabulary.releases.get(token)) and not is_begun:
            return system, token
    return _year_with_more(texts[place : place + 2], vocabulary)


def _nt_version(texts: Sequence[str], place: int) -> str:
    """Return the digits of a version of NT at `place`, as 63 of 6.3, or ""."""
    version = "".join(texts[place : place + 2])
    is_known = version in {*NT_SERVERS, *NT_CLIENTS, NT_10}
    return version if is_known and len(texts[place]) < len(version) else ""


def _by_nt_version(
    version: str, rest: Sequence[str], vocabulary: Vocabulary
) -> tuple[System, str] | None:
    """Return the release of a version of NT: server or client, and then the build."""
    is_server = bool(SERVER_WORDS.intersection(rest))
    builds = vocabulary.servers if is_server else vocabulary.clients
    build = next((int(text) for text in rest[:1] if text.isdecimal()), 0)
    name = (NT_SERVERS if is_server else NT_CLIENTS).get(version, "")
    if not is_server and CLIENT_MARKS.isdisjoint(rest):
        name = ""
    if version == NT_10 and not is_server:
        name = NT_10[:2]
    system = builds.get(build) or vocabulary.releases.get(name)
    return (system, f"{version[:-1]}.{version[-1]}") if system else None


def _year_with_more(
    texts: Sequence[str], vocabulary: Vocabulary
) -> tuple[System, str] | None:
    """Return the server's year that a longer number begins with: 201202r2.

    Without R2 that one is February 2012.
    """
    if not texts or not texts[0].isdecimal() or len(texts[0]) >= len("20220101"):
        return None
    year, rest = texts[0][:YEAR_DIGITS], texts[0][YEAR_DIGITS:]
    if rest in MONTHS and texts[1:] != ["r"]:
        return None
    system = vocabulary.releases.get(year)
    return (system, year) if system and system.is_server else None


def _year_behind(
    texts: Sequence[str], place: int, *, is_server: bool, vocabulary: Vocabulary
) -> tuple[System, str] | None:
    """Return the first server's year after `place` that is nobody else's."""
    rest = texts[place:]
    if CLIENT_WORDS.intersection(rest) and not is_server:
        client = vocabulary.releases.get(LTSC_CLIENT)
        return (client, "ltsc") if client else None
    for offset, text in enumerate(rest):
        if _is_product(texts, place + offset):
            return None
        system = vocabulary.releases.get(text) or vocabulary.releases.get(
            "".join(rest[offset : offset + 3])
        )
        if system and system.is_server and not _is_date(texts, place + offset):
            return system, text
    return None


def _is_product(texts: Sequence[str], place: int) -> bool:
    """Return whether a year behind the word at `place` is that of a product."""
    is_hyper_v = texts[place] == "v" and texts[place - 1 : place] == ["hyper"]
    return is_hyper_v or texts[place] in PRODUCTS_WITH_YEARS


def _is_date(texts: Sequence[str], place: int) -> bool:
    """Return whether a year is part of a date: 2019-06-01, backup-2019."""
    is_dated = place > 0 and texts[place - 1] in DATED_WORDS
    if is_dated and texts[place + 1 : place + 2] != ["r"]:
        return True
    year, *rest = texts[place : place + 3] or [""]
    return (
        len(year) == YEAR_DIGITS
        and len(rest) == 2
        and all(text.isdecimal() and len(text) <= 2 for text in rest)
    )


def _glued(
    found: Sequence[Piece], place: int, vocabulary: Vocabulary
) -> WindowsMatch | None:
    """Return the server's release glued to the piece at `place`: w2k8, ws2012r2.

    The word server belongs to many: it is heard only where nothing else is named.
    """
    word = found[place].text
    is_of_product = place > 0 and _is_product([p.text for p in found], place - 1)
    if is_of_product or not found[place + 1 : place + 2] or not found[place + 1][1]:
        return None
    for count in (3, 1):
        release = "".join(p.text for p in found[place + 1 : place + 1 + count])
        system = vocabulary.releases.get(release)
        if system and system.is_server:
            is_sure = word not in SERVER_WORDS
            rule = f"name of {system.name}"
            return WindowsMatch(system, f"{word}{release}", rule, is_sure)
    return None


def _short_year(
    found: Sequence[Piece], place: int, vocabulary: Vocabulary
) -> WindowsMatch | None:
    """Return the server of a year in two digits, where a word beside it says server.

    R2 and an edition do; a prefix does that says server.
    """
    word = found[place].text
    year, *rest = found[place + 1 :] or [Piece("", is_glued=False)]
    is_server = word in SERVER_PREFIXES
    if word in PREFIXES and rest and year.text in SERVER_WORDS:
        is_server, (year, *rest) = True, rest
    if word not in SHORT_PREFIXES or not year.is_glued or year.text not in SHORT_YEARS:
        return None
    system = vocabulary.releases.get(SHORT_YEARS[year.text])
    texts = [piece.text for piece in rest]
    is_met = (
        is_server
        or texts[:2] == ["r", "2"]
        or any(text.startswith(SHORT_YEAR_COMPANY) for text in texts)
    )
    if not system or not is_met:
        return None
    return WindowsMatch(system, f"{word}{year.text}", f"name of {system.name}")


def _short_client(
    found: Sequence[Piece], place: int, vocabulary: Vocabulary
) -> WindowsMatch | None:
    """Return the client of W10x64 or w11pro; a bare w10 may be anybody's tenth."""
    word, *rest = found[place : place + 5]
    if word.text != "w" or not rest or not rest[0].is_glued:
        return None
    release, *texts = [piece.text for piece in rest]
    is_met = (
        texts[:1] == ["x"]
        or "".join(texts[:3]) in CLIENT_VERSIONS
        or not CLIENT_VERSIONS.union(CLIENT_EDITIONS, CLIENT_WORDS).isdisjoint(
            texts[:1]
        )
    )
    system = vocabulary.releases.get(release)
    if not system or release not in SHORT_CLIENTS or not is_met:
        return None
    return WindowsMatch(system, f"w{release}", f"name of {system.name}")


def _semi_annual(
    rest: Sequence[str], vocabulary: Vocabulary
) -> tuple[System, str] | None:
    """Return a version that has no year, unless an unknown year stands there."""
    system = vocabulary.by_name.get(SEMI_ANNUAL_SERVER.name)
    if rest and _is_year(rest[0]) and rest[0] not in SEMI_ANNUAL_RELEASES:
        return None
    words = {*rest, *("".join(rest[i : i + 3]) for i in range(len(rest)))}
    release = next((r for r in SEMI_ANNUAL_RELEASES if r in words), "")
    return (system, release) if system and release else None


def _is_year(text: str) -> bool:
    return len(text) == YEAR_DIGITS and text.isdecimal() and text.startswith("20")


def _by_build(texts: Sequence[str], vocabulary: Vocabulary) -> WindowsMatch | None:
    """Return the release of a build number, where an edition's marks stand by."""
    if BUILD_MARKS.isdisjoint(texts):
        return None
    is_server = any(text.startswith("server") for text in texts)
    builds = vocabulary.servers if is_server else vocabulary.clients
    for text in texts:
        system = builds.get(int(text)) if text.isdecimal() else None
        if system:
            return WindowsMatch(system, text, f"build number of {system.name}")
    return None


def _by_r2(
    texts: Sequence[str], taken: Collection[int], vocabulary: Vocabulary
) -> WindowsMatch | None:
    """Return the server release of a bare 2012R2."""
    for place, text in enumerate(texts[1:-1], 1):
        if text != "r" or texts[place + 1] != "2" or place - 1 in taken:
            continue
        if place > 1 and _is_product(texts, place - 2):
            continue
        year = texts[place - 1]
        system = vocabulary.releases.get(year)
        if system and year in YEARS_WITH_R2:
            return WindowsMatch(system, f"{year}r2", f"name of {system.name}")
    return None
