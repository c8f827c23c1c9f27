"""What templates and s.yaml must say of the functions, whatever a user chooses."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from image_import.config.schema import Setting
from image_import_cli.iam.deployment import FUNCTIONS, FunctionSpec
from make_deployment import CHOICES, camel, choices_on_public


def another(row: Setting) -> str:
    """Return a value that a setting may hold, and that is not its default."""
    kind = row.kind
    if kind.limits:
        return str(kind.limits[1])
    choices = choices_on_public(row)
    value = next((c for c in choices if c != row.default), kind.example)
    assert value != row.default, row.name
    assert value, row.name
    return value


# What s.yaml and both templates call the same choice, but for the place of the zip.
SAME_CHOICE = {
    "image_bucket": "ImageBucket",
    "key_prefix": "KeyPrefix",
    "ledger_bucket": "LedgerBucket",
    "ledger_prefix": "LedgerPrefix",
    "log_project": "LogProject",
    "log_store": "LogStore",
    "failure_queue": "FailureQueue",
    "tracker_schedule": "TrackerSchedule",
    "runtime": "Runtime",
    **{choice: camel(choice) for choice in CHOICES.values()},
}
# Of each choice another one than the default: what is not taken from it, shows.
OTHER_CHOICE = {
    "service": "disks",
    "image_bucket": "other-images",
    "key_prefix": "images/in/",
    "ledger_bucket": "other-ledger",
    "ledger_prefix": "ledger/",
    "log_project": "other-logs",
    "log_store": "importing",
    "failure_queue": "failed-events",
    "tracker_schedule": "@every 10m",
    "runtime": "python3.12",
    **{choice: another(row) for row, choice in CHOICES.items()},
    "system_disk_gib": "20-600",
    "oss_endpoint": "https://oss-cn-shanghai-internal.aliyuncs.com",
    "ecs_endpoint": "https://ecs-vpc.cn-shanghai.aliyuncs.com",
}
# What roles are called by default; a stack adds its name.
FUNCTION_ROLE, TRIGGER_ROLE = "image-import-function", "image-import-trigger"
# What a file that somebody takes as it is must not do without being asked.
SAFE_CHOICE = {
    "sidecar": "optional",
    "sidecar_may_set": "",
    "inspect": "never",
    "on_available": "keep",
    "dry_run": "false",
    "log_level": "INFO",
}


def filled_in(function: FunctionSpec, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the model of a function with its fields in braces filled in."""

    def fill(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: fill(value) for key, value in node.items()}
        return node.format_map(values) if isinstance(node, str) else node

    filled: dict[str, Any] = fill(asdict(function))
    return filled


def differing(
    functions: Mapping[str, FunctionSpec], values: Mapping[str, str]
) -> Iterator[str]:
    """Yield where functions are not as the model says."""
    for model in FUNCTIONS:
        yield from _differing(
            model.name, asdict(functions[model.name]), filled_in(model, values)
        )


def _differing(where: str, held: Any, wanted: Any) -> Iterator[str]:
    if isinstance(held, dict) and isinstance(wanted, dict):
        for name in held.keys() | wanted.keys():
            yield from _differing(f"{where}/{name}", held.get(name), wanted.get(name))
    elif held != wanted:
        yield f"{where} is {held!r}, not {wanted!r}"
