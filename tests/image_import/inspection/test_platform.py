"""Release files of a hundred distributions; see tests/data/releases.md."""

import json
from typing import Any

import pytest
from disk_images.findings import Release
from disk_images.guest.os_release import READERS, read_release
from image_import.inspection.platform import system_of, windows_system
from image_import.model.targets import APSARA_POP, PUBLIC
from repository import DATA

ROWS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (DATA / "releases.jsonl").read_text("utf-8").splitlines()
]
A_GIB_OF_NONSENSE = b"ID=" + b"x" * 1_000_000


def release_of(row: dict[str, Any]) -> Release:
    files = {path: "\n".join(text).encode() for path, text in row["files"].items()}
    release = read_release(files)
    assert release
    return release


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_a_distribution_has_its_platform_in_both_lists(row: dict[str, Any]) -> None:
    release = release_of(row)
    system = system_of(release)
    assert system.platform_in(PUBLIC.platforms) == row["public"]
    assert system.platform_in(APSARA_POP.platforms) == row["apsara"]
    assert release.version == row["version"]
    assert release.where in row["files"]


def test_a_hundred_distributions_are_tried_each_with_its_source() -> None:
    ids = {release_of(row).id or release_of(row).name for row in ROWS}
    assert len({row["name"] for row in ROWS}) == len(ROWS) >= 100
    assert len(ids) >= 90
    assert all(row["source"] for row in ROWS)


def test_every_platform_of_linux_in_the_public_list_is_tried() -> None:
    tried = {row["public"] for row in ROWS}
    linux = {name for name in PUBLIC.platforms if "Windows" not in name}
    assert linux - tried == {"Customized Linux"}
    assert {row["apsara"] for row in ROWS} - {None} <= set(APSARA_POP.platforms)


def test_etc_comes_before_usr_lib_and_os_release_before_older_files() -> None:
    files = {
        "/usr/lib/os-release": b"ID=centos\n",
        "/etc/os-release": b"ID=tencentos\n",
        "/etc/redhat-release": b"CentOS Linux release 8.4.2105 (Core)\n",
    }
    release = read_release(files)
    assert release
    assert (release.id, release.where) == ("tencentos", "/etc/os-release")


@pytest.mark.parametrize(
    ("path", "text", "name", "version"),
    [
        (
            "/etc/SuSE-release",
            "openSUSE 13.2 (x86_64)\nVERSION = 13.2\n",
            "openSUSE",
            "13.2",
        ),
        ("/etc/debian_version", "7.11\n", "Debian", "7.11"),
        ("/etc/debian_version", "trixie/sid\n", "Debian", "trixie/sid"),
        ("/etc/alpine-release", "3.4.0\n", "Alpine Linux", "3.4.0"),
        ("/etc/slackware-version", "Slackware 14.1\n", "Slackware", "14.1"),
        (
            "/etc/gentoo-release",
            "Gentoo Base System release 2.2\n",
            "Gentoo Base System",
            "2.2",
        ),
        (
            "/etc/fedora-release",
            "Fedora release 19 (Schrödinger’s Cat)\n",
            "Fedora",
            "19",
        ),
        (
            "/etc/system-release",
            "Amazon Linux AMI release 2018.03\n",
            "Amazon Linux AMI",
            "2018.03",
        ),
        ("/etc/redhat-release", "base-release", "base-release", ""),
        (
            "/etc/lsb-release",
            'DISTRIB_ID="Ubuntu"\nDISTRIB_RELEASE=12.04\n',
            "Ubuntu",
            "12.04",
        ),
    ],
)
def test_an_older_file_tells(path: str, text: str, name: str, version: str) -> None:
    release = read_release({path: text.encode()})
    assert release
    assert (release.name, release.version) == (name, version)


@pytest.mark.parametrize("path", READERS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"\0" * 999,
        b"\xff\xfe" * 500,
        b"=" * 999,
        b"ID='",
        A_GIB_OF_NONSENSE,
    ],
    ids=["empty", "lines", "zeros", "no text", "equals", "open quote", "long"],
)
def test_nonsense_tells_little_and_breaks_nothing(path: str, data: bytes) -> None:
    release = read_release({path: data})
    assert release is None or len(release.pretty_name + release.id) < 500


def test_a_name_without_quotes_and_one_with_an_apostrophe_are_read() -> None:
    release = read_release({"/etc/os-release": b"ID=x\nNAME=Wind River Linux\n"})
    assert release
    assert release.name == "Wind River Linux"
    release = read_release({"/etc/os-release": b"ID=x\nNAME=Bob's Linux\n"})
    assert release
    assert release.name == "Bob's Linux"


WINDOWS = [
    (
        "Windows Server 2008 R2 Standard",
        7601,
        "Windows Server 2008",
        "Windows Server 2008",
    ),
    (
        "Windows Server (R) 2008 Standard",
        6002,
        "Windows Server 2008",
        "Windows Server 2008",
    ),
    (
        "Windows Server 2012 R2 Datacenter",
        9600,
        "Windows Server 2012",
        "Windows Server 2012",
    ),
    ("Windows Server 2016 Datacenter", 14393, "Windows Server 2016", None),
    ("Windows Server 2019 Standard Evaluation", 17763, "Windows Server 2019", None),
    ("Windows Server 2022 Datacenter", 20348, "Windows Server 2022", None),
    ("Windows Server 2025 Standard", 26100, "Other Windows", None),
    ("Windows 10 Pro", 19045, "Other Windows", None),
    ("Windows 10 Enterprise LTSC 2019", 17763, "Other Windows", None),
    ("Windows 7 Ultimate", 7601, "Other Windows", None),
    ("Windows Server", 20348, "Windows Server 2022", None),
    ("Windows Server Datacenter", 25398, "Other Windows", None),
    ("Windows Server Standard", 17134, "Other Windows", None),
]


@pytest.mark.parametrize(("product", "build", "public", "apsara"), WINDOWS)
def test_a_windows_has_its_platform(
    product: str, build: int, public: str, apsara: str | None
) -> None:
    system = windows_system(product, build)
    assert system
    assert system.platform_in(PUBLIC.platforms) == public
    assert system.platform_in(APSARA_POP.platforms) == apsara


def test_an_unknown_windows_is_none() -> None:
    assert windows_system("", None) is None
    assert windows_system("Windows Server", None) is None
    assert windows_system("Windows 12 Home", 99999) is None
