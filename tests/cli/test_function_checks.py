"""What is wrong with the functions and what runs them, and what mends it."""

import pytest
from cli.account_in_order import (
    STOPPED,
    VARIABLES,
    bad,
    changed,
    importer,
    trigger,
)
from image_import_cli.account_facts import Facts, Problem
from image_import_cli.deployment import OBJECT_CREATED

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
        "LEASE_SECONDS=360",
    ),
    "another ledger": (
        importer(environment={**VARIABLES, "LEDGER_BUCKET": "old-ledger"}),
        "importer",
        "LEDGER_BUCKET is 'old-ledger' there and 'my-ledger' here",
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
