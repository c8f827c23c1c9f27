"""A bucket with imports in every state, and `image-import status` beside it."""

import json
from datetime import datetime
from typing import Any

from click.testing import CliRunner
from click.testing import Result as Run
from fake_aliyun.ecs.images import BySeconds, Image, Stage
from image_import_cli.main import cli
from uploads import BUCKET, Uploads

BROKEN = "InvalidImageFormat.Malformed"
PAST_ANY_LEASE = 1000


class StuckByName(BySeconds):
    """Imports that never end if their image is called so."""

    def stage(self, image: Image, now: datetime) -> Stage:
        """Return the stage of an import at a moment."""
        if image.image_name.startswith("stuck"):
            return Stage("Creating", 40)
        return super().stage(image, now)


class Bucket:
    """A bucket, and the command at a terminal beside it."""

    def __init__(self, environ: dict[str, str] | None = None) -> None:
        self.environ = environ or {}
        self.uploads = Uploads(self.environ)
        self.uploads.cloud.ecs.pace = BySeconds(waiting=60, creating=600)

    @property
    def variables(self) -> dict[str, str]:
        """What is set in the operator's shell."""
        keys = self.uploads.cloud.credentials
        return {
            **self.environ,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
            "REGION_ID": self.uploads.cloud.region_id,
        }

    def run(self, *options: str, place: str = BUCKET, columns: int = 80) -> Run:
        """Run the command, whose standard output is no terminal."""
        environ = {**self.variables, "COLUMNS": str(columns)}
        with self.uploads.cloud:
            return CliRunner(env=environ).invoke(cli, ["status", place, *options])

    def json(self, *options: str, place: str = BUCKET) -> list[dict[str, Any]]:
        """Return what it prints for a program."""
        run = self.run("--json", *options, place=place)
        return [json.loads(line) for line in run.stdout.splitlines()]

    def pass_time(self, seconds: float = PAST_ANY_LEASE) -> None:
        """Let time pass, then the timer fire."""
        self.uploads.clock.advance(seconds)
        self.uploads.track()

    def fill(self) -> None:
        """Let uploads come to each end that there is."""
        self.uploads.cloud.ecs.pace = StuckByName()
        self._end_badly()
        for _ in range(4):
            # Two of these are less than STUCK_AFTER_SECONDS, whatever this took.
            self.pass_time(1790)
        self.uploads.upload("incoming/moving.qcow2")
        self.pass_time(300)
        self._wait()
        self.uploads.upload("incoming/new.qcow2")

    def _end_badly(self) -> None:
        ecs, uploads = self.uploads.cloud.ecs, self.uploads
        ecs.fail_import(BROKEN, "The block table is damaged.")
        uploads.upload("incoming/broken.qcow2")
        uploads.upload("incoming/refused.qcow2", b"QFI\xfb" + bytes(2000))
        ecs.fail_next("InvalidImageName.Malformed", http_status=400)
        uploads.upload("incoming/failed.qcow2")
        gone = uploads.upload("incoming/gone.qcow2").image_name
        ecs.delete_image(gone)
        cancelled = uploads.upload("incoming/cancelled.qcow2").image_name
        ecs._backend.cancel_task(ecs.images[cancelled])
        uploads.upload("incoming/stuck.qcow2")
        uploads.upload("incoming/noble-server-cloudimg-amd64.img")

    def _wait(self) -> None:
        ecs, uploads = self.uploads.cloud.ecs, self.uploads
        uploads.upload("incoming/db-disk2.qcow2")
        ecs.fail_next("Throttling", http_status=400, times=4)
        uploads.upload("incoming/throttled.qcow2")
