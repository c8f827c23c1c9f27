"""What each error code means, what to do, and whether asking again helps.

Room: core.
"""

from dataclasses import dataclass
from typing import Literal

from image_import.catalogue_table import ECS_ROWS, OSS_ROWS, TRANSPORT_ROWS

Kind = Literal["permanent", "configuration", "transient", "perhaps-already-done"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """One error code, explained.

    Attributes:
        code: As the service writes it; `Throttling*` stands for all that begin so.
        who: `uploader`, `operator` (of the function), `account` (its owner),
            `nobody` (it passes).
        kind: `permanent` until the object or its sidecar changes, `configuration`
            until somebody changes the account or the function, `transient`, or
            `perhaps-already-done`.
        perhaps_done: The request may have taken effect all the same.
    """

    service: str
    code: str
    cause: str
    fix: str
    who: str
    kind: Kind
    perhaps_done: bool = False


def _rows(service: str, table: str) -> list[Explanation]:
    return [_row(service, line) for line in table.strip().splitlines()]


def _row(service: str, line: str) -> Explanation:
    codes, kind, who, cause, fix = (cell.strip() for cell in line.split("|"))
    is_doubtful = kind.endswith("?")
    return Explanation(
        service=service,
        code=codes,
        cause=cause,
        fix=fix,
        who=who,
        kind=kind.rstrip("?"),  # type: ignore[arg-type]
        perhaps_done=is_doubtful or kind == "perhaps-already-done",
    )


CATALOGUE = [
    *_rows("ECS", ECS_ROWS),
    *_rows("OSS", OSS_ROWS),
    *_rows("transport", TRANSPORT_ROWS),
]
_BY_CODE = {(row.service, row.code.lower()): row for row in CATALOGUE}
_BY_PREFIX = [
    (row.service, row.code.lower().rstrip("*"), row)
    for row in CATALOGUE
    if row.code.endswith("*")
]


def explain(service: str, code: str, http_status: int | None = None) -> Explanation:
    """Return what is known of a code; an unknown one is told by its HTTP status.

    Args:
        service: "ECS", "OSS" or "transport".
        code: In any case; services are not consistent.
        http_status: None if there was no answer; then transport's codes count too.
    """
    folded = code.lower()
    owners = (service, "transport") if http_status is None else (service,)
    for owner in owners:
        if known := _BY_CODE.get((owner, folded)):
            return known
    for owner, prefix, row in _BY_PREFIX:
        if owner == service and folded.startswith(prefix):
            return row
    return _unknown(service, code, http_status)


def _unknown(service: str, code: str, http_status: int | None) -> Explanation:
    is_theirs = http_status is None or http_status >= 500 or http_status in {408, 429}
    if is_theirs:
        return Explanation(
            service=service,
            code=code,
            cause=f"{service} did not answer as it should.",
            fix="Nothing yet; it is tried again.",
            who="nobody",
            kind="transient",
            perhaps_done=http_status != 429,
        )
    return Explanation(
        service=service,
        code=code,
        cause="This code is in none of the documentation that we know.",
        fix=f"Look it up in the API error center of {service} by its request ID.",
        who="operator",
        kind="permanent",
    )
