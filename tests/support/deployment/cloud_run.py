"""An account in which every role has a policy, and what happens there in a day."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from conversions import one_block_vdi
from deployment.model import FUNCTION_ROLE, TRIGGER_ROLE
from fake_aliyun import AsyncConfig, FakeAliyun
from fake_aliyun.ecs.images import Failure
from fake_aliyun.fc.models import Function as FcFunction
from fake_aliyun.fc.runtime.context import FcContext
from fake_aliyun.ram.policies import fits
from image_import.config.settings import read_settings
from image_import.handler import convert, handle
from image_import.importing.runtime import Runtime
from image_import.notification.delivery import TellsNews
from image_import.tracking.schedule import handle_schedule, log_run, make_tracker
from image_import_cli.iam.deployment import (
    CONVERTER,
    IMPORTER,
    OBJECT_CREATED,
    TRACKER,
    FunctionSpec,
)
from image_import_cli.iam.roles import (
    ECS_ROLE,
    Json,
    Names,
    OnAvailable,
    ecs_role,
    function_role,
    trigger_role,
)
from made_vmdk import stream_optimized
from repository import ROOT

REGION, ACCOUNT = "cn-hangzhou", "1234567890123456"
NAMES = Names(
    image_bucket="my-images",
    key_prefix="incoming/",
    ledger_bucket="my-images-ledger",
    region_id=REGION,
    account_id=ACCOUNT,
)
QUEUE = f"acs:mns:{REGION}:{ACCOUNT}:/queues/{NAMES.failure_queue}/messages"
ENVIRONMENT = {
    "REGION_ID": REGION,
    "KEY_PREFIX": NAMES.key_prefix,
    "LEDGER_BUCKET": NAMES.ledger_bucket,
    "CONVERTER": "true",
}
GOOD = "incoming/app.qcow2"
FOREIGN = "incoming/box.vdi"
PACKED = "incoming/tar.vmdk"
BOOT_RECORD = bytes(446) + b"\x80" + bytes(63) + b"\x55\xaa" + bytes(512)
QCOW2 = (ROOT / "events/put-qcow2/bucket/noble-server-cloudimg-amd64.img").read_bytes()

Policies = Mapping[str, Json]
Seen = dict[str, Any]
Right = tuple[str, int, str, str]
"""Role, number of the statement, action, resource."""


def policies(on_available: OnAvailable) -> dict[str, Json]:
    """Return the policies as we print them for ON_AVAILABLE, by role."""
    return {
        FUNCTION_ROLE: function_role(NAMES, on_available=on_available).policy(),
        TRIGGER_ROLE: trigger_role(NAMES, fc_version="2.0").policy(),
        ECS_ROLE: ecs_role(NAMES).policy(),
    }


def set_up(
    cloud: FakeAliyun,
    granted: Policies,
    environ: Mapping[str, str],
    sender: TellsNews | None = None,
) -> None:
    """Make the buckets, roles, functions and triggers that template.yml makes.

    Args:
        sender: Tells the receivers of NOTIFY, which are no part of the cloud.
    """
    cloud.oss.create_bucket(NAMES.image_bucket)
    cloud.oss.create_bucket(NAMES.ledger_bucket)
    for role in (
        function_role(NAMES),
        trigger_role(NAMES, fc_version="2.0"),
        ecs_role(NAMES),
    ):
        cloud.ram.create_role(role.name, service=role.service)
        cloud.ram.attach_policy(f"role/{role.name}", granted[role.name])
    runtime = Runtime()

    def importer(event: bytes, context: FcContext) -> str:
        return handle(event, context, environ=environ, runtime=runtime)

    def tracker(event: bytes, context: FcContext) -> str:
        if sender is None:
            return handle_schedule(event, context, environ=environ, runtime=runtime)
        run = make_tracker(
            read_settings(environ),
            context,
            environ=environ,
            runtime=runtime,
            bucket=NAMES.ledger_bucket,
        )
        run.make_sender = lambda: sender
        report = run.run()
        log_run(report, context)
        return report.to_json()

    def converter(event: bytes, context: FcContext) -> str:
        return convert(event, context, environ=environ, runtime=runtime)

    seconds = CONVERTER.timeout_seconds
    cloud.fc.create_trigger(
        _function(cloud, CONVERTER, converter, environ, timeout_seconds=seconds),
        NAMES.ledger_bucket,
        events=("oss:ObjectCreated:PutObject",),
        prefix=".image-import/jobs/",
        invocation_role=TRIGGER_ROLE,
    )
    # Too short for a repeat: the importer leaves ECS's trouble to the tracker.
    cloud.fc.create_trigger(
        _function(cloud, IMPORTER, importer, environ, timeout_seconds=10),
        NAMES.image_bucket,
        events=OBJECT_CREATED,
        prefix=NAMES.key_prefix,
        invocation_role=TRIGGER_ROLE,
    )
    seconds = TRACKER.timeout_seconds
    follower = _function(cloud, TRACKER, tracker, environ, timeout_seconds=seconds)
    cloud.fc.create_timer(follower, "@every 5m")


def _function(
    cloud: FakeAliyun,
    model: FunctionSpec,
    handler: Callable[[bytes, FcContext], str],
    environ: Mapping[str, str],
    *,
    timeout_seconds: int,
) -> FcFunction:
    """Return a function in the functions' role, which FC tries once."""
    return cloud.fc.create_function(
        NAMES.service,
        model.name,
        handler,
        handler_name=model.handler,
        environment=environ,
        role=FUNCTION_ROLE,
        timeout_seconds=timeout_seconds,
        log_store=f"{NAMES.log_project}/{NAMES.log_store}",
        async_config=AsyncConfig(retries=0, on_failure=QUEUE),
    )


def live_a_day(
    granted: Policies, on_available: OnAvailable, **settings: str
) -> tuple[Seen, set[Right]]:
    """Return what is to be seen in the evening, and which rights were used.

    An image is uploaded and told of twice; another one wants its name; a third is
    fine; a fourth meets ECS in trouble, and a fifth is a VDI. A sixth is a VMDK that
    has to pass through the converter. The tracker finds that the first has failed and
    the third is available, does with its source what is wished, and tries the fourth
    again.
    """
    environ = {**ENVIRONMENT, "ON_AVAILABLE": on_available, **settings}
    with FakeAliyun(region_id=REGION, account_id=ACCOUNT) as cloud:
        set_up(cloud, granted, environ)
        put = cloud.oss.put
        named = {"image-name": "web"}
        for _ in range(2):
            put(NAMES.image_bucket, "incoming/web.qcow2", QCOW2, metadata=named)
            cloud.fc.drain()
        put(NAMES.image_bucket, "incoming/db.qcow2.json", b'{"ImageName": "web"}')
        put(NAMES.image_bucket, "incoming/db.qcow2", QCOW2)
        cloud.fc.drain()
        put(NAMES.image_bucket, GOOD, QCOW2)
        cloud.fc.drain()
        cloud.ecs.fail_next("ServiceUnavailable", action="ImportImage", http_status=503)
        put(NAMES.image_bucket, "incoming/late.qcow2", QCOW2)
        cloud.fc.drain()
        put(NAMES.image_bucket, FOREIGN, one_block_vdi())
        cloud.fc.drain()
        put(NAMES.image_bucket, PACKED, stream_optimized(BOOT_RECORD))
        cloud.fc.drain()
        seen = {
            "images": sorted(cloud.ecs.images),
            "outcomes": [
                i.result and _outcomes(i.result) for i in cloud.fc.invocations
            ],
            "noted": _noted(cloud),
            "log": sum(len(lines) > 0 for lines in cloud.fc.log_lines.values()),
            "failed events": len(cloud.fc.messages),
            "tracker": _track(cloud),
            "still noted": _noted(cloud),
            "sources": {
                key: list(cloud.oss.get(NAMES.image_bucket, key).tags)
                for key in cloud.oss.keys(NAMES.image_bucket)
            },
        }
        return seen, rights_used(cloud, granted)


def rights_used(cloud: FakeAliyun, granted: Policies) -> set[Right]:
    """Return which of the granted rights somebody made use of."""
    return {
        right
        for principal, action, resource in cloud.ram.asked
        for right in rights_of(granted)
        if (f"role/{right[0]}", right[2]) == (principal, action)
        and fits(right[3], resource)
    }


def rights_of(granted: Policies) -> list[Right]:
    """Return each action on each resource that is granted."""
    return [
        (role, number, action, resource)
        for role, policy in granted.items()
        for number, statement in enumerate(policy["Statement"])
        for action in statement["Action"]
        for resource in statement["Resource"]
    ]


def _outcomes(result: bytes) -> list[str]:
    """Return the outcomes that a result speaks of, also within an error."""
    words = result.decode().replace("\\", "").split('"outcome"')[1:]
    return [word.split('"')[1] for word in words]


def _noted(cloud: FakeAliyun) -> list[str]:
    """Return which objects have notes; the rest of a note's key is random."""
    keys = cloud.oss.keys(NAMES.ledger_bucket, ".image-import/open/")
    return [key.split("/")[2] for key in keys]


def _track(cloud: FakeAliyun) -> list[str]:
    """Return what the tracker tells of imports that ended, once its timer fires."""
    for image in cloud.ecs.images.values():
        if image.disks[0].object_key != GOOD:
            image.failure = Failure("ImportImageFailed", "The import failed.")
    cloud.ecs.finish_imports()
    (invocation,) = cloud.fc.tick()
    cloud.fc.drain()
    told = json.loads(invocation.result)
    if invocation.status != "Succeeded":
        return [told["errorType"]]
    changes = [f"{c['outcome']} {c.get('error_code')}" for c in told["changes"]]
    return [*sorted(changes), f"{told['open']} open", *told.get("errors", [])]
