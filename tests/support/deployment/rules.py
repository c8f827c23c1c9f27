"""What must hold between the parts of a deployment, whichever file it is from."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from image_import.config.settings import SETTINGS, read_settings
from image_import.errors import SettingsError
from image_import_cli.iam.deployment import (
    FunctionSpec,
    OssTriggerSpec,
    TimerTriggerSpec,
)
from image_import_cli.iam.roles import Names
from repository import FUNCTIONS

Json = Any

HANDLER_FILE = FUNCTIONS / "image_import" / "handler.py"
MAX_ENVIRONMENT_BYTES = 4096
# Actions whose resource no public source says how to narrow.
UNSCOPED_ACTIONS = {
    "ecs:DescribeTasks",
    "ecs:DescribeTaskAttribute",
    "eventbridge:PutEvents",
}
HANDLERS = {
    "image_import.handler.on_object_created": OssTriggerSpec,
    "image_import.handler.on_schedule": TimerTriggerSpec,
    "image_import.handler.on_conversion": OssTriggerSpec,
}
INITIALIZER = "image_import.handler.initialize"


def handlers_in_code() -> set[str]:
    """Return the functions that the handler module defines."""
    tree = ast.parse(HANDLER_FILE.read_text("utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return {f"image_import.handler.{name}" for name in names}


def names_of(
    functions: Mapping[str, FunctionSpec],
    *,
    region_id: str,
    account_id: str,
    service: str,
) -> Names:
    """Return what the deployment calls its resources, as the functions see them."""
    importer = functions["importer"]
    assert isinstance(importer.trigger, OssTriggerSpec)
    return Names(
        image_bucket=importer.trigger.bucket,
        key_prefix=importer.trigger.prefix,
        ledger_bucket=importer.environment["LEDGER_BUCKET"],
        ledger_prefix=importer.environment["LEDGER_PREFIX"],
        region_id=region_id,
        account_id=account_id,
        service=service,
        log_project=importer.log_project,
        log_store=importer.log_store,
        failure_queue=importer.async_settings.on_failure.split("/")[2],
    )


def broken_rules(
    functions: Mapping[str, FunctionSpec], *, region_id: str, account_id: str
) -> Iterator[str]:
    """Yield what does not hold between the functions and within each."""
    for function in functions.values():
        yield from _of_one(function, region_id=region_id, account_id=account_id)
    for name in ("tracker", "converter"):
        yield from _of_both(functions["importer"], functions[name])
    yield from _of_jobs(functions["converter"])


def _of_one(
    function: FunctionSpec, *, region_id: str, account_id: str
) -> Iterator[str]:
    name, variables = function.name, function.environment
    trigger = HANDLERS.get(function.handler)
    if trigger is None or not isinstance(function.trigger, trigger):
        yield f"{name}: {function.handler} is not for this trigger"
    if function.initializer != INITIALIZER:
        yield f"{name}: {function.initializer} is not the initializer"
    lease_seconds = int(variables.get("LEASE_SECONDS", "0"))
    if name != "converter" and lease_seconds <= function.timeout_seconds:
        yield f"{name}: a claim does not outlive the invocation that holds it"
    if variables.get("REGION_ID") != region_id:
        yield f"{name}: REGION_ID is not the region"
    yield from (f"{name}: {fault}" for fault in _bad_settings(variables))
    size = sum(len(f"{key}{value}".encode()) for key, value in variables.items())
    if size > MAX_ENVIRONMENT_BYTES:
        yield f"{name}: {size} bytes of variables"
    if not function.async_settings.on_failure.startswith(
        f"acs:mns:{region_id}:{account_id}:"
    ):
        yield f"{name}: failed events go to another region or account"


def _bad_settings(variables: Mapping[str, str]) -> Iterator[str]:
    """Yield what the function itself would stop for, and what it would not read."""
    known = {setting.name for setting in SETTINGS}
    yield from (f"{name} is no setting" for name in variables.keys() - known)
    try:
        read_settings(variables)
    except SettingsError as exc:
        yield str(exc)


def _of_both(importer: FunctionSpec, tracker: FunctionSpec) -> Iterator[str]:
    trigger, variables = importer.trigger, importer.environment
    assert isinstance(trigger, OssTriggerSpec)
    if variables != tracker.environment:
        yield "the functions have different settings"
    if importer.code != tracker.code:
        yield "the functions have different code"
    if importer.role != tracker.role:
        yield "the functions have different roles"
    if importer.async_settings.on_failure != tracker.async_settings.on_failure:
        yield "failed events go to two places"
    if variables.get("KEY_PREFIX") != trigger.prefix:
        yield f"KEY_PREFIX is not {trigger.prefix}, which the trigger filters by"
    if variables.get("LEDGER_BUCKET") in {None, trigger.bucket}:
        yield "the ledger is in the bucket that is uploaded to"
    ledger_prefix = variables.get("LEDGER_PREFIX", "")
    if not ledger_prefix.strip("/") or not ledger_prefix.endswith("/"):
        yield "the ledger has no folder of its own"
    if ledger_prefix.startswith(trigger.prefix):
        yield "the ledger is under the trigger's prefix"


def _of_jobs(converter: FunctionSpec) -> Iterator[str]:
    trigger, variables = converter.trigger, converter.environment
    assert isinstance(trigger, OssTriggerSpec)
    if trigger.bucket != variables.get("LEDGER_BUCKET"):
        yield "the converter listens to another bucket than the ledger's"
    if trigger.prefix != f"{variables.get('LEDGER_PREFIX')}jobs/":
        yield "the converter listens to another folder than that of jobs"


def loose_rights(policy: Json) -> Iterator[str]:
    """Yield what a policy allows too broadly."""
    for statement in policy["Statement"]:
        actions, resources = set(statement["Action"]), statement["Resource"]
        if any("*" in action for action in actions):
            yield f"all of {', '.join(actions)}"
        if "*" in resources and not actions <= UNSCOPED_ACTIONS:
            yield f"{', '.join(actions)} on everything"
        for resource in resources:
            if resource.startswith("acs:oss:") and "*" in resource.split(":")[4][:-1]:
                yield f"{resource} is more than one bucket and prefix"
        if "oss:ListObjects" in actions and "Condition" not in statement:
            yield "oss:ListObjects of a whole bucket"


def differing_rights(policy: Json, expected: Json) -> Iterator[str]:
    """Yield what a policy allows too little and too much, whatever its order."""
    has, needs = _plain(policy), _plain(expected)
    yield from (f"may not {right}" for right in sorted((needs - has).elements()))
    yield from (
        f"may {right}, without need" for right in sorted((has - needs).elements())
    )


def _plain(policy: Json) -> Counter[str]:
    return Counter(
        f"{action} on {resource}"
        + (f" if {statement['Condition']}" if "Condition" in statement else "")
        for statement in policy["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    )
