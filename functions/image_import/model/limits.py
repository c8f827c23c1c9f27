"""What ECS takes as the name, description and tags of an image.

Each function returns what is wrong, as the end of a sentence, or "" if nothing is.

Source: "ImportImage", ECS API 2014-05-26 (ImageName, Description, Tag.N.Key,
Tag.N.Value), and the ImportImage page of Apsara Stack, both read 2026-11. Where the
page says "letter" we take English letters: a name that every reading allows.
"""

import re
from collections.abc import Callable, Iterable
from string import Formatter
from typing import Protocol

SHORTEST_NAME, LONGEST_NAME = 2, 128
SHORTEST_DESCRIPTION, LONGEST_DESCRIPTION = 2, 256
LONGEST_TAG = 128
MOST_TAGS = 20
CHINESE = "\u4e00-\u9fff"
TEMPLATE_FIELDS = ("hash", "stem", "key", "folder", "set")
"""What IMAGE_NAME_TEMPLATE may hold in braces."""

_LINK_STARTS = ("http://", "https://")
_CLOUDS_OWN = ("aliyun", "acs:")


class TakesFields(Protocol):
    """The part of a Target that the texts of fields are checked against."""

    @property
    def name(self) -> str:
        """The value of IMPORT_TARGET."""

    @property
    def platforms(self) -> tuple[str, ...]:
        """What Platform may be."""

    @property
    def architectures(self) -> tuple[str, ...]:
        """What Architecture may be."""

    @property
    def license_types(self) -> tuple[str, ...]:
        """What LicenseType may be."""

    @property
    def name_characters(self) -> str:
        """What ImageName may hold beyond letters, digits and Chinese."""

    @property
    def reserved_starts(self) -> tuple[str, ...]:
        """What ImageName must not start with, in any case of letters."""


Check = Callable[[str, TakesFields], str]
"""Returns what is wrong with a text, as the end of a sentence, or ""."""


def check_image_name(name: str, target: TakesFields) -> str:
    """Return what `target` would not take about an image name.

    The words that a public name must not start with are refused in any case of
    letters: the page does not say that case matters.
    """
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        return (
            f"has {len(name)} characters; a name has {SHORTEST_NAME} to {LONGEST_NAME}"
        )
    if not re.match(f"[A-Za-z{CHINESE}]", name):
        return f"starts with {name[0]!r}; a name starts with a letter or Chinese"
    foreign = re.search(
        f"[^A-Za-z0-9{CHINESE}{re.escape(target.name_characters)}]", name
    )
    if foreign:
        allowed = " ".join(target.name_characters)
        return (
            f"holds {foreign[0]!r}; target {target.name} takes letters, digits, "
            f"Chinese and {allowed}"
        )
    if name.lower().startswith(target.reserved_starts):
        starts = " or ".join(target.reserved_starts)
        return f"starts with {starts}; a name on {target.name} must not"
    return ""


def check_family(name: str, _target: TakesFields) -> str:
    """Return what is wrong with the name of an image family.

    Source: "ModifyImageAttribute", ECS API 2014-05-26, ImageFamily, read 2026-12.
    """
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        return (
            f"has {len(name)} characters; a family has {SHORTEST_NAME} to "
            f"{LONGEST_NAME}"
        )
    if not re.fullmatch(f"[A-Za-z{CHINESE}][A-Za-z0-9{CHINESE}._-]*", name):
        return (
            "is no family's name: a letter or Chinese, then letters, digits, Chinese "
            "and . _ -"
        )
    return "starts with aliyun" if name.lower().startswith("aliyun") else ""


def check_description(text: str, _target: TakesFields) -> str:
    """Return what is wrong with a description."""
    if not SHORTEST_DESCRIPTION <= len(text) <= LONGEST_DESCRIPTION:
        return (
            f"has {len(text)} characters; a description has {SHORTEST_DESCRIPTION} to "
            f"{LONGEST_DESCRIPTION}"
        )
    if text.lower().startswith(_LINK_STARTS):
        return "starts with a link; a description must not"
    return ""


def check_tag(key: str, value: str) -> str:
    """Return what is wrong with a tag."""
    if not 1 <= len(key) <= LONGEST_TAG:
        return f"has a key of {len(key)} characters; a key has 1 to {LONGEST_TAG}"
    if len(value) > LONGEST_TAG:
        return f"has a value of {len(value)} characters; it takes up to {LONGEST_TAG}"
    if key.lower().startswith(_CLOUDS_OWN):
        return f"has the key {key!r}; a key must not start with aliyun or acs:"
    if value.lower().startswith("acs:"):
        return f"has the value {value!r}; a value must not start with acs:"
    if any(link in text.lower() for text in (key, value) for link in _LINK_STARTS):
        return "holds http:// or https://; a tag must not"
    return ""


def check_template(template: str) -> str:
    """Return what is wrong with an image name template.

    Without `{hash}` two versions of an object would share one name.
    """
    try:
        parts = list(Formatter().parse(template))
    except ValueError as exc:
        return f"is no template ({exc})"
    names = {name for _, name, _, _ in parts if name is not None}
    dressed = any(form or conversion for _, _, form, conversion in parts)
    if dressed or not names <= set(TEMPLATE_FIELDS):
        may = ", ".join(f"{{{field}}}" for field in TEMPLATE_FIELDS)
        return f"holds something in braces that is none of {may}"
    return "" if "hash" in names else "has no {hash}"


def check_choice(text: str, choices: Iterable[str], *, who: str = "use") -> str:
    """Return what is wrong with a text that must be one of the choices.

    Args:
        who: The beginning of what is to be done, as "target public takes".
    """
    known = tuple(choices)
    if text in known:
        return ""
    return f"is {text[:80]!r}{did_you_mean(text, known)}; {who} {', '.join(known)}"


def one_of(choices: tuple[str, ...]) -> Check:
    """Return the check that a text is one of these, whatever the target."""
    return lambda text, _: check_choice(text, choices)


def of_target(choices: Callable[[TakesFields], tuple[str, ...]]) -> Check:
    """Return the check that a text is one of what the target takes."""
    return lambda text, target: check_choice(
        text, choices(target), who=f"target {target.name} takes"
    )


def matching(pattern: str, what: str) -> Check:
    """Return the check that a pattern matches the whole text."""
    return lambda text, _: (
        "" if re.fullmatch(pattern, text) else f"is {text[:80]!r}; it must be {what}"
    )


def did_you_mean(text: str, choices: Iterable[str]) -> str:
    """Return a hint where a choice is near, or another name of it is given."""
    by_bare = {_bare(choice): choice for choice in choices}
    near = _near(_bare(text[:LONGEST_NAME]), by_bare)
    return f" (did you mean {by_bare[near]}?)" if near else ""


_OTHER_NAMES = {
    "amd64": "x8664",
    "x64": "x8664",
    "aarch64": "arm64",
    "i686": "i386",
    "x86": "i386",
    "rhel": "redhat",
}
"""What other tools call it, both bare."""


def _near(bare: str, known: Iterable[str]) -> str:
    """Return the one among the known that is meant, all bare; "" if none is near.

    A platform is often given with its version, as `CentOS 7`.
    """
    bare = _OTHER_NAMES.get(bare.rstrip("0123456789"), _OTHER_NAMES.get(bare, bare))
    known = tuple(known)
    if bare in known:
        return bare
    begun = [name for name in known if re.fullmatch(f"{re.escape(name)}[0-9]+", bare)]
    if begun:
        return max(begun, key=len)
    from difflib import get_close_matches  # noqa: PLC0415 - cold start

    return next(iter(get_close_matches(bare, known, n=1, cutoff=0.8)), "")


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
