"""Reads s.yaml as Serverless Devs does: variables filled in."""

import re
from collections.abc import Mapping
from typing import Any

from deployment.strict_yaml import UnresolvedError
from image_import_cli.iam.deployment import (
    AsyncSettings,
    FunctionSpec,
    OssTriggerSpec,
    TimerTriggerSpec,
)

Json = Any

ACCOUNT = "1234567890123456"
SUBSTITUTION = re.compile(r"\$\{([^}]*)\}")


OTHER_ACCOUNT = "6543210987654321"


def resolve(node: Json, variables: Mapping[str, str], account_id: str) -> Json:
    """Return a part of the file with its variables filled in."""
    if isinstance(node, dict):
        return {
            key: resolve(value, variables, account_id) for key, value in node.items()
        }
    if isinstance(node, list):
        return [resolve(item, variables, account_id) for item in node]
    if isinstance(node, str):
        return SUBSTITUTION.sub(
            lambda found: _value(found[1], variables, account_id), node
        )
    return node


def _value(expression: str, variables: Mapping[str, str], account_id: str) -> str:
    if expression == "config('AccountID')":
        return account_id
    kind, _, name = expression.partition(".")
    if kind != "vars" or name not in variables:
        raise UnresolvedError(f"${{{expression}}} is nothing that we know")
    return variables[name]


def read_resources(
    document: Json,
    others: Mapping[str, str] | None = None,
    *,
    account_id: str = ACCOUNT,
) -> dict[str, Json]:
    """Return the resources with variables filled in.

    Args:
        others: What somebody gives for the variables instead.
    """
    given = {k: (others or {}).get(k, v) for k, v in document["vars"].items()}
    resources: dict[str, Json] = resolve(document["resources"], given, account_id)
    return resources


def read_function(name: str, props: Json) -> FunctionSpec:
    """Return one function of the file."""
    initializer = props["instanceLifecycleConfig"]["initializer"]
    return FunctionSpec(
        name=name,
        description=props["description"],
        handler=props["handler"],
        initializer=initializer["handler"],
        initialization_timeout_seconds=initializer["timeout"],
        runtime=props["runtime"],
        code=props["code"],
        memory_mb=props["memorySize"],
        timeout_seconds=props["timeout"],
        environment=props["environmentVariables"],
        role=props["role"],
        log_project=props["logConfig"]["project"],
        log_store=props["logConfig"]["logstore"],
        async_settings=_async_settings(props["asyncInvokeConfig"]),
        trigger=_trigger(props["triggers"]),
    )


def _async_settings(body: Json) -> AsyncSettings:
    return AsyncSettings(
        max_retries=body["maxAsyncRetryAttempts"],
        max_event_age_seconds=body["maxAsyncEventAgeInSeconds"],
        on_failure=body["destinationConfig"]["onFailure"]["destination"],
        is_task=body["asyncTask"],
    )


def _trigger(triggers: list[Json]) -> OssTriggerSpec | TimerTriggerSpec:
    (trigger,) = triggers
    own = trigger["triggerConfig"]
    if trigger["triggerType"] == "timer":
        return TimerTriggerSpec(schedule=own["cronExpression"])
    return OssTriggerSpec(
        bucket=trigger["sourceArn"].rpartition(":")[2],
        prefix=own["filter"]["key"]["prefix"],
        suffix=own["filter"]["key"]["suffix"],
        events=tuple(own["events"]),
        invocation_role=trigger["invocationRole"],
    )
