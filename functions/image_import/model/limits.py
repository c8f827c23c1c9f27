"""What ECS takes as the name, description and tags of an image.

Each function returns what is wrong, as the end of a sentence, or "" if nothing is.

Source: "ImportImage", ECS API 2014-05-26 (ImageName, Description, Tag.N.Key,
Tag.N.Value), and the ImportImage page of Apsara Stack, both read 2026-11. Where the
page says "letter" we take English letters: a name that every reading allows.
"""

import re
from string import Formatter

from image_import.model.targets import PUBLIC, Target

SHORTEST_NAME, LONGEST_NAME = 2, 128
SHORTEST_DESCRIPTION, LONGEST_DESCRIPTION = 2, 256
LONGEST_TAG = 128
CHINESE = "\u4e00-\u9fff"
TEMPLATE_FIELDS = ("hash", "stem", "key", "folder", "set")
"""What IMAGE_NAME_TEMPLATE may hold in braces."""

_LINK_STARTS = ("http://", "https://")
_PUBLIC_STARTS = ("aliyun", "acs:")


def check_image_name(name: str, target: Target) -> str:
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
    return _reserved_start(name) if target.name == PUBLIC.name else ""


def check_description(text: str) -> str:
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
    if key.lower().startswith(_PUBLIC_STARTS):
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


def _reserved_start(name: str) -> str:
    if name.lower().startswith(_PUBLIC_STARTS):
        return "starts with aliyun or acs:; a name on public must not"
    return ""
