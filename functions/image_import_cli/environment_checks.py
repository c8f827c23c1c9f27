"""What must be so of the settings that a function has in its environment."""

from collections.abc import Iterator

from image_import.settings import Settings

from image_import_cli.account_facts import DeployedFunction, Facts
from image_import_cli.faults import Fault, settings_file


def environment_faults(
    held: DeployedFunction, settings: Settings, facts: Facts
) -> Iterator[Fault]:
    """Yield what a function's settings make go wrong."""
    file = settings_file(facts)
    if settings.lease_seconds <= held.timeout_seconds:
        yield Fault(
            text=f"LEASE_SECONDS is {settings.lease_seconds}, the time-out "
            f"{held.timeout_seconds} s: a claim must outlive its invocation",
            before=f"LEASE_SECONDS: '{held.timeout_seconds + 60}' for both functions, "
            f"in {file}",
        )
    if settings.dry_run:
        yield Fault(
            text=f"{held.name} has DRY_RUN=true: it plans, and never imports anything",
            status="warn",
            before=f"if it should import, DRY_RUN: 'false' in {file}",
        )
    for name, option, there, here in _named(settings, facts):
        if there != here:
            yield Fault(
                text=f"{held.name} has {name}={there}, and doctor was given {option} "
                f"{here}",
                before=f"if {option} {here} is right, write it into {file}",
            )


def _named(settings: Settings, facts: Facts) -> Iterator[tuple[str, str, str, str]]:
    """Yield setting, option, what the function has and what the doctor was given."""
    names = facts.names
    bucket = settings.ledger_bucket or names.image_bucket
    yield (
        "REGION_ID",
        "--region",
        settings.region_id or names.region_id,
        names.region_id,
    )
    yield "LEDGER_BUCKET", "--ledger-bucket", bucket, names.ledger_bucket
    yield (
        "LEDGER_PREFIX",
        "--ledger-prefix",
        settings.ledger_prefix,
        names.ledger_prefix,
    )
    yield "KEY_PREFIX", "--key-prefix", settings.key_prefix, names.key_prefix
