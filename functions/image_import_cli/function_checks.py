"""What must be so of the two functions and their triggers.

Source: "Overview of OSS triggers", Function Compute documentation, read 2026-11: a
wildcard event fires for parts of an upload; a trigger on what the function writes
runs for ever.
"""

from collections.abc import Iterator

from image_import.errors import SettingsError
from image_import.settings import read_settings

from image_import_cli.account_facts import (
    DeployedFunction,
    DeployedTrigger,
    Facts,
    Finding,
    Problem,
    Status,
    untold,
)
from image_import_cli.deployment import (
    FUNCTIONS,
    OBJECT_CREATED,
    RUNTIMES,
    Function,
)


def deploy_command(facts: Facts) -> str:
    """Return what deploys again, from a clone; STACK_ID is the stack's."""
    if facts.fc_version == "3.0":
        return "s deploy -y"
    return (
        f"aliyun ros UpdateStack --RegionId {facts.names.region_id} "
        '--StackId "$STACK_ID" --UsePreviousParameters true '
        '--TemplateBody "$(cat template.yml)"'
    )


def function_findings(facts: Facts) -> Iterator[Finding]:
    """Yield what is wrong with the functions, or that nothing is."""
    for model, held in zip(FUNCTIONS, (facts.importer, facts.tracker), strict=True):
        if isinstance(held, Problem):
            yield _unseen(model.name, held, facts)
            continue
        faults = list(_function(held, model=model, facts=facts))
        yield from faults or [
            Finding(check=model.name, status="ok", text=f"{held.name} is set up")
        ]


def _unseen(check: str, problem: Problem, facts: Facts) -> Finding:
    if not problem.is_missing:
        return untold(check, problem)
    mend = deploy_command(facts)
    if facts.fc_version == "2.0":
        mend = (
            f"aliyun ros GetStack --RegionId {facts.names.region_id} "
            '--StackId "$STACK_ID"\n'
            "# its Outputs name the Service: image-import doctor --service NAME"
        )
    return Finding(check=check, status="fail", text=problem.what, mend=mend)


def _function(
    held: DeployedFunction, *, model: Function, facts: Facts
) -> Iterator[Finding]:
    again = deploy_command(facts)

    def fault(text: str, *, mend: str = again, status: Status = "fail") -> Finding:
        return Finding(check=model.name, status=status, text=text, mend=mend)

    if held.handler != model.handler:
        yield fault(f"{held.name} runs {held.handler}, not {model.handler}")
    if held.runtime not in RUNTIMES:
        wanted = " or ".join(RUNTIMES)
        yield fault(f"{held.name} runs on {held.runtime or 'nothing'}, not {wanted}")
    try:
        settings = read_settings(held.environment)
    except SettingsError as exc:
        yield fault(str(exc))
        return
    if settings.lease_seconds <= held.timeout_seconds:
        yield fault(
            f"LEASE_SECONDS is {settings.lease_seconds}, the time-out "
            f"{held.timeout_seconds} s: a claim must outlive its invocation",
            mend=f"# LEASE_SECONDS: '{held.timeout_seconds + 60}' for both functions, "
            f"in {_file(facts)}\n{again}",
        )
    named = {
        "LEDGER_BUCKET": (
            settings.ledger_bucket or facts.names.image_bucket,
            facts.names.ledger_bucket,
        ),
        "LEDGER_PREFIX": (settings.ledger_prefix, facts.names.ledger_prefix),
        "KEY_PREFIX": (settings.key_prefix, facts.names.key_prefix),
    }
    for name, (there, here) in named.items():
        if there != here:
            option = f"--{name.lower().replace('_', '-')}"
            yield fault(
                f"{held.name} has {name}={there}, and doctor was given {option} {here}",
                mend=f"# if {option} {here} is right, write it into {_file(facts)}\n"
                f"{again}",
            )
    if held.max_retries is None or not held.on_failure:
        yield fault(
            f"{held.name} has no destination for failed events: they would be lost",
            status="warn",
        )


def _file(facts: Facts) -> str:
    """Return what a setting is changed in."""
    return "s.yaml" if facts.fc_version == "3.0" else "the stack's parameters"


def trigger_findings(facts: Facts) -> Iterator[Finding]:
    """Yield what is wrong with what runs the functions, or that nothing is."""
    if isinstance(facts.importer, DeployedFunction):
        triggers = [t for t in facts.importer.triggers if t.kind == "oss"]
        about = [t for t in triggers if t.bucket == facts.names.image_bucket]
        if not about:
            yield _none("trigger", "no OSS trigger on the image bucket", facts)
        for trigger in about:
            faults = list(_oss_trigger(trigger, facts))
            yield from faults or [
                Finding(
                    check="trigger", status="ok", text=f"fires for {trigger.prefix}"
                )
            ]
    if isinstance(facts.tracker, DeployedFunction):
        timers = [t for t in facts.tracker.triggers if t.kind == "timer"]
        enabled = [t for t in timers if t.is_enabled]
        if not enabled:
            text = "no timer runs: nobody follows imports"
            yield _none("timer", text, facts)
        else:
            yield Finding(check="timer", status="ok", text="imports are followed")


def _none(check: str, text: str, facts: Facts) -> Finding:
    mend = deploy_command(facts)
    return Finding(check=check, status="fail", text=text, mend=mend)


def _oss_trigger(trigger: DeployedTrigger, facts: Facts) -> Iterator[Finding]:
    names = facts.names

    def fault(text: str, *, status: Status = "fail") -> Finding:
        mend = deploy_command(facts)
        return Finding(check="trigger", status=status, text=text, mend=mend)

    if any(event.endswith("*") for event in trigger.events):
        yield fault("fires for each part of an upload (ObjectCreated:*)")
    elif missing := set(OBJECT_CREATED) - set(trigger.events):
        yield fault(f"does not fire for {', '.join(sorted(missing))}")
    if not names.key_prefix.startswith(trigger.prefix):
        yield fault(f"fires for {trigger.prefix!r} and not for {names.key_prefix!r}")
    in_same_bucket = names.ledger_bucket == trigger.bucket
    if in_same_bucket and names.ledger_prefix.startswith(trigger.prefix):
        yield fault("fires for what the function writes to its ledger: without end")
    if trigger.suffix:
        text = f"fires for *{trigger.suffix} alone: sidecars and other images go unseen"
        yield fault(text, status="warn")
