"""Which value of ImportImage's Platform a system's own files stand for.

The vocabulary is the one that object keys are read with. The name that a release gives
itself comes first, then its ID: Scientific Linux 7 calls itself `rhel` there.
"""

from disk_images.findings import Findings, Release

from image_import.filename.lookup import VOCABULARY
from image_import.filename.system import find_system
from image_import.filename.tokenizer import pieces
from image_import.filename.vocabulary.entry import System
from image_import.filename.vocabulary.windows import SEMI_ANNUAL_SERVER
from image_import.model.targets import Target

UNLISTED = System(name="a distribution without a value of its own")

# IDs of os-release(5) that spell none of the names in the vocabulary.
_BY_ID = {
    "ol": "Oracle Linux",
    "amzn": "Amazon Linux",
    "opensuse-leap": "openSUSE",
    "opensuse-tumbleweed": "openSUSE",
    "suse-microos": "SUSE Linux Enterprise",
    "sle_hpc": "SUSE Linux Enterprise",
    "sles_sap": "SUSE Linux Enterprise",
    "alios": "Alibaba Cloud Linux",
    "rhel": "Red Hat Enterprise Linux",
}

# IDs that tell more than the name beside them.
_ID_FIRST = {"rhcos": "Red Hat CoreOS", "scos": "Red Hat CoreOS"}

# What a variant makes of a distribution.
_VARIANTS = {
    ("Fedora", "coreos"): "Fedora CoreOS",
}


def system_of(release: Release) -> System:
    """Return the row of the vocabulary that a release of Linux is.

    A distribution that no row has is `UNLISTED`: Linux, and none of the listed ones.
    """
    if surely := VOCABULARY.by_name.get(_ID_FIRST.get(release.id, "")):
        return surely
    by_id = VOCABULARY.by_name.get(_BY_ID.get(release.id, ""))
    system = _told(release.name) or by_id or _told(release.id) or UNLISTED
    variant = _VARIANTS.get((system.name, release.variant), "")
    return VOCABULARY.by_name.get(variant, system)


def _told(name: str) -> System | None:
    """Return the system that a name tells; None where it tells just Linux."""
    told = find_system(pieces(name), VOCABULARY) if name else None
    system = told.system if told else None
    return system if system and system.platforms else None


def windows_system(product: str, build: int | None) -> System | None:
    """Return the row of a release of Windows.

    Args:
        product: ProductName of the registry, as `Windows Server 2019 Datacenter`.
        build: CurrentBuildNumber; decides where the name tells no release. A server
            of a build that no year has is one of the annual channel.
    """
    system = _told(product)
    if system and system.os_type == "windows":
        return system
    if "Server" not in product:
        return VOCABULARY.clients.get(build or 0)
    return VOCABULARY.servers.get(build, SEMI_ANNUAL_SERVER) if build else None


def platform_of(found: Findings, target: Target) -> str | None:
    """Return Platform for the system that was found; None if the list has no value."""
    release = found.release
    if release is None:
        return None
    is_windows = found.os_type.value == "windows"
    system = (
        windows_system(release.name, release.build)
        if is_windows
        else system_of(release)
    )
    return system.platform_in(target.platforms) if system else None
