"""What is wrong with the functions and what runs them, and what mends it."""

import shlex
import subprocess
from dataclasses import replace

import faulty_accounts
import pytest
from account_in_order import (
    STOPPED,
    VARIABLES,
    bad,
    changed,
    importer,
    trigger,
)
from image_import_cli.doctor.account.facts import Facts, Problem
from image_import_cli.iam.deployment import OBJECT_CREATED
from image_import_cli.iam.roles import FcVersion

FAILURES: dict[str, tuple[Facts, str, str, str]] = {
    "no importer": (
        changed(importer=Problem(what="there is none", is_missing=True)),
        "importer",
        "there is none",
        "s deploy",
    ),
    "another handler": (
        importer(handler="index.handler"),
        "importer",
        "runs index.handler, not image_import.handler.on_object_created",
        "s deploy",
    ),
    "another runtime": (
        importer(runtime="python3.9"),
        "importer",
        "runs on python3.9, not python3.10 or python3.12",
        "s deploy",
    ),
    "no role": (
        importer(role=""),
        "importer",
        "image-import-importer has no role",
        "s deploy",
    ),
    "a function that FC cannot run": (
        importer(state="Failed", state_reason="no such layer"),
        "importer",
        "its state is Failed: no such layer",
        "s deploy",
    ),
    "another queue of failed events": (
        importer(on_failure="acs:mns:cn-hangzhou:1:/queues/others/messages"),
        "importer",
        "sends failed events to acs:mns:cn-hangzhou:1:/queues/others/messages",
        "if --failure-queue image-import-failures is right, write it into my-s.yaml",
    ),
    "another region": (
        importer(environment={**VARIABLES, "REGION_ID": "cn-shanghai"}),
        "importer",
        "has REGION_ID=cn-shanghai, and doctor was given --region cn-hangzhou",
        "s deploy",
    ),
    "a setting that stops the function": (
        importer(environment={**VARIABLES, "SIDECAR": "maybe"}),
        "importer",
        "SIDECAR",
        "s deploy",
    ),
    "a lease that is too short": (
        importer(timeout_seconds=300),
        "importer",
        "a claim must outlive its invocation",
        "LEASE_SECONDS: '360'",
    ),
    "another ledger": (
        importer(environment={**VARIABLES, "LEDGER_BUCKET": "old-ledger"}),
        "importer",
        "has LEDGER_BUCKET=old-ledger, and doctor was given --ledger-bucket my-ledger",
        "s deploy",
    ),
    "no trigger": (importer(triggers=()), "trigger", "no OSS trigger", "s deploy"),
    "a trigger on another bucket": (
        trigger(bucket="other"),
        "trigger",
        "no OSS trigger on the image bucket",
        "s deploy",
    ),
    "a wildcard event": (
        trigger(events=("oss:ObjectCreated:*",)),
        "trigger",
        "each part of an upload",
        "s deploy",
    ),
    "no large uploads": (
        trigger(events=OBJECT_CREATED[:3]),
        "trigger",
        "does not fire for oss:ObjectCreated:CompleteMultipartUpload",
        "s deploy",
    ),
    "another prefix": (
        trigger(prefix="images/"),
        "trigger",
        "fires for 'images/' and not for 'incoming/'",
        "s deploy",
    ),
    "a timer that is off": (
        changed(tracker=STOPPED),
        "timer",
        "nobody follows imports",
        "s deploy",
    ),
}


@pytest.mark.parametrize(
    ("facts", "check", "text", "mend"), FAILURES.values(), ids=FAILURES
)
def test_a_fault_is_named_with_the_command_that_mends_it(
    facts: Facts, check: str, text: str, mend: str
) -> None:
    finding = next(f for f in bad(facts) if f.check == check)
    assert finding.status == "fail"
    assert text in finding.text
    assert mend in finding.mend


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
    for facts, *_ in {**FAILURES, **faulty_accounts.FAILURES}.values():
        for finding in bad(replace(facts, fc_version=fc_version)):
            if not finding.is_in_words:
                read = ["sh", "-n", "-c", finding.mend]
                assert subprocess.run(read, check=False).returncode == 0


def test_each_command_is_of_a_tool_that_deploy_needs() -> None:
    tools = {"aliyun", "s", "image-import", "export", "sudo", "unset", "cancel"}
    wrong = [facts for facts, *_ in FAILURES.values()]
    wrong += [facts for facts, *_ in faulty_accounts.FAILURES.values()]
    wrong += [facts for facts, *_ in faulty_accounts.DOUBTS.values()]
    for finding in (finding for facts in wrong for finding in bad(facts)):
        if finding.mend and not finding.is_in_words:
            lines = [x for x in finding.mend.splitlines() if x[0] not in "# "]
            assert {line.split()[0] for line in lines} <= tools
