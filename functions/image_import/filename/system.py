"""Which operating system a name tells, and by which word.

The rules, strongest first:
    1. Names of systems. Windows beside another system is a contradiction: nothing is
       inferred. Two distributions are Linux, and no platform: `centos-to-rocky`; only
       a release that stands beside one of them decides: `debian12-built-on-ubuntu`.
    2. Names of closed products: they tell that nothing is known of the system inside.
    3. Codenames of releases.
    4. The bare word Linux, or Windows without its release.

A name that is an ordinary word as well needs company: a release that the system has
had, an architecture, an image word. `rocky9` is a distribution, `rocky-mountain` and
`rocky-3` are none. A system that a machine serves (`centos-mirror`) or holds as content
(`with-alpine-3.19`) is not the one that it runs.
"""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

from image_import.filename.architecture import ARCHITECTURE_BY_WORD
from image_import.filename.lookup import Strength, Vocabulary
from image_import.filename.tokenizer import Phrase, Piece, neighbours
from image_import.filename.vocabulary.entry import OTHERS_LINUX, System
from image_import.filename.vocabulary.stop_words import (
    CHINESE_IMAGE_WORDS,
    CLOUD_IMAGE_WORDS,
    COMMON_WORDS,
    CONNECTIVES,
    CONTENT_WORDS,
    ENDINGS_OF_OWN_NAMES,
    IMAGE_WORDS,
    LINUX_WORDS,
    MIRRORS,
    NOT_DISTRIBUTIONS,
    PREFIXES_OF_OTHERS,
    PURPOSES,
    SERVED_WORDS,
    SUFFIXES,
)
from image_import.filename.windows import WindowsMatch, find_windows

ANY_LINUX = System(
    name="Linux, distribution unknown", family="linux-generic", platforms=()
)
SHORTEST_WITH_SUFFIX = len("kaliimg")
SHORTEST_OWN_NAME = len("ablinux")
"""`rockylinux` is a distribution's name; `nclinux` may be anything."""

LONGEST_ORDINARY_CHINESE = len("麒麟")
SHORTEST_OS = len("tauos")
IMAGE_OR_LINUX = IMAGE_WORDS | LINUX_WORDS
MEANT_BESIDE = IMAGE_WORDS - COMMON_WORDS
LONGEST_RELEASE = len("2204")
# From 1950 to 2039; 2004 and 2010 are rather releases of Ubuntu.
_YEAR = re.compile("19[5-9][0-9]|20(?!04|10)[0-3][0-9]")
DATE_DIGITS = len("20240501")


class Match(NamedTuple):
    """What a name tells, the word that tells it and by which rule.

    Attributes:
        system: None where a product's name keeps the system to itself, or where two
            names contradict each other.
    """

    system: System | None
    token: str
    rule: str


class _Named(NamedTuple):
    system: System
    strength: Strength
    phrase: Phrase


def find_system(found: Sequence[Piece], vocabulary: Vocabulary) -> Match | None:
    """Return the system that the pieces of one name tell, or None."""
    named = _named(found, vocabulary)
    taken = {i for n in named for i in range(n.phrase.start, n.phrase.stop)}
    windows = find_windows(found, taken, vocabulary)
    if windows and (linux := _linux_word(found, taken)):
        return Match(None, f"{windows.token} and {linux}", "names two systems")
    if not named:
        return _windows(windows) or _bare_linux(found)
    systems = [
        n for n in named if not n.system.is_appliance and _is_name(n, named, found)
    ]
    if other := _contradicting(systems, windows):
        return Match(None, f"{systems[0].phrase.text} and {other}", "names two systems")
    if systems:
        return _one_of(systems, named, found, vocabulary)
    if windows and windows.is_sure:
        return _windows(windows)
    return (
        _closed_product(named)
        or _codename(named, found)
        or _windows(windows)
        or _bare_linux(found, taken)
    )


def _windows(windows: WindowsMatch | None) -> Match | None:
    return Match(windows.system, windows.token, windows.rule) if windows else None


def _linux_word(found: Sequence[Piece], taken: Collection[int]) -> str:
    """Return the bare word Linux, beside which Windows is one of two systems."""
    words = (text for place, (text, _) in enumerate(found) if place not in taken)
    return next((text for text in words if text in LINUX_WORDS), "")


def _one_of(
    systems: Sequence[_Named],
    named: Sequence[_Named],
    found: Sequence[Piece],
    vocabulary: Vocabulary,
) -> Match:
    """Return the one system that is meant, or that there are two."""
    if len(named) == 1:
        return _narrowed(systems[0], found, vocabulary)
    several: list[_Named] = []
    for n in (*systems, *_other_codenames(systems[0].system, named, found)):
        if not any(_is_same(known, n) for known in several):
            several.append(n)
    released = [n for n in several if _is_main(n.phrase, found)]
    if len(released) == 1:
        several = released
    first, *others = several
    if not first.system.platforms or not any(n.system.platforms for n in others):
        return _narrowed(first, found, vocabulary)
    token = " and ".join(n.phrase.text for n in several)
    if all(n.system.os_type == "linux" for n in several if n.system.platforms):
        return Match(ANY_LINUX, token, "names two distributions")
    return Match(None, token, "names two systems")


def _is_same(one: _Named, other: _Named) -> bool:
    """Return whether two words name one system: SUSE and Leap, CentOS and Stream."""
    narrower = tuple(word for word, _ in one.system.narrowed_by)
    return one.system is other.system or other.phrase.text.startswith(narrower)


def _other_codenames(
    system: System, named: Sequence[_Named], found: Sequence[Piece]
) -> list[_Named]:
    """Return Linux codenames of another system than the named, which has its own.

    What descends from Debian may have its codenames; Ubuntu has none of them.
    """
    if not system.codenames:
        return []
    linux = (n for n in named if n.system.os_type == "linux")
    return [n for n in linux if n.system is not system and _is_codename(n, found)]


def _is_main(phrase: Phrase, found: Sequence[Piece]) -> bool:
    """Return whether a name with a release is the system's, not that of its content."""
    before = found[phrase.start - 1].text if phrase.start else ""
    return before not in CONTENT_WORDS and _has_release(phrase, found)


def _has_release(phrase: Phrase, found: Sequence[Piece]) -> bool:
    """Return whether a release stands behind a name, a few image words apart."""
    return _is_release(found, _behind_image_words(phrase, found))


def _behind_image_words(phrase: Phrase, found: Sequence[Piece]) -> int:
    place = phrase.stop
    while place < len(found) and found[place].text in IMAGE_OR_LINUX:
        place += 1
    return place


def _is_release(found: Sequence[Piece], place: int) -> bool:
    """Return whether a release stands at a place; a v may stand before it."""
    if found[place : place + 1] and found[place].text == "v":
        place += 1
    if place >= len(found):
        return False
    text, is_glued = found[place]
    is_to = text == "2" and is_glued and any(p.is_glued for p in found[place + 1 :][:1])
    is_number = text.isdecimal() and len(text) <= LONGEST_RELEASE
    return (
        is_number
        and not text.startswith("0")
        and not is_to
        and not _is_year(found, place)
    )


def _is_year(found: Sequence[Piece], place: int) -> bool:
    """Return whether a number apart is a year: rocky-2024; 2404 and 2024.1 are none."""
    year, *following = found[place : place + 2]
    return (
        _YEAR.fullmatch(year.text) is not None
        and not year.is_glued
        and not any(piece.text.isdecimal() for piece in following)
    )


def _closed_product(named: Sequence[_Named]) -> Match | None:
    for system, _, phrase in named:
        if system.is_appliance:
            rule = f"{system.name}: a product; the system inside is unknown"
            return Match(None, phrase.text, rule)
    return None


def _codename(named: Sequence[_Named], found: Sequence[Piece]) -> Match | None:
    """Return a release's system, unless a word looks like a system we do not know."""
    codenames = [n for n in named if _is_codename(n, found)]
    if not codenames:
        return None
    taken = {n.phrase.text for n in named}
    if any(_is_own_name(piece.text) for piece in found if piece.text not in taken):
        return None
    system, _, phrase = codenames[0]
    others = [n for n in codenames if n.system is not system]
    if others:
        token = f"{phrase.text} and {others[0].phrase.text}"
        return Match(ANY_LINUX, token, "codenames of two distributions")
    return Match(system, phrase.text, f"codename of {system.name}")


def _is_codename(named: _Named, found: Sequence[Piece]) -> bool:
    if named.strength is Strength.CODENAME:
        return _is_whole(named.phrase, found) or _has_company(named.phrase, found)
    is_alone = len(found) == named.phrase.stop - named.phrase.start
    return named.strength is Strength.PLAIN_CODENAME and (
        _has_company(named.phrase, found, MEANT_BESIDE)
        or (_is_whole(named.phrase, found) and not is_alone)
    )


def _is_own_name(word: str) -> bool:
    return len(word) >= SHORTEST_OS and word.endswith(ENDINGS_OF_OWN_NAMES)


def _contradicting(systems: Sequence[_Named], windows: WindowsMatch | None) -> str:
    """Return the word by which a name tells Windows beside another system, or ""."""
    if not systems:
        return ""
    is_windows = [n.system.os_type == "windows" for n in systems]
    if windows and windows.is_sure and not all(is_windows):
        return windows.token
    others = (n for n, w in zip(systems, is_windows, strict=True) if w != is_windows[0])
    return next((n.phrase.text for n in others), "")


def _named(found: Sequence[Piece], vocabulary: Vocabulary) -> list[_Named]:
    named = [
        _Named(system, strength, phrase)
        for phrase, (system, strength) in vocabulary.table.phrases(found)
        if not _is_part_of_other(phrase, found)
    ]
    if not named:
        named = [*_with_suffix(found, vocabulary)]
    return named


def _is_part_of_other(phrase: Phrase, found: Sequence[Piece]) -> bool:
    is_glued = phrase.start > 0 and found[phrase.start].is_glued
    return is_glued and found[phrase.start - 1].text in PREFIXES_OF_OTHERS


def _with_suffix(found: Sequence[Piece], vocabulary: Vocabulary) -> list[_Named]:
    """Return names that are glued to a purpose (kylindisk) or to other Chinese."""
    hits = []
    for place, piece in enumerate(found):
        following = found[place + 1] if place + 1 < len(found) else None
        parts = (
            _inside(found, place, vocabulary)
            or _parts(piece.text, vocabulary)
            or _before_v(piece.text, following)
        )
        for word in parts:
            meaning = vocabulary.table.get(word)
            if meaning and meaning[1] in {Strength.NAME, Strength.ORDINARY}:
                system, phrase = meaning[0], Phrase(word, place, place + 1)
                hits.append(_Named(system, Strength.NAME, phrase))
    return hits


def _inside(found: Sequence[Piece], place: int, vocabulary: Vocabulary) -> list[str]:
    """Return the name that stands inside a run of other characters than Latin ones."""
    text = found[place].text
    if text.isascii():
        return []
    word = next((word for word in vocabulary.foreign_words if word in text), "")
    is_meant = (
        len(word) > LONGEST_ORDINARY_CHINESE
        or any(w in text.replace(word, "") for w in CHINESE_IMAGE_WORDS)
        or _is_release(found, place + 1)
    )
    return [word] if word and is_meant else []


def _parts(text: str, vocabulary: Vocabulary) -> list[str]:
    if len(text) < SHORTEST_WITH_SUFFIX or not text.endswith(SUFFIXES):
        return []
    stems = [text[: -len(s)] for s in SUFFIXES if text.endswith(s)]
    return [stem for stem in stems if vocabulary.table.get(stem)][:1]


def _before_v(text: str, following: Piece | None) -> list[str]:
    """Return the name in front of a version glued to it: kylinv10, uosv20."""
    is_version = following and following.is_glued and following.text.isdecimal()
    return [text[:-1]] if is_version and text.endswith("v") else []


def _is_name(word: _Named, named: Sequence[_Named], found: Sequence[Piece]) -> bool:
    """Return whether a word names its system, where it stands."""
    strength, phrase = word.strength, word.phrase
    if _is_served(phrase, found):
        return False
    if strength is Strength.ORDINARY:
        return not _is_product(word, found) and _is_meant(word, named, found)
    if strength is Strength.FIRST:
        is_first = phrase.start == 0
        return (
            is_first and (_is_whole(phrase, found) or _has_company(phrase, found))
        ) or any(_is_joined(phrase, other, found) for other in named)
    return strength is Strength.NAME


def _is_meant(word: _Named, named: Sequence[_Named], found: Sequence[Piece]) -> bool:
    """Return whether an ordinary word has the company that makes it a system's name."""
    phrase, texts = word.phrase, [piece.text for piece in found]
    pairs = map("".join, pairwise(texts))
    return (
        _is_whole(phrase, found)
        or not CLOUD_IMAGE_WORDS.isdisjoint((*texts, *pairs))
        or not LINUX_WORDS.isdisjoint(texts)
        or _has_company(phrase, found, MEANT_BESIDE, word.system.majors)
        or _has_known_release(word, found)
        or _has_architecture(phrase, found)
        or _is_of_build(phrase, found)
        or any(_is_beside(phrase, other.phrase, found) for other in named)
    )


def _is_product(word: _Named, found: Sequence[Piece]) -> bool:
    """Return whether words of the product that has the same name stand there."""
    is_version = [piece.text for piece in found[word.phrase.stop :][:1]] == ["v"]
    others = word.system.not_with
    return not is_version and any(text in others for text, _ in found)


def _is_served(phrase: Phrase, found: Sequence[Piece]) -> bool:
    """Return whether a machine serves the system rather than runs it."""
    is_served = not SERVED_WORDS.isdisjoint(neighbours(found, phrase)) or any(
        text in MIRRORS for text, _ in found
    )
    return is_served and not _has_release(phrase, found)


def _is_beside(phrase: Phrase, other: Phrase, found: Sequence[Piece]) -> bool:
    """Return whether another name stands next to one, as in centos-to-rocky."""
    first, second = sorted((phrase, other), key=lambda p: p.start)
    between = found[first.stop : second.start]
    return phrase != other and all(text in CONNECTIVES for text, _ in between)


def _is_joined(phrase: Phrase, other: _Named, found: Sequence[Piece]) -> bool:
    """Return whether a connective joins it to a likelier name: kali-vs-parrot."""
    is_likelier = other.strength in {Strength.NAME, Strength.ORDINARY}
    apart = {phrase.stop - other.phrase.start, other.phrase.stop - phrase.start}
    return is_likelier and 0 not in apart and _is_beside(phrase, other.phrase, found)


def _is_counted(phrase: Phrase, found: Sequence[Piece]) -> bool:
    """Return whether the number behind it counts machines, as in rocky-1, rocky-2."""
    number, *following = [piece.text for piece in found[phrase.stop :][:2]]
    return number in {"1", "2"} and not any(text.isdecimal() for text in following)


def _has_architecture(phrase: Phrase, found: Sequence[Piece]) -> bool:
    place = _behind_image_words(phrase, found)
    is_there = place < len(found)
    return is_there and ARCHITECTURE_BY_WORD.phrase_at(found, place) is not None


def _has_known_release(word: _Named, found: Sequence[Piece]) -> bool:
    """Return whether a release that the system has stands behind its name."""
    place = _behind_image_words(word.phrase, found)
    if not _is_release(found, place) or _is_counted(word.phrase, found):
        return False
    is_version = found[place].text == "v"
    return is_version or _begins_with(found[place].text, word.system.majors)


def _begins_with(number: str, majors: tuple[str, ...]) -> bool:
    """Return whether a number is a date, or begins as a release of the system does."""
    return not majors or len(number) >= DATE_DIGITS or number.startswith(majors)


def _is_of_build(phrase: Phrase, found: Sequence[Piece]) -> bool:
    """Return whether a number and an architecture stand apart: alpine-std-3.19-x64."""
    places = {*range(len(found))} - {*range(phrase.start, phrase.stop)}
    for arch, _ in (architectures := ARCHITECTURE_BY_WORD.phrases(found)):
        places -= {*range(arch.start, arch.stop)}
    return bool(architectures) and any(found[i].text.isdecimal() for i in places)


def _is_whole(phrase: Phrase, found: Sequence[Piece]) -> bool:
    """Return whether nothing else stands in the name, but for a date or image words."""
    rest = (text for text, _ in (*found[: phrase.start], *found[phrase.stop :]))
    return all(
        text in IMAGE_WORDS or (text.isdecimal() and len(text) >= DATE_DIGITS)
        for text in rest
    )


def _has_company(
    phrase: Phrase,
    found: Sequence[Piece],
    words: frozenset[str] = IMAGE_WORDS,
    majors: tuple[str, ...] = (),
) -> bool:
    """Return whether a purpose, a version or an architecture stands beside it."""
    if any(text in words for text in neighbours(found, phrase)):
        return True
    if phrase.stop == len(found):
        return False
    following = found[phrase.stop].text
    if following.isdecimal():
        # astra01 is a machine's name: no version begins with 0.
        is_version = (
            not following.startswith("0")
            and not _is_counted(phrase, found)
            and not _is_year(found, phrase.stop)
            and _begins_with(following, majors)
        )
        return phrase.start == 0 and is_version
    return ARCHITECTURE_BY_WORD.phrase_at(found, phrase.stop) is not None


def _narrowed(named: _Named, found: Sequence[Piece], vocabulary: Vocabulary) -> Match:
    """Return what a later word makes of a name: CentOS + stream is CentOS Stream."""
    system, _, phrase = named
    if not system.narrowed_by:
        return Match(system, phrase.text, f"name of {system.name}")
    rest = [piece.text for piece in found[phrase.stop :]]
    version = next((text for text in rest if text.isdecimal()), "")
    for word, name in system.narrowed_by:
        is_there = word in rest and (word == version or not word.isdecimal())
        narrower = vocabulary.by_name.get(name) if is_there else None
        if narrower:
            return Match(narrower, f"{phrase.text} {word}", f"name of {narrower.name}")
    return Match(system, phrase.text, f"name of {system.name}")


def _bare_linux(found: Sequence[Piece], taken: Collection[int] = ()) -> Match | None:
    """Return Linux, or a distribution unknown to the tables whose name ends so.

    Args:
        found: The pieces of one name.
        taken: Places of names that are not meant, as in rocky-linux-mirror.
    """
    for place, (text, is_glued) in enumerate(found):
        if place in taken or not text.endswith("linux"):
            continue
        stem = text.removesuffix("linux")
        before = found[place - 1].text if is_glued and place and not stem else ""
        stem = before + stem if before.isascii() else stem
        if stem in PURPOSES:
            return Match(ANY_LINUX, text, "the word linux")
        if own := _own_name(f"{stem}linux"):
            return own
        if text in LINUX_WORDS:
            return Match(ANY_LINUX, text, "the word linux")
    return None


def _own_name(word: str) -> Match | None:
    """Return a distribution that no table has, but whose name says what it is."""
    if len(word) < SHORTEST_OWN_NAME or word in NOT_DISTRIBUTIONS:
        return None
    own = System(name=word, family="linux-generic", platforms=(OTHERS_LINUX,))
    return Match(own, word, "a name that ends in linux")
