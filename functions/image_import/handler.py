"""What Function Compute calls."""

from image_import.importing import startup

# isort: split

import os
from collections.abc import Callable, Mapping
from typing import Any

from image_import.config.settings import read_settings
from image_import.importing.pipeline import import_event
from image_import.importing.runtime import (
    Invocation,
    Runtime,
    log_result,
    make_invocation,
    prepare_logging,
)
from image_import.model.result import Outcome, Result, result_json


class RetryLater(Exception):  # noqa: N818 - it asks for a retry and is no fault
    """Makes Function Compute deliver the event again; the message is the result."""


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
    return _done(import_event, event, context, environ=environ, runtime=runtime)


def on_conversion(event: bytes, context: Any) -> str:  # noqa: ANN401 - theirs
    """Convert what does not pass through OSS alone, and import it when it is whole.

    Args:
        event: JSON as the OSS trigger on the folder of jobs sends it.
        context: Function Compute's context; all of it is optional.

    Returns:
        As `on_object_created` does, one object per job.

    Raises:
        RetryLater: A job is not finished; delivered again, it goes on where it was.
        SettingsError: A setting holds what it may not.
    """
    return convert(event, context, environ=os.environ, runtime=runtime())


def convert(
    event: bytes, context: object, *, environ: Mapping[str, str], runtime: Runtime
) -> str:
    """Do the work of `on_conversion` with an explicit environment."""
    from image_import.importing.conversion.converter import (  # noqa: PLC0415 - cold start
        do_jobs,
    )

    return _done(do_jobs, event, context, environ=environ, runtime=runtime)


def _done(
    work: Callable[[bytes, Invocation], tuple[list[Result], list[Exception]]],
    event: bytes,
    context: object,
    *,
    environ: Mapping[str, str],
    runtime: Runtime,
) -> str:
    """Do the work, log each result, and return or raise what the platform is told."""
    settings = read_settings(environ)
    prepare_logging(settings)
    invocation = make_invocation(settings, context, environ=environ, runtime=runtime)
    with invocation.pool:
        results, bugs = work(event, invocation)
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


startup.resume()
