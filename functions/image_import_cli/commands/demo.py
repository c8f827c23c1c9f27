"""`image-import demo`: the main job on this machine, without an account."""

import json
from dataclasses import dataclass, field
from importlib import resources

import click
from fake_aliyun import FakeAliyun
from fake_aliyun.core.records import Recorded
from image_import.model.result import Outcome, Result
from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table

from image_import_cli.delivery.on_fakes import handle_locally, local_cloud
from image_import_cli.ui.results import render

BUCKET = "images"
REGION = "cn-hangzhou"
IMAGE = "noble-server-cloudimg-amd64.img"
UNSAFE = "leak.qcow2"
FOREIGN = "debian-12.vmdk"
ROLE = "AliyunECSImageImportDefaultRole"


@dataclass
class DemoStage:
    """The cloud that the demo plays in, and what came out as it should."""

    cloud: FakeAliyun
    console: Console
    surprises: list[str] = field(default_factory=list)

    def scene(self, title: str, text: str, event: bytes, expected: Outcome) -> None:
        """Deliver an event to the handler and show what becomes of it."""
        self.console.print(Rule(f"[bold]{title}", align="left"))
        self.console.print(text)
        before = len(self.cloud.requests)
        results, bugs = handle_locally(self.cloud, event, {})
        if bugs:
            raise bugs[0]
        for result in results:
            self.console.print(render(result))
            self._check(result, expected)
        self._show_call(self.cloud.requests[before:])
        self.console.print()

    def _check(self, result: Result, expected: Outcome) -> None:
        if result.outcome is not expected:
            self.surprises.append(f"{result.outcome.value} instead of {expected.value}")

    def _show_call(self, requests: list[Recorded]) -> None:
        """Show ImportImage as it went over the wire, or that it was not called."""
        calls = [r for r in requests if r.action == "ImportImage"]
        exchanges = f"{len(requests)} requests"
        if not calls:
            self.console.print(
                f"  {exchanges}, ImportImage was not called", style="dim"
            )
        for call in calls:
            table = Table(box=None, pad_edge=False, show_header=False)
            for name, value in sorted(call.parameters.items()):
                table.add_row(name, value)
            title = f"{call.method} https://{call.host}{call.path}  HTTP {call.status}"
            panel = Panel(
                table,
                title=title,
                title_align="left",
                subtitle=f"{exchanges}; signature checked by the fake",
                subtitle_align="left",
            )
            self.console.print(panel)


@click.command(epilog="Example: image-import demo")
@click.pass_context
def demo(ctx: click.Context) -> None:
    """Import a real qcow2 through the real handler, on embedded fakes.

    Then an event that is ignored, a file that is refused, a repeated event, a VMDK
    that is converted and a service that says no. Nothing leaves this machine.
    """
    console = Console()
    console.print(
        "The real handler, a real qcow2 and embedded fakes of OSS and ECS that check "
        "every signature. Nothing leaves this machine.\n"
    )
    with local_cloud(REGION) as cloud:
        stage = DemoStage(cloud, console)
        play(stage)
    if stage.surprises:
        console.print(f"not as expected: {'; '.join(stage.surprises)}", style="red")
        ctx.exit(1)


def play(stage: DemoStage) -> None:
    """Show the main job, its four other ends, and a conversion."""
    oss = stage.cloud.oss
    image = asset(IMAGE)
    oss.put(BUCKET, IMAGE, image)
    uploaded = oss.event(BUCKET, IMAGE)
    stage.scene(
        "1  An image is uploaded",
        f"{IMAGE}, a qcow2 of {len(image):,} bytes whose name says .img, arrives in "
        f"oss://{BUCKET}. OSS delivers the event:",
        uploaded,
        Outcome.SUBMITTED,
    )
    stage.scene(
        "2  A part of a multipart upload",
        "Triggers on oss:ObjectCreated:* fire for every part, too. The image is not "
        "there yet.",
        renamed(uploaded, "ObjectCreated:UploadPart"),
        Outcome.IGNORED,
    )
    oss.put(BUCKET, UNSAFE, asset(UNSAFE))
    stage.scene(
        "3  A file that must not be imported",
        f"{UNSAFE} is a valid qcow2 with a backing file: whoever reads it reads a "
        "file of the machine that reads it.",
        oss.event(BUCKET, UNSAFE),
        Outcome.REFUSED,
    )
    stage.scene(
        "4  The first event once more",
        "OSS delivers at least once. The ledger knows this version of the object.",
        uploaded,
        Outcome.DUPLICATE,
    )
    foreign = asset(FOREIGN)
    oss.put(BUCKET, FOREIGN, foreign)
    stage.scene(
        "5  A format that ECS does not take",
        f"{FOREIGN} is a disk of VMware. OSS copies it on its own side behind the "
        "tables of a qcow2 that point into it; that is imported, and deleted later.",
        oss.event(BUCKET, FOREIGN),
        Outcome.SUBMITTED,
    )
    stage.cloud.ram.delete_role(ROLE)
    oss.put(BUCKET, "debian-13-generic-arm64.qcow2", image + b"\0")
    stage.scene(
        "6  The service says no",
        "A new account: nobody has given ECS a role to read OSS with.",
        oss.event(BUCKET, "debian-13-generic-arm64.qcow2"),
        Outcome.FAILED,
    )


def asset(name: str) -> bytes:
    """Return one of the images that the demo brings."""
    return (resources.files("image_import_cli") / "assets" / name).read_bytes()


def renamed(event: bytes, event_name: str) -> bytes:
    """Return an event with another name."""
    said = json.loads(event)
    for record in said["events"]:
        record["eventName"] = event_name
    return json.dumps(said).encode()
