"""What must be so of the two functions.

Source: "Function states and invocation for custom images", Function Compute
documentation, and Function of its API 2023-03-30 (state, stateReason), read 2026-11: a
function that is Failed is not invoked.
"""

from collections.abc import Iterator

from image_import import ecs, oss
from image_import.errors import SettingsError
from image_import.settings import read_settings

from image_import_cli.account_facts import (
    DeployedFunction,
    Facts,
    Finding,
    Problem,
    untold,
)
from image_import_cli.delivery_checks import delivery_faults
from image_import_cli.deployment import FUNCTIONS, RUNTIMES, Function
from image_import_cli.environment_checks import environment_faults
from image_import_cli.faults import Fault, deploy_command

LEAST_SECONDS = (
    ecs.CONNECT_SECONDS + ecs.READ_SECONDS + oss.CONNECT_SECONDS + oss.READ_SECONDS
)
"""What one call to ECS and one to OSS may take; an import needs both."""


def function_findings(facts: Facts) -> Iterator[Finding]:
    """Yield what is wrong with the functions, or that nothing is."""
    for model, held in zip(FUNCTIONS, (facts.importer, facts.tracker), strict=True):
        if isinstance(held, Problem):
            yield _unseen(model.name, held, facts)
            continue
        faults = [
            fault.finding(model.name, facts) for fault in _faults(held, model, facts)
        ]
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


def _faults(held: DeployedFunction, model: Function, facts: Facts) -> Iterator[Fault]:
    yield from _itself(held, model)
    yield from _another_role(held, facts.importer)
    try:
        settings = read_settings(held.environment)
    except SettingsError as exc:
        yield Fault(text=str(exc))
    else:
        yield from environment_faults(held, settings, facts)
    yield from delivery_faults(held, model, facts)


def _another_role(
    held: DeployedFunction, importer: DeployedFunction | Problem
) -> Iterator[Fault]:
    """Yield that a function has another role than the importer, which is looked at."""
    if isinstance(importer, Problem) or not (held.role and importer.role):
        return
    if held.role != importer.role:
        text = f"{held.name} has the role {held.role}; it is {importer.role} of "
        text += f"{importer.name} whose rights were looked at"
        yield Fault(text=text, status="warn")


def _itself(held: DeployedFunction, model: Function) -> Iterator[Fault]:
    """Yield what is wrong with a function, whatever it is told."""
    if held.handler != model.handler:
        yield Fault(text=f"{held.name} runs {held.handler}, not {model.handler}")
    if held.runtime not in RUNTIMES:
        text = f"{held.name} runs on {held.runtime or 'nothing'}, not "
        yield Fault(text=text + " or ".join(RUNTIMES))
    if held.state == "Failed":
        why = held.state_reason or "it gives no reason"
        yield Fault(text=f"FC cannot run {held.name}, its state is Failed: {why}")
    if held.timeout_seconds < LEAST_SECONDS:
        text = f"the time-out of {held.name} is {held.timeout_seconds} s, less than "
        text += f"one call to ECS and one to OSS may take ({LEAST_SECONDS:.0f} s): an "
        yield Fault(text=text + "import may be cut off half-way", status="warn")
    if not held.role:
        text = f"{held.name} has no role: it gets no keys, and can neither read nor "
        yield Fault(text=text + "import anything")
