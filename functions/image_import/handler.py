"""What Function Compute calls."""

import logging
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from image_import.config.credentials import read_credentials
from image_import.config.settings import Settings, read_settings
from image_import.errors import EventError
from image_import.events.parser import parse_event
from image_import.importing import startup as collector
from image_import.importing.clients import Clients
from image_import.importing.pipeline import Invocation, import_record
from image_import.model.result import BAD, Outcome, Result, log_json, result_json

DEFAULT_TIMEOUT_SECONDS = 120.0
"""Where no context tells the function's time-out."""

POOL_SIZE = 56
"""Exchanges at once: a set of 17 disks has up to two reads and a note for each."""

log = logging.getLogger("image_import")


class RetryLater(Exception):  # noqa: N818 - it asks for a retry and is no fault
    """Makes Function Compute deliver the event again; the message is the result."""


class Runtime:
    """What outlives an invocation: connections and threads, never credentials."""

    def __init__(self) -> None:
        self.clients = Clients(pool_size=POOL_SIZE)
        self.pool = ThreadPoolExecutor(POOL_SIZE, thread_name_prefix="exchange")


_RUNTIME: list[Runtime] = []


def initialize(context: Any) -> None:  # noqa: ANN401, ARG001 - the platform's signature
    """Open nothing yet, but stop at once if a setting holds what it may not.

    Raises:
        SettingsError: Naming the variable, what it holds and what it may hold.
    """
    prepare_logging(read_settings(os.environ))
    runtime()


def on_object_created(event: bytes, context: Any) -> str:  # noqa: ANN401 - theirs
    """Import the images that an OSS object-created event speaks of.

    Args:
        event: JSON as the OSS trigger or EventBridge sends it.
        context: Function Compute's context; all of it is optional.

    Returns:
        `{"records": [...]}` as JSON, one object per record of the event.

    Raises:
        RetryLater: After all records were tried, if one of them may succeed later;
            its message is the same JSON.
        SettingsError: A setting holds what it may not.
    """
    return handle(event, context, environ=os.environ, runtime=runtime())


def handle(
    event: bytes, context: object, *, environ: Mapping[str, str], runtime: Runtime
) -> str:
    """Do the work of `on_object_created` with an explicit environment."""
    settings = read_settings(environ)
    prepare_logging(settings)
    invocation = make_invocation(settings, context, environ=environ, runtime=runtime)
    results, bugs = import_all(event, invocation)
    for result in results:
        log_result(result, invocation.fc_request_id)
    answer = result_json(results)
    if bugs:
        raise bugs[0]
    if any(result.outcome is Outcome.RETRYING for result in results):
        raise RetryLater(answer)
    return answer


def on_schedule(event: bytes, context: Any) -> str:  # noqa: ANN401 - theirs
    """Follow the imports that are under way, and deliver again what was left.

    Args:
        event: A timer's; its message names the buckets if LEDGER_BUCKET does not.
        context: Function Compute's context; all of it is optional.

    Returns:
        `{"changes": [...], "open": N}` as JSON: what became of which import, and how
        many are still under way; `errors` lists what could not be done this time.

    Raises:
        SettingsError: A setting holds what it may not.
        ServiceError: The ledger could not be listed.
    """
    from image_import.tracking.schedule import handle_schedule  # noqa: PLC0415 - cold start

    return handle_schedule(event, context, environ=os.environ, runtime=runtime())


def runtime() -> Runtime:
    """Return this instance's connections and threads; made at the first call."""
    if not _RUNTIME:
        _RUNTIME.append(Runtime())
    return _RUNTIME[0]


def make_invocation(
    settings: Settings,
    context: object,
    *,
    environ: Mapping[str, str],
    runtime: Runtime,
) -> Invocation:
    """Return what one call works with; credentials are read now, and only now."""
    credentials = read_credentials(getattr(context, "credentials", None), environ)
    clients = runtime.clients
    return Invocation(
        settings=settings,
        oss=lambda region_id: clients.oss(settings, credentials, region_id),
        ecs=lambda region_id: clients.ecs(settings, credentials, region_id),
        pool=runtime.pool,
        timeout_seconds=_timeout_seconds(context),
        fc_request_id=str(getattr(context, "request_id", "") or ""),
    )


def import_all(
    event: bytes, invocation: Invocation
) -> tuple[list[Result], list[Exception]]:
    """Try every record; what we did not foresee is kept until all were tried."""
    results: list[Result] = []
    bugs: list[Exception] = []
    try:
        records = parse_event(event)
    except EventError as exc:
        return [Result(outcome=Outcome.REFUSED, reason=str(exc))], []
    for record in records:
        try:
            results.append(import_record(record, invocation))
        except Exception as exc:
            log.exception("a fault of ours; the event will be delivered again")
            bugs.append(exc)
    return results, bugs


def log_result(result: Result, fc_request_id: str) -> None:
    """Log the one line of a record or a change."""
    level = logging.WARNING if result.outcome in BAD else logging.INFO
    log.log(level, "%s", log_json(result, fc_request_id=fc_request_id))


def prepare_logging(settings: Settings) -> None:
    """Set our level, and keep oss2 from writing headers and signed strings.

    oss2 logs each failed request at INFO, with the answer's StringToSign, and at
    DEBUG the request's headers with the security token.
    """
    log.setLevel(settings.log_level)
    logging.getLogger("oss2").setLevel(logging.CRITICAL)
    logging.getLogger("urllib3").setLevel(logging.WARNING)


def _timeout_seconds(context: object) -> float:
    """Return the function's time-out; the runtime gives it as text."""
    told = getattr(getattr(context, "function", None), "timeout", None)
    try:
        return float(told) if told else DEFAULT_TIMEOUT_SECONDS
    except (TypeError, ValueError):
        return DEFAULT_TIMEOUT_SECONDS


collector.resume()
