"""Everything we ask of an s.yaml, on top of the FC 3.0 component's schema."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from deployment import rules, s_shapes, strict_yaml
from deployment.model import OTHER_CHOICE, SAFE_CHOICE, differing
from deployment.s_file import ACCOUNT, OTHER_ACCOUNT, read_function, read_resources
from deployment.shapes import misfits
from deployment.strict_yaml import UnresolvedError
from image_import_cli.iam.deployment import FunctionSpec, OssTriggerSpec
from image_import_cli.iam.roles import function_role_name, trigger_role_name
from repository import ROOT

Json = Any

SCHEMA = json.loads(
    (ROOT / "tests" / "validators" / "fc3.schema.json").read_text("utf-8")
)


OTHERS = {**OTHER_CHOICE, "region": "cn-shanghai", "code": "./build/other.zip"}
GIVEN: tuple[tuple[dict[str, str], str], ...] = (
    ({}, ACCOUNT),
    (OTHERS, OTHER_ACCOUNT),
)
"""Variables and account: as the file has them, and all of them others."""


def schema_faults(resources: Json) -> list[str]:
    """Return what the component's own schema finds, trigger by trigger.

    The schema takes a trigger for any kind that fits; here its type decides.
    """
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
        found = (list(_as_given(document, *given)) for given in GIVEN)
        return [*_not_safe(document), *next(filter(None, found), [])]
    except (UnresolvedError, KeyError, TypeError, ValueError) as exc:
        return [f"{type(exc).__name__}: {exc}"]


def _not_safe(document: Json) -> Iterator[str]:
    for name, safe in SAFE_CHOICE.items():
        if (held := document["vars"].get(name, safe)) != safe:
            yield f"vars/{name} is {held!r}, not {safe!r}"


def _as_given(document: Json, others: dict[str, str], account_id: str) -> Iterator[str]:
    """Yield what is wrong once other variables are given, in some account."""
    resources = read_resources(document, others, account_id=account_id)
    if faults := list(misfits(s_shapes.RESOURCES, resources)):
        yield from faults
        return
    yield from schema_faults(resources)
    yield from _of_resources(resources, {**document["vars"], **others}, account_id)


def _of_resources(
    resources: Json, variables: dict[str, str], account_id: str
) -> Iterator[str]:
    functions = {k: read_function(k, v["props"]) for k, v in resources.items()}
    region = resources["importer"]["props"]["region"]
    if resources["tracker"]["props"]["region"] != region:
        yield "the functions are in two regions"
    yield from rules.broken_rules(functions, region_id=region, account_id=account_id)
    (trigger,) = resources["importer"]["props"]["triggers"]
    if not trigger["sourceArn"].startswith(f"acs:oss:{region}:{account_id}:"):
        yield "the trigger's bucket is in another region or account"
    yield from _of_names(resources, variables["service"])
    yield from _of_roles(functions["importer"], variables["service"], account_id)
    yield from _of_size(resources)
    values = {
        **variables,
        "region_id": variables["region"],
        "account_id": account_id,
        "function_role": f"{variables['service']}-function",
        "trigger_role": f"{variables['service']}-trigger",
    }
    yield from differing(functions, values)


def _of_size(resources: Json) -> Iterator[str]:
    """Memory and processor go together, and so do runtime and zip.

    Source: "ALIYUN::FC3::Function", ROS documentation, read 2026-11: cpu is a multiple
    of 0.05, and 1 to 4 GB of memory go with one.
    """
    for name, resource in resources.items():
        props = resource["props"]
        cpu, gigabytes = props["cpu"], props["memorySize"] / 1024
        if not cpu <= gigabytes <= 4 * cpu or round(cpu / 0.05, 6) % 1:
            yield f"{name}: cpu {cpu} does not go with {gigabytes} GB"
        built_for = re.search(r"python3\.\d+", props["code"])
        if built_for and built_for[0] != props["runtime"]:
            yield f"{name}: the zip is for {built_for[0]}, not for {props['runtime']}"


def _of_names(resources: Json, service: str) -> Iterator[str]:
    """The other commands look for functions under these names."""
    for part, resource in resources.items():
        held, wanted = resource["props"]["functionName"], f"{service}-{part}"
        if held != wanted:
            yield f"{part} is called {held}, not {wanted}"


def _of_roles(importer: FunctionSpec, service: str, account_id: str) -> Iterator[str]:
    """The roles are made beforehand, under the names that `policy` gives them."""
    roles = f"acs:ram::{account_id}:role"
    if importer.role != f"{roles}/{function_role_name(service)}":
        yield "another role than the functions'"
    assert isinstance(importer.trigger, OssTriggerSpec)
    if importer.trigger.invocation_role != f"{roles}/{trigger_role_name(service)}":
        yield "another role than the trigger's"
