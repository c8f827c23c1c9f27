"""What must be so of the functions.

Source: "Function states and invocation for custom images", Function Compute
documentation, and Function of its API 2023-03-30 (state, stateReason), read 2026-11: a
function that is Failed is not invoked.
"""

from collections.abc import Iterator

from image_import.aliyun.ecs import client as ecs
from image_import.aliyun.oss import client as oss
from image_import.config.settings import Settings, read_settings
from image_import.errors import SettingsError

from image_import_cli.doctor.account.facts import (
    AccountFinding,
    DeployedFunction,
    Facts,
    Problem,
    untold,
)
from image_import_cli.doctor.checks.fault import (
    CheckFault,
    deploy_command,
    settings_file,
)
from image_import_cli.iam.deployment import (
    CONVERTER,
    FUNCTIONS,
    RUNTIMES,
    AsyncSettings,
    FunctionSpec,
)


def delivery_faults(
    held: DeployedFunction, model: FunctionSpec, facts: Facts
) -> Iterator[CheckFault]:
    """Yield what lets events or the log get lost."""
    wanted = model.async_settings
    if held.on_failure:
        yield from _destination(held, wanted, facts)
        yield from _retry(held, wanted)
    else:
        yield CheckFault(
            text=f"{held.name} has no destination for failed events: they would be "
            "lost",
            status="warn",
        )
    yield from _log(held, facts)


def _destination(
    held: DeployedFunction, wanted: AsyncSettings, facts: Facts
) -> Iterator[CheckFault]:
    names = facts.names
    queue = wanted.on_failure.format(
        region_id=names.region_id,
        account_id=names.account_id,
        failure_queue=names.failure_queue,
    )
    if held.on_failure != queue:
        yield CheckFault(
            text=f"{held.name} sends failed events to {held.on_failure}, and doctor "
            f"was given --failure-queue {names.failure_queue}: its role's right is for "
            f"{queue}",
            before=f"if --failure-queue {names.failure_queue} is right, write it into "
            f"{settings_file(facts)}",
        )


def _retry(held: DeployedFunction, wanted: AsyncSettings) -> Iterator[CheckFault]:
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
            yield CheckFault(
                text=f"{name} of {held.name} {shown}, not {least}: an event is given "
                "up sooner than what it fails for may pass",
                status="warn",
            )


def _log(held: DeployedFunction, facts: Facts) -> Iterator[CheckFault]:
    names = facts.names
    there = (held.log_project, held.log_store)
    if not all(there):
        text = f"{held.name} keeps no log: nobody can read what it did and why"
        yield CheckFault(text=text, status="warn")
    elif there != (names.log_project, names.log_store):
        yield CheckFault(
            text=f"{held.name} logs to {'/'.join(there)}, and doctor was given "
            f"--log-project {names.log_project} and --log-store {names.log_store}: "
            "its role's right is for these",
            status="warn",
        )


def environment_faults(
    held: DeployedFunction, settings: Settings, facts: Facts
) -> Iterator[CheckFault]:
    """Yield what a function's settings make go wrong."""
    file = settings_file(facts)
    is_converter = held.handler == CONVERTER.handler
    if settings.lease_seconds <= held.timeout_seconds and not is_converter:
        yield CheckFault(
            text=f"LEASE_SECONDS is {settings.lease_seconds}, the time-out "
            f"{held.timeout_seconds} s: a claim must outlive its invocation",
            before=f"LEASE_SECONDS: '{held.timeout_seconds + 60}' for both functions, "
            f"in {file}",
        )
    if settings.dry_run:
        yield CheckFault(
            text=f"{held.name} has DRY_RUN=true: it plans, and never imports anything",
            status="warn",
            before=f"if it should import, DRY_RUN: 'false' in {file}",
        )
    for name, option, there, here in _named(settings, facts):
        if there != here:
            yield CheckFault(
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


LEAST_SECONDS = (
    ecs.CONNECT_SECONDS + ecs.READ_SECONDS + oss.CONNECT_SECONDS + oss.READ_SECONDS
)
"""What one call to ECS and one to OSS may take; an import needs both."""


def function_findings(facts: Facts) -> Iterator[AccountFinding]:
    """Yield what is wrong with the functions, or that nothing is."""
    there = (facts.importer, facts.tracker, facts.converter)
    for model, held in zip(FUNCTIONS, there, strict=True):
        if isinstance(held, Problem):
            yield _unseen(model.name, held, facts)
            continue
        faults = [
            fault.finding(model.name, facts) for fault in _faults(held, model, facts)
        ]
        yield from faults or [
            AccountFinding(check=model.name, status="ok", text=f"{held.name} is set up")
        ]


def _unseen(check: str, problem: Problem, facts: Facts) -> AccountFinding:
    if not problem.is_missing:
        return untold(check, problem)
    mend = deploy_command(facts)
    if facts.fc_version == "2.0":
        mend = (
            f"aliyun ros GetStack --RegionId {facts.names.region_id} "
            '--StackId "$STACK_ID"\n'
            "# its Outputs name the Service: image-import doctor --service NAME"
        )
    return AccountFinding(check=check, status="fail", text=problem.what, mend=mend)


def _faults(
    held: DeployedFunction, model: FunctionSpec, facts: Facts
) -> Iterator[CheckFault]:
    yield from _itself(held, model)
    yield from _another_role(held, facts.importer)
    try:
        settings = read_settings(held.environment)
    except SettingsError as exc:
        yield CheckFault(text=str(exc))
    else:
        yield from environment_faults(held, settings, facts)
    yield from delivery_faults(held, model, facts)


def _another_role(
    held: DeployedFunction, importer: DeployedFunction | Problem
) -> Iterator[CheckFault]:
    """Yield that a function has another role than the importer, which is looked at."""
    if isinstance(importer, Problem) or not (held.role and importer.role):
        return
    if held.role != importer.role:
        text = f"{held.name} has the role {held.role}; it is {importer.role} of "
        text += f"{importer.name} whose rights were looked at"
        yield CheckFault(text=text, status="warn")


def _itself(held: DeployedFunction, model: FunctionSpec) -> Iterator[CheckFault]:
    """Yield what is wrong with a function, whatever it is told."""
    if held.handler != model.handler:
        yield CheckFault(text=f"{held.name} runs {held.handler}, not {model.handler}")
    if held.runtime not in RUNTIMES:
        text = f"{held.name} runs on {held.runtime or 'nothing'}, not "
        yield CheckFault(text=text + " or ".join(RUNTIMES))
    if held.state == "Failed":
        why = held.state_reason or "it gives no reason"
        yield CheckFault(text=f"FC cannot run {held.name}, its state is Failed: {why}")
    if held.timeout_seconds < LEAST_SECONDS:
        text = f"the time-out of {held.name} is {held.timeout_seconds} s, less than "
        text += f"one call to ECS and one to OSS may take ({LEAST_SECONDS:.0f} s): an "
        yield CheckFault(text=text + "import may be cut off half-way", status="warn")
    if not held.role:
        text = f"{held.name} has no role: it gets no keys, and can neither read nor "
        yield CheckFault(text=text + "import anything")
