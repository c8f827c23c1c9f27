"""What there is in an account, as far as it could be seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from image_import_cli.policies import FcVersion, Names, OnAvailable

Json = dict[str, Any]
Status = Literal["ok", "warn", "fail", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why something could not be seen.

    Attributes:
        code: The service's; "" if it was not asked.
        is_missing: The service says that there is no such thing.
    """

    what: str
    code: str = ""
    is_missing: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """A bucket.

    Attributes:
        policy: Its own; None where it has none, or where that is not to be seen.
        unseen: Why its policy is not to be seen, if so.
    """

    name: str
    region_id: str
    storage_class: str
    acl: str
    versioning: str
    encryption: str
    policy: Json | None
    unseen: str = ""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class DeployedFunction:
    """A function as it is deployed; None where it has no asynchronous settings."""

    name: str
    handler: str
    runtime: str
    timeout_seconds: int
    environment: Mapping[str, str]
    role: str
    triggers: tuple[DeployedTrigger, ...]
    max_retries: int | None
    on_failure: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All that the checks go by.

    Attributes:
        names: What the deployment should be called.
        skew_seconds: How far this machine's clock is ahead of OSS's.
        dry_run: What ImportImage answers when it is asked to do nothing; its code is
            "" where it was not asked.
    """

    names: Names
    fc_version: FcVersion
    on_available: OnAvailable
    image_bucket: Bucket | Problem
    ledger_bucket: Bucket | Problem
    skew_seconds: float | None
    importer: DeployedFunction | Problem
    tracker: DeployedFunction | Problem
    function_role: HeldRole | Problem
    trigger_role: HeldRole | Problem
    ecs_role: HeldRole | Problem
    dry_run: Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        mend: The command, or the words where no command does it.
    """

    check: str
    status: Status
    text: str
    mend: str = ""
