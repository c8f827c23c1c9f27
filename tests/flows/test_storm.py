"""The storms of bench/, small enough for every run: imports, and distributions."""

import json
import re
import subprocess
import sys

from repository import ROOT

STORM = ROOT / "bench" / "storm.py"
DISTRIBUTIONS = ROOT / "bench" / "distribution.py"


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


def test_in_a_small_storm_every_image_is_distributed_exactly_once() -> None:
    command = [sys.executable, str(DISTRIBUTIONS), "--images", "6", "--seed", "5"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"[1-9]\d* faults set", run.stdout), run.stdout
    assert "each copy, share and step once; family and source last" in run.stdout
