"""How the fields of a sidecar are read: who may set them, and what they hold."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from image_import.errors import SidecarError
from image_import.model.checksum import CHECKSUM_FIELDS, normal_checksum
from image_import.model.image_fields import ImageField
from image_import.model.limits import did_you_mean
from image_import.model.ownership import has_mark
from image_import.model.targets import Target
from image_import.sidecar.documents import in_words

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What may be declared here.

    Attributes:
        may_set: The guarded fields that SIDECAR_MAY_SET allows.
    """

    target: Target
    may_set: frozenset[str]


def read_text_field(
    row: ImageField, value: object, rules: Rules, *, shown_as: str = ""
) -> tuple[str, str]:
    """Return the attribute of a field that is one text, and that text.

    Args:
        shown_as: What the field is called in messages, where that is not its name.

    Raises:
        SidecarError: The target lacks the field, it is not the uploader's to set, or
            the value is not what it may be.
    """
    field = shown_as or row.name
    check_may_set(row, rules, field=field)
    text = as_text(value.strip() if isinstance(value, str) else value, field=field)
    if row.check and (fault := row.check(text, rules.target)):
        raise SidecarError(fault, field=field)
    if row.name == "Description" and has_mark(text):
        raise SidecarError(
            "holds '[image-import', by which we know our images; leave that out",
            field=field,
        )
    return row.attribute, text


def check_may_set(row: ImageField, rules: Rules, *, field: str) -> None:
    """Refuse a field that the target lacks or that is not the uploader's to set."""
    if row.name in rules.target.lacks:
        raise SidecarError(
            f"target {rules.target.name} has no {row.name}; remove it", field=field
        )
    if row.is_guarded and row.name not in rules.may_set:
        raise SidecarError(
            "is not for uploaders to choose; remove it, or ask the operator to add "
            f"{row.name} to SIDECAR_MAY_SET",
            field=field,
        )


def check_known(names: Iterable[str], known: Iterable[str], *, within: str) -> None:
    """Refuse names that are not known, and say which one was perhaps meant."""
    allowed = sorted(known)
    for name in names:
        if name not in allowed:
            raise SidecarError(
                f"is no field of a sidecar{did_you_mean(name, allowed)}; use "
                f"{', '.join(allowed)}",
                field=join(within, name[:80]),
            )


def as_text(value: object, *, field: str) -> str:
    """Return a value that is text on one line."""
    if not isinstance(value, str):
        hint = "remove it" if value is None else "put it in quotes"
        raise SidecarError(f"is {in_words(value)}, not text; {hint}", field=field)
    if control := _CONTROL.search(value):
        raise SidecarError(
            f"holds the control character {control[0]!r}; write one line of plain text",
            field=field,
        )
    return value


def read_checksums(said: Mapping[str, object], *, within: str) -> dict[str, str]:
    """Return the checksums among the fields of a sidecar or of one of its disks.

    Args:
        within: Path of the disk, "" for the sidecar itself.

    Raises:
        SidecarError: One is none.
    """
    found = {}
    for name in CHECKSUM_FIELDS:
        if name in said:
            field, value = join(within, name), said[name]
            if isinstance(value, int) and not isinstance(value, bool):
                value = str(value)
            found[name] = as_checksum(name, as_text(value, field=field), field=field)
    return found


def as_checksum(name: str, text: str, *, field: str) -> str:
    """Return a checksum in its one spelling.

    Raises:
        SidecarError: It is none.
    """
    try:
        return normal_checksum(name, text)
    except ValueError as exc:
        raise SidecarError(f"is {text[:80]!r}; write {exc}", field=field) from exc


def as_object(value: object, *, field: str) -> Mapping[str, object]:
    """Return a value that is an object."""
    if not isinstance(value, dict):
        raise SidecarError(f"is {in_words(value)}, not an object", field=field)
    return value


def as_list(value: object, *, field: str) -> list[object]:
    """Return a value that is a list with something in it."""
    if not isinstance(value, list):
        hint = "; put it in [ ]" if isinstance(value, dict) else ""
        raise SidecarError(f"is {in_words(value)}, not a list{hint}", field=field)
    if not value:
        raise SidecarError("is an empty list; remove it", field=field)
    return value


def join(within: str, name: str) -> str:
    """Return the path of a field."""
    return f"{within}.{name}" if within else name
