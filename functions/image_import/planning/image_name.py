"""Names of images, made from the keys of their objects.

What ECS takes as a name is in image_import.model.limits; a name made here keeps to what
every target takes at its beginning, and to the target's own characters after it.
"""

import re
import unicodedata
from collections.abc import Mapping

from image_import.errors import SettingsError
from image_import.filename.extension import split_file_name
from image_import.filename.reader import read_key
from image_import.filename.tokenizer import split_key
from image_import.model.limits import CHINESE, LONGEST_NAME, check_template
from image_import.model.revision import MARK_LENGTH
from image_import.model.targets import Target

PREFIX = "image-"
"""Stands before what could not begin a name: a digit, `aliyun`, `acs`."""

_FIRST = re.compile(f"[A-Za-z{CHINESE}]")
_CLOUDS_OWN = ("aliyun", "acs")
_RUN_OF_SEPARATORS = re.compile(r"[-_.]*-[-_.]*")
# Enough to recognise a name by, not a standard of transliteration.
_CYRILLIC = {
    **dict(zip("абвгґдеєзиіїйклмн", "abvggdeeziiijklmn", strict=True)),
    **dict(zip("опрстуфхцыэ", "oprstufhcye", strict=True)),
    "ж": "zh", "ч": "ch", "ш": "sh", "щ": "sch", "ю": "yu", "я": "ya", "ъ": "", "ь": "",
}  # fmt: skip
_LATIN = str.maketrans(
    {**_CYRILLIC, **{c.upper(): text.title() for c, text in _CYRILLIC.items()}}
)
_ROOM = LONGEST_NAME - len(PREFIX)


def image_name(
    template: str, *, object_key: str, revision_hash: str, target: Target
) -> str:
    """Return the name that a template gives to one version of an image.

    The hash is never cut, so no two versions share a name; what people know the image
    by, the rest, is cut to fit.

    Args:
        template: With {hash} and perhaps {stem}, {key}, {folder} and {set}.
        object_key: Of the system disk.
        revision_hash: Hex digits, of which the first 12 are used.
        target: Whose rules the name keeps.

    Raises:
        SettingsError: The template could not name images.
    """
    if fault := check_template(template):
        raise SettingsError(f"the image name template {template!r} {fault}")
    mark = revision_hash[:MARK_LENGTH]
    values = _values(object_key)
    name = ""
    for longest in range(_ROOM, -1, -1):
        cut = {key: value[:longest] for key, value in values.items()}
        name = _fitted(template.format(**cut, hash=mark), target)
        if len(name) <= _ROOM:
            break
    return _with_good_beginning(_cut_around(mark, name))


def _values(object_key: str) -> Mapping[str, str]:
    """Return what stands for each placeholder but the hash."""
    folders, file_name = split_key(object_key)
    stem = split_file_name(file_name).stem
    set_name = read_key(object_key).set_name
    return {
        "stem": stem,
        "key": "-".join([*folders, stem]),
        "folder": "-".join(folders),
        "set": split_key(set_name)[1] if set_name else stem,
    }


def _fitted(text: str, target: Target) -> str:
    """Return the text in characters that the target takes, accents dropped.

    Colons are left out, though every target takes them: many tools do not.
    """
    if not text.isascii():
        text = text.translate(_LATIN)
        text = "".join(unicodedata.normalize("NFKD", c)[0] for c in text)
    separators = re.escape(target.name_characters.replace(":", ""))
    text = re.sub(f"[^A-Za-z0-9{CHINESE}{separators}]+", "-", text)
    return _RUN_OF_SEPARATORS.sub("-", text).strip("-_.")


def _cut_around(mark: str, name: str) -> str:
    """Return a name whose template alone is too long, cut on both sides of the hash."""
    before, _, after = name.partition(mark)
    room = _ROOM - len(mark)
    after = after[: max(room - len(before), room // 2)]
    return before[: room - len(after)] + mark + after


def _with_good_beginning(name: str) -> str:
    is_good = _FIRST.match(name) and not name.lower().startswith(_CLOUDS_OWN)
    return name if is_good else PREFIX + name
