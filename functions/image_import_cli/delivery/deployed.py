"""Images that the deployed function imports, one event for each."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone

from image_import.events.parser import ObjectCreated
from image_import.ledger.entries import to_text
from image_import.model.result import Outcome, Result

from image_import_cli.aliyun.events import native_event
from image_import_cli.aliyun.remote_function import Remote, results_of
from image_import_cli.delivery.batch import about

ANY_ACCOUNT = "0"


def import_remotely(
    remote: Remote,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> Callable[[ObjectCreated], Result]:
    """Return what has one image imported by the deployed function."""

    def import_one(record: ObjectCreated) -> Result:
        stamped = replace(record, event_time=to_text(now()))
        event = native_event(stamped, account_id=ANY_ACCOUNT)
        results = results_of(remote.invoke(json.dumps(event).encode()))
        return results[0] if results else _nothing(record)

    return import_one


def _nothing(record: ObjectCreated) -> Result:
    nothing = Result(outcome=Outcome.FAILED, reason="the function answered no record")
    return about(nothing, record)
