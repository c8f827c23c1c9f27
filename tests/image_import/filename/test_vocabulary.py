from collections import Counter
from dataclasses import replace

import pytest
from image_import.filename.lookup import ROWS, VOCABULARY, Vocabulary
from image_import.filename.machine_sets import read_keys
from image_import.filename.reader import read_key
from image_import.filename.vocabulary.architectures import ARCHITECTURES
from image_import.filename.vocabulary.entry import System, linux
from image_import.model.targets import APSARA_POP, PUBLIC, TARGETS, Target

NEW = linux("Zebra Linux", "zebra", "zebra linux")
WITH_NEW = VOCABULARY.with_rows(NEW)


@pytest.mark.parametrize(
    "key",
    [
        "zebra.qcow2",
        "Zebra-Linux-9.4-x86_64.img",
        "ZebraServer2024.raw",
        "zebra9.vhd",
        "zebraserver.vhd",
        "images/zebra/9/disk.qcow2",
        "web-zebra-disk2.qcow2",
    ],
)
def test_one_row_teaches_a_distribution_everywhere(key: str) -> None:
    """The rows are the only place: no rule, no platform list, no other table."""
    clues = read_key(key, WITH_NEW)
    assert {clues.platform(target) for target in TARGETS.values()} == {"Others Linux"}
    assert clues.os_type == "linux"
    assert "zebra" in clues.clues["platform"].token
    assert read_key(key).platform(PUBLIC) in {None, "Others Linux"}
    assert read_keys([key], WITH_NEW)[0].os_type == "linux"


def test_a_row_may_name_a_value_of_its_own() -> None:
    listed = replace(NEW, platforms=("Anolis", "Others Linux"))
    clues = read_key("zebra.qcow2", VOCABULARY.with_rows(listed))
    assert clues.platform(PUBLIC) == "Anolis"
    assert clues.platform(APSARA_POP) == "Others Linux"


@pytest.mark.parametrize(
    ("key", "extra", "platform"),
    [
        ("windows-server-2019.raw", "Windows Server 2019", "Windows Server 2019"),
        ("win2025.vhd", "Windows Server 2025", "Windows Server 2025"),
        ("win2022.vhd", "Other Windows", "Other Windows"),
        ("rocky9.raw", "Rocky Linux", "Rocky Linux"),
        ("openEuler-24.03.qcow2", "openEuler", "openEuler"),
        ("fcos-40.qcow2", "Kylin", "Others Linux"),
    ],
)
def test_a_platform_that_the_operator_adds_is_inferred(
    key: str, extra: str, platform: str
) -> None:
    target = replace(APSARA_POP, platforms=(*APSARA_POP.platforms, extra))
    assert read_key(key).platform(target) == platform


def test_a_new_codename_needs_one_word() -> None:
    row = replace(NEW, codenames=("stripy",), plain_codenames=("grazing",))
    vocabulary = VOCABULARY.with_rows(row)
    assert read_key("stripy.img", vocabulary).os_type == "linux"
    assert read_key("grazing-server-amd64.img", vocabulary).os_type == "linux"
    assert read_key("grazing-land.img", vocabulary).os_type is None


def test_a_family_can_be_switched_off() -> None:
    without = VOCABULARY.without(["ubuntu"])
    assert read_key("jammy.img", without).platform(PUBLIC) is None
    assert read_key("debian.img", without).platform(PUBLIC) == "Debian"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_every_target_takes_the_platform_of_every_row(
    row: System, target: Target
) -> None:
    platform = row.platform_in(target.platforms)
    assert platform in {*target.platforms, None}
    assert platform or row.os_type != "linux" or not row.platforms


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_names_only_what_some_target_takes(row: System) -> None:
    listed = {platform for t in TARGETS.values() for platform in t.platforms}
    own = {f"Windows Server {row.releases[0]}"} if row.is_server else set()
    assert set(row.platforms) <= listed | own
    assert row.os_type in {"linux", "windows", None}
    assert row.family


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_word_of_a_row_tells_that_row(row: System) -> None:
    """No other row has the word before it, and the tokeniser can find it."""
    for word in row.words:
        alone = Vocabulary([row])
        for name in (word, word.replace(" ", "-"), word.replace(" ", "_").upper()):
            clues = read_key(f"{name}.qcow2", alone)
            assert "platform" in clues.clues, name
            assert clues.os_type == row.os_type
            assert clues.platform(PUBLIC) == row.platform_in(PUBLIC.platforms)


def test_no_word_is_claimed_twice() -> None:
    words = [
        word.replace(" ", "")
        for row in ROWS
        for word in (
            *row.words, *row.first_words, *row.codenames, *row.plain_codenames
        )
    ]  # fmt: skip
    assert [word for word, count in Counter(words).items() if count > 1] == []


def test_names_of_rows_are_unique_and_known_where_they_are_named() -> None:
    names = [row.name for row in ROWS]
    narrower = {name for row in ROWS for _, name in row.narrowed_by}
    assert len(set(names)) == len(names)
    assert narrower <= set(names)


def test_words_are_written_as_they_are_looked_up() -> None:
    words = [word for row in ROWS for word in (*row.words, *row.first_words)]
    assert [word for word in words if word != word.lower().strip()] == []


def test_no_word_for_an_architecture_stands_twice() -> None:
    words = [word.replace(" ", "") for word, _ in ARCHITECTURES]
    assert len(set(words)) == len(words)
