"""Environment variables in, one checked Settings out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from image_import.config.schema import SETTINGS, Setting
from image_import.config.types import Unfit
from image_import.errors import SettingsError
from image_import.model.targets import PUBLIC, TARGETS, Target

LONGEST_SHOWN = 100
"""Characters of a bad value that a message repeats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the operator has chosen; each field is the variable of that name.

    Attributes:
        target: IMPORT_TARGET, with all that other settings change about it.
        region_id: "" stands for the event's region.
        ecs_endpoint, oss_endpoint: "" stands for the region's (see `endpoints`).
        ledger_bucket: "" stands for the image's own.
        ecs_headers: May hold secrets.
    """

    target: Target
    region_id: str = ""
    ecs_endpoint: str = ""
    oss_endpoint: str = ""
    oss_addressing: Literal["auto", "virtual", "path"] = "auto"
    ecs_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ecs_lookup: Literal["auto", "never", "pop"] = "auto"
    ecs_lookup_endpoint: str = ""
    apsara_organization_id: str = ""
    apsara_resource_group_id: str = ""
    key_prefix: str = ""
    sidecar: Literal["optional", "required"] = "optional"
    sidecar_may_set: frozenset[str] = frozenset()
    image_name_template: str
    role_name: str = ""
    windows_license_type: str = ""
    inspect: Literal["never", "auto", "always"]
    inspect_conflict: Literal["warn", "refuse"]
    inspect_seconds: int
    inspect_mib: int
    ledger_bucket: str = ""
    ledger_prefix: str
    lease_seconds: int
    on_available: Literal["keep", "tag", "delete"]
    stuck_after_seconds: int
    dry_run: bool
    log_level: str
    ca_file: str = ""
    tls_insecure: bool

    @property
    def is_sidecar_required(self) -> bool:
        """Whether an image waits for its sidecar."""
        return self.sidecar == "required"

    @property
    def has_lookup(self) -> bool:
        """Whether an image can be looked up by its name."""
        if self.ecs_lookup == "auto":
            return self.target.has_lookup
        return self.ecs_lookup == "pop"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings of an environment; an empty variable is an unset one.

    Raises:
        SettingsError: A variable holds what it may not, or two contradict.
    """
    read = {row.name: _read(row, environ.get(row.name, "").strip()) for row in SETTINGS}
    given = {row: read[row.name] for row in SETTINGS if read[row.name] is not None}
    own = {row.name.lower(): value for row, value in given.items() if not _moved(row)}
    settings = Settings(target=_target(given), **own)
    _check_together(settings)
    return settings


def _moved(row: Setting) -> bool:
    """Whether a setting ends up inside of `Settings.target`."""
    return bool(row.of_target) or row.name in {"IMPORT_TARGET", "EXTRA_PLATFORMS"}


def _read(row: Setting, text: str) -> Any:  # noqa: ANN401 - each kind has its type
    text = text or row.default
    if not text:
        return None
    try:
        return row.kind.read(text)
    except Unfit as exc:
        held = str(exc)
    except ValueError:
        held = repr(_shown(text))
    raise SettingsError(f"{row.name} holds {held}; it may hold {row.allowed}")


def _shown(text: str) -> str:
    """Return a value as a message may repeat it: short, without a password."""
    safe = re.sub(r"//[^/]*@", "//***@", text)
    return safe if len(safe) <= LONGEST_SHOWN else f"{safe[:LONGEST_SHOWN]}..."


def _target(given: Mapping[Setting, Any]) -> Target:
    by_name = {row.name: value for row, value in given.items()}
    target = TARGETS[by_name["IMPORT_TARGET"]]
    extra = by_name.get("EXTRA_PLATFORMS", ())
    changed = {row.of_target: value for row, value in given.items() if row.of_target}
    return replace(
        target, platforms=tuple(dict.fromkeys(target.platforms + extra)), **changed
    )


def _check_together(settings: Settings) -> None:
    target = settings.target
    for name in ("ECS_ENDPOINT", "OSS_ENDPOINT"):
        if target.name != PUBLIC.name and not getattr(settings, name.lower()):
            raise SettingsError(
                f"{name} holds nothing; for IMPORT_TARGET={target.name} it must hold "
                "the URL of your Apsara Stack's endpoint, which only its operator knows"
            )
    if settings.key_prefix.startswith(settings.ledger_prefix):
        raise SettingsError(
            f"KEY_PREFIX holds {settings.key_prefix!r}, which lies in the ledger's "
            f"folder; it may hold any prefix outside of {settings.ledger_prefix}"
        )
    if (target.auth, target.body_format) == ("rpc-v1", "json"):
        raise SettingsError(
            "ECS_BODY_FORMAT holds json, which the signature of ECS_AUTH=rpc-v1 would "
            "not cover; it may hold form, or nothing"
        )
    if settings.tls_insecure and settings.ca_file:
        raise SettingsError(
            "TLS_INSECURE holds true although CA_FILE is set; it may hold false, so "
            "that CA_FILE is used, or CA_FILE may hold nothing"
        )
