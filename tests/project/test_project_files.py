"""What a project has beside its code: each file says what the others say."""

import re

import pytest
import yaml
from packaging.version import Version
from repository import ROOT


def test_the_hook_lints_with_the_locked_ruff() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    lock = (ROOT / "locks/test.txt").read_text("utf-8")
    locked = re.search(r"^ruff==(\S+)", lock, re.MULTILINE)
    assert locked
    assert config["repos"][0]["rev"] == f"v{locked[1]}"


@pytest.mark.parametrize("name", [".github/workflows/ci.yml", ".gitlab-ci.yml"])
def test_an_integration_runs_the_two_commands_and_no_third(name: str) -> None:
    jobs = yaml.safe_load((ROOT / name).read_text("utf-8"))
    jobs = jobs.get("jobs", jobs)
    steps = [
        job.get("steps", job.get("script")) for job in (jobs["demo"], jobs["test"])
    ]
    commands = [
        step if isinstance(step, str) else step["run"]
        for job in steps
        for step in job
        if isinstance(step, str) or "run" in step
    ]
    assert commands == ["make demo", ".ci/run"]
    assert "make test" in (ROOT / ".ci/run").read_text("utf-8")


def test_a_report_asks_for_nothing_that_no_command_prints() -> None:
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/bug.yml").read_text("utf-8"))
    asked = {field["id"] for field in form["body"]}
    assert asked == {"what", "log", "target", "version"}


def test_the_floors_that_are_declared_are_those_that_are_tested() -> None:
    """But for two extras, whose SDKs are larger than all others together."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = text[text.index("[project]") : text.index("[dependency-groups]")]
    declared = dict(re.findall(r'"([\w-]+)>=([\d.]+)"', project))
    lock = (ROOT / "locks/lowest.txt").read_text("utf-8")
    locked = dict(re.findall(r"^(\S+?)==(\S+)", lock, re.MULTILINE))
    assert declared.pop("alibabacloud-fc20230330")
    assert declared.pop("alibabacloud-credentials")
    assert {n: Version(v) for n, v in declared.items()} == {
        name: Version(locked[name.lower()]) for name in declared
    }
