"""What each target takes: the three doors to ImportImage and their limits.

Sources:
    public: "ImportImage", ECS API 2014-05-26, Alibaba Cloud documentation, and the
    request model of alibabacloud-ecs20140526 7.11.8, both read 2026-11.
    Apsara Stack: "ImportImage", Apsara Stack API page with the path
    /apsara/route/Ecs/ImportImage; and the resource image_import of the Terraform
    provider alibabacloudstack for the POP gateway, both read 2026-11.
"""

from dataclasses import dataclass, replace
from typing import Literal

from image_import.model.disk import DiskFormat
from image_import.model.image_fields import LICENSE_TYPES, PUBLIC_ONLY

Auth = Literal["acs3", "rpc-v1", "roa-v1", "none"]
BodyFormat = Literal["form", "json"]

LINUX_PLATFORMS_PUBLIC = (
    "Aliyun",
    "Anolis",
    "CentOS",
    "Ubuntu",
    "CoreOS",
    "SUSE",
    "Debian",
    "OpenSUSE",
    "FreeBSD",
    "RedHat",
    "Kylin",
    "UOS",
    "Fedora",
    "Fedora CoreOS",
    "CentOS Stream",
    "AlmaLinux",
    "Rocky Linux",
    "Gentoo",
    "Customized Linux",
    "Others Linux",
)
WINDOWS_PLATFORMS_PUBLIC = (
    "Windows Server 2022",
    "Windows Server 2019",
    "Windows Server 2016",
    "Windows Server 2012",
    "Windows Server 2008",
    "Windows Server 2003",
    "Other Windows",
)
PLATFORMS_APSARA = (
    "CentOS",
    "Ubuntu",
    "SUSE",
    "OpenSUSE",
    "Debian",
    "CoreOS",
    "Aliyun",
    "Windows Server 2003",
    "Windows Server 2008",
    "Windows Server 2012",
    "Others Linux",
    "Customized Linux",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One door to ImportImage: how it is called and what it takes.

    Attributes:
        name: The value of IMPORT_TARGET.
        is_apsara_stack: Whether it is a private cloud: its endpoints are nobody's
            default, its gateways want headers, and its ECS lists no tasks.
        path: Of the URL; POP gateways and the public endpoints take "/".
        body_format: Where parameters travel: None means in the query.
        sends_region_twice: The documented route wants `regionId` and `RegionId`.
        format_spelling: How `DiskDeviceMapping.N.Format` is written on the wire.
        system_disk_gib, data_disk_gib: Lowest and highest DiskImageSize.
        name_characters: What an image name may hold beyond letters, digits and
            Chinese characters.
        reserved_starts: What an image name must not start with.
        license_types: What LicenseType may be; on public ECS the newest text of the
            API has no Auto any more, and asks for one with OSType windows.
        lacks: Fields that only other targets have.
        has_client_token: Whether a repeated request can be told by its token.
        has_lookup: Whether DescribeImages is known to be served at the same door.
    """

    name: str
    is_apsara_stack: bool
    auth: Auth
    path: str
    api_version: str
    body_format: BodyFormat | None
    sends_region_twice: bool
    platforms: tuple[str, ...]
    architectures: tuple[str, ...]
    license_types: tuple[str, ...]
    format_spelling: dict[DiskFormat, str]
    system_disk_gib: tuple[int, int]
    data_disk_gib: tuple[int, int]
    name_characters: str
    reserved_starts: tuple[str, ...]
    lacks: frozenset[str]
    has_client_token: bool
    has_lookup: bool
    oss_signature_version: Literal["v4", "v1"]


_APSARA_SPELLING = {
    DiskFormat.RAW: "RAW",
    DiskFormat.VHD: "VHD",
    DiskFormat.QCOW2: "qcow2",
}

PUBLIC = Target(
    name="public",
    is_apsara_stack=False,
    auth="acs3",
    path="/",
    api_version="2014-05-26",
    body_format=None,
    sends_region_twice=False,
    platforms=LINUX_PLATFORMS_PUBLIC + WINDOWS_PLATFORMS_PUBLIC,
    architectures=("i386", "x86_64", "arm64"),
    license_types=("Aliyun", "BYOL"),
    format_spelling={**_APSARA_SPELLING, DiskFormat.QCOW2: "QCOW2"},
    system_disk_gib=(1, 2048),
    data_disk_gib=(1, 2048),
    name_characters=".:_-",
    reserved_starts=("aliyun", "acs:"),
    lacks=frozenset(),
    has_client_token=True,
    has_lookup=True,
    oss_signature_version="v4",
)

APSARA_POP = Target(
    name="apsara-pop",
    is_apsara_stack=True,
    auth="rpc-v1",
    path="/",
    api_version="2014-05-26",
    body_format=None,
    sends_region_twice=False,
    platforms=PLATFORMS_APSARA,
    architectures=("i386", "x86_64"),
    license_types=LICENSE_TYPES,
    format_spelling=_APSARA_SPELLING,
    system_disk_gib=(5, 500),
    data_disk_gib=(5, 1000),
    name_characters=":_-",
    reserved_starts=(),
    lacks=PUBLIC_ONLY,
    has_client_token=False,
    has_lookup=True,
    oss_signature_version="v1",
)

APSARA_ROUTE = replace(
    APSARA_POP,
    name="apsara-route",
    auth="roa-v1",
    path="/apsara/route/Ecs/ImportImage",
    api_version="2016-01-01",
    body_format="form",
    sends_region_twice=True,
    has_lookup=False,
)

TARGETS = {target.name: target for target in (PUBLIC, APSARA_POP, APSARA_ROUTE)}
