"""What `on_schedule` does: a run of the tracker for each ledger."""

import logging
from collections.abc import Callable, Mapping

from image_import.config.credentials import read_credentials
from image_import.config.settings import Settings, read_settings
from image_import.errors import ImageImportError, ServiceError, SettingsError
from image_import.events.timer import ledger_buckets
from image_import.importing.results import of_error
from image_import.importing.runtime import (
    Runtime,
    log_result,
    make_invocation,
    prepare_logging,
)
from image_import.model.result import to_json
from image_import.notification.sender import NewsSender
from image_import.notification.texts import LANGUAGES
from image_import.tracking.tracker import Report, Tracker, Work

log = logging.getLogger("image_import")


def handle_schedule(
    event: bytes, context: object, *, environ: Mapping[str, str], runtime: Runtime
) -> str:
    """Do the work of `on_schedule` with an explicit environment."""
    settings = read_settings(environ)
    prepare_logging(settings)
    bugs: list[Exception] = []
    report = Report()
    for bucket in ledger_buckets(event, ledger_bucket=settings.ledger_bucket):
        tracker = make_tracker(
            settings, context, environ=environ, runtime=runtime, bucket=bucket
        )
        tracker.guard = keeping(bugs)
        try:
            with tracker.invocation.pool:
                report.add(tracker.run())
        except ServiceError as exc:
            log.warning("%s", to_json({"error_message": of_error(exc).reason}))
            raise
    log_run(report, context)
    if bugs:
        raise bugs[0]
    return report.to_json()


def log_run(report: Report, context: object) -> None:
    """Log what a run could not do, and the line that each run leaves."""
    for error in report.errors:
        log.warning("%s", to_json({"error_message": error}))
    log.info("%s", report.log_json(str(getattr(context, "request_id", "") or "")))


def make_tracker(
    settings: Settings,
    context: object,
    *,
    environ: Mapping[str, str],
    runtime: Runtime,
    bucket: str,
) -> Tracker:
    """Return what follows the imports whose ledgers are in one bucket.

    Raises:
        SettingsError: Nothing names the region.
    """
    region_id = settings.region_id or str(getattr(context, "region", "") or "")
    if not region_id:
        raise SettingsError(
            "REGION_ID holds nothing and no context names a region; set it to the "
            "region of the ledger's bucket, such as cn-hangzhou"
        )
    invocation = make_invocation(settings, context, environ=environ, runtime=runtime)
    credentials = read_credentials(getattr(context, "credentials", None), environ)
    return Tracker(
        invocation=invocation,
        lookups=lambda region: runtime.clients.ecs(
            settings, credentials, region, remaining=invocation.remaining
        ),
        region_id=region_id,
        bucket=bucket,
        make_sender=lambda: NewsSender(
            credentials,
            region_id=region_id,
            words=LANGUAGES[settings.notify_language],
            may_be_private=settings.notify_private,
            authorities=settings.ca_file if settings.notify_private else "",
        ),
        tell=lambda result: log_result(result, invocation.fc_request_id),
    )


def keeping(bugs: list[Exception]) -> Callable[[Work], int]:
    """Return what does a piece of work and keeps its bug until all is tried."""

    def guard(work: Work) -> int:
        try:
            return work()
        except ImageImportError:
            raise
        except Exception as exc:
            log.exception("a fault of ours; the next run tries again")
            bugs.append(exc)
            return 1

    return guard
