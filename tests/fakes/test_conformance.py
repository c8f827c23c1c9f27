"""Clients we did not write, against server mode; and the README's table of them.

Each client runs a session with checks of its own in a process of its own, against a
server that recomputes every signature. What the server then has seen and answered well
is the client's column. `python tests/fakes/test_conformance.py`, with functions/ on the
path, prints the table anew.
"""

import subprocess
import sys
from dataclasses import dataclass

import pytest
from fake_aliyun import AsyncConfig, FakeAliyun
from fake_aliyun.ecs.images import LaunchTemplate
from fake_aliyun.ecs.operations import OPERATIONS as ECS_OPERATIONS
from fake_aliyun.ess.service import EssService, ScalingConfiguration
from fake_aliyun.fc.operations import OPERATIONS as FC_OPERATIONS
from fake_aliyun.fc.service_v3 import OPERATIONS as FC3_OPERATIONS
from fake_aliyun.messaging.eventbridge import EventBridgeService
from fake_aliyun.messaging.mns import MnsService
from fake_aliyun.oss.api.operations import OPERATIONS as OSS_OPERATIONS
from fake_aliyun.ram.operations import OPERATIONS as RAM_OPERATIONS
from repository import ROOT
from waiting import PATIENCE_SECONDS

README = ROOT / "functions/fake_aliyun/README.md"
CLIENTS = ROOT / "tests/support/clients"
BEGIN, END = "<!-- conformance: begin -->", "<!-- conformance: end -->"
OPERATIONS = {
    "OSS": [operation.action for operation in OSS_OPERATIONS],
    "ECS": list(ECS_OPERATIONS),
    "Auto Scaling": sorted(EssService.actions),
    "Simple Message Queue": sorted(MnsService.actions),
    "EventBridge": sorted(EventBridgeService.actions),
    "FC": [operation.action for operation in FC_OPERATIONS],
    "FC 3.0": [operation.action for operation in FC3_OPERATIONS],
    "RAM": list(RAM_OPERATIONS),
}


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client library and the way it is driven.

    Attributes:
        environment: The virtual environment that has it; "" for this one.
    """

    name: str
    service: str
    script: str
    options: tuple[str, ...] = ()
    environment: str = ""

    @property
    def python(self) -> str:
        return f"{self.environment}/bin/python" if self.environment else sys.executable


OSS_V2, OSSFS = ".venv-clients", ".venv-ossfs"
SESSIONS = [
    Client(name="oss2, V4", service="OSS", script="with_oss2.py", options=("v4",)),
    Client(name="oss2, V1", service="OSS", script="with_oss2.py", options=("v1",)),
    Client(
        name="alibabacloud-oss-v2, V4",
        service="OSS",
        script="with_oss_v2.py",
        options=("v4",),
        environment=OSS_V2,
    ),
    Client(
        name="alibabacloud-oss-v2, V1",
        service="OSS",
        script="with_oss_v2.py",
        options=("v1",),
        environment=OSS_V2,
    ),
    Client(name="ossfs", service="OSS", script="with_ossfs.py", environment=OSSFS),
    Client(
        name="alibabacloud_ecs20140526, ACS3",
        service="ECS",
        script="with_ecs_tea.py",
        options=("acs3",),
    ),
    Client(
        name="alibabacloud_ecs20140526, RPC V1",
        service="ECS",
        script="with_ecs_tea.py",
        options=("v2",),
    ),
    Client(name="aliyun-python-sdk-ecs", service="ECS", script="with_ecs_core.py"),
    Client(
        name="alibabacloud_tea_openapi",
        service="Auto Scaling",
        script="with_ess_tea.py",
    ),
    Client(name="aliyun-mns-sdk", service="Simple Message Queue", script="with_mns.py"),
    Client(
        name="alibabacloud_eventbridge20200401",
        service="EventBridge",
        script="with_eventbridge_tea.py",
    ),
    Client(name="aliyun-fc2", service="FC", script="with_fc2.py"),
    Client(
        name="alibabacloud_tea_openapi",
        service="FC 3.0",
        script="with_fc3_tea.py",
    ),
    Client(
        name="alibabacloud_tea_openapi, ACS3",
        service="RAM",
        script="with_ram_tea.py",
        options=("acs3",),
    ),
    Client(
        name="alibabacloud_tea_openapi, RPC V1",
        service="RAM",
        script="with_ram_tea.py",
        options=("v2",),
    ),
    Client(name="aliyun-python-sdk-core", service="RAM", script="with_ram_core.py"),
]


def session(client: Client) -> set[str]:
    """Return the operations that a client did, each answered as it wants it."""
    cloud = FakeAliyun(access_key_id="an-id", access_key_secret="a-secret")
    cloud.oss.put("images", "web.raw", b"bytes")
    cloud.scaling_configurations += [
        ScalingConfiguration(region_id="cn-hangzhou", image_id=f"m-{number}")
        for number in range(12)
    ]
    cloud.messaging.places.update({"queues/told", "topics/told", "buses/told"})
    cloud.fc.create_function("imports", "echo", lambda event, _: event)
    cloud.ecs.launch_templates.extend(
        LaunchTemplate(region_id="cn-hangzhou", image_ids=["", f"m-{number}"])
        for number in range(12)
    )
    of_3 = cloud.fc.create_function(
        "", "imports-echo", lambda event, _: event, async_config=AsyncConfig()
    )
    cloud.fc.create_timer(of_3, "@every 5m")
    with cloud.serve() as server:
        done = subprocess.run(
            [
                client.python,
                str(CLIENTS / client.script),
                server.url,
                "an-id",
                "a-secret",
                *client.options,
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    assert done.returncode == 0, done.stderr
    assert all(record.status is not None for record in cloud.requests)
    return {r.action for r in cloud.requests if r.status and r.status < 300}


def table(service: str, columns: dict[str, set[str]]) -> str:
    """Return operations by client as Markdown."""
    head = [
        f"| {service} | {' | '.join(columns)} |",
        f"| --- |{' :-: |' * len(columns)}",
    ]
    rows = (
        f"| {operation} | "
        + " | ".join("✓" if operation in seen else "" for seen in columns.values())
        + " |"
        for operation in OPERATIONS[service]
    )
    return "\n".join([*head, *rows])


def column(readme: str, client: Client) -> set[str]:
    """Return the operations that the README ticks for a client."""
    block = readme.partition(BEGIN)[2].partition(END)[0]
    tables = [part for part in block.split("\n\n") if f"| {client.service} |" in part]
    rows = [
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in "".join(tables).strip().splitlines()
    ]
    place = rows[0].index(client.name)
    return {row[0] for row in rows[2:] if len(row) > place and row[place]}


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(
            client,
            id=client.name,
            marks=[pytest.mark.needs(client.python)] if client.environment else [],
        )
        for client in SESSIONS
    ],
)
def test_the_readme_ticks_what_a_client_did_in_its_session(client: Client) -> None:
    readme = README.read_text("utf-8")
    assert column(readme, client) == session(client) & set(OPERATIONS[client.service])


def test_every_operation_is_done_by_some_client() -> None:
    readme = README.read_text("utf-8")
    ticked = {name for client in SESSIONS for name in column(readme, client)}
    every = {name for names in OPERATIONS.values() for name in names}
    assert ticked == every


if __name__ == "__main__":
    for title in OPERATIONS:
        ours = [client for client in SESSIONS if client.service == title]
        print(table(title, {c.name: session(c) for c in ours}), end="\n\n")  # noqa: T201
