"""What the README does to upgrade a clone and to roll back, run in a clone."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
FETCH = "export BEFORE="
UPGRADE, ROLL_BACK, REMOVE = "# upgrade: 3.0", "# roll back: 3.0", "# remove: 3.0"
NOT_RUN = ("image-import ", "s ", "git log ", "git diff ")


def between(start: str, end: str) -> str:
    """Return the README's lines from one mark to another that need no account."""
    found = README[README.index(start) :]
    lines = found[: found.index(end)].splitlines()
    return "\n".join(line for line in lines if not line.startswith(NOT_RUN))


class Clone:
    """A clone of a repository that has this project's s.yaml."""

    def __init__(self, folder: Path) -> None:
        self.origin, self.here = folder / "origin", folder / "clone"
        self.origin.mkdir()
        self.sh("git init -q -b main", self.origin)
        self.commit((ROOT / "s.yaml").read_text("utf-8"))
        self.sh(f"git clone -q {self.origin} {self.here}", folder)

    def commit(self, text: str) -> None:
        (self.origin / "s.yaml").write_text(text, "utf-8")
        (self.origin / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())
        self.sh("git add -A && git commit -q -m x", self.origin)

    def sh(self, script: str, folder: Path) -> str:
        names = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        for who in ("AUTHOR", "COMMITTER"):
            names |= {f"GIT_{who}_NAME": "x", f"GIT_{who}_EMAIL": "x@example.com"}
        ran = subprocess.run(
            ["sh", "-eu"],
            input=script,
            cwd=folder,
            env={"PATH": os.environ["PATH"], **names},
            capture_output=True,
            check=False,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def read(self, name: str) -> str:
        return (self.here / name).read_text("utf-8")


@pytest.mark.needs("git")
def test_on_3_0_an_upgrade_keeps_your_values_and_there_is_a_way_back(
    tmp_path: Path,
) -> None:
    clone = Clone(tmp_path)
    ours = clone.read("s.yaml").replace("bucket: my-images", "bucket: our-images")
    (copied,) = re.findall(r"^cp s\.yaml (\S+)", README, re.MULTILINE)
    (clone.here / copied).write_text(ours, "utf-8")
    before = clone.read("s.yaml")
    clone.commit(before.replace("memorySize: 512", "memorySize: 640"))
    fetch = between(FETCH, "```")
    clone.sh(f"{fetch}\n{between(UPGRADE, ROLL_BACK)}", clone.here)
    assert clone.read(copied) == ours.replace("memorySize: 512", "memorySize: 640")
    was = clone.sh("git rev-parse HEAD~1", clone.here)
    clone.sh(f"BEFORE={was}{between(ROLL_BACK, 'git checkout -')}", clone.here)
    assert (clone.read("s.yaml"), clone.read(copied)) == (before, ours)
    clone.sh("git checkout -q - && git pull -q --ff-only", clone.here)
    assert clone.sh("git status --porcelain", clone.here) == ""
