"""Whatever bytes a key holds, it is read: no crash, no hang, no value out of range."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_import.filename.lookup import VOCABULARY
from image_import.filename.machine_sets import read_keys
from image_import.filename.reader import KeyClues, read_key
from image_import.model.targets import APSARA_POP, PUBLIC

WORDS = [
    *VOCABULARY.table, "windows", "win", "server", "2012", "2k8", "r2", "x86", "64",
    "disk1", "data2", "vdb", "os", "stream", "-", "_", ".", "/", "\\", "qcow2", "json",
]  # fmt: skip
KEYS = st.one_of(
    st.text(max_size=1023),
    st.binary(max_size=1023).map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.lists(st.sampled_from(WORDS), max_size=40).map("".join),
    st.lists(st.sampled_from(WORDS), max_size=40).map("-".join),
)
ARCHITECTURES = {None, "x86_64", "i386", "arm64", "unsupported"}


def assert_in_range(clues: KeyClues) -> None:
    assert clues.kind in {"image", "sidecar", "other"}
    assert clues.format in {"qcow2", "raw", "vhd", "ambiguous", "unsupported"}
    assert clues.os_type in {None, "linux", "windows"}
    assert clues.platform(PUBLIC) in {None, *PUBLIC.platforms}
    assert clues.platform(APSARA_POP) in {None, *APSARA_POP.platforms}
    assert clues.architecture in ARCHITECTURES
    assert clues.disk_index is None or 1 <= clues.disk_index <= 17
    assert clues.set_name is None or clues.set_name


@given(KEYS)
def test_any_key_is_read(key: str) -> None:
    clues = read_key(key)
    assert_in_range(clues)
    assert clues.object_key == key
    assert read_key(key) == clues


@given(KEYS)
def test_windows_and_its_platform_agree(key: str) -> None:
    clues = read_key(key)
    is_windows = "Windows" in (clues.platform(PUBLIC) or "")
    assert not is_windows or clues.os_type == "windows"
    assert clues.platform(APSARA_POP) is None or clues.platform(PUBLIC) is not None


@given(st.lists(KEYS, max_size=6))
def test_any_keys_are_read_together(keys: list[str]) -> None:
    read = read_keys(keys)
    assert [clues.object_key for clues in read] == keys
    for clues in read:
        assert_in_range(clues)


ODD = ["", ".", "..", "/", "//", "\\", "../", "\x00", "\u202e", "\u0301", "\ud800", "é"]


@pytest.mark.parametrize("pair", [*product(ODD, ODD)], ids=ascii)
def test_odd_keys_are_read(pair: tuple[str, str]) -> None:
    assert_in_range(read_key("".join(pair)))


@pytest.mark.parametrize(
    "unit",
    ["a", "A", "1", "a1", "aA", "-", "_", ".", "/", " ", "disk", "-disk1", "data-",
     "_64", "x86", "win2k", ".gz", "deadbeef1-", "ﷺ", "é", "麒麟", "_OsDisk_1", "f-"],
    ids=ascii,
)  # fmt: skip
def test_the_longest_keys_are_read(unit: str) -> None:
    """1,023 bytes of one thing: what makes a careless pattern run for ever."""
    size = len(unit.encode())
    assert_in_range(read_key(unit * (1023 // size)))
    assert_in_range(read_key(unit * (1022 // size) + "!"))
