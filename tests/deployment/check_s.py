"""Everything we ask of an s.yaml, on top of the FC 3.0 component's schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from deployment import rules, s_shapes, strict_yaml
from deployment.s_file import ACCOUNT, read_function, read_resources
from deployment.shapes import misfits
from deployment.strict_yaml import UnresolvedError
from image_import_cli.deployment import Function, OssTrigger
from image_import_cli.policies import FUNCTION_ROLE, TRIGGER_ROLE

Json = Any

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "validators" / "fc3.schema.json").read_text("utf-8")
)


def schema_faults(text: str) -> list[str]:
    """Return what the component's own schema finds, trigger by trigger.

    The schema takes a trigger for any kind that fits; here its type decides.
    """
    resources = read_resources(yaml.safe_load(text))
    kinds = {"oss": "IOssTriggerConfig", "timer": "ITimerTriggerConfig"}
    faults: list[str] = []
    for resource in resources.values():
        props = resource["props"]
        faults += misfits(SCHEMA, props)
        for trigger in props.get("triggers", []):
            if kind := kinds.get(trigger.get("triggerType")):
                schema = {**SCHEMA, **SCHEMA["definitions"][kind]}
                for key in ("if", "then", "else"):
                    schema.pop(key)
                faults += misfits(schema, trigger.get("triggerConfig"))
    return faults


def find_faults(text: str) -> list[str]:
    """Return what is wrong with an s.yaml; nothing for ours."""
    try:
        document = strict_yaml.load(text)
    except yaml.YAMLError as exc:
        return [str(exc)]
    if faults := list(misfits(s_shapes.FILE, document)):
        return faults
    try:
        resources = read_resources(document)
        if faults := list(misfits(s_shapes.RESOURCES, resources)):
            return faults
        return [*schema_faults(text), *_of_resources(resources)]
    except (UnresolvedError, KeyError, TypeError, ValueError) as exc:
        return [f"{type(exc).__name__}: {exc}"]


def _of_resources(resources: Json) -> Iterator[str]:
    functions = {k: read_function(k, v["props"]) for k, v in resources.items()}
    region = resources["importer"]["props"]["region"]
    if resources["tracker"]["props"]["region"] != region:
        yield "the functions are in two regions"
    yield from rules.broken_rules(functions, region_id=region, account_id=ACCOUNT)
    (trigger,) = resources["importer"]["props"]["triggers"]
    if not trigger["sourceArn"].startswith(f"acs:oss:{region}:{ACCOUNT}:"):
        yield "the trigger's bucket is in another region or account"
    yield from _of_roles(functions["importer"])


def _of_roles(importer: Function) -> Iterator[str]:
    """The roles are made beforehand, under the names that `policy` gives them."""
    if importer.role != f"acs:ram::{ACCOUNT}:role/{FUNCTION_ROLE}":
        yield "another role than the functions'"
    assert isinstance(importer.trigger, OssTrigger)
    if importer.trigger.invocation_role != f"acs:ram::{ACCOUNT}:role/{TRIGGER_ROLE}":
        yield "another role than the trigger's"
