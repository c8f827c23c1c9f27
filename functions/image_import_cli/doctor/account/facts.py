"""What there is in an account, as far as it could be seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from image_import_cli.iam.roles import (
    ECS_ROLE,
    NOTHING_AFTER,
    AfterAvailable,
    FcVersion,
    Names,
    OnAvailable,
    function_role_name,
    trigger_role_name,
)

Json = dict[str, Any]
Status = Literal["ok", "warn", "fail", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why something could not be seen.

    Attributes:
        code: The service's; "" if it was not asked.
        http_status: None if no answer came.
        is_missing: The service says that there is no such thing.
        is_beyond_reach: Nobody can see it from here, whatever the rights.
        is_of_other_region: It was asked with a signature for another region.
        mend: What it takes to see it, in words; commands if is_of_other_region.
    """

    what: str
    code: str = ""
    http_status: int | None = None
    is_missing: bool = False
    is_beyond_reach: bool = False
    is_of_other_region: bool = False
    mend: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketFacts:
    """A bucket.

    Attributes:
        policy: Its own; None where it has none, or where that is not to be seen.
        unseen: Why its policy is not to be seen, if so.
        is_described: Whether OSS told more of it than its region; if not, what is
            empty here is not known.
    """

    name: str
    region_id: str
    storage_class: str
    acl: str
    versioning: str
    encryption: str
    policy: Json | None
    unseen: str = ""
    is_described: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldRole:
    """A role with the documents of its policies."""

    name: str
    trust: Json
    policies: tuple[Json, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeployedTrigger:
    """A trigger; what another kind has not is empty."""

    kind: str
    bucket: str = ""
    events: tuple[str, ...] = ()
    prefix: str = ""
    suffix: str = ""
    role: str = ""
    is_enabled: bool = True
    schedule: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeployedFunction:
    """A function as it is deployed.

    Attributes:
        role: "" if it has none.
        max_retries: None where it is left to a default, as max_event_age_seconds is.
        on_failure: "" where failed events go nowhere.
        log_project: "" where no log is kept.
        state: As FC 3.0 calls it; "" where it is not told.
    """

    name: str
    handler: str
    runtime: str
    timeout_seconds: int
    environment: Mapping[str, str]
    role: str
    triggers: tuple[DeployedTrigger, ...]
    max_retries: int | None
    on_failure: str
    max_event_age_seconds: int | None = None
    log_project: str = ""
    log_store: str = ""
    state: str = ""
    state_reason: str = ""


def roles_in_use(importer: DeployedFunction | Problem, names: Names) -> tuple[str, str]:
    """Return the function's role and the trigger's, else those that `policy` names.

    A stack of ROS gives its roles names of their own.
    """
    function = function_role_name(names.service)
    trigger = trigger_role_name(names.service)
    if isinstance(importer, Problem):
        return function, trigger
    used = [trigger.role for trigger in importer.triggers if trigger.role]
    function = importer.role.rpartition("/")[2] or function
    return function, used[0].rpartition("/")[2] if used else trigger


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All that the checks go by.

    Attributes:
        names: What the deployment should be called.
        skew_seconds: How far this machine's clock is ahead of OSS's.
        dry_run: What ImportImage answers when it is asked to do nothing; its code is
            "" where it was not asked.
        uploaders: Who uploads, as policies of buckets name them.
        object_key: An uploaded image that the dry run named; "" if none was given.
        ecs_role_name: Of the role in which ECS reads, be it there or not.
        on_available, after: What the doctor's own options say of the settings.
    """

    names: Names
    fc_version: FcVersion
    on_available: OnAvailable
    image_bucket: BucketFacts | Problem
    ledger_bucket: BucketFacts | Problem
    skew_seconds: float | None
    importer: DeployedFunction | Problem
    tracker: DeployedFunction | Problem
    converter: DeployedFunction | Problem
    function_role: HeldRole | Problem
    trigger_role: HeldRole | Problem
    ecs_role: HeldRole | Problem
    dry_run: Problem
    uploaders: tuple[str, ...] = ()
    object_key: str = ""
    ecs_role_name: str = ECS_ROLE
    after: AfterAvailable = NOTHING_AFTER


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountFinding:
    """What one check found.

    Attributes:
        mend: The commands, a line each, or the words where no command does it.
        is_in_words: Whether `mend` is words.
        is_beyond_reach: It is unknown, and nobody can tell it from here.
    """

    check: str
    status: Status
    text: str
    mend: str = ""
    is_in_words: bool = False
    is_beyond_reach: bool = False


def sentences(*texts: str) -> str:
    """Return texts one after the other, each ended by one full stop, none twice."""
    said = ""
    for text in (text.rstrip(". ") for text in texts):
        if text and text not in said:
            said += f" {text}."
    return said.lstrip()


def untold(check: str, problem: Problem) -> AccountFinding:
    """Return the finding of a check that could not be made."""
    return AccountFinding(
        check=check,
        status="unknown",
        text=problem.what,
        mend=problem.mend,
        is_in_words=True,
        is_beyond_reach=problem.is_beyond_reach,
    )
