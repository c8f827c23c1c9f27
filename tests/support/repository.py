"""Where things stand in this repository, for tests that read them."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"
DATA = ROOT / "tests" / "data"
