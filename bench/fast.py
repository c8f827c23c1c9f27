"""How fast the function is, beside a handler that is written with the official SDKs.

    make bench                     everything, a quarter of an hour
    make bench BENCH=--quick       the same with few repetitions, some minutes
    make bench BENCH='--json x'    and the figures for programs, in a file x

Arms: `ours` is the zip; `official` does HEAD, sidecar GET and ImportImage with oss2
and alibabacloud_ecs20140526; `same` makes our exchanges with them; `floor` imports
requests and oss2. All are packaged alike and run in the same Python. Times of one
machine say little: look at the ratios, and at CPU (user + system of the process).
"""

import argparse
import json
import platform
import sys
import tempfile
from pathlib import Path

import measure
from arms import make_arms
from cloud import Cloud
from report import show, summary
from rich.console import Console

FULL = {"cold": 21, "warm": 25, "burst": 5000, "growth": 15, "crowd": 20_000}
QUICK = {"cold": 3, "warm": 4, "burst": 80, "growth": 3, "crowd": 2_000}


def main() -> int:
    """Measure as the command line says; 1 if a goal was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few repetitions")
    parser.add_argument("--events", type=int, help="of the burst, in place of 5,000")
    parser.add_argument("--json", type=Path, help="write the figures to a file, too")
    options = parser.parse_args()
    console, err = Console(), Console(stderr=True)
    counts = dict(QUICK if options.quick else FULL)
    counts["burst"] = options.events or counts["burst"]
    with err.status("building the zip and the rivals") as status:
        told = summary(run(counts, say=status.update))
    told["python"], told["counts"] = platform.python_version(), counts
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    show(told, console)
    return int(not all(goal["is_met"] for goal in told["goals"]))


def run(counts: dict[str, int], *, say: measure.Say) -> dict:
    """Return every sample of the six measurements."""
    with tempfile.TemporaryDirectory() as folder, Cloud() as cloud:
        arms = make_arms(Path(folder))
        return {
            "cold": measure.cold(arms, cloud, counts["cold"], say),
            "warm": measure.warm(arms, cloud, counts["warm"], say),
            "burst": measure.burst(arms, cloud, counts["burst"], say),
            "growth": measure.growth(
                arms, cloud, counts["growth"], counts["crowd"], say
            ),
        }


if __name__ == "__main__":
    sys.exit(main())
