"""What a row of the vocabulary says about an operating system or a product."""

from collections.abc import Collection
from dataclasses import dataclass

OTHERS_LINUX = "Others Linux"
OTHER_WINDOWS = "Other Windows"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class System:
    """One operating system, distribution, release of Windows or appliance.

    Attributes:
        name: For people.
        words: Spellings that tell it wherever they stand.
        ordinary_words: Words with another meaning elsewhere, or names of people and
            companies (`rocky`, `alpine`): they tell it in fitting company only.
        first_words: More common words (`arch`, `mint`, `clear`): they tell it only at
            the start of a file name and in fitting company.
        codenames: Of releases; they tell it in fitting company, or alone, unless a
            system is named too.
        plain_codenames: Codenames that are ordinary words (`noble`, `stretch`) and
            count only in fitting company.
        platforms: Values of Platform that stand for it, the most exact first; its own
            name comes before them, and a target takes the first that its list has.
            Empty where no value may be inferred.
        not_with: Words of a product that an ordinary word names as well: they make
            `kylin` the Apache project, unless a v follows as in `kylin-v10`.
        majors: How its releases begin, where an ordinary word needs one: `rocky-3` is
            no Rocky Linux. Empty where any number may be a release.
        is_appliance: A product around some system that its name does not tell.
        narrowed_by: Words that, after this name, make it another row's system.
        releases: Of Windows: what stands behind "Windows" or "Windows Server".
        builds: Of Windows.
        is_server: Of Windows: which of two releases with the same build number.
        family: Of the corpus; tests switch rows off by it.
    """

    name: str
    family: str = ""
    words: tuple[str, ...] = ()
    ordinary_words: tuple[str, ...] = ()
    first_words: tuple[str, ...] = ()
    codenames: tuple[str, ...] = ()
    plain_codenames: tuple[str, ...] = ()
    os_type: str | None = "linux"
    platforms: tuple[str, ...] = (OTHERS_LINUX,)
    not_with: frozenset[str] = frozenset()
    majors: tuple[str, ...] = ()
    is_appliance: bool = False
    narrowed_by: tuple[tuple[str, str], ...] = ()
    releases: tuple[str, ...] = ()
    builds: tuple[int, ...] = ()
    is_server: bool = False

    def platform_in(self, listed: Collection[str]) -> str | None:
        """Return the value in a target's list that stands for this system."""
        if not self.platforms:
            return None
        return next((p for p in (self.name, *self.platforms) if p in listed), None)


def linux(
    name: str,
    *words: str,
    family: str = "",
    ordinary: str = "",
    first: str = "",
    majors: tuple[str, ...] = (),
) -> System:
    """Return the row of a distribution that the platform lists do not have.

    Args:
        name: For people.
        words: Spellings that tell it; the name itself when there are none.
        family: Of the corpus; the first spelling when it is left out.
        ordinary: Spellings that need company, separated by commas.
        first: Spellings that count only at the start, separated by commas.
        majors: As in System.
    """
    words = words or (() if first or ordinary else (name.lower(),))
    ordinary_words = tuple(ordinary.split(",")) if ordinary else ()
    first_words = tuple(first.split(",")) if first else ()
    return System(
        name=name,
        family=family or slug((*words, *ordinary_words, *first_words)[0]),
        words=words,
        ordinary_words=ordinary_words,
        first_words=first_words,
        majors=majors,
    )


def unlisted(name: str, *words: str, family: str = "") -> System:
    """Return the row of a system that is neither Linux nor Windows."""
    words = words or (name.lower(),)
    return System(
        name=name,
        family=family or slug(words[0]),
        words=words,
        os_type=None,
        platforms=(),
    )


def appliance(name: str, *words: str, family: str = "") -> System:
    """Return the row of a router, firewall, store or other closed product."""
    words = words or (name.lower(),)
    return System(
        name=name,
        family=family or slug(words[0]),
        words=words,
        os_type=None,
        platforms=(),
        is_appliance=True,
    )


def slug(word: str) -> str:
    """Return a family's name from a spelling."""
    return word.replace(" ", "")
