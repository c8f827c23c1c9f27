"""What cannot both be true of an image: two values, or its contents and who says.

Source: "ImportImage", ECS API 2014-05-26, OSType, Platform and BootMode ("if
Architecture is arm64, this parameter must be UEFI"), read 2026-11.
"""

from collections.abc import Mapping

from image_import.planning.evidence import CONTENTS, Choice

SAY_RIGHT = (
    "correct the sidecar or metadata, or set INSPECT_CONFLICT=warn to let them count"
)
GENERAL = frozenset({"Others Linux", "Customized Linux", "Other Windows"})
"""Platforms that name no system; to say one of them of a listed system is a choice."""


def os_of(platform: str) -> str:
    """Return the OS type of a platform."""
    return "windows" if "Windows" in platform else "linux"


def find_contradiction(
    *,
    platform: str | None,
    os_type: str | None,
    architecture: str | None,
    boot_mode: str | None,
) -> tuple[str, str]:
    """Return the field that contradicts another, and why; ("", "") if none does."""
    if platform and os_type and os_of(platform) != os_type:
        return "OSType", f"is {os_type!r}, but Platform is {platform!r}"
    if architecture == "arm64" and boot_mode == "BIOS":
        return "BootMode", "is 'BIOS', but arm64 starts with UEFI only"
    return "", ""


def contradicted_by_contents(chosen: Mapping[str, Choice]) -> list[str]:
    """Return a sentence for each value that the image's contents speak against.

    Args:
        chosen: By attribute; what came from the contents themselves, or from the
            object key, contradicts nothing.
    """
    return [
        f"{choice.source} says {choice.value}, but the image's contents say {inside}"
        for attribute, choice in chosen.items()
        if (inside := choice.overrode.get(CONTENTS))
        and not (attribute == "platform" and _may_stand(choice.value, inside))
    ]


def _may_stand(said: str, inside: str) -> bool:
    """Whether one platform may be said of a system of the other."""
    return os_of(said) == os_of(inside) and not GENERAL.isdisjoint({said, inside})
