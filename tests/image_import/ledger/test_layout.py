import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_import.ledger.layout import LedgerKeys, read_open_key

PLACE = LedgerKeys(
    prefix=".image-import/", bucket="images", object_key="in/web 1.qcow2"
)


def test_a_ledger_is_found_by_a_person_who_knows_the_file_name() -> None:
    assert PLACE.ledger_key("A1-2").startswith(".image-import/images/web_1.qcow2-")
    assert PLACE.ledger_key("A1-2").endswith("/A1-2.jsonl")


def test_pointers_are_listed_before_all_ledgers() -> None:
    assert PLACE.manifest_note_key("in/set.json") < PLACE.ledger_key("0")
    assert PLACE.is_manifest_note(PLACE.manifest_note_key("in/set.json"))
    assert not PLACE.is_manifest_note(PLACE.ledger_key("0"))


def test_two_keys_of_one_name_have_two_folders() -> None:
    other = LedgerKeys(
        prefix=".image-import/", bucket="images", object_key="x/web 1.qcow2"
    )
    assert other.folder != PLACE.folder
    assert other.open_key("A1", "c1") != PLACE.open_key("A1", "c1")


@pytest.mark.parametrize(
    ("key", "part"),
    [
        (PLACE.ledger_key("A1"), 1),
        (PLACE.ledger_key("A1", 2), 2),
        (PLACE.ledger_key("A1-2"), 0),
        (PLACE.folder + "A1~x.jsonl", 0),
        (PLACE.folder + "A1.json", 0),
    ],
)
def test_the_parts_of_a_versions_ledger_are_told_from_others(
    key: str, part: int
) -> None:
    assert PLACE.part_number(key, "A1") == part


@given(st.text(max_size=400), st.text(max_size=40))
def test_no_key_makes_a_ledger_key_that_oss_refuses(object_key: str, etag: str) -> None:
    place = LedgerKeys(prefix=".image-import/", bucket="images", object_key=object_key)
    for key in (
        place.ledger_key(etag),
        place.manifest_note_key("m"),
        place.open_key(etag, "c1"),
    ):
        assert len(key.encode("utf-8", "surrogatepass")) <= 1023
        assert not key.startswith(("/", "\\"))
        assert "//" not in key


@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=20))
def test_a_note_tells_the_ledger_that_it_stands_for(
    object_key: str, etag: str, claim: str
) -> None:
    place = LedgerKeys(prefix=".image-import/", bucket="images", object_key=object_key)
    told = read_open_key(place.open_key(etag, claim), prefix=".image-import/")
    assert told is not None
    assert told.ledger_key == place.ledger_key(etag)


def test_each_claim_has_a_note_of_its_own() -> None:
    first, second = PLACE.open_key("A1", "c1"), PLACE.open_key("A1", "c2")
    told = read_open_key(second, prefix=".image-import/")
    assert first != second
    assert told is not None
    assert (told.key, told.claim) == (second, "c2")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "open/web-0/A1.c1.json",
        ".image-import/open/",
        ".image-import/open/A1.c1.json",
        ".image-import/open/web-0/A1.json",
        ".image-import/open/web-0/x/A1.c1.json",
        ".image-import/open/web-0/A1.c1.jsonl",
        ".image-import/images/web-0/A1.c1.json",
    ],
)
def test_what_is_no_note_tells_nothing(key: str) -> None:
    assert read_open_key(key, prefix=".image-import/") is None
