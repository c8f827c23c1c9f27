"""What is wrong with the functions and what runs them, and what mends it."""

import shlex
import subprocess
from dataclasses import replace

import pytest
from account_in_order import (
    bad,
    changed,
    importer,
)
from faulty_accounts import DOUBTS, FAILURES
from image_import_cli.doctor.account.facts import Problem
from image_import_cli.iam.roles import FcVersion


def test_what_mends_a_function_of_a_stack_can_be_pasted() -> None:
    wrong = replace(importer(handler="index.handler"), fc_version="2.0")
    mend = next(f.mend for f in bad(wrong) if f.check == "importer")
    assert shlex.split(mend)[:6] == [
        "aliyun", "ros", "UpdateStack", "--RegionId", "cn-hangzhou", "--StackId",
    ]  # fmt: skip
    assert "..." not in mend


def test_a_stack_that_is_not_seen_is_not_made_anew_by_hand() -> None:
    none = Problem(what="there is none", is_missing=True)
    found = {f.check: f for f in bad(changed(importer=none, fc_version="2.0"))}
    assert "image-import doctor --service NAME" in found["importer"].mend
    assert found["function role"].status == found["trigger role"].status == "unknown"


@pytest.mark.parametrize("fc_version", ["2.0", "3.0"])
def test_each_command_is_one_that_a_shell_can_read(fc_version: FcVersion) -> None:
    for facts, *_ in FAILURES.values():
        for finding in bad(replace(facts, fc_version=fc_version)):
            if not finding.is_in_words:
                read = ["sh", "-n", "-c", finding.mend]
                assert subprocess.run(read, check=False).returncode == 0


def test_each_command_is_of_a_tool_that_deploy_needs() -> None:
    tools = {"aliyun", "s", "image-import", "export", "sudo", "unset", "cancel"}
    wrong = [facts for facts, *_ in FAILURES.values()]
    wrong += [facts for facts, *_ in DOUBTS.values()]
    for finding in (finding for facts in wrong for finding in bad(facts)):
        if finding.mend and not finding.is_in_words:
            lines = [x for x in finding.mend.splitlines() if x[0] not in "# "]
            assert {line.split()[0] for line in lines} <= tools
