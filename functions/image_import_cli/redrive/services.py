"""The services of a redrive: where uploads are read from, and who imports them."""

import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path

import click
from image_import.aliyun.oss.client import ObjectMissing
from image_import.config.credentials import read_credentials
from image_import.config.settings import Settings
from image_import.events.parser import ObjectCreated
from image_import.importing import results
from image_import.importing.pipeline import import_record
from image_import.importing.runtime import Runtime, make_invocation
from image_import.ledger.clock import OssClock
from image_import.ledger.store import LedgerStore
from image_import.model.result import Result

from image_import_cli.aliyun.remote_function import Remote
from image_import_cli.aliyun.retry import retry_policy
from image_import_cli.delivery.batch import about
from image_import_cli.delivery.deployed import import_remotely
from image_import_cli.options.credentials import signed_environment
from image_import_cli.options.oss_url import is_place, read_place
from image_import_cli.redrive.ledgers import read_ledgers
from image_import_cli.redrive.messages import Given, read_given
from image_import_cli.redrive.redelivery import Redriving


class Services:
    """The services that one redrive reads from and delivers to."""

    def __init__(self, settings: Settings, *, remote: Remote | None) -> None:
        self._settings = settings
        self._environ = signed_environment()
        self._runtime = Runtime()
        self._clock = OssClock(time.monotonic)
        self._retry = retry_policy()
        self._is_remote = remote is not None
        self._deliver = import_remotely(remote) if remote else self._import_here
        credentials = read_credentials(None, self._environ)
        region_id = settings.region_id or ""
        self._oss = self._runtime.clients.oss(settings, credentials, region_id)

    def store_of(self, bucket: str) -> LedgerStore:
        """Return the ledgers of a bucket's images."""
        return LedgerStore(
            self._oss,
            bucket=self._settings.ledger_bucket or bucket,
            clock=self._clock,
            retry=self._retry,
        )

    def read(self, sources: tuple[str, ...], *, workers: int) -> Given:
        """Return what all sources hold."""
        given = Given()
        for source in sources:
            if is_place(source):
                more = self._read_place(source, workers)
            else:
                more = _read_file(source)
            given.merge(more, source=source)
        return given

    def _read_place(self, source: str, workers: int) -> Given:
        bucket, under = read_place(source, expected="oss://BUCKET/KEY or PREFIX")
        return read_ledgers(
            self.store_of(bucket),
            bucket=bucket,
            under=under,
            prefix=self._settings.ledger_prefix,
            workers=workers,
        )

    def redriving(self, *, is_dry: bool, is_sure: bool) -> Redriving:
        """Return what delivers one upload again."""
        return Redriving(
            store_of=self.store_of,
            clock=self._clock,
            prefix=self._settings.ledger_prefix,
            claim=secrets.token_hex(8),
            deliver=self._deliver_whole,
            is_dry=is_dry,
            is_sure=is_sure,
        )

    def _deliver_whole(self, upload: ObjectCreated) -> Result:
        """Deliver an upload with all that an event says."""
        size = upload.object_size_bytes
        if size is None and self._is_remote:
            try:
                size = self._retry.repeat(
                    lambda: self._oss.head(upload.bucket, upload.object_key)
                ).object_size_bytes
            except ObjectMissing:
                gone = results.ignored("stale: the object was deleted since")
                return about(gone, upload)
        region_id = upload.region_id or self._settings.region_id
        whole = replace(upload, region_id=region_id, object_size_bytes=size)
        return self._deliver(whole)

    def _import_here(self, upload: ObjectCreated) -> Result:
        invocation = make_invocation(
            self._settings, None, environ=self._environ, runtime=self._runtime
        )
        return import_record(upload, invocation)


def _read_file(source: str) -> Given:
    if source == "-":
        return read_given(sys.stdin.buffer)
    try:
        with Path(source).open("rb") as lines:
            return read_given(lines)
    except OSError as exc:
        raise click.UsageError(
            f"{source} cannot be read ({exc.strerror}); give a file, - for standard "
            "input, or oss://BUCKET/KEY"
        ) from exc
