"""An account that is in order until a test breaks something of it, as services show it.

OSS and ECS are the fakes; RAM and FC 3.0 are plain servers that answer from what the
account has, or as a test wants it. In `deployed` both are the fakes', too.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

import oss2
from click.testing import CliRunner, Result
from deployment.cloud_run import ACCOUNT, ENVIRONMENT, NAMES, QUEUE, REGION
from fake_aliyun import FakeAliyun
from image_import_cli.doctor.command import doctor
from image_import_cli.iam.deployment import (
    CONVERTER,
    IMPORTER,
    OBJECT_CREATED,
    RUNTIME,
    TRACKER,
    FunctionSpec,
)
from image_import_cli.iam.roles import (
    Names,
    RoleSpec,
    ecs_role,
    function_role,
    trigger_role,
)
from loopback import Say, serving

BESIDE = replace(NAMES, ledger_bucket=NAMES.image_bucket)
"""The ledger in the bucket that is uploaded to."""
TIMER = {
    "triggerType": "timer",
    "triggerConfig": '{"enable": true, "cronExpression": "@every 5m"}',
}
NO_ROLE = Say(status=404, json={"Code": "EntityNotExist.Role"})


def oss_trigger(prefix: str) -> dict[str, Any]:
    config = {
        "events": list(OBJECT_CREATED),
        "filter": {"key": {"prefix": prefix, "suffix": ""}},
    }
    return {
        "triggerType": "oss",
        "sourceArn": f"acs:oss:{REGION}:{ACCOUNT}:{NAMES.image_bucket}",
        "invocationRole": f"acs:ram::{ACCOUNT}:role/image-import-trigger",
        "triggerConfig": json.dumps(config),
    }


def job_trigger(names: Names) -> dict[str, Any]:
    config = {
        "events": ["oss:ObjectCreated:PutObject"],
        "filter": {"key": {"prefix": f"{names.ledger_prefix}jobs/", "suffix": ""}},
    }
    return {
        **oss_trigger(""),
        "sourceArn": f"acs:oss:{REGION}:{ACCOUNT}:{names.ledger_bucket}",
        "triggerConfig": json.dumps(config),
    }


def role_answers(role: RoleSpec | None) -> list[Say]:
    if role is None:
        return [NO_ROLE]
    trust, document = json.dumps(role.trust()), json.dumps(role.policy())
    listed = {"Policy": [{"PolicyName": "p", "PolicyType": "Custom"}]}
    return [
        Say(json={"Role": {"AssumeRolePolicyDocument": trust}}),
        Say(json={"Policies": listed}),
        Say(json={"DefaultPolicyVersion": {"PolicyDocument": document}}),
    ]


def function_answers(
    model: FunctionSpec, trigger: dict[str, Any], names: Names
) -> list[Say]:
    function = {
        "functionName": f"image-import-{model.name}",
        "handler": model.handler,
        "runtime": RUNTIME,
        "timeout": model.timeout_seconds,
        "environmentVariables": {
            **ENVIRONMENT,
            "LEDGER_BUCKET": names.ledger_bucket,
            "LEDGER_PREFIX": names.ledger_prefix,
        },
        "role": f"acs:ram::{ACCOUNT}:role/image-import-function",
        "logConfig": {"project": names.log_project, "logstore": names.log_store},
        "state": "Active",
    }
    settings = {
        "maxAsyncRetryAttempts": model.async_settings.max_retries,
        "maxAsyncEventAgeInSeconds": model.async_settings.max_event_age_seconds,
        "destinationConfig": {"onFailure": {"destination": QUEUE}},
    }
    return [Say(json=function), Say(json={"triggers": [trigger]}), Say(json=settings)]


@dataclass(kw_only=True)
class World:
    """An account.

    Attributes:
        roles: Of the function, of the trigger, of ECS; None for one that is not there.
        oss_endpoint: An endpoint of the cloud, asked by way of a proxy, instead of the
            fake's own URL.
        ecs_endpoint: Instead of the fake's own URL.
        ram, fc: What RAM and FC say instead of what they would.
    """

    cloud: FakeAliyun
    names: Names = NAMES
    roles: list[RoleSpec | None] = field(default_factory=list)
    trigger_prefix: str = NAMES.key_prefix
    secret: str = ""
    oss_endpoint: str = ""
    ecs_endpoint: str = ""
    ram: list[Say] = field(default_factory=list)
    fc: list[Say] = field(default_factory=list)

    @property
    def fc_says(self) -> list[Say]:
        trigger = oss_trigger(self.trigger_prefix)
        return self.fc or [
            *function_answers(IMPORTER, trigger, self.names),
            *function_answers(TRACKER, TIMER, self.names),
            *function_answers(CONVERTER, job_trigger(self.names), self.names),
        ]

    @property
    def ram_says(self) -> list[Say]:
        return self.ram or [say for role in self.roles for say in role_answers(role)]

    def run(self, *arguments: str, width: int = 80) -> Result:
        """Run the doctor against all of it."""
        with ExitStack() as servers:
            cloud = servers.enter_context(self.cloud.serve())
            fc = servers.enter_context(serving(*self.fc_says))
            ram = servers.enter_context(serving(*self.ram_says))
            keys = self.cloud.credentials
            environment = {
                "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET": (
                    self.secret or keys.access_key_secret
                ),
                "OSS_ENDPOINT": self.oss_endpoint or cloud.url,
                "http_proxy": cloud.url,
                "no_proxy": "127.0.0.1",
                "ECS_ENDPOINT": self.ecs_endpoint or cloud.url,
                "COLUMNS": str(width),
            }
            names = ["--image-bucket", self.names.image_bucket]
            names += ["--ledger-bucket", self.names.ledger_bucket]
            names += ["--ledger-prefix", self.names.ledger_prefix]
            names += ["--region", REGION, "--account-id", ACCOUNT]
            doors = ["--fc-endpoint", fc.url, "--ram-endpoint", ram.url]
            runner = CliRunner(env=environment)
            return runner.invoke(doctor, [*names, *doors, *arguments])

    def bucket(self, name: str, *, user: str = "") -> oss2.Bucket:
        """Return a bucket as the account sees it, or a new user with full access."""
        keys = self.cloud.credentials
        if user:
            keys = self.cloud.ram.create_user(user)
            self.cloud.ram.attach_policy(f"user/{user}", "AliyunOSSFullAccess")
        auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
        endpoint = f"https://oss-{REGION}.aliyuncs.com"
        return oss2.Bucket(auth, endpoint, name, region=REGION)


def now() -> datetime:
    return datetime.now(timezone.utc)


def world(names: Names = NAMES, *, clock: Callable[[], datetime] = now) -> World:
    """Return an account in order.

    Args:
        clock: Of OSS, and of what it measures signatures by.
    """
    cloud = FakeAliyun(
        region_id=REGION, account_id=ACCOUNT, clock=clock, signing_clock=clock
    )
    cloud.oss.create_bucket(names.image_bucket)
    cloud.oss.create_bucket(names.ledger_bucket)
    functions, trigger = function_role(names), trigger_role(names, fc_version="3.0")
    return World(cloud=cloud, names=names, roles=[functions, trigger, ecs_role(names)])
