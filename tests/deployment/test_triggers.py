"""The faked Function Compute takes the triggers of each file, and they fire there."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from calling_fc import PUBLIC, client_at
from deployment import ros_file, s_file, strict_yaml
from fake_aliyun import FakeAliyun
from repository import ROOT

SERVICE = "image-import"
TRIGGERS = ("ObjectCreated", "Schedule", "JobCreated")
FUNCTION_NAMES = ("importer", "tracker", "converter")

# By function: what aliyun-fc2 is given, in its order.
Triggers = dict[str, tuple[Any, ...]]


def of_s_yaml() -> Triggers:
    document = strict_yaml.load((ROOT / "s.yaml").read_text("utf-8"))
    triggers = {
        name: resource["props"]["triggers"][0]
        for name, resource in s_file.read_resources(document).items()
    }
    return {
        name: (
            held["triggerName"],
            held["triggerType"],
            held["triggerConfig"],
            held.get("sourceArn", ""),
            held.get("invocationRole", ""),
        )
        for name, held in triggers.items()
    }


def of_template() -> Triggers:
    document = strict_yaml.load((ROOT / "template.yml").read_text("utf-8"))
    resources = ros_file.Template(document).resources()
    held = (resources[name]["Properties"] for name in TRIGGERS)
    return {
        trigger["FunctionName"].rpartition("-")[2]: (
            trigger["TriggerName"],
            trigger["TriggerType"],
            trigger["TriggerConfig"],
            trigger.get("SourceArn", ""),
            trigger.get("InvocationRole", ""),
        )
        for trigger in held
    }


def of_template_fc2() -> Triggers:
    document = strict_yaml.load((ROOT / "template-fc2.yml").read_text("utf-8"))
    service = ros_file.Template(document).resources()["ImageImport"]
    return {name: _as_fc(service[name]["Events"]) for name in FUNCTION_NAMES}


def _as_fc(events: dict[str, Any]) -> tuple[Any, ...]:
    """Return what ROS makes of an event: FC's spelling, the bucket as the source."""
    ((name, event),) = events.items()
    config = dict(event["Properties"])
    bucket, role = config.pop("BucketName", ""), config.pop("InvocationRole", "")
    place = f"{ros_file.REGION}:{ros_file.ACCOUNT}"
    source = f"acs:oss:{place}:{bucket}" if bucket else ""
    return name, event["Type"].lower(), _in_lower_camel_case(config), source, role


def _in_lower_camel_case(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    return {
        key[0].lower() + key[1:]: _in_lower_camel_case(value)
        for key, value in node.items()
    }


@pytest.mark.parametrize("triggers_of", [of_template, of_template_fc2, of_s_yaml])
def test_an_upload_and_the_clock_reach_the_functions(
    triggers_of: Callable[[], Triggers],
) -> None:
    cloud = FakeAliyun(region_id="cn-hangzhou", account_id=ros_file.ACCOUNT)
    got: dict[str, Any] = {}
    triggers = triggers_of()
    with cloud:
        client = client_at(cloud, PUBLIC)
        for name, trigger in triggers.items():

            def keep(event: bytes, _: object, name: str = name) -> None:
                got[name] = json.loads(event)

            cloud.fc.create_function(SERVICE, name, keep)
            client.create_trigger(SERVICE, name, *trigger)
        bucket, role = (text.split(":")[-1] for text in triggers["importer"][3:])
        role = cloud.ram.create_role(
            role.removeprefix("role/"), service="oss.aliyuncs.com"
        )
        cloud.ram.attach_policy(f"role/{role.name}", "AliyunFCInvocationAccess")
        cloud.oss.put(bucket, "incoming/web.qcow2", b"")
        cloud.oss.put(bucket, "elsewhere/web.qcow2", b"")
        cloud.fc.tick()
        cloud.fc.drain()
    (record,) = got["importer"]["events"]
    assert record["oss"]["object"]["key"] == "incoming/web.qcow2"
    assert (got["tracker"]["triggerName"], got["tracker"]["payload"]) == (
        "schedule", "",
    )  # fmt: skip
    assert len(cloud.fc.invocations) == 2
