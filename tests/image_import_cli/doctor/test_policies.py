"""What the doctor says of a ledger is what the fake does: buckets' policies, for real.

The policies are put by oss2, as an operator's tool would, and each write is one too.
"""

import json
import shlex
from typing import Any

import oss2
import pytest
from deployment.cloud_run import ACCOUNT, NAMES
from doctor_world import BESIDE, World, world
from oss2.exceptions import AccessDenied

LEDGER = ".image-import/"
FUNCTION = "image-import-function"
SESSIONS = f"arn:sts::{ACCOUNT}:assumed-role/{FUNCTION}/*"


def found(account: World, *arguments: str) -> dict[str, dict[str, Any]]:
    """Return what the doctor finds, by check."""
    findings = json.loads(account.run("--json", *arguments).stdout)["findings"]
    return {finding["check"]: finding for finding in findings}


def put_policy(account: World, effect: str, *principals: str) -> None:
    """Give the ledger's bucket a policy on writing to the ledger."""
    name = account.names.ledger_bucket
    statement = {
        "Effect": effect,
        "Action": ["oss:PutObject"],
        "Principal": list(principals),
        "Resource": [f"acs:oss:*:{ACCOUNT}:{name}/{LEDGER}*"],
    }
    text = json.dumps({"Version": "1", "Statement": [statement]})
    with account.cloud:
        account.bucket(name).put_bucket_policy(text)


def may_write(account: World, bucket: oss2.Bucket, key: str = f"{LEDGER}x") -> bool:
    with account.cloud:
        try:
            bucket.put_object(key, b"{}")
        except AccessDenied:
            return False
    return True


def test_an_uploader_is_kept_out_by_the_statement_that_the_doctor_prints() -> None:
    account = world(BESIDE)
    ann = account.bucket(NAMES.image_bucket, user="ann")
    uid = account.cloud.ram.user_id("ann")
    before = found(account, "--uploader", uid)["ledger's writers"]
    assert (before["status"], may_write(account, ann)) == ("warn", True)
    _, _, policy, _, file = shlex.split(before["mend"].splitlines()[0])
    assert file == "policy.json"
    with account.cloud:
        account.bucket(NAMES.image_bucket).put_bucket_policy(policy)
    after = found(account, "--uploader", uid)
    assert {finding["status"] for finding in after.values()} == {"ok"}
    assert not may_write(account, ann)
    assert may_write(account, ann, "incoming/web.qcow2")


def test_a_deny_aimed_at_another_does_not_quiet_the_doctor() -> None:
    account = world(BESIDE)
    ann = account.bucket(NAMES.image_bucket, user="ann")
    bob = account.bucket(NAMES.image_bucket, user="bob")
    ids = [account.cloud.ram.user_id(name) for name in ("ann", "bob")]
    put_policy(account, "Deny", ids[1])
    finding = found(account, "--uploader", ids[0], "--uploader", ids[1])[
        "ledger's writers"
    ]
    assert (may_write(account, ann), may_write(account, bob)) == (True, False)
    assert finding["status"] == "warn"
    assert f"does not keep {ids[0]} away" in finding["text"]


def test_an_allow_counts_by_whom_it_lets_write() -> None:
    account = world()
    account.bucket(NAMES.ledger_bucket, user="ann")
    put_policy(account, "Allow", SESSIONS)
    assert found(account)["ledger's writers"]["status"] == "ok"
    put_policy(account, "Allow", account.cloud.ram.user_id("ann"))
    assert found(account)["ledger's writers"]["status"] == "fail"


@pytest.mark.parametrize("principal", ["*", SESSIONS])
def test_a_deny_that_stops_the_function_is_seen(principal: str) -> None:
    account = world()
    keys = account.cloud.ram.assume_role(FUNCTION)
    held = (keys.access_key_id, keys.access_key_secret, keys.security_token, "v4")
    owner = account.bucket(NAMES.ledger_bucket)
    ours = oss2.Bucket(
        oss2.StsAuth(*held), owner.endpoint, NAMES.ledger_bucket, region=owner.region
    )
    assert may_write(account, ours)
    put_policy(account, "Deny", principal)
    assert not may_write(account, ours)
    assert found(account)["ledger's policy"]["status"] == "fail"


@pytest.mark.parametrize("uploader", ["ann", "user/ann", "arn:sts::x:assumed-role/r/*"])
def test_an_uploader_is_named_as_policies_name_it(uploader: str) -> None:
    answer = world().run("--uploader", uploader)
    assert answer.exit_code == 2
    assert "is no UID like" in " ".join(answer.stderr.replace("│", " ").split())
