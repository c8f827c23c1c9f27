"""Registry hives that hivex wrote, compared with hivex and libregf.

hivex makes neither lists of lists nor values in several pieces; those are laid into
cells that it made, and libregf says whether they are as they should be.
"""

import random
import struct
from pathlib import Path

import pyregf
import pytest
from disk_images.blocks.source import (
    CannotTellError,
    DamagedError,
    FileMissingError,
)
from disk_images.guest.registry import Hive
from hives import empty_hive
from made_images import CountingFile, run

pytestmark = pytest.mark.needs("hivexregedit")

VERSION = r"Microsoft\Windows NT\CurrentVersion"
BIG = bytes(n * n % 251 for n in range(20_000))
PIECE = 16_344
BINS_AT = 4096


def as_hex(raw: bytes) -> str:
    return ",".join(f"{byte:02x}" for byte in raw)


def made_hive(folder: Path, values: dict[str, str], keys: tuple[str, ...] = ()) -> Path:
    """Return a hive in which hivexregedit wrote values of CurrentVersion, and keys."""
    parts = VERSION.split("\\")
    above = ["\\".join(parts[:n]) for n in range(1, len(parts))]
    lines = ["Windows Registry Editor Version 5.00", ""]
    for key in above:
        lines += [f"[\\{key}]", ""]
    lines += [f"[\\{VERSION}]", *(f'"{n}"={v}' for n, v in values.items()), ""]
    for key in keys:
        lines += [f"[\\{key}]", ""]
    hive, script = folder / "hive", folder / "script.reg"
    hive.write_bytes(empty_hive())
    script.write_text("\n".join(lines), encoding="utf-8")
    run("hivexregedit", "--merge", hive, script)
    return hive


TYPICAL = {
    "ProductName": '"Windows Server 2022 Datacenter"',
    "CurrentBuild": '"20348"',
    "UBR": "dword:00000961",
    "InstallTime": "hex(b):01,02,03,04,05,06,07,08",
    "List": "hex(7):" + as_hex("one\0two\0\0".encode("utf-16-le")),
    "Expanded": "hex(2):" + as_hex("%SystemRoot%\0".encode("utf-16-le")),
    "Bytes": "hex:" + as_hex(bytes(range(200))),
    "Few": "hex:0a,0b",
    "None": "hex:",
    "Large": "hex:" + as_hex(BIG[:9000]),
}


def opened(hive: Path) -> Hive:
    return Hive(CountingFile(hive))


def test_values_that_hivex_wrote_are_read(tmp_path: Path) -> None:
    hive = opened(made_hive(tmp_path, TYPICAL))
    assert {name: hive.value(VERSION, name) for name in TYPICAL} == {
        "ProductName": "Windows Server 2022 Datacenter",
        "CurrentBuild": "20348",
        "UBR": 0x961,
        "InstallTime": 0x0807060504030201,
        "List": ["one", "two"],
        "Expanded": "%SystemRoot%",
        "Bytes": bytes(range(200)),
        "Few": b"\x0a\x0b",
        "None": b"",
        "Large": BIG[:9000],
    }


def test_hivexregedit_and_libregf_read_the_same(tmp_path: Path) -> None:
    path = made_hive(tmp_path, TYPICAL)
    exported = run("hivexregedit", "--export", "--unsafe-printable-strings", path, "\\")
    assert b'"CurrentBuild"=str(1):"20348"' in exported
    key = their_key(path, VERSION)
    theirs = {v.get_name(): v.get_data() or b"" for v in key.values}
    assert theirs.keys() == TYPICAL.keys()
    assert opened(path).value(VERSION, "Large") == theirs["Large"]
    product = theirs["ProductName"].decode("utf-16-le").rstrip("\0")
    assert opened(path).value(VERSION, "ProductName") == product


def their_key(path: Path, key: str) -> pyregf.key:
    file = pyregf.file()
    file.open(str(path))
    return file.get_key_by_path("\\" + key)


def test_names_are_found_whatever_their_case(tmp_path: Path) -> None:
    hive = opened(made_hive(tmp_path, TYPICAL))
    assert hive.value(VERSION.upper().replace("\\", "/"), "productNAME")


@pytest.mark.parametrize("key", ["Nowhere", VERSION + r"\Below", r"Microsoft\Windows"])
def test_a_key_or_value_that_is_not_there_is_missing(key: str, tmp_path: Path) -> None:
    hive = opened(made_hive(tmp_path, TYPICAL))
    with pytest.raises(FileMissingError, match="has no key"):
        hive.value(key, "ProductName")
    with pytest.raises(FileMissingError, match="has no value Nothing"):
        hive.value(VERSION, "Nothing")


def test_services_of_a_control_set_are_listed(tmp_path: Path) -> None:
    names = ["viostor", "vioscsi", "NetKVM", *(f"service{n}" for n in range(1200))]
    keys = ("ControlSet001", r"ControlSet001\Services")
    below = tuple(rf"ControlSet001\Services\{name}" for name in names)
    path = made_hive(tmp_path, {}, keys + below)
    ours = opened(path).subkeys(r"ControlSet001\Services")
    theirs = their_key(path, keys[1])
    assert ours == [key.get_name() for key in theirs.sub_keys]
    assert set(ours) == set(names)


def patched(path: Path, *patches: tuple[int, bytes]) -> Path:
    data = bytearray(path.read_bytes())
    for at, new in patches:
        data[at : at + len(new)] = new
    path.write_bytes(data)
    return path


def place_of(path: Path, content: bytes) -> int:
    """Return where in the file a cell's content begins; it must be there once."""
    data = path.read_bytes()
    assert data.count(content) == 1, content[:20]
    return data.index(content)


def cell_of(place: int) -> int:
    return place - BINS_AT - 4


def key_at(path: Path, name: str) -> int:
    """Return where the cell of a key begins."""
    raw = struct.pack("<HH", len(name), 0) + name.encode()
    return place_of(path, raw) - 72


KEYS = tuple(f"Key{n:04}" for n in range(8))


def with_room(folder: Path, rooms: dict[str, bytes]) -> tuple[Path, dict[str, int]]:
    """Return a hive, and where cells begin that may be written over."""
    values = {name: "hex:" + as_hex(raw) for name, raw in rooms.items()}
    path = made_hive(folder, values, ("Top", *(rf"Top\{key}" for key in KEYS)))
    return path, {name: place_of(path, raw) for name, raw in rooms.items()}


def relisted(folder: Path, kind: bytes) -> Path:
    """Return a hive in which the subkeys of Top are in a list of another kind."""
    rooms = {name: name.encode() * 100 for name in ("first", "second", "both")}
    path, at = with_room(folder, rooms)
    cells = [cell_of(key_at(path, key)) for key in KEYS]
    top = key_at(path, "Top")

    def listed(tag: bytes, some: list[int]) -> bytes:
        step = "I" if tag == b"li" else "I4x"
        return (
            tag
            + struct.pack("<H", len(some))
            + b"".join(struct.pack(f"<{step}", cell) for cell in some)
        )

    if kind != b"ri":
        patched(path, (at["both"], listed(kind, cells)))
    else:
        both = [cell_of(at["first"]), cell_of(at["second"])]
        patched(
            path,
            (at["first"], listed(b"lh", cells[:3])),
            (at["second"], listed(b"li", cells[3:])),
            (at["both"], b"ri" + struct.pack("<HII", 2, *both)),
        )
    return patched(path, (top + 28, struct.pack("<I", cell_of(at["both"]))))


@pytest.mark.parametrize("kind", [b"lf", b"lh", b"li", b"ri"], ids=bytes.decode)
def test_libregf_finds_the_same_subkeys_in_each_kind_of_list(
    kind: bytes, tmp_path: Path
) -> None:
    path = relisted(tmp_path, kind)
    theirs = [key.get_name() for key in their_key(path, "Top").sub_keys]
    assert opened(path).subkeys("Top") == theirs == list(KEYS)


def in_pieces(folder: Path) -> tuple[Path, dict[str, int]]:
    """Return a hive with a value in two pieces, as Windows stores more than 16,344."""
    rooms = {
        "head": b"HEAD" * 10,
        "list": b"LIST" * 10,
        "front": BIG[:PIECE],
        "back": BIG[PIECE:] + b"...." * 8,
        "Big": b"DATA" * 10,
    }
    path, at = with_room(folder, rooms)
    cells = [cell_of(at["front"]), cell_of(at["back"])]
    value = place_of(path, struct.pack("<4xIHH", 3, 1, 0)[4:] + b"Big") - 12
    at["value"] = value
    patched(
        path,
        (at["list"], struct.pack("<II", *cells)),
        (at["head"], struct.pack("<2sHI", b"db", 2, cell_of(at["list"]))),
        (value + 4, struct.pack("<II", len(BIG), cell_of(at["head"]))),
    )
    return path, at


def test_libregf_reads_the_same_value_in_pieces(tmp_path: Path) -> None:
    path, _ = in_pieces(tmp_path)
    (theirs,) = [v for v in their_key(path, VERSION).values if v.get_name() == "Big"]
    assert opened(path).value(VERSION, "Big") == theirs.get_data() == BIG


@pytest.mark.parametrize(
    ("place", "new", "problem"),
    [
        ("head", struct.pack("<2sH", b"db", 0xFFFF), "claims 65,535 pieces"),
        ("list", struct.pack("<I", 0x7FFFFFF0), "the volume ends"),
        ("front", b"", ""),
    ],
    ids=["too many pieces", "outside", "sound"],
)
def test_a_hostile_value_in_pieces_is_damaged(
    place: str, new: bytes, problem: str, tmp_path: Path
) -> None:
    path, at = in_pieces(tmp_path)
    hive = opened(patched(path, (at[place], new)))
    if not problem:
        assert hive.value(VERSION, "Big") == BIG
        return
    with pytest.raises(DamagedError, match=problem):
        hive.value(VERSION, "Big")


def test_a_list_of_lists_that_leads_to_itself_is_damaged(tmp_path: Path) -> None:
    path = relisted(tmp_path, b"ri")
    place = path.read_bytes().index(b"ri\2\0")
    patched(path, (place + 4, struct.pack("<I", cell_of(place))))
    with pytest.raises(DamagedError, match="begins with 72690200"):
        opened(path).subkeys("Top")


def test_a_key_that_is_its_own_subkey_comes_to_an_end(tmp_path: Path) -> None:
    path = relisted(tmp_path, b"li")
    top = key_at(path, "Top")
    place = path.read_bytes().index(b"li\x08\0")
    patched(path, (place + 4, struct.pack("<I", cell_of(top))))
    hive = opened(path)
    assert hive.subkeys("\\".join(["Top"] * 30))[0] == "Top"
    with pytest.raises(FileMissingError):
        hive.value("\\".join(["Top"] * 30), "nothing")


def test_what_is_no_hive_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "no-hive"
    path.write_bytes(b"MZ" + bytes(8192))
    with pytest.raises(DamagedError, match="a hive begins with 4d5a0000"):
        opened(path)


@pytest.mark.parametrize("size", [0, 100, 512, 4096, 4130, 5000, 9000])
def test_a_truncated_hive_cannot_be_told(size: int, tmp_path: Path) -> None:
    path = made_hive(tmp_path, TYPICAL)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CannotTellError):
        opened(path).value(VERSION, "Large")


def test_damaged_hives_raise_nothing_but_cannot_tell(tmp_path: Path) -> None:
    path = made_hive(tmp_path, TYPICAL, ("Top", *(rf"Top\{key}" for key in KEYS)))
    sound = path.read_bytes()
    chance = random.Random(7)  # noqa: S311 - the same damage each time
    tags = (b"nk", b"vk", b"lf", b"lh", b"li")
    places = [at for at in range(len(sound)) if sound[at : at + 2] in tags]
    failed = 0
    for _ in range(400):
        data = bytearray(sound)
        for _ in range(chance.choice((1, 3, 20))):
            at = chance.choice(places) + chance.randrange(-4, 48)
            data[at : at + 4] = chance.choice((b"\0" * 4, b"\xff" * 4, b"\1\0\0\0"))
        path.write_bytes(data)
        hive = opened(path)
        try:
            hive.value(VERSION, "ProductName")
            hive.subkeys("Top")
        except CannotTellError:
            failed += 1
    assert failed > 100


def test_of_thousands_of_keys_only_those_on_the_way_are_read(tmp_path: Path) -> None:
    """A real SOFTWARE has them all over some 100 MB, of which 16 MiB may be read."""
    keys = tuple(f"Microsoft\\Component {n}" for n in range(2000))
    path = made_hive(tmp_path, TYPICAL, keys)
    source = CountingFile(path, block=512)
    assert Hive(source).value(VERSION, "CurrentBuild") == "20348"
    # The list of all these keys is read: 8 bytes of each.
    assert source.bytes_read < 2000 * 8 + 40 * 512
    assert path.stat().st_size > 10 * source.bytes_read
