"""Names made for these tests; tests/data/made-names.md says how."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from image_import.filename.machine_sets import read_keys
from image_import.model.targets import PUBLIC
from repository import DATA

FILE = DATA / "made-names.txt"
UNJUDGED = "?"
ARCHITECTURES = {"x": "x86_64", "i": "i386", "a": "arm64", "u": "unsupported", "": None}
MOST_WRONG = 0.002
MOST_LEFT_OUT = 0.01


class Verdict(NamedTuple):
    """One field of one name; False and None are values that a name does not tell."""

    key: str
    field: str
    wanted: object
    inferred: object


def wanted(
    system: str, architecture: str, disk: str, set_name: str
) -> dict[str, object]:
    """Return what a row says, by field; what is not judged is left out."""
    fields: dict[str, object] = {"is_data_disk": disk not in {"", "1"}}
    if system != UNJUDGED:
        is_bare = system in {"linux", "windows"}
        family = "windows" if "Windows" in system else "linux"
        has_family = system and system != "FreeBSD"
        fields["platform"] = None if is_bare else system or None
        fields["os_type"] = system if is_bare else family if has_family else None
    if architecture != UNJUDGED:
        fields["architecture"] = ARCHITECTURES[architecture]
    if disk.isdigit():
        fields["disk_index"] = int(disk)
    if set_name:
        fields["set_name"] = set_name
    return fields


def rows(number: int) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the names of a round and what they tell."""
    part = FILE.read_text("utf-8").split("# round ")[number]
    for line in part.splitlines()[1:]:
        key, *columns = line.split("|")
        columns = ["" if column == "-" else column for column in columns]
        system, architecture, disk, set_name = (*columns, "", "", "", "")[:4]
        yield key, wanted(system, architecture, disk, set_name)


ROUNDS = range(1, FILE.read_text("utf-8").count("# round ") + 1)


def verdicts(number: int) -> list[Verdict]:
    """Judge a round; its keys are read together, as siblings name their sets."""
    labelled = list(rows(number))
    found = []
    for (key, fields), clues in zip(
        labelled, read_keys([key for key, _ in labelled]), strict=True
    ):
        told = clues._asdict() | {"platform": clues.platform(PUBLIC)}
        found += [Verdict(key, name, want, told[name]) for name, want in fields.items()]
    return found


@pytest.fixture(scope="module")
def judged() -> list[Verdict]:
    return [verdict for number in ROUNDS for verdict in verdicts(number)]


def test_a_made_name_is_hardly_ever_given_a_wrong_value(judged: list[Verdict]) -> None:
    wrong = [v for v in judged if v.inferred and v.inferred != v.wanted]
    assert len(wrong) <= MOST_WRONG * len(judged), wrong


def test_what_a_made_name_tells_is_hardly_left_out(judged: list[Verdict]) -> None:
    told = [v for v in judged if v.wanted]
    left_out = [v for v in told if not v.inferred]
    assert len(left_out) <= MOST_LEFT_OUT * len(told), left_out


def test_each_made_name_stands_once() -> None:
    keys = [key for number in ROUNDS for key, _ in rows(number)]
    assert len(keys) == len(set(keys))
