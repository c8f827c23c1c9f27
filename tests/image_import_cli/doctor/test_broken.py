"""Accounts with one thing wrong each: what the doctor says, and what mends it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from deployment.cloud_run import ENVIRONMENT, NAMES, REGION
from doctor_world import World, now, world
from fake_aliyun.oss.policies import BucketPolicy
from image_import_cli.iam.roles import RoleSpec
from loopback import Say

IMAGES, LEDGER = NAMES.image_bucket, NAMES.ledger_bucket
Break = Callable[[World], object]


def role(number: int, **changes: Any) -> Break:
    """Return what changes one of the account's roles."""

    def change(account: World) -> None:
        held = account.roles[number]
        assert held
        account.roles[number] = replace(held, **changes)

    return change


def no_role(number: int) -> Break:
    return lambda account: account.roles.__setitem__(number, None)


def without(number: int, action: str, bucket: str) -> Break:
    """Return what takes an action in a bucket from a role."""

    def change(account: World) -> None:
        held = account.roles[number]
        assert held
        account.roles[number] = less(held, action, bucket)

    return change


def less(held: RoleSpec, action: str, bucket: str) -> RoleSpec:
    grants = [
        replace(grant, actions=tuple(a for a in grant.actions if a != action))
        if bucket in grant.resources[0]
        else grant
        for grant in held.grants
    ]
    return replace(held, grants=tuple(grants))


def bucket(name: str, **changes: Any) -> Break:
    """Return what changes a bucket."""

    def change(account: World) -> None:
        for field, value in changes.items():
            setattr(account.cloud.oss.buckets[name], field, value)

    return change


def policy(name: str, effect: str, principal: str) -> Break:
    """Return what gives a bucket a policy on its ledger."""
    statement = {
        "Effect": effect,
        "Action": ["oss:PutObject"],
        "Principal": [principal],
        "Resource": [f"acs:oss:*:*:{name}/*"],
    }
    document = json.dumps({"Version": "1", "Statement": [statement]})
    return bucket(name, policy=BucketPolicy.from_text(document))


def elsewhere(name: str) -> Break:
    """Return what moves a bucket; OSS is asked at the endpoint of our own region."""

    def change(account: World) -> None:
        account.oss_endpoint = f"http://oss-{REGION}.aliyuncs.com"
        account.cloud.oss.buckets[name].region_id = "cn-shanghai"

    return change


def no_bucket(name: str) -> Break:
    return lambda account: account.cloud.oss._backend.delete_bucket(name)


def ledger_under_the_trigger(account: World) -> None:
    account.names = replace(
        NAMES, ledger_bucket=IMAGES, ledger_prefix="incoming/.image-import/"
    )


def ecs_has_no_role(account: World) -> None:
    account.cloud.ram.delete_role("AliyunECSImageImportDefaultRole")


EDIT = f"aliyun oss bucket-policy --method get oss://{LEDGER} policy.json"
BROKEN: dict[str, tuple[Break, str, str, str]] = {
    "wrong credentials": (
        lambda account: setattr(account, "secret", "wrong"),
        "credentials",
        "SignatureDoesNotMatch",
        "export ALIBABA_CLOUD_ACCESS_KEY_ID=",
    ),
    "no image bucket": (
        no_bucket(IMAGES),
        "image bucket",
        f"there is no bucket {IMAGES}",
        f"aliyun oss mb oss://{IMAGES} --region {REGION}",
    ),
    "no ledger bucket": (
        no_bucket(LEDGER),
        "ledger bucket",
        f"there is no bucket {LEDGER}",
        f"aliyun oss mb oss://{LEDGER} --region {REGION}",
    ),
    "an image bucket in another region": (
        elsewhere(IMAGES),
        "image bucket's region",
        "bucket, function and image are in one region",
        "image-import doctor --region cn-shanghai",
    ),
    "a ledger in another region": (
        elsewhere(LEDGER),
        "ledger's region",
        f"{LEDGER} is in cn-shanghai, the function in {REGION}",
        "image-import doctor --region cn-shanghai",
    ),
    "encryption": (
        bucket(IMAGES, encryption="AES256"),
        "encryption",
        "ImportImage refuses it",
        f"aliyun oss bucket-encryption --method delete oss://{IMAGES}",
    ),
    "an archive": (
        bucket(IMAGES, storage_class="Archive"),
        "storage class",
        "each image would have to be restored",
        "--storage-class Standard",
    ),
    "a trigger that fires elsewhere": (
        lambda account: setattr(account, "trigger_prefix", "images/"),
        "trigger",
        "fires for 'images/' and not for 'incoming/'",
        "s deploy -t my-s.yaml -y",
    ),
    "a trigger that covers the ledger": (
        ledger_under_the_trigger,
        "trigger",
        "fires for what the function writes to its ledger: without end",
        "s deploy -t my-s.yaml -y",
    ),
    "a ledger where uploads go": (
        ledger_under_the_trigger,
        "ledger's writers",
        "whoever may upload under 'incoming/' could write the ledger",
        "Give the ledger a bucket of its own",
    ),
    "no import role": (
        no_role(2),
        "ECS role",
        "there is no role AliyunECSImageImportDefaultRole",
        "aliyun ram CreateRole --RoleName AliyunECSImageImportDefaultRole",
    ),
    "an import role that trusts another": (
        role(2, service="fc.aliyuncs.com"),
        "ECS role",
        "does not trust ecs.aliyuncs.com",
        "aliyun ram UpdateRole --RoleName AliyunECSImageImportDefaultRole",
    ),
    "an import role that may not read": (
        without(2, "oss:GetObject", IMAGES),
        "ECS role",
        f"may not oss:GetObject on acs:oss:*:*:{IMAGES}/incoming/*",
        f"aliyun ram CreatePolicy --PolicyName image-import-ecs-{IMAGES}",
    ),
    "a dry run that is refused": (
        ecs_has_no_role,
        "ImportImage",
        "NoSetRoletoECSServiceAcount",
        "AliyunECSImageImportDefaultRole",
    ),
    "a ledger that RAM does not let the function write": (
        without(0, "oss:PutObject", LEDGER),
        "function role",
        f"may not oss:PutObject on acs:oss:*:*:{LEDGER}/.image-import/*",
        "aliyun ram CreatePolicy --PolicyName image-import-function",
    ),
    "a ledger that its bucket denies the function": (
        policy(LEDGER, "Deny", "*"),
        "ledger's policy",
        "denies image-import-function oss:PutObject: statement 1, Principal *",
        EDIT,
    ),
    "a ledger that its bucket opens": (
        policy(LEDGER, "Allow", "20214760404935"),
        "ledger's writers",
        "lets others write to the ledger: statement 1, Principal 20214760404935",
        EDIT,
    ),
    "a ledger that anybody may write": (
        bucket(LEDGER, acl="public-read-write"),
        "ledger's writers",
        f"anybody may write to {LEDGER}",
        f"aliyun oss set-acl oss://{LEDGER} private -b",
    ),
}


@pytest.mark.parametrize(
    ("break_it", "check", "text", "mend"), BROKEN.values(), ids=BROKEN
)
def test_what_is_broken_is_said_with_what_mends_it_and_ends_with_1(
    break_it: Break, check: str, text: str, mend: str
) -> None:
    account = world()
    break_it(account)
    answer = account.run("--json")
    failed = [f for f in json.loads(answer.stdout)["findings"] if f["status"] == "fail"]
    (finding,) = (f for f in failed if f["check"] == check)
    assert answer.exit_code == 1
    assert text in finding["text"]
    assert mend in finding["mend"]


ANSWERS: dict[str, tuple[int, dict[str, Any], str, str]] = {
    "no role": (0, {"role": ""}, "fail", "has no role"),
    "a state": (
        0,
        {"state": "Failed", "stateReason": "no layer"},
        "fail",
        "its state is Failed: no layer",
    ),
    "a region": (
        0,
        {"environmentVariables": {**ENVIRONMENT, "REGION_ID": "cn-shanghai"}},
        "fail",
        "has REGION_ID=cn-shanghai",
    ),
    "no log": (0, {"logConfig": None}, "warn", "keeps no log"),
    "no patience": (2, {"maxAsyncEventAgeInSeconds": 60}, "warn", "is 60, not 86400"),
}


@pytest.mark.parametrize(
    ("answer", "changes", "status", "text"), ANSWERS.values(), ids=ANSWERS
)
def test_what_fc_3_says_of_the_importer_is_looked_at(
    answer: int, changes: dict[str, Any], status: str, text: str
) -> None:
    account = world()
    said = account.fc_says
    held = json.loads(json.dumps(said[answer].json))
    said[answer] = Say(json={**held, **changes})
    account.fc = said
    run = account.run("--json")
    findings = json.loads(run.stdout)["findings"]
    (finding,) = (f for f in findings if f["check"] == "importer")
    assert (finding["status"], run.exit_code) == (status, int(status == "fail"))
    assert text in finding["text"]


def off(minutes: float) -> Callable[[], datetime]:
    return lambda: now() + timedelta(minutes=minutes)


@pytest.mark.parametrize("minutes", [20, -20])
def test_a_clock_that_oss_refuses_is_the_one_thing_said_of_it(minutes: int) -> None:
    answer = world(clock=off(minutes)).run("--json")
    findings = {f["check"]: f for f in json.loads(answer.stdout)["findings"]}
    direction = "behind" if minutes > 0 else "ahead of"
    assert answer.exit_code == 1
    assert findings["clock"]["status"] == "fail"
    assert f"s {direction} OSS" in findings["clock"]["text"]
    assert findings["clock"]["mend"] == "sudo timedatectl set-ntp true"
    assert findings["credentials"]["status"] == "unknown"
    assert "RequestTimeTooSkewed" in findings["credentials"]["text"]


def test_a_clock_that_is_a_little_off_is_a_warning() -> None:
    answer = world(clock=off(2)).run("--json")
    findings = {f["check"]: f["status"] for f in json.loads(answer.stdout)["findings"]}
    assert (findings["clock"], answer.exit_code) == ("warn", 0)


@pytest.mark.parametrize("versioning", ["Enabled", "Suspended", ""])
def test_any_versioning_will_do_and_is_said(versioning: str) -> None:
    account = world()
    bucket(IMAGES, versioning=versioning)(account)
    answer = account.run("--json")
    findings = {f["check"]: f for f in json.loads(answer.stdout)["findings"]}
    assert answer.exit_code == 0
    assert findings["versioning"]["text"].startswith(versioning or "off")


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_but_commands_is_wider_than_the_terminal(width: int) -> None:
    account = world()
    for name in ("a dry run that is refused", "an archive", "no import role"):
        BROKEN[name][0](account)
    policy(LEDGER, "Deny", "*")(account)
    lines = account.run(width=width).stdout.splitlines()
    wide = [line for line in lines if len(line) > width]
    assert wide
    assert all(
        line.lstrip().startswith(("aliyun ram ", "aliyun oss ")) for line in wide
    )
    words = " ".join(lines)
    assert "trusted by the service ecs.aliyuncs.com, and attach" in words
    assert "whom to deny, not" in words.replace(" # ", " ")
