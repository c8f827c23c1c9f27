"""A bucket whose imports went wrong, and a command at a terminal beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from click.testing import Result as Run
from fake_aliyun.ecs.images import BySeconds
from image_import_cli.main import cli
from uploads import Uploads

PAST_ANY_LEASE = 1000
BROKEN = "InvalidImageFormat.Malformed"


class Desk:
    """One account, and commands with its credentials."""

    def __init__(self, folder: Path) -> None:
        self.uploads = Uploads()
        self.uploads.cloud.ecs.pace = BySeconds(waiting=60, creating=600)
        self.folder = folder

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        environ: Mapping[str, str] | None = None,
    ) -> Run:
        keys = self.uploads.cloud.credentials
        told = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
            "REGION_ID": self.uploads.cloud.region_id,
            "COLUMNS": "80",
            **(environ or {}),
        }
        with self.uploads.cloud:
            return CliRunner(env=told).invoke(cli, arguments, input=stdin)

    def redrive(self, *arguments: str, stdin: bytes = b"") -> Run:
        return self.run("redrive", *arguments, "--rate", "0", stdin=stdin)

    def told(
        self, *arguments: str, stdin: bytes = b""
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return what became of each upload, and the sums."""
        lines = self.redrive(*arguments, "--json", stdin=stdin).stdout.splitlines()
        *items, last = [json.loads(line) for line in lines]
        return items, last["redrive"]

    def fail(self, key: str) -> str:
        """Upload an image whose import fails, and return the name it would have had."""
        self.uploads.cloud.ecs.fail_import(BROKEN)
        sent = self.uploads.upload(key)
        self.uploads.clock.advance(PAST_ANY_LEASE)
        self.uploads.track()
        return sent.image_name
