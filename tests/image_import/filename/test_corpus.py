import json
from collections.abc import Callable, Sequence

import pytest
from corpus import TRAITS, Reader, Verdict, folds, judge, load, share, table
from image_import.filename.lookup import VOCABULARY, Vocabulary
from image_import.filename.machine_sets import read_keys
from image_import.filename.reader import KeyClues, read_key

ROWS = load()
STRICT = [row for row in ROWS if not row["debatable"]]


def one_by_one(keys: Sequence[str], vocabulary: Vocabulary) -> list[KeyClues]:
    return [read_key(key, vocabulary) for key in keys]


def of_trait(verdicts: Sequence[Verdict], trait: str) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.trait == trait]


@pytest.fixture(scope="module")
def strict() -> list[Verdict]:
    """All keys are read together, as siblings name their sets."""
    together = judge(ROWS)
    return [verdict for verdict in together if not verdict.row["debatable"]]


@pytest.mark.parametrize("trait", TRAITS)
def test_real_names_are_read_right(strict: list[Verdict], trait: str) -> None:
    of = of_trait(strict, trait)
    assert of
    assert share(of) == 1, table("strict rows", of)


def test_no_name_is_given_a_wrong_architecture(strict: list[Verdict]) -> None:
    wrong = [v for v in of_trait(strict, "architecture") if v.is_wrong_value]
    assert wrong == []


@pytest.mark.parametrize(
    ("title", "is_debatable", "reader"),
    [
        ("image names, strict rows, read together", False, read_keys),
        ("image names, strict rows, read one by one", False, one_by_one),
        ("image names, debatable rows", True, read_keys),
    ],
    ids=["strict", "one by one", "debatable"],
)
def test_the_score_is_shown(
    title: str,
    is_debatable: bool,
    reader: Reader,
    record_property: Callable[[str, object], None],
) -> None:
    together = judge(ROWS, reader=reader)
    verdicts = [v for v in together if v.row["debatable"] == is_debatable]
    record_property("table", table(title, verdicts))
    assert share(of_trait(verdicts, "format")) == 1


def test_families_that_no_table_knows_are_left_untold(
    record_property: Callable[[str, object], None],
) -> None:
    """Each fifth of the families is read with its own rows switched off."""
    verdicts = [
        verdict
        for held_out in folds(STRICT)
        for verdict in judge(
            [row for row in STRICT if row["family"] in held_out],
            VOCABULARY.without(held_out),
        )
    ]
    title = "image names, 5 folds by family, each without its own words"
    record_property("table", table(title, verdicts, lists_untold=False))
    wrong = [v for v in of_trait(verdicts, "platform") if v.is_wrong_value]
    assert share(of_trait(verdicts, "architecture")) == 1
    assert len(wrong) <= 0.03 * len(STRICT)


def test_the_parts_hold_every_family_once() -> None:
    parts = folds(ROWS)
    families = {row["family"] for row in ROWS}
    assert set().union(*parts) == families
    assert sum(len(part) for part in parts) == len(families)


def test_each_row_has_a_source_and_stands_once() -> None:
    lines = [json.dumps(row["key"]) for row in ROWS]
    assert len(set(lines)) == len(lines)
    assert all(row["source"] for row in ROWS)
