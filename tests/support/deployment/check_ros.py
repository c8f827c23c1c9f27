"""Everything we ask of a ROS template, on top of what others' validators ask."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import yaml
from deployment import rules, strict_yaml
from deployment.model import OTHER_CHOICE, SAME_CHOICE, differing
from deployment.ros_file import ACCOUNT, ELSEWHERE, HERE, Place, StackKind, Template
from deployment.ros_made import THERE, wrongly_made
from deployment.ros_parameters import SWITCHES, wrongly_offered
from deployment.shapes import misfits
from deployment.strict_yaml import UnresolvedError
from image_import.config.receivers import parse_receiver
from image_import_cli.iam.roles import (
    ECS_ROLE,
    AfterAvailable,
    Names,
    OnAvailable,
    RoleSpec,
    ecs_role,
    function_role,
    trigger_role,
)

Json = Any

OTHERS = {theirs: OTHER_CHOICE[ours] for ours, theirs in SAME_CHOICE.items()} | {
    "LogDays": "30"
}
POLICY_OF = {"FunctionRole": "function", "TriggerRole": "trigger", "EcsRole": "ecs"}
CHOICES: tuple[tuple[OnAvailable, dict[str, str], Place], ...] = (
    ("keep", {}, HERE),
    ("tag", OTHERS, ELSEWHERE),
    (
        "delete",
        {
            "OnAvailable": "delete",
            "CopyToRegions": "cn-beijing",
            **dict.fromkeys(SWITCHES, THERE),
        },
        HERE,
    ),
    ("keep", {"LogProjectIs": THERE, "ShareWith": ACCOUNT}, HERE),
    ("keep", {"KeepLast": "3"}, HERE),
    ("keep", {"Notify": "https://hooks.example.com/"}, HERE),
    (
        "keep",
        {
            "Notify": "https://hooks.example.com/ eventbridge://by-hand",
            "NotifyQueue": "told",
            "NotifyTopic": "told",
        },
        HERE,
    ),
    ("keep", {"NotifyBus": "told"}, ELSEWHERE),
    ("keep", {"AlertsTo": "people"}, HERE),
    (
        "keep",
        {"AlertsTo": "people", "LogProjectIs": THERE, "LogStoreIs": THERE},
        ELSEWHERE,
    ),
)


def find_faults(kind: StackKind, text: str) -> list[str]:
    """Return what is wrong with a template of a kind; nothing for ours."""
    try:
        document = strict_yaml.load(text)
    except yaml.YAMLError as exc:
        return [str(exc)]
    faults = list(misfits(kind.template, document))
    if faults:
        return faults
    try:
        return list(_of_document(kind, document))
    except (UnresolvedError, KeyError, TypeError, ValueError) as exc:
        return [f"{type(exc).__name__}: {exc}"]


def _of_document(kind: StackKind, document: Json) -> Iterator[str]:
    yield from wrongly_offered(document)
    for on_available, given, place in CHOICES:
        code = kind.other_code if given is OTHERS else {}
        template = Template(document, {**given, **code}, place=place)
        yield from _of_outputs(template)
        resources = template.resources()
        if faults := list(misfits(kind.resources, resources)):
            yield from faults
        else:
            yield from _of_resources(kind, resources, on_available, given, place)
            yield from wrongly_made(template, resources, kind.needed)
            functions = kind.read_functions(resources, place)
            yield from differing(functions, values_of(kind, template, place))


def values_of(kind: StackKind, template: Template, place: Place) -> dict[str, str]:
    """Return what the fields of the model stand for in a stack."""
    return {ours: template.value(theirs) for ours, theirs in SAME_CHOICE.items()} | {
        "notify": _notify(template, place),
        "region_id": place.region_id,
        "account_id": place.account_id,
        "code": kind.code(template),
        "function_role": kind.role_name.format(part="function", stack=place.stack),
        "trigger_role": kind.role_name.format(part="trigger", stack=place.stack),
    }


def _notify(template: Template, place: Place) -> str:
    """Return what the functions get as NOTIFY."""
    url = {
        "NotifyQueue": f" mns://{place.account_id}/queues/",
        "NotifyTopic": f" mns://{place.account_id}/topics/",
        "NotifyBus": " eventbridge://",
    }
    named = {name: template.value(name) for name in url}
    more = (url[name] + value for name, value in named.items() if value)
    return "".join([template.value("Notify"), *more])


def _of_outputs(template: Template) -> Iterator[str]:
    said = {name: output["Value"] for name, output in template.outputs().items()}
    images, ledger = "ImageBucket", "LedgerBucket"
    wanted = {
        "UploadTo": f"oss://{template.value(images)}/{template.value('KeyPrefix')}",
        "Ledger": f"oss://{template.value(ledger)}/{template.value('LedgerPrefix')}",
        "FailedEvents": template.value("FailureQueue"),
    }
    for name, value in wanted.items():
        if said.get(name) != value:
            yield f"the output {name} is {said.get(name)!r}, not {value!r}"


def _of_resources(
    kind: StackKind,
    resources: Json,
    on_available: OnAvailable,
    given: dict[str, str],
    place: Place,
) -> Iterator[str]:
    functions = kind.read_functions(resources, place)
    region_id, account_id = place.region_id, place.account_id
    yield from rules.broken_rules(functions, region_id=region_id, account_id=account_id)
    names = rules.names_of(
        functions,
        region_id=region_id,
        account_id=account_id,
        service=kind.service.format(stack=place.stack),
    )
    by_arn = {
        f"acs:ram::{account_id}:role/{body['Properties']['RoleName']}": body[
            "Properties"
        ]
        for body in resources.values()
        if body["Type"] == "ALIYUN::RAM::Role"
    }
    importer = functions["importer"]
    after = _after(importer.environment, given.get("Notify", ""))
    function_has = function_role(names, on_available=on_available, after=after)
    yield from _of_role("functions", by_arn.get(importer.role), function_has)
    invoking = by_arn.get(getattr(importer.trigger, "invocation_role", ""))
    yield from _of_role("the trigger", invoking, _trigger_has(names, kind))
    ecs_has = by_arn.get(f"acs:ram::{account_id}:role/{ECS_ROLE}")
    has_own = given.get("ImportRoleName") or given.get("EcsRoleIs") == THERE
    if not has_own:
        yield from _of_role("ECS", ecs_has, ecs_role(names))
    elif ecs_has is not None:
        yield "makes a role that nobody asked for"
    bucket = names.image_bucket
    for resource in POLICY_OF.keys() & resources.keys():
        part = POLICY_OF[resource]
        wanted = kind.policy_name.format(part=part, stack=place.stack, bucket=bucket)
        (policy,) = resources[resource]["Properties"]["Policies"]
        if policy["PolicyName"] != wanted:
            yield f"{resource}: its policy is {policy['PolicyName']}, not {wanted}"


def _after(environ: Mapping[str, str], notify: str) -> AfterAvailable:
    """Return what follows an import, as a template can tell it.

    It cannot take a list or a URL apart: copies are in any region, and whoever names
    one of the cloud's services in the parameter Notify itself, or lets sidecars ask for
    copies, adds those rights by hand.
    """
    after = AfterAvailable.read({**environ, "SIDECAR_MAY_SET": ""})
    regions = ("*",) if after.copy_to_regions else ()
    by_hand = [item for item in notify.split() if not item.startswith("https:")]
    plain = parse_receiver("https://hooks.example.com/")
    told = tuple(plain if r.url in by_hand else r for r in after.notify)
    return replace(after, copy_to_regions=regions, notify=told)


def _trigger_has(names: Names, kind: StackKind) -> RoleSpec:
    """Return the trigger's role; `NAME-*` covers the qualified service too."""
    role = trigger_role(names, fc_version=kind.fc_version)
    (grant,) = role.grants
    plain = tuple(r for r in grant.resources if ".*/functions/" not in r)
    return replace(role, grants=(replace(grant, resources=plain),))


def _of_role(who: str, role: Json, expected: RoleSpec) -> Iterator[str]:
    if role is None:
        yield f"{who}: no such role"
        return
    policy, trust = _documents(role)
    if trust != expected.trust():
        yield f"{who}: taken on by {_trusted(trust)}, not by {expected.service}"
    differing = rules.differing_rights(policy, expected.policy())
    yield from (f"{who}: {text}" for text in differing)
    yield from (f"{who}: {text}" for text in rules.loose_rights(policy))


def _documents(role: Json) -> tuple[Json, Json]:
    policy = role["Policies"][0]["PolicyDocument"]
    return policy, role["AssumeRolePolicyDocument"]


def _trusted(trust: Json) -> str:
    return " and ".join(trust["Statement"][0]["Principal"]["Service"])
