"""The fields of a sidecar that hold text, each with what its target takes."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from image_import.errors import SidecarError
from image_import.model.declaration import GUARDED_FIELDS
from image_import.model.limits import check_description, check_image_name
from image_import.model.targets import BOOT_MODES, LICENSE_TYPES, OS_TYPES, Target
from image_import.sidecar.documents import in_words

Check = Callable[[str, Target], str]
"""Returns what is wrong with a text, or ""."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What may be declared here.

    Attributes:
        may_set: The guarded fields that SIDECAR_MAY_SET allows.
    """

    target: Target
    may_set: frozenset[str]


def one_of(choices: Iterable[str]) -> Check:
    """Return the check that a text is one of these, whatever the target."""
    known = tuple(choices)
    return lambda text, _: check_choice(text, known)


def matching(pattern: str, what: str) -> Check:
    """Return the check that a pattern matches the whole text."""
    return lambda text, _: (
        "" if re.fullmatch(pattern, text) else f"is {text!r}; it must be {what}"
    )


TEXT_FIELDS: Mapping[str, tuple[str, Check]] = {
    "ImageName": ("image_name", check_image_name),
    "Description": ("description", lambda text, _: check_description(text)),
    "Platform": (
        "platform",
        lambda text, target: check_choice(text, target.platforms, target),
    ),
    "Architecture": (
        "architecture",
        lambda text, target: check_choice(text, target.architectures, target),
    ),
    "OSType": ("os_type", one_of(OS_TYPES)),
    "LicenseType": ("license_type", one_of(LICENSE_TYPES)),
    "BootMode": ("boot_mode", one_of(BOOT_MODES)),
    "DetectionStrategy": ("detection_strategy", one_of(["Standard"])),
    "ResourceGroupId": (
        "resource_group_id",
        matching(r"[A-Za-z0-9_-]{1,64}", "an ID such as rg-bp67acfmxazb4p"),
    ),
    "RoleName": (
        "role_name",
        matching(r"[A-Za-z0-9._-]{1,64}", "the name of a RAM role"),
    ),
    "RegionId": (
        "region_id",
        matching(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", "a region ID such as cn-hangzhou"),
    ),
}
"""Field name -> the attribute of Declared, and the check of its text."""


def read_text_field(
    name: str, value: object, rules: Rules, *, shown_as: str = ""
) -> tuple[str, str]:
    """Return the attribute of Declared and the text of one of TEXT_FIELDS.

    Args:
        shown_as: What the field is called in messages, where that is not its name.

    Raises:
        SidecarError: The target lacks the field, it is not the uploader's to set, or
            the value is not what it may be.
    """
    field = shown_as or name
    check_may_set(name, rules, field=field)
    attribute, check = TEXT_FIELDS[name]
    text = as_text(value.strip() if isinstance(value, str) else value, field=field)
    if fault := check(text, rules.target):
        raise SidecarError(fault, field=field)
    return attribute, text


def check_may_set(name: str, rules: Rules, *, field: str) -> None:
    """Refuse a field that the target lacks or that is not the uploader's to set."""
    if name in rules.target.lacks:
        raise SidecarError(
            f"target {rules.target.name} has no {name}; remove it", field=field
        )
    if name in GUARDED_FIELDS and name not in rules.may_set:
        raise SidecarError(
            "is not for uploaders to choose; remove it, or ask the operator to add "
            f"{name} to SIDECAR_MAY_SET",
            field=field,
        )


def check_known(names: Iterable[str], known: Iterable[str], *, within: str) -> None:
    """Refuse names that are not known, and say which one was perhaps meant."""
    allowed = sorted(known)
    for name in names:
        if name not in allowed:
            raise SidecarError(
                f"is no field of a sidecar{_meant(name, allowed)}; use "
                f"{', '.join(allowed)}",
                field=join(within, name[:80]),
            )


def check_choice(
    text: str, choices: Iterable[str], target: Target | None = None
) -> str:
    """Return "" if the text is one of the choices, else what is wrong."""
    known = tuple(choices)
    if text in known:
        return ""
    who = f"target {target.name} takes" if target else "use"
    return f"is {text[:80]!r}{_meant(text, known)}; {who} {', '.join(known)}"


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


def as_object(value: object, *, field: str) -> Mapping[str, object]:
    """Return a value that is an object."""
    if not isinstance(value, dict):
        raise SidecarError(f"is {in_words(value)}, not an object", field=field)
    return value


def as_list(value: object, *, field: str) -> list[object]:
    """Return a value that is a list with something in it."""
    if not isinstance(value, list):
        raise SidecarError(f"is {in_words(value)}, not a list", field=field)
    if not value:
        raise SidecarError("is an empty list; remove it", field=field)
    return value


def join(within: str, name: str) -> str:
    """Return the path of a field."""
    return f"{within}.{name}" if within else name


def _meant(text: str, choices: Iterable[str]) -> str:
    """Return a hint if only case, spaces or punctuation differ."""
    bare = _bare(text)
    near = next((choice for choice in choices if _bare(choice) == bare), "")
    return f" (did you mean {near}?)" if near else ""


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
