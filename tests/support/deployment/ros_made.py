"""What a stack makes besides the functions: what is wanted, once, in a good order."""

from collections.abc import Iterator, Mapping
from typing import Any

from deployment.ros_file import Template
from deployment.ros_shapes import ALERTS

Json = Any

THERE = "there already"
KEPT = {"EcsRole", "LedgerStorage"}
"""What outlives a stack: others may need it, or it cannot be made again."""


def wrongly_made(
    template: Template, resources: Json, needed: Mapping[str, set[str]]
) -> Iterator[str]:
    """Yield what is made for nothing, not made, made as another, or too late.

    Args:
        needed: Of the functions' resources, those that must come before each.
    """
    bucket, project = template.value("LedgerBucket"), template.value("LogProject")
    place = {"ProjectName": project, "LogstoreName": template.value("LogStore")}
    wanted = {
        "LedgerStorage": ("LedgerBucketIs", {"BucketName": bucket}),
        "Logs": ("LogProjectIs", {"Name": project}),
        "FunctionLogs": ("LogStoreIs", place | {"TTL": template.value("LogDays")}),
        "LogIndex": ("LogStoreIs", place),
        "FailureEvents": (
            "FailureQueueIs",
            {"QueueName": template.value("FailureQueue")},
        ),
    }
    for name, (switch, properties) in wanted.items():
        is_there = template.value(switch) == THERE
        held = resources.get(name, {}).get("Properties")
        if held is None:
            yield from [] if is_there else [f"does not make {name}"]
        elif is_there:
            yield f"makes {name}, which is there already"
        else:
            yield from _differing(name, held, properties)
    yield from _alerts(template, resources, place)
    yield from _late(template, resources, needed)
    for name in KEPT & resources.keys():
        if resources[name].get("DeletionPolicy") != "Retain":
            yield f"{name} goes with the stack"


def _alerts(
    template: Template, resources: Json, place: Mapping[str, str]
) -> Iterator[str]:
    """Yield what is wrong with alerts, dashboard and rule: all are made, or none."""
    people = template.value("AlertsTo")
    if made := ALERTS.keys() & resources.keys() if not people else set():
        yield f"makes {', '.join(sorted(made))}, which nobody asked for"
    for name in ALERTS if people else ():
        if name not in resources:
            yield f"does not make {name}"
            continue
        held = resources[name]["Properties"]
        if name == "LostEventsRule":
            yield from _differing(name, held, {"ContactGroups": [people]})
            continue
        project = {held.get("Project", held.get("ProjectName"))}
        stores = {chart["search"]["logstore"] for chart in held.get("Charts", ())}
        if configured := held.get("Detail", {}).get("Configuration"):
            project |= {query["Project"] for query in configured["QueryList"]}
            stores |= {query["Store"] for query in configured["QueryList"]}
            dashboard = resources["Dashboard"]["Properties"]["DashboardName"]
            yield from _differing(name, configured, {"Dashboard": dashboard})
            policy = configured["PolicyConfiguration"]
            yield from _differing(name, policy, {"ActionPolicyId": people})
        if (project, stores) != ({place["ProjectName"]}, {place["LogstoreName"]}):
            yield f"{name}: reads {project} and {stores}"


def _differing(name: str, held: Json, wanted: Json) -> Iterator[str]:
    for key, value in wanted.items():
        if held[key] != value:
            yield f"{name}: {key} is {held[key]!r}, not {value!r}"


def _late(
    template: Template, resources: Json, needed: Mapping[str, set[str]]
) -> Iterator[str]:
    needed = {**needed, "FunctionLogs": {"Logs"}, "LogIndex": {"FunctionLogs"}}
    for name in needed.keys() & resources.keys():
        late = (needed[name] & resources.keys()) - template.made_before(name)
        yield from (f"{name} may come before {other}" for other in sorted(late))
