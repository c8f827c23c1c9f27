"""Which system, processor and boot mode go together.

Source: "ImportImage", ECS API 2014-05-26, OSType, Platform and BootMode ("if
Architecture is arm64, this parameter must be UEFI"), read 2026-11.

Room: core.
"""


def is_windows_platform(platform: str) -> bool:
    """Whether this platform is a Windows."""
    return platform.startswith("Windows") or platform == "Other Windows"


def find_contradiction(
    *,
    platform: str | None,
    os_type: str | None,
    architecture: str | None,
    boot_mode: str | None,
) -> tuple[str, str]:
    """Return the field that contradicts another, and why; ("", "") if none does."""
    if platform and os_type and is_windows_platform(platform) != (os_type == "windows"):
        return "OSType", f"is {os_type!r}, but Platform is {platform!r}"
    if architecture == "arm64" and boot_mode == "BIOS":
        return "BootMode", "is 'BIOS', but arm64 starts with UEFI only"
    return "", ""
