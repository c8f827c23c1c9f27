"""The storm of bench/storm.py, small enough for every run."""

import json
import subprocess
import sys

from repository import ROOT

STORM = ROOT / "bench" / "storm.py"


def test_in_a_small_storm_every_image_is_imported_exactly_once() -> None:
    command = [sys.executable, str(STORM), "--json", "--images", "24", "--seed", "5"]
    options = ["--processes", "4", "--kill-rate", "0.04"]
    run = subprocess.run(
        [*command, *options], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert (report["lost"], report["doubled"]) == ([], [])
    assert report["faults"] > 0
    assert report["deliveries"] > report["images"]
