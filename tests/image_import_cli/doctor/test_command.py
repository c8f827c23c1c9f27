"""The doctor at the terminal, looking at fakes and plain servers."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from account_in_order import changed
from click.testing import CliRunner
from deployment.cloud_run import ACCOUNT, ENVIRONMENT, NAMES, REGION, policies, set_up
from doctor_world import World, world
from fake_aliyun import FakeAliyun
from image_import.config.credentials import Credentials
from image_import_cli.doctor.account.facts import BucketFacts, DeployedFunction, Problem
from image_import_cli.doctor.account.fc import Fc2Account
from image_import_cli.doctor.account.oss import OssAccount
from image_import_cli.doctor.checks.all import run_checks
from image_import_cli.doctor.command import doctor
from image_import_cli.doctor.report import is_in_order
from image_import_cli.iam.deployment import IMPORTER, OBJECT_CREATED
from loopback import Say, serving

OUT_OF_REACH = Problem(what="not known there", is_beyond_reach=True)
NAMED = [
    *("--image-bucket", "images", "--ledger-bucket", "ledger"),
    *("--region", REGION, "--account-id", ACCOUNT),
]
OSS = {"x-oss-request-id": "R"}
BUCKET_INFO = b"""<BucketInfo><Bucket>
<Name>images</Name><Location>oss-cn-hangzhou</Location>
<StorageClass>Standard</StorageClass><CreationDate>2026-11-01T00:00:00.000Z</CreationDate>
<ExtranetEndpoint>oss-cn-hangzhou.aliyuncs.com</ExtranetEndpoint>
<IntranetEndpoint>oss-cn-hangzhou-internal.aliyuncs.com</IntranetEndpoint>
<Owner><ID>1</ID><DisplayName>1</DisplayName></Owner>
<AccessControlList><Grant>private</Grant></AccessControlList>
</Bucket></BucketInfo>"""


def keys(cloud: FakeAliyun) -> Credentials:
    held = cloud.credentials
    return Credentials(
        access_key_id=held.access_key_id, access_key_secret=held.access_key_secret
    )


def oss(cloud: FakeAliyun, url: str, **options: Any) -> OssAccount:
    return OssAccount(keys(cloud), endpoint=url, region_id=REGION, **options)


def test_a_bucket_is_seen_as_it_is() -> None:
    cloud = FakeAliyun(region_id=REGION)
    with cloud.serve() as server:
        bucket = cloud.oss.create_bucket("images")
        bucket.encryption, bucket.versioning = "AES256", "Enabled"
        seen = oss(cloud, server.url).bucket("images")
    assert isinstance(seen, BucketFacts)
    assert (seen.region_id, seen.storage_class) == (REGION, "Standard")
    assert (seen.acl, seen.versioning) == ("private", "Enabled")
    assert seen.encryption == "AES256"


def test_a_bucket_without_encryption_has_none() -> None:
    cloud = FakeAliyun(region_id=REGION)
    with cloud.serve() as server:
        cloud.oss.create_bucket("images")
        seen = oss(cloud, server.url).bucket("images")
    assert isinstance(seen, BucketFacts)
    assert (seen.encryption, seen.versioning) == ("", "")


@pytest.mark.parametrize(
    ("answer", "policy", "unseen"),
    [
        (
            Say(json={"Version": "1", "Statement": []}),
            {"Version": "1", "Statement": []},
            "",
        ),
        (
            Say(status=404, body=b"<Error><Code>NoSuchBucketPolicy</Code></Error>"),
            None,
            "",
        ),
        (
            Say(status=403, body=b"<Error><Code>AccessDenied</Code></Error>"),
            None,
            "GetBucketPolicy: AccessDenied",
        ),
    ],
    ids=["there", "none", "not to be seen"],
)
def test_a_bucket_s_own_policy_may_be_missing_or_hidden(
    answer: Say, policy: object, unseen: str
) -> None:
    held = Credentials(access_key_id="a", access_key_secret="b")
    of_oss = [Say(body=BUCKET_INFO, headers=OSS), replace(answer, headers=OSS)]
    with serving(*of_oss) as server:
        seen = OssAccount(held, endpoint=server.url, region_id=REGION).bucket("images")
    assert isinstance(seen, BucketFacts)
    assert (seen.policy, seen.unseen) == (policy, unseen)


def test_a_bucket_that_is_not_there_is_missing() -> None:
    cloud = FakeAliyun(region_id=REGION)
    with cloud.serve() as server:
        seen = oss(cloud, server.url).bucket("images")
    assert isinstance(seen, Problem)
    assert (seen.code, seen.is_missing) == ("NoSuchBucket", True)


def test_a_bucket_in_another_region_is_seen_there() -> None:
    with FakeAliyun(region_id=REGION) as cloud:
        cloud.oss.create_bucket("images", region_id="cn-shanghai")
        seen = oss(cloud, "https://oss-cn-hangzhou.aliyuncs.com").bucket("images")
    assert isinstance(seen, BucketFacts)
    assert (seen.region_id, seen.is_described) == ("cn-shanghai", False)


def test_keys_that_oss_does_not_know_are_told_by_its_code() -> None:
    unknown = Credentials(access_key_id="nobody", access_key_secret="x")
    cloud = FakeAliyun(region_id=REGION)
    with cloud.serve() as server:
        cloud.oss.create_bucket("images")
        account = OssAccount(unknown, endpoint=server.url, region_id=REGION)
        seen = account.bucket("images")
    assert isinstance(seen, Problem)
    assert seen.code == "InvalidAccessKeyId"


def test_the_clock_is_compared_with_that_of_oss() -> None:
    def late() -> datetime:
        return datetime.now(timezone.utc) + timedelta(minutes=5)

    cloud = FakeAliyun(region_id=REGION)
    with cloud.serve() as server:
        account = oss(cloud, server.url, now=late)
        assert account.skew_seconds is None
        account.bucket("images")
    assert account.skew_seconds == pytest.approx(300, abs=30)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Say(hang_up=True), "OSS does not answer at http://127"),
        (Say(body=b"<html>"), "is not from OSS"),
        (Say(body=b"<BucketInfo/>", headers=OSS), "is not from OSS"),
    ],
    ids=["none", "a proxy's", "not whole"],
)
def test_no_good_answer_is_a_problem_and_no_missing_bucket(
    answer: Say, said: str
) -> None:
    held = Credentials(access_key_id="a", access_key_secret="b")
    with serving(answer) as server:
        account = OssAccount(held, endpoint=server.url, region_id=REGION)
        seen = account.bucket("images")
    assert isinstance(seen, Problem)
    assert said in seen.what
    assert not seen.is_missing


def test_a_function_of_fc_2_is_seen_whole() -> None:
    with FakeAliyun(region_id=REGION, account_id=ACCOUNT) as cloud:
        set_up(cloud, policies("keep"), ENVIRONMENT)
        with cloud.serve() as server:
            account = Fc2Account(
                keys(cloud), endpoint=server.url, service=NAMES.service
            )
            seen, none = account.function("importer"), account.function("other")
            tracker = account.function("tracker")
    assert isinstance(seen, DeployedFunction)
    assert (seen.handler, seen.environment) == (IMPORTER.handler, ENVIRONMENT)
    assert seen.runtime == "python3.10"
    assert seen.role == f"acs:ram::{ACCOUNT}:role/image-import-function"
    assert seen.on_failure.endswith("/queues/image-import-failures/messages")
    assert [(t.bucket, t.prefix, t.events) for t in seen.triggers] == [
        (NAMES.image_bucket, NAMES.key_prefix, OBJECT_CREATED)
    ]
    assert isinstance(tracker, DeployedFunction)
    assert [(t.kind, t.is_enabled) for t in tracker.triggers] == [("timer", True)]
    assert none == Problem(
        what="there is no function image-import/other",
        code="FunctionNotFound",
        is_missing=True,
    )


@pytest.fixture
def account() -> World:
    return world()


def test_an_account_in_order_ends_with_0(account: World) -> None:
    answer = account.run("--json")
    said = json.loads(answer.stdout)
    assert [f for f in said["findings"] if f["status"] != "ok"] == []
    assert (said["ok"], said["warn"], said["fail"], said["unknown"]) == (20, 0, 0, 0)
    assert answer.exit_code == 0
    assert account.run().stdout.splitlines()[-1] == "All is in order."


def test_a_fault_ends_with_1_and_its_command_can_be_copied(account: World) -> None:
    account.cloud.oss.buckets[NAMES.image_bucket].encryption = "KMS"
    answer = account.run()
    command = "aliyun oss bucket-encryption --method delete oss://my-images "
    command += f"--region {REGION}"
    assert answer.exit_code == 1
    assert command in answer.stdout.splitlines()
    assert "ImportImage refuses it" in " ".join(answer.stdout.split())


def test_long_commands_are_not_broken_into_lines(account: World) -> None:
    account.roles = [None, None, None]
    answer = account.run()
    lines = [x for x in answer.stdout.splitlines() if x.startswith("aliyun ram Create")]
    assert len(lines) == 6
    assert all(line.endswith(("'", "' ||")) for line in lines)


def test_ecs_s_missing_role_is_seen_by_the_dry_run_too(account: World) -> None:
    account.cloud.ram.delete_role("AliyunECSImageImportDefaultRole")
    findings = json.loads(account.run("--json").stdout)["findings"]
    (finding,) = (f for f in findings if f["check"] == "ImportImage")
    assert finding["status"] == "fail"
    assert "NoSetRoletoECSServiceAcount" in finding["text"]


def test_an_image_that_is_there_passes_the_dry_run(account: World) -> None:
    bucket = account.names.image_bucket
    account.cloud.oss.put(bucket, "incoming/web.raw", size_bytes=1024**3)
    findings = json.loads(account.run("--json", "--object", "incoming/web.raw").stdout)
    (finding,) = (f for f in findings["findings"] if f["check"] == "ImportImage")
    assert (finding["status"], finding["text"]) == ("ok", "a dry run passed")
    assert dict(account.cloud.ecs.images) == {}


def test_nothing_is_changed_by_looking(account: World) -> None:
    account.run()
    changing = {r.action for r in account.cloud.requests if r.method != "GET"}
    images = dict(account.cloud.ecs.images)
    assert changing == {"ImportImage"}  # a dry run
    assert images == {}


def test_what_several_findings_of_a_check_ask_for_is_headed_once(
    account: World,
) -> None:
    says = account.fc_says
    says[0] = Say(json={**says[0].json, "runtime": "python3.9", "handler": "a.b"})
    account.fc = says
    shown = account.run(width=200).stdout
    assert shown.count("importer") > 2
    assert "\nTo mend importer:\n" in shown


def test_keys_never_show(account: World) -> None:
    account.fc = [Say(status=403, json={"Code": "AccessDenied", "Message": "no"})]
    secret = account.cloud.credentials.access_key_secret
    answer = account.run()
    assert secret not in answer.stdout + answer.stderr
    assert "Signature" not in answer.stdout + answer.stderr


DENIED = Say(status=403, json={"Code": "NoPermission", "Message": "acs:ram:*:1:x"})
NOT_FOR_US = {
    "FC's right": ("fc", Say(status=403, json={"Code": "AccessDenied"}), "importer"),
    "FC's proxy": ("fc", Say(status=502, body=b"<html>"), "importer"),
    "another's 404": ("fc", Say(status=404, body=b"<html>"), "importer"),
    "FC's silence": ("fc", Say(hang_up=True), "tracker"),
    "another service for FC": ("fc", Say(json={}), "importer"),
    "a list for FC": ("fc", Say(json=[]), "importer"),
    "RAM's right": ("ram", DENIED, "function role"),
    "RAM's proxy": ("ram", Say(body=b"<html>"), "ECS role"),
    "a list for RAM": ("ram", Say(json=[]), "trigger role"),
}


@pytest.mark.parametrize(
    ("service", "answer", "check"), NOT_FOR_US.values(), ids=NOT_FOR_US
)
def test_what_could_be_told_and_was_not_ends_with_1_and_is_named(
    account: World, service: str, answer: Say, check: str
) -> None:
    setattr(account, service, [answer])
    run = account.run("--json")
    said = json.loads(run.stdout)
    (finding,) = (f for f in said["findings"] if f["check"] == check)
    assert run.exit_code == 1
    assert (finding["status"], said["fail"]) == ("unknown", 0)
    assert finding["mend"].startswith(("Run doctor with keys that may ", "Check --"))
    assert f"could not be told: {', '.join(unknown(said))}" in last_line(account)


def unknown(said: Any) -> list[str]:
    return [f["check"] for f in said["findings"] if f["status"] == "unknown"]


def last_line(account: World) -> str:
    return account.run(width=200).stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("setting", "checks"),
    [
        (
            "oss_endpoint",
            ["credentials", "clock", "image bucket", "ledger bucket"],
        ),
        ("ecs_endpoint", ["ImportImage"]),
    ],
)
def test_a_service_that_is_not_there_is_named_with_its_address(
    account: World, setting: str, checks: list[str]
) -> None:
    setattr(account, setting, "http://127.0.0.1:1")
    run = account.run("--json")
    said = json.loads(run.stdout)
    assert (run.exit_code, said["fail"], unknown(said)) == (1, 0, checks)
    assert f"{len(checks)} could not be told: " in last_line(account)
    if setting == "oss_endpoint":
        assert "http://127.0.0.1:1 " in said["findings"][0]["text"]


def test_what_a_service_says_is_shown_letter_for_letter(account: World) -> None:
    message = "acs:ram:*:1:role/x, [red]see[/red] :ram:"
    account.ram = [Say(status=403, json={"Code": "NoPermission", "Message": message})]
    assert message in account.run(width=200).stdout


@pytest.mark.parametrize("option", ["--region", "--account-id"])
def test_one_account_in_one_region_must_be_named(option: str) -> None:
    place = {"--region": REGION, "--account-id": ACCOUNT}
    del place[option]
    names = ["--image-bucket", "images", "--ledger-bucket", "ledger"]
    runner = CliRunner(env={"REGION_ID": None, "ACCOUNT_ID": None})
    run = runner.invoke(doctor, [*names, *(x for pair in place.items() for x in pair)])
    assert run.exit_code == 2
    assert f"Missing option '{option}'" in run.stderr


@pytest.mark.parametrize("region", ["oss-cn-hangzhou", "Hangzhou", "hangzhou"])
def test_a_bad_region_is_told_by_its_option(account: World, region: str) -> None:
    run = account.run("--region", region)
    assert run.exit_code == 2
    assert f"--region is {region!r}, expected a region ID" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "said"),
    [
        (["--region", "*"], {}, 2, "give --region and --account-id, not *"),
        (["--account-id", "*"], {}, 2, "give --region and --account-id, not *"),
        (["--fc-endpoint", "http://"], {}, 2, "'--fc-endpoint': 'http://' is no URL"),
        (["--ram-endpoint", "ftp://a"], {}, 2, "'--ram-endpoint': 'ftp://a' is no"),
        ([], {"SIDECAR": "maybe"}, 2, "SIDECAR"),
    ],
    ids=["any region", "any account", "no URL of FC", "no URL of RAM", "a bad setting"],
)
def test_what_it_needs_to_know_is_asked_for(
    arguments: list[str], environment: dict[str, str], status: int, said: str
) -> None:
    without = {"ALIBABA_CLOUD_ACCESS_KEY_ID": None, "REGION_ID": None, **environment}
    run = CliRunner(env=without).invoke(doctor, [*NAMED, *arguments])
    assert run.exit_code == status
    assert said in run.stderr


WITHOUT_KEYS = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": None,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None,
}


def test_without_keys_a_person_is_told_in_words_for_a_shell() -> None:
    run = CliRunner(env=WITHOUT_KEYS).invoke(doctor, NAMED)
    words = " ".join(run.stdout.split())
    assert (run.exit_code, run.stderr) == (1, "")
    assert "ALIBABA_CLOUD_ACCESS_KEY_SECRET are not set" in words
    assert "export ALIBABA_CLOUD_ACCESS_KEY_ID=" in words


def test_without_keys_a_program_gets_its_document() -> None:
    run = CliRunner(env=WITHOUT_KEYS).invoke(doctor, [*NAMED, "--json"])
    said = json.loads(run.stdout)
    assert run.exit_code == 1
    assert (said["fail"], said["ok"], said["unknown"]) == (1, 0, 0)
    assert [f["check"] for f in said["findings"]] == ["credentials"]


def test_on_apsara_stack_what_is_not_known_is_said() -> None:
    cloud = FakeAliyun(region_id="cn-qingdao-env17-d01")
    cloud.oss.create_bucket("my-images")
    with cloud.serve() as server:
        environment = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": cloud.credentials.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": cloud.credentials.access_key_secret,
            "IMPORT_TARGET": "apsara-pop",
            "OSS_ENDPOINT": server.url,
            "ECS_ENDPOINT": server.url,
        }
        names = ["--image-bucket", "my-images", "--ledger-bucket", "my-ledger"]
        place = ["--region", "cn-qingdao-env17-d01", "--account-id", ACCOUNT, "--json"]
        run = CliRunner(env=environment).invoke(doctor, [*names, *place])
    findings = {f["check"]: f for f in json.loads(run.stdout)["findings"]}
    assert run.exit_code == 1  # for the ledger's bucket alone
    assert findings["image bucket"]["status"] == "ok"
    assert findings["importer"]["status"] == findings["ECS role"]["status"] == "unknown"
    assert "how Apsara Stack answers" in findings["ECS role"]["text"]
    assert findings["ledger bucket"]["mend"].startswith("aliyun oss mb oss://my-ledger")


def test_what_apsara_stack_does_not_tell_does_not_end_with_1() -> None:
    facts = changed(
        function_role=OUT_OF_REACH,
        trigger_role=OUT_OF_REACH,
        ecs_role=OUT_OF_REACH,
        importer=OUT_OF_REACH,
        tracker=OUT_OF_REACH,
        dry_run=OUT_OF_REACH,
    )
    findings = run_checks(facts)
    assert sum(finding.status == "unknown" for finding in findings) == 6
    assert is_in_order(findings)


def test_without_function_compute_its_checks_are_left_out(account: World) -> None:
    account.fc = [Say(status=500)]
    account.roles = [None, None, account.roles[2]]
    answer = account.run("--json", "--without-fc")
    said = json.loads(answer.stdout)
    of_fc = {"importer", "tracker", "trigger", "timer", "function role", "trigger role"}
    assert answer.exit_code == 0
    assert of_fc.isdisjoint(finding["check"] for finding in said["findings"])
    assert "ImportImage" in {finding["check"] for finding in said["findings"]}
