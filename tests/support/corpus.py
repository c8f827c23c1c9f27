"""Real names of disk images, what they tell, and how well we read them.

tests/data/image-names.md says where the names come from and what their labels mean,
other-image-names.md the same of the second set.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from image_import.filename.lookup import VOCABULARY, Vocabulary
from image_import.filename.machine_sets import read_keys
from image_import.filename.reader import KeyClues
from image_import.model.targets import APSARA_POP, PUBLIC
from repository import DATA

FILE = DATA / "image-names.jsonl"
OTHER_FILE = FILE.with_name("other-image-names.jsonl")
FOLDS = 5

TRAITS: dict[str, tuple[str, Callable[[KeyClues], object]]] = {
    "format": ("extension_format", lambda clues: clues.format),
    "os_type": ("os_type", lambda clues: clues.os_type),
    "platform": ("platform", lambda clues: clues.platform(PUBLIC)),
    "platform (Apsara)": ("platform_seed", lambda clues: clues.platform(APSARA_POP)),
    "architecture": ("architecture", lambda clues: clues.architecture),
    "disk_index": ("disk_index", lambda clues: clues.disk_index),
    "set_name": ("set_name", lambda clues: clues.set_name),
}
"""By trait: the field of a row that has the answer, and where ours stands."""

Row = dict[str, Any]
Reader = Callable[[Sequence[str], Vocabulary], list[KeyClues]]


@dataclass(frozen=True)
class Verdict:
    """One trait of one row: what the name tells and what we read."""

    row: Row
    trait: str
    truth: object
    told: object
    why: str

    @property
    def is_right(self) -> bool:
        return self.told == self.truth

    @property
    def is_wrong_value(self) -> bool:
        """A value that the name does not tell; leaving one out is a lesser fault."""
        return self.told is not None and not self.is_right


def load(file: Path = FILE) -> list[Row]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def judge(
    rows: Sequence[Row],
    vocabulary: Vocabulary = VOCABULARY,
    reader: Reader = read_keys,
) -> list[Verdict]:
    """Judge what counts: side files by format alone, disks where a marker stands."""
    read = reader([row["key"] for row in rows], vocabulary)
    return [
        Verdict(row, trait, row[field], told(clues), _why(clues, trait))
        for row, clues in zip(rows, read, strict=True)
        for trait, (field, told) in TRAITS.items()
        if _counts(row, trait)
    ]


def _counts(row: Row, trait: str) -> bool:
    if trait in {"disk_index", "set_name"}:
        return bool(row["disk_marker"])
    return trait == "format" or row["kind"] != "sidecar"


def _why(clues: KeyClues, trait: str) -> str:
    clue = clues.clues.get(trait.partition(" ")[0])
    return f"{clue.token!r}: {clue.rule}" if clue else "nothing"


def folds(rows: Iterable[Row]) -> list[set[str]]:
    """Deal the families out, the largest first, so that the parts are of one size."""
    sizes = Counter(row["family"] for row in rows)
    parts: list[set[str]] = [set() for _ in range(FOLDS)]
    for family, _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        min(parts, key=lambda part: sum(sizes[name] for name in part)).add(family)
    return parts


def share(verdicts: Iterable[Verdict]) -> float:
    """Return the share of right verdicts, 1 for none."""
    right = [verdict.is_right for verdict in verdicts]
    return sum(right) / len(right) if right else 1.0


def table(title: str, verdicts: Sequence[Verdict], *, lists_untold: bool = True) -> str:
    """Return the score by trait and by family, and every miss.

    Args:
        title: Of the table.
        verdicts: What is counted.
        lists_untold: Whether a value that is left out is listed, as wrong ones are.
    """
    lines = [title, f"  {'trait':<20}{'right':>7}{'of':>6}{'%':>8}  wrong values"]
    for trait in TRAITS:
        of = [v for v in verdicts if v.trait == trait]
        right, wrong = sum(v.is_right for v in of), sum(v.is_wrong_value for v in of)
        lines.append(
            f"  {trait:<20}{right:>7}{len(of):>6}{100 * share(of):>8.2f}{wrong:>7}"
        )
    listed = [v for v in verdicts if lists_untold or v.is_wrong_value]
    return "\n".join([*lines, *_by_family(verdicts), *_misses(listed)])


def _by_family(verdicts: Sequence[Verdict]) -> list[str]:
    families: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        families[verdict.row["family"]].append(verdict)
    told = {name: (sum(v.is_right for v in f), len(f)) for name, f in families.items()}
    whole = [
        f"{name} {of}" for name, (right, of) in sorted(told.items()) if right == of
    ]
    broken = [
        f"  {name:<20}{right:>7}{of:>6}{100 * right / of:>8.2f}"
        for name, (right, of) in sorted(told.items())
        if right < of
    ]
    text = f"all right in {len(whole)} families (verdicts): {', '.join(whole)}"
    return [*broken, *wrap(text, 96, initial_indent="  ", subsequent_indent="    ")]


def _misses(verdicts: Sequence[Verdict]) -> list[str]:
    return [
        f"  miss: {v.row['family']}: {v.row['key']}: {v.trait} is {v.truth!r}, we read "
        f"{v.told!r} ({v.why})"
        for v in verdicts
        if not v.is_right
    ]
