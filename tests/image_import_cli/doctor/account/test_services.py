"""What the doctor is told by services that are not our fakes' to imitate."""

import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
import requests
from image_import.aliyun.ecs.auth import Acs3Auth
from image_import.aliyun.ecs.import_response import ImportReply
from image_import.config.credentials import Credentials
from image_import_cli.doctor.account.facts import (
    BucketFacts,
    DeployedFunction,
    DeployedTrigger,
    HeldRole,
    Problem,
    sentences,
)
from image_import_cli.doctor.account.fc import Fc2Account, Fc3Account
from image_import_cli.doctor.account.oss import OssAccount
from image_import_cli.doctor.account.ram import RamAccount
from image_import_cli.doctor.account.snapshot import (
    DRY_RUN_PASSED,
    Absent,
    Account,
    gather,
)
from image_import_cli.iam.roles import Names
from loopback import Loopback, Say, serving

NAMES = Names(
    image_bucket="my-images",
    key_prefix="incoming/",
    ledger_bucket="my-ledger",
    region_id="cn-hangzhou",
    account_id="1234567890123456",
)
KEYS = Credentials(access_key_id="id", access_key_secret="secret", security_token="tok")
POLICY = {"Version": "1", "Statement": []}
TRUST = {"Version": "1", "Statement": [{"Principal": {"Service": ["fc.aliyuncs.com"]}}]}
NO_ROLE = Say(status=404, json={"Code": "EntityNotExist.Role", "Message": "no"})
LISTED = {"Policies": {"Policy": [{"PolicyName": "p", "PolicyType": "Custom"}]}}


def signer() -> Acs3Auth:
    now = datetime(2026, 11, 23, tzinfo=timezone.utc)
    return Acs3Auth(KEYS, now=lambda: now, nonce=lambda: "nonce")


def ram(server: Loopback) -> RamAccount:
    return RamAccount(requests.Session(), signer(), endpoint=server.url)


def fc3(server: Loopback) -> Fc3Account:
    session = requests.Session()
    return Fc3Account(session, signer(), endpoint=server.url, service="image-import")


def test_a_role_is_seen_with_its_trust_and_its_policies() -> None:
    role = Say(json={"Role": {"AssumeRolePolicyDocument": json.dumps(TRUST)}})
    policy = Say(json={"DefaultPolicyVersion": {"PolicyDocument": json.dumps(POLICY)}})
    with serving(role, Say(json=LISTED), policy) as server:
        held = ram(server).role("r")
    assert held == HeldRole(name="r", trust=TRUST, policies=(POLICY,))


@pytest.mark.parametrize(
    ("endpoint", "mend"),
    [
        ("http://oss-cn-shanghai.aliyuncs.com", "doctor --region cn-shanghai"),
        ("http://oss-cn-shanghai-internal.aliyuncs.com", "--region cn-shanghai"),
        ("http://oss.example.com", "image-import doctor --region REGION"),
    ],
    ids=["public", "internal", "of its own"],
)
def test_an_endpoint_in_another_region_is_told_with_what_mends_it(
    endpoint: str, mend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = b"<Error><Code>InvalidArgument</Code><Message>Invalid signing region in "
    refusal += b"Authorization header.</Message></Error>"
    with serving(
        Say(status=400, body=refusal, headers={"x-oss-request-id": "R"})
    ) as server:
        monkeypatch.setenv("http_proxy", server.url)
        seen = OssAccount(KEYS, endpoint=endpoint, region_id="cn-hangzhou").bucket(
            "b-b"
        )
    assert isinstance(seen, Problem)
    assert seen.is_of_other_region
    assert f"OSS at {endpoint} is not in cn-hangzhou: it says Invalid" in seen.what
    assert "unset OSS_ENDPOINT" in seen.mend
    assert seen.mend.endswith(mend)


def test_ram_is_asked_with_a_signature_and_by_the_names_of_its_api() -> None:
    with serving(NO_ROLE) as server:
        ram(server).role("r")
    (got,) = server.got
    assert got.query == {"RoleName": "r"}
    assert (got.headers["x-acs-action"], got.headers["x-acs-version"]) == (
        "GetRole",
        "2015-05-01",
    )
    assert got.headers["Authorization"].startswith("ACS3-HMAC-SHA256 Credential=id")


def test_a_role_that_is_not_there_is_missing() -> None:
    with serving(NO_ROLE) as server:
        seen = ram(server).role("r")
    assert seen == Problem(
        what="there is no role r", code="EntityNotExist.Role", is_missing=True
    )


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (
            Say(status=403, json={"Code": "NoPermission", "Message": "no"}),
            "NoPermission",
        ),
        (Say(status=502, body=b"<html>"), "is not from RAM (no JSON)"),
        (Say(json={}), "is not from RAM (KeyError)"),
        (Say(hang_up=True), "RAM does not answer"),
    ],
    ids=["refused", "a proxy", "nothing", "no answer"],
)
def test_what_ram_does_not_show_is_a_problem_and_no_missing_role(
    answer: Say, what: str
) -> None:
    with serving(answer) as server:
        seen = ram(server).role("r")
    assert isinstance(seen, Problem)
    assert what in seen.what
    assert not seen.is_missing


FUNCTION: dict[str, Any] = {
    "functionName": "image-import-importer",
    "handler": "image_import.handler.on_object_created",
    "runtime": "python3.10",
    "timeout": 120,
    "environmentVariables": {"SIDECAR": "required"},
    "role": "acs:ram::1234567890123456:role/image-import-function",
}
CONFIG = {
    "events": ["oss:ObjectCreated:PutObject"],
    "filter": {"key": {"prefix": "incoming/", "suffix": ""}},
}
TRIGGERS = {
    "triggers": [
        {
            "triggerType": "oss",
            "sourceArn": "acs:oss:cn-hangzhou:1234567890123456:my-images",
            "invocationRole": "acs:ram::1234567890123456:role/image-import-trigger",
            "triggerConfig": json.dumps(CONFIG),
        },
        {"triggerType": "timer", "triggerConfig": '{"enable": false}'},
    ]
}
ASYNC = {
    "maxAsyncRetryAttempts": 8,
    "destinationConfig": {"onFailure": {"destination": "acs:mns:x"}},
}


def test_a_function_of_fc_3_is_seen_whole() -> None:
    answers = Say(json=FUNCTION), Say(json=TRIGGERS), Say(json=ASYNC)
    with serving(*answers) as server:
        seen = fc3(server).function("importer")
    assert seen == DeployedFunction(
        name="image-import-importer",
        handler="image_import.handler.on_object_created",
        runtime="python3.10",
        timeout_seconds=120,
        environment={"SIDECAR": "required"},
        role="acs:ram::1234567890123456:role/image-import-function",
        triggers=(
            DeployedTrigger(
                kind="oss",
                bucket="my-images",
                events=("oss:ObjectCreated:PutObject",),
                prefix="incoming/",
                role="acs:ram::1234567890123456:role/image-import-trigger",
            ),
            DeployedTrigger(kind="timer", is_enabled=False),
        ),
        max_retries=8,
        on_failure="acs:mns:x",
    )
    assert [got.path for got in server.got] == [
        "/2023-03-30/functions/image-import-importer",
        "/2023-03-30/functions/image-import-importer/triggers",
        "/2023-03-30/functions/image-import-importer/async-invoke-config",
    ]


def test_a_function_without_asynchronous_settings_has_none() -> None:
    absent = Say(status=404, json={"Code": "AsyncConfigNotExists"})
    with serving(Say(json=FUNCTION), Say(json={}), absent) as server:
        seen = fc3(server).function("importer")
    assert isinstance(seen, DeployedFunction)
    assert (seen.triggers, seen.max_retries, seen.on_failure) == ((), None, "")


@pytest.mark.parametrize(
    ("answer", "what", "is_missing"),
    [
        (
            Say(status=404, json={"Code": "FunctionNotFound"}),
            "there is no function image-import-importer",
            True,
        ),
        (Say(status=403, json={"Code": "AccessDenied"}), "FC says AccessDenied", False),
        (Say(hang_up=True), "FC does not answer", False),
    ],
    ids=["missing", "refused", "no answer"],
)
def test_a_function_that_is_not_seen_is_a_problem(
    answer: Say, what: str, *, is_missing: bool
) -> None:
    with serving(answer) as server:
        seen = fc3(server).function("importer")
    assert isinstance(seen, Problem)
    assert what in seen.what
    assert seen.is_missing is is_missing


class Seeing:
    """Stands in for OSS, RAM and FC, and keeps what it was asked."""

    skew_seconds: float | None = 0.0

    def __init__(self, importer: DeployedFunction | Problem) -> None:
        self.importer = importer
        self.roles: list[str] = []

    def bucket(self, name: str) -> BucketFacts | Problem:
        return Problem(what=name)

    def role(self, name: str) -> Problem:
        self.roles.append(name)
        return Problem(what=name)

    def function(self, name: str) -> DeployedFunction | Problem:
        return self.importer if name == "importer" else Problem(what=name)


def seen_by(
    seeing: Seeing, import_image: Callable[[dict[str, str]], ImportReply] | None = None
) -> Any:
    account = Account(oss=seeing, ram=seeing, fc=seeing, import_image=import_image)
    return gather(account, NAMES, fc_version="3.0", on_available="keep")


def test_the_roles_in_use_are_looked_at_whatever_they_are_called() -> None:
    trigger = DeployedTrigger(kind="oss", role="acs:ram::1:role/trigger-x")
    importer = DeployedFunction(
        name="f",
        handler="h",
        runtime="python3.10",
        timeout_seconds=1,
        environment={},
        role="acs:ram::1:role/function-x",
        triggers=(trigger,),
        max_retries=None,
        on_failure="",
    )
    seeing = Seeing(importer)
    seen_by(seeing)
    assert seeing.roles == [
        "function-x",
        "trigger-x",
        "AliyunECSImageImportDefaultRole",
    ]


def test_before_a_deployment_the_roles_are_those_that_policy_names() -> None:
    seeing = Seeing(Problem(what="none"))
    seen_by(seeing)
    assert seeing.roles[:2] == ["image-import-function", "image-import-trigger"]


def test_the_dry_run_asks_for_nothing_to_be_done() -> None:
    asked: list[dict[str, str]] = []

    def pass_it(parameters: dict[str, str]) -> ImportReply:
        asked.append(parameters)
        return ImportReply(is_dry_run=True)

    facts = seen_by(Seeing(Problem(what="none")), pass_it)
    assert facts.dry_run.code == DRY_RUN_PASSED
    assert asked[0]["DryRun"] == "true"
    assert asked[0]["DiskDeviceMapping.1.OSSObject"].startswith("incoming/")


def test_a_dry_run_that_imports_is_no_good_news() -> None:
    facts = seen_by(Seeing(Problem(what="")), lambda _: ImportReply(task_id="t-1"))
    assert facts.dry_run.code == "NoDryRun"
    assert facts.dry_run.mend.startswith("image-import cancel t-1 --bucket ")


def test_where_there_is_no_dry_run_none_is_asked_for() -> None:
    assert seen_by(Seeing(Problem(what=""))).dry_run.code == ""


def test_what_is_absent_says_why() -> None:
    absent = Absent(why="not known")
    role = Problem(what="r: not known", is_beyond_reach=True)
    function = Problem(what="importer: not known", is_beyond_reach=True)
    assert (absent.role("r"), absent.function("importer")) == (role, function)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("a b", "c"), "a b. c."),
        (("a b.", "c."), "a b. c."),
        (("a: no role.", "no role."), "a: no role."),
        (("a", ""), "a."),
    ],
)
def test_sentences_end_once_and_are_said_once(
    texts: tuple[str, str], said: str
) -> None:
    assert sentences(*texts) == said


@pytest.mark.parametrize(
    ("answer", "what", "is_missing"),
    [
        (
            Say(status=404, json={"ErrorCode": "ServiceNotFound"}),
            "there is no function image-import/importer",
            True,
        ),
        (
            Say(status=403, json={"ErrorCode": "AccessDenied", "ErrorMessage": "no."}),
            "FC says AccessDenied: no.",
            False,
        ),
        (Say(status=404, body=b"<html>"), "is not from FC (no JSON)", False),
        (Say(body=b"<html>"), "is not from FC (no JSON)", False),
        (Say(hang_up=True), "FC does not answer at http://127.0.0.1:", False),
    ],
    ids=["missing", "refused", "another's", "a page", "no answer"],
)
def test_a_function_of_fc_2_that_is_not_seen_is_a_problem(
    answer: Say, what: str, *, is_missing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fc2.client.backoff_factor", 0)  # seconds between repeats
    keys = Credentials(access_key_id="a", access_key_secret="b")
    with serving(answer) as server:
        account = Fc2Account(keys, endpoint=server.url, service="image-import")
        seen = account.function("importer")
    assert isinstance(seen, Problem)
    assert what in seen.what
    assert seen.is_missing is is_missing
