"""What must be so of what happens to an event that a function fails for."""

from collections.abc import Iterator

from image_import_cli.account_facts import DeployedFunction
from image_import_cli.faults import Fault


def delivery_faults(held: DeployedFunction) -> Iterator[Fault]:
    """Yield what lets events get lost."""
    if held.max_retries is None or not held.on_failure:
        yield Fault(
            text=f"{held.name} has no destination for failed events: they would be "
            "lost",
            status="warn",
        )
