import json
import re

import pytest
from click.testing import CliRunner, Result
from image_import_cli.commands.policy import policy
from image_import_cli.iam.roles import ECS_ROLE

FUNCTION_ROLE, TRIGGER_ROLE = "image-import-function", "image-import-trigger"
BUCKETS = ("--image-bucket", "my-images", "--ledger-bucket", "my-ledger")
PLACE = ("--region", "cn-hangzhou", "--account-id", "1234567890123456")


def run(*arguments: str) -> Result:
    return CliRunner(env={"KEY_PREFIX": None}).invoke(policy, arguments)


def statements(*arguments: str) -> list[tuple[str, str, str]]:
    """Return (role, action, resource) of all that is granted."""
    answer = json.loads(run(*BUCKETS, *PLACE, "--json", *arguments).stdout)
    return [
        (role["name"], action, resource)
        for role in answer["roles"]
        for statement in role["policy"]["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    ]


def test_the_three_roles_are_limited_to_buckets_and_prefixes() -> None:
    place = "cn-hangzhou:1234567890123456"
    ledger = "acs:oss:*:*:my-ledger"
    queue = f"acs:mns:{place}:/queues/image-import-failures/messages"
    log = f"acs:log:{place}:project/image-import/logstore/functions"
    importer = f"acs:fc:{place}:functions/image-import-importer"
    converter = f"acs:fc:{place}:functions/image-import-converter"
    assert statements() == [
        (FUNCTION_ROLE, "oss:GetObject", "acs:oss:*:*:my-images/incoming/*"),
        (FUNCTION_ROLE, "oss:GetObject", f"{ledger}/.image-import/*"),
        (FUNCTION_ROLE, "oss:PutObject", f"{ledger}/.image-import/*"),
        (FUNCTION_ROLE, "oss:DeleteObject", f"{ledger}/.image-import/open/*"),
        (FUNCTION_ROLE, "oss:DeleteObject", f"{ledger}/.image-import/converted/*"),
        (FUNCTION_ROLE, "oss:DeleteObject", f"{ledger}/.image-import/jobs/*"),
        (FUNCTION_ROLE, "oss:ListParts", f"{ledger}/.image-import/converted/*"),
        (
            FUNCTION_ROLE,
            "oss:AbortMultipartUpload",
            f"{ledger}/.image-import/converted/*",
        ),
        (FUNCTION_ROLE, "oss:ListMultipartUploads", ledger),
        (FUNCTION_ROLE, "oss:ListObjects", ledger),
        (FUNCTION_ROLE, "ecs:ImportImage", f"acs:ecs:{place}:image/*"),
        (FUNCTION_ROLE, "ecs:DescribeImages", f"acs:ecs:{place}:image/*"),
        (FUNCTION_ROLE, "ecs:DescribeTasks", "*"),
        (FUNCTION_ROLE, "ecs:DescribeTaskAttribute", "*"),
        (FUNCTION_ROLE, "log:PostLogStoreLogs", log),
        (FUNCTION_ROLE, "mns:SendMessage", queue),
        (TRIGGER_ROLE, "fc:InvokeFunction", importer),
        (TRIGGER_ROLE, "fc:InvokeFunction", converter),
        (ECS_ROLE, "oss:GetObject", "acs:oss:*:*:my-images/incoming/*"),
        (ECS_ROLE, "oss:GetObject", f"{ledger}/.image-import/converted/*"),
        (ECS_ROLE, "oss:GetBucketLocation", "acs:oss:*:*:my-images"),
        (ECS_ROLE, "oss:GetBucketLocation", ledger),
        (ECS_ROLE, "oss:GetBucketInfo", "acs:oss:*:*:my-images"),
        (ECS_ROLE, "oss:GetBucketInfo", ledger),
    ]


@pytest.mark.parametrize(
    ("on_available", "actions"),
    [
        ("tag", ["oss:GetObjectTagging", "oss:PutObjectTagging"]),
        ("delete", ["oss:DeleteObject"]),
    ],
)
def test_touching_sources_takes_more_rights(
    on_available: str, actions: list[str]
) -> None:
    more = set(statements("--on-available", on_available)) - set(statements())
    sources = "acs:oss:*:*:my-images/incoming/*"
    assert more == {(FUNCTION_ROLE, action, sources) for action in actions}


HOME, COPIES = (
    f"acs:ecs:{region}:1234567890123456:image/*"
    for region in ("cn-hangzhou", "cn-beijing")
)
OUTBOX = ("oss:DeleteObject", "acs:oss:*:*:my-ledger/.image-import/outbox/*")
OWN_QUEUES = "acs:mns:cn-hangzhou:1234567890123456:"
COPY = ("--copy-to-regions", "cn-hangzhou,cn-beijing")
SHARE = "ecs:ModifyImageSharePermission"
COPYING = [
    ("ecs:CopyImage", HOME),
    ("ecs:DescribeImages", COPIES),
    ("ecs:ModifyImageAttribute", COPIES),
]


@pytest.mark.parametrize(
    ("options", "more"),
    [
        (COPY, COPYING),
        (("--share-with", "1000000000000001"), [(SHARE, HOME)]),
        (
            (*COPY, "--share-with", "1000000000000001"),
            [*COPYING, (SHARE, HOME), (SHARE, COPIES)],
        ),
        (("--image-family", "{stem}"), [("ecs:ModifyImageAttribute", HOME)]),
        (
            ("--notify", "eventbridge://images"),
            [OUTBOX, ("eventbridge:PutEvents", "*")],
        ),
        (
            ("--notify", "mns://1234567890123456/queues/q"),
            [OUTBOX, ("mns:SendMessage", f"{OWN_QUEUES}/queues/q/messages")],
        ),
        (
            ("--notify", "mns://1234567890123456/topics/t"),
            [OUTBOX, ("mns:PublishMessage", f"{OWN_QUEUES}/topics/t/messages")],
        ),
        (("--notify", "https://hooks.example.com/x"), [OUTBOX]),
    ],
    ids=[
        "copy", "share", "copy and share", "family", "bus", "queue", "topic", "webhook",
    ],
)  # fmt: skip
def test_what_follows_an_import_takes_what_is_set_and_no_more(
    options: tuple[str, ...], more: list[tuple[str, str]]
) -> None:
    granted, usual = statements(*options), statements()
    assert [right[1:] for right in granted if right not in usual] == more


def test_the_settings_variables_count_as_options() -> None:
    runner = CliRunner(env={"SHARE_WITH": "1000000000000001"})
    assert SHARE in runner.invoke(policy, [*BUCKETS, *PLACE]).stdout


def test_a_receiver_that_is_none_is_refused_without_its_secret() -> None:
    answer = run(*BUCKETS, "--notify", "http://hooks.example.com/x#secret-of-mine")
    assert answer.exit_code == 2
    assert "NOTIFY holds a receiver that is no https:// URL" in answer.stderr
    assert "secret-of-mine" not in answer.output


def test_listing_is_limited_to_the_ledger_by_a_condition() -> None:
    answer = json.loads(run(*BUCKETS, "--json").stdout)
    conditions = [
        s["Condition"]
        for s in answer["roles"][0]["policy"]["Statement"]
        if "Condition" in s
    ]
    assert conditions == [{"StringLike": {"oss:Prefix": [".image-import/*"]}}]


def test_on_fc_2_the_function_stands_in_its_service() -> None:
    resources = {r for role, _, r in statements("--fc", "2.0") if role == TRIGGER_ROLE}
    place = "acs:fc:cn-hangzhou:1234567890123456:services"
    assert resources == {
        f"{place}/image-import{qualifier}/functions/{name}"
        for qualifier in ("", ".*")
        for name in ("importer", "converter")
    }


def test_the_text_names_what_no_source_confirms() -> None:
    text = run(*BUCKETS).stdout
    assert "No public source says whether RoleName needs ram:PassRole" in text
    assert f"Role {ECS_ROLE}, taken on by ecs.aliyuncs.com" in text


def test_uploaders_get_no_right_to_the_ledger() -> None:
    answer = json.loads(run(*BUCKETS, "--json").stdout)
    assert [s["Resource"] for s in answer["uploaders"]["Statement"]] == [
        ["acs:oss:*:*:my-images/incoming/*"]
    ]


def test_the_commands_are_a_script_for_all_three_roles() -> None:
    script = run(*BUCKETS, *PLACE, "--commands").stdout
    made = re.findall(r"^ram CreateRole --RoleName (\S+)", script, re.MULTILINE)
    assert made == [FUNCTION_ROLE, TRIGGER_ROLE, ECS_ROLE]
    assert "\nset -eu\n" in script


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ((), "any region and any account; narrow them down with --region and "),
        (PLACE[:2], "any account; narrow them down with --account-id."),
        (PLACE[2:], "any region; narrow them down with --region."),
    ],
    ids=["neither", "region alone", "account alone"],
)
def test_the_script_says_where_its_rights_are_not_narrowed_down(
    place: tuple[str, ...], said: str
) -> None:
    answer = run(*BUCKETS, *place, "--commands")
    assert answer.exit_code == 0
    assert answer.stderr.startswith(f"These rights hold for {said}")
    assert answer.stdout.startswith(f"# {answer.stderr}# Roles")


def test_a_script_for_one_region_of_one_account_says_no_more() -> None:
    answer = run(*BUCKETS, *PLACE, "--commands")
    assert answer.stderr == ""
    assert answer.stdout.startswith("# Roles")


def test_buckets_must_be_named() -> None:
    answer = run("--image-bucket", "my-images")
    assert answer.exit_code == 2
    assert "--ledger-bucket" in answer.stderr


@pytest.mark.parametrize(
    ("option", "held"),
    [
        ("--image-bucket", ""),
        ("--ledger-bucket", "*"),
        ("--image-bucket", "Bad_Bucket"),
        ("--key-prefix", "/x"),
        ("--key-prefix", "a b"),
        ("--key-prefix", "in*/"),
        ("--key-prefix", "${acs:username}/"),
        ("--ledger-prefix", "?/"),
        ("--ledger-prefix", "x"),
        ("--service", "a*"),
        ("--service", "2bad"),
        ("--service", "a_b"),
        ("--service", "a" * 56),
        ("--log-project", "*"),
        ("--log-store", "*"),
        ("--log-store", ""),
        ("--failure-queue", "a/b"),
        ("--account-id", "abc"),
        ("--account-id", "12"),
        ("--region", 'x"y'),
    ],
)
def test_a_name_that_could_grant_more_than_it_says_is_refused(
    option: str, held: str
) -> None:
    answer = run(*BUCKETS, *PLACE, option, held)
    assert answer.exit_code == 2
    assert f"{option} is {held!r}, expected " in answer.stderr


def test_the_refusal_of_a_service_says_the_rule_that_it_breaks() -> None:
    on_2 = run(*BUCKETS, "--fc", "2.0", "--service", "2bad").stderr
    assert "up to 128 A-Z, a-z, 0-9, _ and -, no digit and no - in front" in on_2
    on_3 = run(*BUCKETS, "--service", "2bad").stderr
    assert "up to 55 A-Z, a-z, 0-9 and -, a letter in front" in on_3


def role_names(*arguments: str) -> list[tuple[str, str]]:
    answer = json.loads(run(*BUCKETS, *PLACE, "--json", *arguments).stdout)
    return [(role["name"], role["policy_name"]) for role in answer["roles"]]


def test_roles_and_policies_are_called_after_the_service() -> None:
    assert role_names("--service", "disks") == [
        ("disks-function", "disks-function-my-images"),
        ("disks-trigger", "disks-trigger-my-images"),
        (ECS_ROLE, "disks-ecs-my-images"),
    ]


LONG = ("--image-bucket", "b" * 63, "--fc")


@pytest.mark.parametrize(
    "arguments",
    [
        (*LONG, "3.0", "--service", "a" * 55),
        (*LONG, "2.0", "--service", "a" * 128),
        (*LONG, "2.0", "--service", "_a_b"),
    ],
    ids=["longest of 3.0", "longest of 2.0", "underscores"],
)
def test_ram_takes_the_names_of_roles_and_policies(arguments: tuple[str, ...]) -> None:
    for role, policy_name in role_names(*arguments):
        assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", role)
        assert re.fullmatch(r"[A-Za-z0-9-]{1,128}", policy_name)


def test_services_that_ram_cannot_tell_apart_have_roles_of_their_own() -> None:
    services = ("a_b", "a-b", "a" * 128, "a" * 127, "a" * 55)
    named = {role_names("--fc", "2.0", "--service", name)[0] for name in services}
    assert len(named) == len(services)


@pytest.mark.parametrize("prefix", ["", ".image-import/", ".image-import/in/"])
def test_no_policy_lets_uploaders_into_the_ledger(prefix: str) -> None:
    same = ("--image-bucket", "one-for-all", "--ledger-bucket", "one-for-all")
    answer = run(*same, *PLACE, "--key-prefix", prefix)
    assert answer.exit_code == 2
    assert "could write the ledger" in answer.stderr
