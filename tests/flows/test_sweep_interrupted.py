"""The sweep of bench/sweep.py, small enough for every run."""

import json
import subprocess
import sys

from repository import ROOT

BENCH = ROOT / "bench" / "sweep.py"
SIZE = ("--keys", "1500", "--images", "90", "--known", "20")
MOST_MIB = 150


def test_a_sweep_interrupted_three_times_imports_each_image_exactly_once() -> None:
    command = [sys.executable, str(BENCH), "--json", *SIZE, "--seed", "7"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert (report["lost"], report["doubled"]) == ([], [])
    assert (report["interruptions"], len(report["told"])) == (3, 70)
    assert report["peak_mib"] < MOST_MIB
