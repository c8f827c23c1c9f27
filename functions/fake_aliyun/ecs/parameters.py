"""The parameters of ImportImage: which exist at which door, and what they may hold.

Sources: "ImportImage", ECS API 2014-05-26, and the request model of
alibabacloud-ecs20140526 7.11.8, for the public door; "ImportImage", Apsara Stack API
page with the path /apsara/route/Ecs/ImportImage, for the other two; read 2026-11.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.core.hosts import Door
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.oss.models import BUCKET_NAME, MAX_KEY_BYTES

MAX_DISKS = 17
MAX_TAGS = 20
WINDOWS = "Windows Server "
PLATFORMS_PUBLIC = frozenset(
    {
        "Aliyun", "Anolis", "CentOS", "Ubuntu", "CoreOS", "SUSE", "Debian", "OpenSUSE",
        "FreeBSD", "RedHat", "Kylin", "UOS", "Fedora", "Fedora CoreOS", "CentOS Stream",
        "AlmaLinux", "Rocky Linux", "Gentoo", "Customized Linux", "Others Linux",
        "Other Windows",
        *(f"{WINDOWS}{year}" for year in (2003, 2008, 2012, 2016, 2019, 2022)),
    }
)  # fmt: skip
PLATFORMS_APSARA = frozenset(
    {
        "CentOS", "Ubuntu", "SUSE", "OpenSUSE", "Debian", "CoreOS", "Aliyun",
        "Others Linux", "Customized Linux",
        *(f"{WINDOWS}{year}" for year in (2003, 2008, 2012)),
    }
)  # fmt: skip
_APSARA_NAMES = frozenset(
    {
        "RegionId", "ImageName", "Description", "Architecture", "OSType", "Platform",
        "LicenseType", "RoleName",
        "DiskDeviceMapping.N.OSSBucket", "DiskDeviceMapping.N.OSSObject",
        "DiskDeviceMapping.N.Format", "DiskDeviceMapping.N.DiskImageSize",
        "DiskDeviceMapping.N.DiskImSize", "DiskDeviceMapping.N.Device",
    }
)  # fmt: skip
_PUBLIC_NAMES = _APSARA_NAMES | {
    "BootMode", "ResourceGroupId", "DetectionStrategy", "DryRun", "ClientToken",
    "Features.NvmeSupport", "Features.ImdsSupport", "Tag.N.Key", "Tag.N.Value",
    "OwnerId", "ResourceOwnerId", "ResourceOwnerAccount",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class DoorRules:
    """What ImportImage takes at one door."""

    names: frozenset[str]
    platforms: frozenset[str]
    architectures: frozenset[str]
    formats: frozenset[str]
    name_characters: str
    system_disk_gib: range
    data_disk_gib: range


PUBLIC = DoorRules(
    names=_PUBLIC_NAMES,
    platforms=PLATFORMS_PUBLIC,
    architectures=frozenset({"i386", "x86_64", "arm64"}),
    # Older pages of the public API spell the last one in lower case.
    formats=frozenset({"RAW", "VHD", "QCOW2", "qcow2"}),
    name_characters=".:_-",
    system_disk_gib=range(1, 2049),
    data_disk_gib=range(1, 2049),
)
APSARA_POP = DoorRules(
    names=_APSARA_NAMES,
    platforms=PLATFORMS_APSARA,
    architectures=frozenset({"i386", "x86_64"}),
    formats=frozenset({"RAW", "VHD", "qcow2"}),
    name_characters=":_-",
    system_disk_gib=range(5, 501),
    data_disk_gib=range(5, 1001),
)
RULES: Mapping[Door, DoorRules] = {
    "public": PUBLIC,
    "apsara-pop": APSARA_POP,
    "apsara-route": APSARA_POP,
}
_NUMBERED = re.compile(r"(\w+)\.(0|[1-9]\d{0,5})((?:\.\w+)?)", re.ASCII)
Numbered = dict[int, dict[str, str]]


def check_names(
    parameters: Mapping[str, str], known: frozenset[str], what: str
) -> None:
    """Let parameters pass that all exist.

    Raises:
        NotImitatedError: One does not; the cloud would ignore it.
    """
    for name in parameters:
        if _NUMBERED.sub(r"\1.N\3", name) not in known:
            raise NotImitatedError(f"the parameter {name!r} of {what}", known=known)


def numbered(parameters: Mapping[str, str], prefix: str, *, limit: int) -> Numbered:
    """Return what `prefix.N.*` hold, by N; what `prefix.N` itself holds is under "".

    Raises:
        NotImitatedError: An N lies outside of 1 to `limit`; the cloud ignores such.
    """
    found: Numbered = {}
    for name, value in parameters.items():
        if (match := _NUMBERED.fullmatch(name)) and match[1] == prefix:
            found.setdefault(int(match[2]), {})[match[3].removeprefix(".")] = value
    for number in found:
        if not 1 <= number <= limit:
            known = [f"{prefix}.1 to {prefix}.{limit}"]
            raise NotImitatedError(f"{prefix}.{number}", known=known)
    return dict(sorted(found.items()))


def listed(parameters: Mapping[str, str], prefix: str, *, limit: int) -> list[str]:
    """Return what `prefix.1`, `prefix.2` and so on hold, in their order.

    Raises:
        NotImitatedError: As `numbered`.
    """
    found = numbered(parameters, prefix, limit=limit)
    return [value for held in found.values() if (value := held.get("", ""))]


def check_image(parameters: Mapping[str, str], rules: DoorRules) -> None:
    """Let pass what describes the image as a whole.

    Raises:
        EcsError: Of the first parameter that is not valid.
    """
    check_image_name(parameters.get("ImageName", ""), rules)
    check_description(parameters.get("Description", ""))
    _check_choice(parameters, "Architecture", rules.architectures)
    _check_choice(parameters, "OSType", frozenset({"windows", "linux"}))
    _check_choice(parameters, "Platform", rules.platforms)
    if parameters.get("LicenseType", "Auto") not in {"Auto", "Aliyun", "BYOL"}:
        raise EcsError("InvalidLicenseType.NotSupported")
    _check_pairs(parameters)


def check_description(description: str) -> None:
    """Let a description pass that is not set or well formed.

    Raises:
        EcsError: InvalidDescription.Malformed.
    """
    if description and (
        not 2 <= len(description) <= 256
        or description.startswith(("http://", "https://"))
    ):
        raise EcsError("InvalidDescription.Malformed")


def check_image_name(name: str, rules: DoorRules) -> None:
    """Let a name pass that is not set or well formed.

    Raises:
        EcsError: InvalidImageName.Malformed.
    """
    if not name:
        return
    letters = r"a-zA-Z\u4e00-\u9fff"
    others = re.escape(rules.name_characters)
    allowed = rf"[{letters}][{letters}0-9{others}]{{1,127}}"
    forbidden = name.startswith(("aliyun", "acs:")) or "http://" in name
    if not re.fullmatch(allowed, name) or forbidden or "https://" in name:
        raise EcsError("InvalidImageName.Malformed")


def _check_choice(
    parameters: Mapping[str, str], name: str, allowed: frozenset[str]
) -> None:
    if name in parameters and parameters[name] not in allowed:
        raise EcsError(f"Invalid{name}.Malformed")


def _check_pairs(parameters: Mapping[str, str]) -> None:
    """Refuse values that do not go together.

    That Windows needs a Windows platform is stated nowhere; a fake may ask for it,
    because the pair makes no sense.
    """
    platform = parameters.get("Platform", "Others Linux")
    is_windows = "Windows" in platform
    if (parameters.get("OSType", "linux") == "windows") != is_windows:
        raise EcsError("InvalidPlatform.Malformed")
    is_arm = parameters.get("Architecture") == "arm64"
    if is_arm and is_windows:
        raise EcsError("InvalidArchitecture.PlatformUnsupported")
    boot_mode = parameters.get("BootMode")
    if boot_mode not in {None, "BIOS", "UEFI"}:
        raise EcsError("InvalidBootMode.Malformed")
    if is_arm and boot_mode == "BIOS":
        raise EcsError("InvalidBootMode.NotSupport")
    strategy = parameters.get("DetectionStrategy")
    if strategy not in {None, "Standard"}:
        raise EcsError("InvalidParameter.DetectionStrategy")
    if strategy and is_windows:
        raise EcsError("ImageCheckUnsupported.WindowsImage")


def check_extras(parameters: Mapping[str, str]) -> None:
    """Let pass what only the public door takes.

    Raises:
        EcsError: Of the first parameter that is not valid.
    """
    check_client_token(parameters)
    check_features(parameters)
    read_flag(parameters, "DryRun")
    read_tags(parameters)


def check_client_token(parameters: Mapping[str, str]) -> None:
    """Let a client token pass that is ASCII and of at most 64 characters.

    Raises:
        EcsError: InvalidClientToken.Malformed.
    """
    token = parameters.get("ClientToken", "")
    if len(token) > 64 or not token.isascii():
        raise EcsError("InvalidClientToken.Malformed")


def check_features(parameters: Mapping[str, str]) -> None:
    """Let `Features.*` pass that hold one of their values.

    Raises:
        EcsError: InvalidParameter.FeaturesImdsSupport, InvalidParameter.
    """
    if parameters.get("Features.ImdsSupport", "v1") not in {"v1", "v2"}:
        raise EcsError("InvalidParameter.FeaturesImdsSupport")
    nvme = parameters.get("Features.NvmeSupport", "supported")
    if nvme not in {"supported", "unsupported"}:
        raise EcsError("InvalidParameter", "Features.NvmeSupport")


def read_features(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return what `Features.*` hold, by the name after the dot."""
    return {
        name.removeprefix("Features."): value
        for name, value in parameters.items()
        if name.startswith("Features.")
    }


def read_flag(parameters: Mapping[str, str], name: str) -> bool:
    """Return a truth value, false where there is none.

    Raises:
        EcsError: InvalidParameter.
    """
    text = parameters.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise EcsError("InvalidParameter", name)
    return text == "true"


def read_tags(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that `Tag.N.*` give.

    Raises:
        EcsError: A key or value is not valid, or a key comes twice.
    """
    tags: dict[str, str] = {}
    for tag in numbered(parameters, "Tag", limit=MAX_TAGS).values():
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if (
            not 1 <= len(key) <= 128
            or key.startswith(("aliyun", "acs:"))
            or _has_url(key)
        ):
            raise EcsError("InvalidTagKey.Malformed")
        if len(value) > 128 or value.startswith("acs:") or _has_url(value):
            raise EcsError("InvalidTagValue.Malformed")
        if key.lower() in {known.lower() for known in tags}:
            raise EcsError("TagKey.Duplication")
        tags[key] = value
    return tags


def is_whole(text: str) -> bool:
    """Return whether a text is a number of at most nine ASCII digits."""
    return re.fullmatch(r"[0-9]{1,9}", text) is not None


def _has_url(text: str) -> bool:
    return "http://" in text or "https://" in text


def read_disks(parameters: Mapping[str, str], rules: DoorRules) -> Numbered:
    """Return the disk mappings by number, from 1 without a gap.

    Raises:
        EcsError: Of the first value that is missing or not valid.
    """
    disks = numbered(parameters, "DiskDeviceMapping", limit=MAX_DISKS)
    if not disks:
        raise EcsError("MissingParameter.DiskDeviceMapping")
    for number in range(1, max(disks) + 1):
        _check_disk(number, disks.get(number, {}), rules)
    return disks


def _check_disk(number: int, disk: Mapping[str, str], rules: DoorRules) -> None:
    for name in ("OSSBucket", "OSSObject"):
        if not disk.get(name):
            raise EcsError("MissingParameter", f"DiskDeviceMapping.{number}.{name}")
    if not BUCKET_NAME.fullmatch(disk["OSSBucket"]):
        raise EcsError("InvalidOSSBucket.Malformed")
    key = disk["OSSObject"]
    if key[0] in "/\\" or len(key.encode()) > MAX_KEY_BYTES:
        raise EcsError("InvalidOSSObject.Malformed")
    file_format = disk.get("Format", "RAW")
    if file_format == "VMDK" and "QCOW2" in rules.formats:
        raise EcsError("InvalidImageFormat.RegionNotSupported")
    if file_format not in rules.formats:
        raise EcsError("InvalidImageFormat.Malformed")
    if not re.fullmatch(r"/dev/xvd[a-z]", disk.get("Device", "/dev/xvda")):
        raise EcsError("InvalidParameter.Malformed")
    allowed = rules.system_disk_gib if number == 1 else rules.data_disk_gib
    for name in ("DiskImageSize", "DiskImSize"):
        text = disk.get(name, str(allowed.start))
        if not is_whole(text) or int(text) not in allowed:
            raise _bad_size(f"DiskDeviceMapping.{number}.{name}", text, allowed)


def _bad_size(name: str, text: str, allowed: range) -> EcsError:
    if not name.startswith("DiskDeviceMapping.1."):
        return EcsError("InvalidDataDiskSize")
    bounds = f"{allowed.start} to {allowed.stop - 1} GiB"
    return EcsError("InvalidImageSize", f"{name} is {text}; it may be {bounds}.")
