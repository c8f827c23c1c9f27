"""A deployment on a served fake account, made as README says: all of it can be asked.

Roles come from the script of `policy --commands`, which calls RAM with the official
SDK's generic client; triggers and settings of asynchronous invocations are made with
aliyun-fc2. Functions alone, which the fake's API does not make, are registered; on
FC 3.0, whose API is only read there, triggers and settings as well.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fc2
import oss2
from aliyun_cli import Shell, aliyun_at
from calling_fc import client_at
from calling_ram import Ram, ram_at
from click.testing import CliRunner, Result
from deployment.cloud_run import ACCOUNT, NAMES, QCOW2, QUEUE, REGION
from fake_aliyun import AsyncConfig, FakeAliyun
from fake_aliyun.fc import models as fc_models
from fake_aliyun.fc.runtime.context import FcContext
from fake_aliyun.ram.models import KeyPair
from fake_aliyun.transport.server import Server
from image_import.handler import convert, handle
from image_import.importing.runtime import Runtime
from image_import.tracking.schedule import handle_schedule
from image_import_cli.iam.deployment import (
    FUNCTIONS,
    OBJECT_CREATED,
    AsyncSettings,
    FunctionSpec,
)
from image_import_cli.iam.roles import FcVersion, function_role_name, trigger_role_name
from image_import_cli.main import cli

SERVICE = NAMES.service
IMAGES, LEDGER = NAMES.image_bucket, NAMES.ledger_bucket
FUNCTION_ROLE, TRIGGER_ROLE = function_role_name(SERVICE), trigger_role_name(SERVICE)
PLACE = ["--image-bucket", IMAGES, "--ledger-bucket", LEDGER]
PLACE += ["--region", REGION, "--account-id", ACCOUNT]


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A deployment, and those who look at it or change it.

    Attributes:
        keys: Of who runs `image-import`.
    """

    cloud: FakeAliyun
    keys: KeyPair
    url: str
    shell: Shell
    key_prefix: str
    fc_version: FcVersion

    @property
    def place(self) -> list[str]:
        """Return the options that name the deployment."""
        return [*PLACE, "--fc", self.fc_version, "--key-prefix", self.key_prefix]

    @property
    def ram(self) -> Ram:
        return ram_at(self.url, self.cloud.credentials)

    @property
    def fc(self) -> fc2.Client:
        return client_at(self.cloud, self.url)

    def bucket(self, name: str) -> oss2.Bucket:
        keys = self.cloud.credentials
        auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
        return oss2.Bucket(auth, self.url, name, region=REGION)

    @property
    def environment(self) -> dict[str, str]:
        """Return the functions' variables: the settings of README, and where to ask."""
        return {
            "REGION_ID": REGION,
            "KEY_PREFIX": self.key_prefix,
            "LEDGER_BUCKET": LEDGER,
            "CONVERTER": "true",
            "OSS_ENDPOINT": self.url,
            "ECS_ENDPOINT": self.url,
        }

    def command(self, *words: str) -> Result:
        """Run `image-import`."""
        environment = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": self.keys.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": self.keys.access_key_secret,
            "OSS_ENDPOINT": self.url,
            "ECS_ENDPOINT": self.url,
        }
        return CliRunner(env=environment).invoke(cli, words)

    def roles_script(self) -> str:
        """Return what `policy --commands` prints."""
        return self.command("policy", *self.place, "--commands").stdout

    def doctor(self) -> tuple[int, list[dict[str, Any]]]:
        """Return the doctor's exit status and what it does not find in order."""
        doors = ["--ram-endpoint", self.url, "--fc-endpoint", self.url]
        ran = self.command("doctor", *self.place, *doors, "--json")
        found = json.loads(ran.stdout)["findings"]
        return ran.exit_code, [one for one in found if one["status"] != "ok"]

    def make_functions(self) -> None:
        """Make the two functions, with triggers and settings as template.yml has."""
        runtime = Runtime()

        def importer(event: bytes, context: FcContext) -> str:
            return handle(event, context, environ=self.environment, runtime=runtime)

        def tracker(event: bytes, context: FcContext) -> str:
            environ = self.environment
            return handle_schedule(event, context, environ=environ, runtime=runtime)

        def converter(event: bytes, context: FcContext) -> str:
            environ = self.environment
            return convert(event, context, environ=environ, runtime=runtime)

        codes = (importer, tracker, converter)
        for model, code in zip(FUNCTIONS, codes, strict=True):
            self._make_function(model, code)
            self.set_async(model.name, model.async_settings)
        self.set_oss_trigger(self.key_prefix)
        self.set_timer()
        self.set_job_trigger()

    def _make_function(self, model: FunctionSpec, code: fc_models.Handler) -> None:
        self.cloud.fc.create_function(
            *self.function_names(model.name),
            code,
            handler_name=model.handler,
            timeout_seconds=model.timeout_seconds,
            role=FUNCTION_ROLE,
            log_store=f"{NAMES.log_project}/{NAMES.log_store}",
            environment=self.environment,
        )

    def function_names(self, name: str) -> tuple[str, str]:
        """Return the service, "" on 3.0, and the name of a function."""
        on_3 = self.fc_version == "3.0"
        return ("", f"{SERVICE}-{name}") if on_3 else (SERVICE, name)

    def set_timer(self) -> None:
        """Let the tracker run every five minutes."""
        timer = {"cronExpression": "@every 5m", "enable": True, "payload": ""}
        self.fc.create_trigger(SERVICE, "tracker", "timer", "timer", timer, "", "")

    def set_async(
        self, function: str, settings: AsyncSettings, *, queue: str = QUEUE
    ) -> None:
        """Say what becomes of events that fail."""
        document = {
            "maxAsyncRetryAttempts": settings.max_retries,
            "maxAsyncEventAgeInSeconds": settings.max_event_age_seconds,
            "destinationConfig": {"onFailure": {"destination": queue}},
        }
        self.fc.put_function_async_invoke_config(SERVICE, "LATEST", function, document)

    def set_oss_trigger(self, prefix: str) -> None:
        """Let objects under a prefix run the importer."""
        config = {
            "events": list(OBJECT_CREATED),
            "filter": {"key": {"prefix": prefix, "suffix": ""}},
        }
        source = f"acs:oss:{REGION}:{ACCOUNT}:{IMAGES}"
        role = f"acs:ram::{ACCOUNT}:role/{TRIGGER_ROLE}"
        self.fc.create_trigger(
            SERVICE, "importer", "upload", "oss", config, source, role
        )

    def set_job_trigger(self) -> None:
        """Let jobs in the ledger run the converter."""
        key = {"prefix": ".image-import/jobs/", "suffix": ""}
        config = {"events": ["oss:ObjectCreated:PutObject"], "filter": {"key": key}}
        source = f"acs:oss:{REGION}:{ACCOUNT}:{LEDGER}"
        role = f"acs:ram::{ACCOUNT}:role/{TRIGGER_ROLE}"
        self.fc.create_trigger(SERVICE, "converter", "job", "oss", config, source, role)

    def upload(self, name: str) -> bool:
        """Return whether an upload becomes an image by what is run at once."""
        self.bucket(IMAGES).put_object(f"{self.key_prefix}{name}", QCOW2)
        self.cloud.fc.run_due()
        return any(
            image.disks[0].object_key == f"{self.key_prefix}{name}"
            for image in self.cloud.ecs.images.values()
        )


class Deployed3(Deployed):
    """The same on FC 3.0, whose API the fake lets nobody change anything by."""

    def registered(self, name: str) -> fc_models.Function:
        return self.cloud._backends.platform.backend.functions[
            self.function_names(name)
        ]

    def set_timer(self) -> None:
        self.cloud.fc.create_timer(self.registered("tracker"), "@every 5m")

    def set_job_trigger(self) -> None:
        self.cloud.fc.create_trigger(
            self.registered("converter"),
            LEDGER,
            events=("oss:ObjectCreated:PutObject",),
            prefix=".image-import/jobs/",
            invocation_role=f"acs:ram::{ACCOUNT}:role/{TRIGGER_ROLE}",
        )

    def set_async(
        self, function: str, settings: AsyncSettings, *, queue: str = QUEUE
    ) -> None:
        held = self.registered(function)
        held.has_async_config = True
        held.async_config = AsyncConfig(
            retries=settings.max_retries,
            event_age_seconds=settings.max_event_age_seconds,
            on_failure=queue,
        )

    def set_oss_trigger(self, prefix: str) -> None:
        self.cloud.fc.create_trigger(
            self.registered("importer"),
            IMAGES,
            events=OBJECT_CREATED,
            prefix=prefix,
            invocation_role=f"acs:ram::{ACCOUNT}:role/{TRIGGER_ROLE}",
        )


@contextmanager
def deployed(
    folder: Path, *, key_prefix: str = "incoming/", fc_version: FcVersion = "2.0"
) -> Iterator[Deployed]:
    """Yield a deployment; nothing runs until a test lets it."""
    cloud = FakeAliyun(region_id=REGION, account_id=ACCOUNT)
    with Server(cloud) as server, aliyun_at(cloud, server.url, folder) as shell:
        made = (Deployed3 if fc_version == "3.0" else Deployed)(
            cloud=cloud,
            keys=cloud.credentials,
            url=server.url,
            shell=shell,
            key_prefix=key_prefix,
            fc_version=fc_version,
        )
        for name in ("AliyunECSImageImportDefaultRole", "fake-function-role"):
            made.ram("DeleteRole", RoleName=name)
        status, _, errors = shell.run(made.roles_script())
        assert (status, errors) == (0, "")
        for name in (IMAGES, LEDGER):
            made.bucket(name).create_bucket()
        made.make_functions()
        yield made
