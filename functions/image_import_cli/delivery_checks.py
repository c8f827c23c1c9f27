"""What must be so of failed events and of the log: both go out of the function.

Source: "Asynchronous invocation", Function Compute documentation, read 2026-11: an
event that is older than allowed, or was tried as often, goes to the destination.
"""

from collections.abc import Iterator

from image_import_cli.account_facts import DeployedFunction, Facts
from image_import_cli.deployment import AsyncSettings, Function
from image_import_cli.faults import Fault, settings_file


def delivery_faults(
    held: DeployedFunction, model: Function, facts: Facts
) -> Iterator[Fault]:
    """Yield what lets events or the log get lost."""
    wanted = model.async_settings
    if held.on_failure:
        yield from _destination(held, wanted, facts)
        yield from _patience(held, wanted)
    else:
        yield Fault(
            text=f"{held.name} has no destination for failed events: they would be "
            "lost",
            status="warn",
        )
    yield from _log(held, facts)


def _destination(
    held: DeployedFunction, wanted: AsyncSettings, facts: Facts
) -> Iterator[Fault]:
    names = facts.names
    queue = wanted.on_failure.format(
        region_id=names.region_id,
        account_id=names.account_id,
        failure_queue=names.failure_queue,
    )
    if held.on_failure != queue:
        yield Fault(
            text=f"{held.name} sends failed events to {held.on_failure}, and doctor "
            f"was given --failure-queue {names.failure_queue}: its role's right is for "
            f"{queue}",
            before=f"if --failure-queue {names.failure_queue} is right, write it into "
            f"{settings_file(facts)}",
        )


def _patience(held: DeployedFunction, wanted: AsyncSettings) -> Iterator[Fault]:
    """Yield where an event is given up sooner than its trouble may pass."""
    limits = (
        ("maxAsyncRetryAttempts", held.max_retries, wanted.max_retries),
        (
            "maxAsyncEventAgeInSeconds",
            held.max_event_age_seconds,
            wanted.max_event_age_seconds,
        ),
    )
    for name, there, least in limits:
        if there is None or there < least:
            shown = "is not set" if there is None else f"is {there}"
            yield Fault(
                text=f"{name} of {held.name} {shown}, not {least}: an event is given "
                "up sooner than what it fails for may pass",
                status="warn",
            )


def _log(held: DeployedFunction, facts: Facts) -> Iterator[Fault]:
    names = facts.names
    there = (held.log_project, held.log_store)
    if not all(there):
        text = f"{held.name} keeps no log: nobody can read what it did and why"
        yield Fault(text=text, status="warn")
    elif there != (names.log_project, names.log_store):
        yield Fault(
            text=f"{held.name} logs to {'/'.join(there)}, and doctor was given "
            f"--log-project {names.log_project} and --log-store {names.log_store}: "
            "its role's right is for these",
            status="warn",
        )
