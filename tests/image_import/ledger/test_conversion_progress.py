"""How far a conversion is, said and read."""

import pytest
from image_import.ledger.conversion_progress import said_parts, wanted_parts


@pytest.mark.parametrize(
    ("wanted", "words"),
    [(1_200, "3 of 1,200 parts of disk 2"), (None, "3 parts of disk 2")],
    ids=["known", "unknown"],
)
def test_parts_are_said_with_how_many_there_are_where_that_is_known(
    wanted: int | None, words: str
) -> None:
    assert said_parts(3, wanted, disk=2) == words


def test_what_is_said_of_several_disks_is_read_again() -> None:
    words = f"{said_parts(0, 1_200, disk=1)}; {said_parts(7, 12, disk=3)}"
    assert wanted_parts(words) == {1: 1_200, 3: 12}
    assert wanted_parts(said_parts(3, None, disk=2)) == {}
