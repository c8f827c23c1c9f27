"""What the README does to upgrade a clone and to roll back, run in a clone."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from manual import section
from repository import ROOT

SECTION = section("docs/deploy.md", "Upgrade, roll back, remove")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", SECTION, re.DOTALL | re.MULTILINE)
FETCH: str = BLOCKS[0]
UPGRADE, ROLL_BACK = (block for block in BLOCKS if "&& s deploy" in block)


class Clone:
    """A clone of a repository that has this project's s.yaml."""

    def __init__(self, folder: Path) -> None:
        self.origin, self.here = folder / "origin", folder / "clone"
        self.origin.mkdir()
        self.commands = folder / "commands"
        self.commands.mkdir()
        for name in ("image-import", "s"):
            (self.commands / name).write_text(f'#!/bin/sh\necho "{name} $*"\n', "utf-8")
            (self.commands / name).chmod(0o755)
        self.sh("git init -q -b main", self.origin)
        self.commit((ROOT / "s.yaml").read_text("utf-8"))
        self.sh(f"git clone -q {self.origin} {self.here}", folder)

    def commit(self, text: str) -> None:
        (self.origin / "s.yaml").write_text(text, "utf-8")
        (self.origin / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())
        self.sh("git add -A && git commit -q -m x", self.origin)

    def sh(self, script: str, folder: Path, *, status: int = 0) -> str:
        names = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        for who in ("AUTHOR", "COMMITTER"):
            names |= {f"GIT_{who}_NAME": "x", f"GIT_{who}_EMAIL": "x@example.com"}
        ran = subprocess.run(
            ["sh", "-u"] if status else ["sh", "-eu"],
            input=script,
            cwd=folder,
            env={"PATH": f"{self.commands}:{os.environ['PATH']}", **names},
            capture_output=True,
            check=False,
            text=True,
        )
        assert ran.returncode == status, ran.stderr
        return ran.stdout

    def read(self, name: str) -> str:
        return (self.here / name).read_text("utf-8")


DEPLOYED = "image-import package --python 3.10\ns deploy -t my-s.yaml -y\n"


@pytest.mark.needs("git")
def test_on_3_0_an_upgrade_keeps_your_values_and_there_is_a_way_back(
    tmp_path: Path,
) -> None:
    clone = Clone(tmp_path)
    before = clone.read("s.yaml")
    ours = before.replace("bucket: my-images", "bucket: our-images")
    (clone.here / "my-s.yaml").write_text(ours, "utf-8")
    clone.commit(before.replace("memorySize: 512", "memorySize: 640"))
    said = clone.sh(FETCH + UPGRADE, clone.here)
    assert said.endswith(DEPLOYED)
    assert clone.read("my-s.yaml") == ours.replace("memorySize: 512", "memorySize: 640")
    was = clone.sh("git rev-parse HEAD~1", clone.here)
    staying, _, back = ROLL_BACK.partition("git checkout -")
    assert clone.sh(f"BEFORE={was}{staying}", clone.here).endswith(DEPLOYED)
    assert (clone.read("s.yaml"), clone.read("my-s.yaml")) == (before, ours)
    clone.sh(f"git checkout -q -{back}\ngit pull -q --ff-only", clone.here)
    assert clone.sh("git status --porcelain", clone.here) == ""


@pytest.mark.needs("git")
def test_what_cannot_be_merged_is_not_deployed(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    before = clone.read("s.yaml")
    ours = before.replace("sidecar: optional", "sidecar: required")
    (clone.here / "my-s.yaml").write_text(ours, "utf-8")
    clone.commit(before.replace("sidecar: optional", "sidecar: never"))
    said = clone.sh(FETCH + UPGRADE, clone.here, status=1)
    assert DEPLOYED not in said
    assert "<<<<<<<" in clone.read("my-s.yaml")
