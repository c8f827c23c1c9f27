"""How fast keys are read and images are named: 100,000 of each, on one core.

PYTHONPATH=functions:tests/support python bench/names.py [HOW_MANY]
"""

import sys
from collections.abc import Callable
from itertools import islice, product
from time import perf_counter, process_time

from corpus import load
from image_import.filename.machine_sets import read_keys
from image_import.filename.reader import read_key
from image_import.model.targets import PUBLIC
from image_import.planning.image_name import image_name

GOAL_SECONDS = 10
HASH = "0123456789abcdef" * 4


def distinct_keys(how_many: int) -> list[str]:
    """Return real names, each under as many folders as it takes: no two alike."""
    names = [row["key"] for row in load()]
    numbered = (f"upload-{n}/{name}" for n, name in product(range(how_many), names))
    return list(islice(numbered, how_many))


def measure(title: str, keys: list[str], work: Callable[[], object]) -> None:
    wall, cpu = perf_counter(), process_time()
    work()
    wall, cpu = perf_counter() - wall, process_time() - cpu
    print(
        f"{title:<22}{len(keys):>8} keys{wall:>8.2f} s{cpu:>8.2f} s of CPU"
        f"{len(keys) / wall:>10.0f} keys/s   (goal: under {GOAL_SECONDS} s)"
    )


def main() -> None:
    how_many = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    keys = distinct_keys(how_many)
    measure("read_key", keys, lambda: [read_key(key) for key in keys])
    measure("read_keys, together", keys, lambda: read_keys(keys))
    measure(
        "image_name",
        keys,
        lambda: [
            image_name(
                "{stem}-{hash}", object_key=key, revision_hash=HASH, target=PUBLIC
            )
            for key in keys
        ],
    )


if __name__ == "__main__":
    main()
