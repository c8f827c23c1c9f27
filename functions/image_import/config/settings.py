"""Every setting there is, one row each; and an environment in, one Settings out.

README's and docs' tables, templates, `s.yaml` and `--set` follow from these rows.
Credentials are no settings (see `credentials`); requests reads the proxy variables.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from image_import.config.receivers import NEWS_KINDS, Receiver, parse_receiver
from image_import.config.schema import Setting, setting
from image_import.config.types import (
    Kind,
    Unfit,
    endpoint,
    gib_range,
    headers,
    key_prefix,
    ledger_folder,
    listed,
    matching,
    one_of,
    oss_endpoint,
    pairs,
    some_of,
    true_or_false,
    whole_number,
)
from image_import.errors import SettingsError
from image_import.model.image_fields import (
    AFTER_AVAILABLE,
    GUARDED_FIELDS,
    LICENSE_TYPES,
)
from image_import.model.limits import TEMPLATE_FIELDS, check_tag, check_template
from image_import.model.targets import PUBLIC, TARGETS, Target

LONGEST_SHOWN = 100
"""Characters of a bad value that a message repeats."""


def _template(text: str) -> str:
    if fault := check_template(text):
        raise Unfit(f"{text!r}, which {fault}")
    return text


_URL = Kind(
    "a URL of scheme and host such as https://gateway.example.com:8443 (https if "
    "no scheme is given)",
    endpoint,
    pattern="https?://[A-Za-z0-9.-]+(:[1-9][0-9]{0,3}|:[1-5][0-9]{4}|:6[0-4][0-9]{3})?",
    example="https://gateway.example.com:8443",
)
_OSS_URL = replace(_URL, read=oss_endpoint)


def _family(text: str) -> str:
    names = {"stem", "folder", "platform", "architecture"}
    if not text.isprintable():
        raise ValueError(text)
    try:
        text.format(**dict.fromkeys(names, ""))
    except (ValueError, LookupError, AttributeError):
        raise ValueError(text) from None
    return text


def _regions(text: str) -> tuple[str, ...]:
    regions = listed(text)
    if not all(re.fullmatch(_REGION, region) for region in regions):
        raise ValueError(text)
    return tuple(dict.fromkeys(regions))


def _accounts(text: str) -> tuple[str, ...]:
    accounts = tuple(dict.fromkeys(listed(text)))
    if len(accounts) > MOST_ACCOUNTS or not all(
        re.fullmatch("[0-9]{8,20}", account) for account in accounts
    ):
        raise ValueError(text)
    return accounts


def _tags(text: str) -> dict[str, str]:
    tags = pairs(text)
    if len(tags) > MOST_TAGS:
        raise Unfit(f"{len(tags)} tags")
    for key, value in tags.items():
        if fault := check_tag(key, value):
            raise Unfit(f"{key}={value}, which {fault}")
    return tags


def _keys_by_region(text: str) -> dict[str, str]:
    keys = pairs(text)
    if not all(re.fullmatch(_REGION, r) and _KMS_KEY.fullmatch(keys[r]) for r in keys):
        raise ValueError(text)
    return keys


def _receivers(text: str) -> tuple[Receiver, ...]:
    try:
        return tuple(map(parse_receiver, text.replace(",", " ").split()))
    except ValueError as exc:
        raise Unfit(str(exc)) from None


_GIB_RANGE = Kind(
    "a range such as 5-500",
    gib_range,
    pattern="[1-9][0-9]{0,5}-[1-9][0-9]{0,5}",
    example="20-500",
)
_REGION = r"(?!oss-)[a-z][a-z0-9]*(-[a-z0-9]+)+"
_KMS_KEY = re.compile(r"[A-Za-z0-9_/-]{1,128}")
MOST_TAGS = 10
"""That an operator may choose of the 20 of an image; uploaders and provenance have
the others.
"""
MOST_ACCOUNTS = 50
"""With whom an image may be shared.

Source: "ModifyImageSharePermission", ECS API 2014-05-26, read 2026-12.
"""
_ID = matching(r"[\x21-\x7e]+", "an ID without spaces")
ONLY_ON_PUBLIC = (
    "IMAGE_FAMILY",
    "PROVENANCE_TAGS",
    "COPY_TO_REGIONS",
    "COPY_KMS_KEYS",
    "SHARE_WITH",
    "KEEP_LAST",
    "DELETE_DEPRECATED_AFTER",
)
"""Settings for which no public source shows that Apsara Stack has what they take."""
_BUCKET = matching(
    r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "a bucket's name: 3 to 63 lower-case letters, digits and hyphens",
)
_AROUND_HASH = rf"([^{{}}]|\{{({'|'.join(TEMPLATE_FIELDS)})\}})*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the operator has chosen; each field is the variable of that name.

    What a row with `of_target` says is to be read from `target`.

    Attributes:
        target: The target of IMPORT_TARGET, with all that other settings change in it.
        ecs_endpoint, oss_endpoint: "" stands for the region's (see `endpoints`).
    """

    target: Target
    import_target: str = setting(
        one_of(*TARGETS),
        default=PUBLIC.name,
        meaning="Which ImportImage is called: that of public Alibaba Cloud, of Apsara "
        "Stack's POP gateway, or the documented route of Apsara Stack.",
    )
    region_id: str = setting(
        matching(
            _REGION,
            "a region ID such as cn-hangzhou (without oss-)",
        ),
        default_note="the event's region",
        meaning="Region of the bucket and of the image.",
    )
    ecs_endpoint: str = setting(
        _URL,
        default_note="that of the region; on Apsara Stack it must be set",
        meaning="Where ImportImage is served.",
    )
    oss_endpoint: str = setting(
        _OSS_URL,
        default_note="that of the region; on Apsara Stack it must be set",
        meaning="Where the bucket is served, without the bucket's name. Set it for "
        "internal addresses and for finance-cloud regions.",
    )
    oss_signature_version: str | None = setting(
        one_of("v4", "v1"),
        meaning="How requests to OSS are signed.",
        of_target="oss_signature_version",
        is_offered=False,
    )
    oss_addressing: Literal["auto", "virtual", "path"] = setting(
        one_of("auto", "virtual", "path"),
        default="auto",
        meaning="Where the bucket stands in the URL: in the host name (virtual) or in "
        "the path; auto takes the path for IP addresses and localhost.",
        is_offered=False,
    )
    ecs_auth: str | None = setting(
        one_of("acs3", "rpc-v1", "roa-v1", "none"),
        meaning="How ImportImage is signed. The default of apsara-route is unverified: "
        "its page does not say how to sign.",
        of_target="auth",
        is_offered=False,
    )
    ecs_path: str | None = setting(
        matching(r"/[^\s?#]*", "a path that starts with /"),
        meaning="Path of the URL of ImportImage.",
        of_target="path",
        is_offered=False,
    )
    ecs_api_version: str | None = setting(
        matching(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a date such as 2014-05-26"),
        meaning="Version of the API that is asked for.",
        of_target="api_version",
        is_offered=False,
    )
    ecs_body_format: str | None = setting(
        one_of("form", "json"),
        meaning="Send the parameters in the body, in this format, not in the query.",
        of_target="body_format",
        is_offered=False,
    )
    ecs_headers: Mapping[str, str] = setting(
        Kind(
            'a JSON object of text such as {"x-acs-roleid": "1"}',
            headers,
            empty=MappingProxyType({}),
        ),
        is_secret=True,
        meaning="Further headers of every request to ECS, for gateways.",
        is_offered=False,
    )
    ecs_lookup: Literal["auto", "never", "pop"] = setting(
        one_of("auto", "never", "pop"),
        default="auto",
        meaning="How an image is looked up by its name: auto asks where ImportImage "
        "is served (not on apsara-route, where nothing documents it), never does not "
        "ask, pop asks a POP gateway by signed RPC (unverified for apsara-route).",
        is_offered=False,
    )
    ecs_lookup_endpoint: str = setting(
        _URL,
        default_note="ECS_ENDPOINT",
        meaning="The POP gateway for ECS_LOOKUP=pop.",
        is_offered=False,
    )
    ess_endpoint: str = setting(
        _URL,
        default_note="the public endpoint of the region",
        meaning="Where Auto Scaling is asked, before an image is deleted, whether a "
        "scaling configuration names it (DELETE_DEPRECATED_AFTER).",
        is_offered=False,
    )
    apsara_organization_id: str = setting(
        _ID,
        meaning="Sent as x-acs-organizationid on Apsara Stack.",
        is_offered=False,
    )
    apsara_resource_group_id: str = setting(
        _ID,
        meaning="Sent as x-acs-resourcegroupid on Apsara Stack.",
        is_offered=False,
    )
    extra_platforms: tuple[str, ...] = setting(
        Kind(
            "a comma list of platform names",
            listed,
            empty=(),
            pattern="[A-Za-z0-9 ._-]+(,[A-Za-z0-9 ._-]+)*",
            example="Others,Astra Linux",
        ),
        meaning="Platforms that this cloud takes beyond the documented list; they are "
        "inferred from names and contents as well.",
    )
    system_disk_gib: tuple[int, int] | None = setting(
        _GIB_RANGE,
        meaning="Lowest and highest DiskImageSize of a system disk.",
        of_target="system_disk_gib",
    )
    data_disk_gib: tuple[int, int] | None = setting(
        _GIB_RANGE,
        meaning="Lowest and highest DiskImageSize of a data disk.",
        of_target="data_disk_gib",
    )
    key_prefix: str = setting(
        Kind("a key prefix such as incoming/ (no / in front)", key_prefix),
        meaning="Objects outside of it are ignored.",
    )
    sidecar: Literal["optional", "required"] = setting(
        one_of("optional", "required"),
        default="optional",
        meaning="Whether an image waits for its sidecar.",
    )
    checksum: Literal["declared", "beside", "required"] = setting(
        one_of("declared", "beside", "required"),
        default="declared",
        meaning="Which checksums an upload is compared with: those that its sidecar or "
        "metadata state; also those of a file beside it, such as SHA256SUMS; with "
        "required an image waits until one is there.",
    )
    sidecar_may_set: frozenset[str] = setting(
        some_of(GUARDED_FIELDS),
        meaning="What uploaders may choose beyond the harmless.",
    )
    image_name_template: str = setting(
        Kind(
            "text with {hash}, and if you like {stem}, {key}, {folder}, {set}",
            _template,
            pattern=rf"{_AROUND_HASH}\{{hash\}}{_AROUND_HASH}",
            example="img-{hash}",
        ),
        default="{stem}-{hash}",
        meaning="Name of an image whose sidecar gives none: stem is the object's name "
        "without folder and extension, key all of it, set what the disks of one "
        "machine share; hash is short and differs for each version.",
    )
    role_name: str = setting(
        matching(
            r"[A-Za-z0-9._-]{1,64}",
            "1 to 64 letters, digits, '.', '_' and '-'",
            example="reads-images",
        ),
        default_note="not sent; ECS takes AliyunECSImageImportDefaultRole",
        meaning="The RAM role as which ECS reads the object.",
    )
    windows_license_type: str = setting(
        one_of(*LICENSE_TYPES),
        default_note="not sent",
        meaning="LicenseType of Windows images whose sidecar gives none.",
    )
    nvme_support: Literal["auto", "supported", "unsupported", "never"] = setting(
        one_of("auto", "supported", "unsupported", "never"),
        default="auto",
        meaning="Whether an image is said to start on instances whose disks are NVMe "
        "(Features.NvmeSupport): auto says so where a look inside found the driver; a "
        "sidecar or metadata come first.",
    )
    detection_strategy: str = setting(
        matching("Standard", "Standard", example="Standard"),
        default_note="not sent",
        meaning="Have ECS check each image after its import (DetectionStrategy): free, "
        "on public Alibaba Cloud, not for Windows. What it finds is told with the "
        "image, half an hour later at most.",
    )
    inspect: Literal["never", "auto", "always"] = setting(
        one_of("never", "auto", "always"),
        default="never",
        meaning="Whether to look into the image for its system: auto only where "
        "sidecar, metadata and name leave platform or architecture open.",
    )
    inspect_conflict: Literal["warn", "refuse"] = setting(
        one_of("warn", "refuse"),
        default="warn",
        meaning="What happens to a sidecar or metadata that contradict the image's "
        "contents: they count and a note says so, or the image is refused.",
    )
    inspect_seconds: int = setting(
        whole_number(1, 600, "seconds"),
        default="20",
        meaning="How long a look into an image may take; less where the function's "
        "time-out is near.",
    )
    inspect_mib: int = setting(
        whole_number(1, 1024, "MiB"),
        default="16",
        meaning="How much of an image may be read for it.",
    )
    ledger_bucket: str = setting(
        _BUCKET,
        default_note="the image's bucket",
        meaning="Where the ledger is kept.",
    )
    ledger_prefix: str = setting(
        Kind("a folder such as .image-import/ (no / in front)", ledger_folder),
        default=".image-import/",
        meaning="Folder of the ledger; what lies in it is never an image.",
    )
    lease_seconds: int = setting(
        whole_number(60, 86_400, "seconds"),
        default="300",
        meaning="How long a claim keeps other invocations out; more than the "
        "function's time-out.",
    )
    convert: Literal["auto", "never"] = setting(
        one_of("auto", "never"),
        default="auto",
        meaning="Whether a format that ECS does not take (VMDK, VHDX, VDI, archives, "
        "compressed files) is converted, or refused with the command that does it.",
    )
    convert_max_gib: int = setting(
        whole_number(1, 32_768, "GiB"),
        default="2048",
        meaning="The largest disk that is converted or unpacked.",
    )
    convert_wrap_compressed: bool = setting(
        true_or_false(),
        default="false",
        meaning="Whether compressed blocks stay as they are, with tables in front. It "
        "is unverified that ECS inflates them; else they are written anew.",
    )
    converted_bucket: str = setting(
        _BUCKET,
        default_note="the ledger's bucket",
        meaning="Where what is converted lies until its image is available, in the "
        "folder of LEDGER_PREFIX. No uploader may write there.",
        is_offered=False,
    )
    convert_keep: bool = setting(
        true_or_false(),
        default="false",
        meaning="Whether what was converted stays once its image is available.",
    )
    converter: bool = setting(
        true_or_false(),
        default="false",
        meaning="Whether a function with the handler on_conversion is started by the "
        "objects under jobs/ in the ledger. Without it only what OSS copies by itself "
        "is converted.",
    )
    on_available: Literal["keep", "tag", "delete"] = setting(
        one_of("keep", "tag", "delete"),
        default="keep",
        meaning="What happens to the uploaded object once its image is available.",
    )
    image_family: str = setting(
        Kind(
            "text, and if you like {stem}, {folder}, {platform} and {architecture}",
            _family,
            pattern=r"[^{}]*(\{(stem|folder|platform|architecture)\}[^{}]*)*",
            example="{platform}-{architecture}",
        ),
        default_note="none",
        meaning="Image family of each image, set once it is available everywhere.",
    )
    image_tags: Mapping[str, str] = setting(
        Kind(
            f"a comma list of up to {MOST_TAGS} tags such as team=web,stage=prod",
            _tags,
            empty=MappingProxyType({}),
            pattern=r"[^,=]+=[^,=]*(,[^,=]+=[^,=]*)*",
            example="team=web,stage=prod",
        ),
        default_note="none",
        meaning="Tags of each image and its copies; a sidecar's tag of the same key "
        "does not count.",
    )
    provenance_tags: bool = setting(
        true_or_false(),
        default="false",
        meaning="Whether each image and its copies have tags that say which upload "
        "they come from: bucket, key, ETag and revision, and the version of this "
        "program.",
    )
    copy_to_regions: tuple[str, ...] = setting(
        Kind(
            "a comma list of region IDs such as cn-beijing,ap-southeast-1",
            _regions,
            empty=(),
            pattern=r"[a-z0-9-]+(,[a-z0-9-]+)*",
            example="cn-beijing",
        ),
        default_note="none",
        meaning="Regions that each image is copied to once it is available.",
    )
    copy_kms_keys: Mapping[str, str] = setting(
        Kind(
            "a comma list of regions with a key ID such as cn-beijing=key-bjj66c2a",
            _keys_by_region,
            empty=MappingProxyType({}),
            pattern=r"[a-z0-9-]+=[A-Za-z0-9_/-]+(,[a-z0-9-]+=[A-Za-z0-9_/-]+)*",
            example="cn-beijing=key-bjj66c2a",
        ),
        default_note="copies are not encrypted",
        meaning="The KMS key of each region with which the copy there is encrypted.",
    )
    share_with: tuple[str, ...] = setting(
        Kind(
            "a comma list of account IDs, 50 at most",
            _accounts,
            empty=(),
            pattern=r"[0-9]{8,20}(,[0-9]{8,20})*",
            example="1234567890123456",
        ),
        default_note="nobody",
        meaning="Accounts that each image and its copies are shared with.",
    )
    keep_last: int = setting(
        replace(whole_number(1, 100, "images"), empty=0),
        default_note="all",
        meaning="How many images of one family, or else of one folder, stay in use "
        "when a newer one is distributed: older ones are deprecated.",
    )
    delete_deprecated_after: int = setting(
        replace(whole_number(1, 3650, "days"), empty=0),
        default_note="never",
        meaning="After how many days an image that KEEP_LAST deprecated is deleted, "
        "if nothing is known to need it.",
    )
    notify: tuple[Receiver, ...] = setting(
        Kind(
            "https:// URLs of webhooks and of robots of DingTalk, Feishu or WeCom, "
            "eventbridge://BUS, mns://ACCOUNT/queues/NAME or "
            "mns://ACCOUNT/topics/NAME, with spaces between; a secret that signs "
            "stands behind a #",
            _receivers,
            empty=(),
            pattern=r"[\x21-\x7e]+( [\x21-\x7e]+)*",
            example="eventbridge://images",
        ),
        meaning="Who is told what becomes of imports.",
        default_note="nobody",
        is_secret=True,
    )
    notify_on: frozenset[str] = setting(
        some_of(NEWS_KINDS),
        default="distributed,available,create_failed,refused,failed,stuck",
        meaning="What they are told.",
    )
    notify_language: Literal["en", "zh"] = setting(
        one_of("en", "zh"),
        default="en",
        meaning="The language of what robots are told.",
    )
    notify_private: bool = setting(
        true_or_false(),
        default="false",
        meaning="Whether a receiver may have a private address; else only public ones "
        "are called.",
    )
    stuck_after_seconds: int = setting(
        whole_number(600, 604_800, "seconds"),
        default="3600",
        meaning="How long an import may show no progress before it is called stuck.",
    )
    dry_run: bool = setting(
        true_or_false(),
        default="false",
        meaning="Plan only: nothing is called or written.",
    )
    log_level: str = setting(
        one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        default="INFO",
        meaning="What is logged.",
    )
    ca_file: str = setting(
        matching(r"/.*", "the absolute path of a PEM file"),
        default_note="the usual authorities",
        meaning="Certificate authorities for OSS and ECS.",
        is_offered=False,
    )
    tls_insecure: bool = setting(
        true_or_false(),
        default="false",
        meaning="Do not check certificates: anybody on the way can read and change "
        "what is sent.",
        is_offered=False,
    )

    @property
    def is_sidecar_required(self) -> bool:
        """Whether an image waits for its sidecar."""
        return self.sidecar == "required"

    @property
    def distributes(self) -> bool:
        """Whether anything is to be done with an image that is available."""
        tags_later = self.image_tags and "Tag" in self.target.lacks
        return bool(
            self.image_family
            or self.copy_to_regions
            or self.share_with
            or self.keep_last
            or tags_later
            or self.sidecar_may_set & AFTER_AVAILABLE
        )

    def converted_in(self, bucket: str) -> str:
        """Return the bucket of what is converted; the uploads are in `bucket`."""
        return self.converted_bucket or self.ledger_bucket or bucket

    @property
    def has_lookup(self) -> bool:
        """Whether an image can be looked up by its name."""
        if self.ecs_lookup == "auto":
            return self.target.has_lookup
        return self.ecs_lookup == "pop"


SETTINGS: tuple[Setting, ...] = tuple(
    replace(field.metadata["row"], name=field.name.upper())
    for field in fields(Settings)
    if field.metadata
)
"""The rows of Settings, in their order."""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings of an environment; an empty variable is an unset one.

    That of a function stays as it is while its instance lives, and is read once: 4 % of
    a warm event, profiled 2026-12.

    Raises:
        SettingsError: A variable holds what it may not, or two contradict.
    """
    return _read_all(frozenset(environ.items()))


@lru_cache(maxsize=1)
def _read_all(environ: frozenset[tuple[str, str]]) -> Settings:
    held = dict(environ)
    read = {
        row.name.lower(): _read(row, held.get(row.name, "").strip()) for row in SETTINGS
    }
    settings = Settings(target=_target(read), **read)
    _check_together(settings)
    return settings


def _read(row: Setting, text: str) -> Any:  # noqa: ANN401 - each kind has its type
    text = text or row.default
    if not text:
        return row.unset
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


def _target(read: Mapping[str, Any]) -> Target:
    """Return the target that is chosen, with what the settings change in it."""
    target = TARGETS[read["import_target"]]
    changed = {
        row.of_target: read[row.name.lower()]
        for row in SETTINGS
        if row.of_target and read[row.name.lower()] is not None
    }
    extra = read["extra_platforms"]
    platforms = tuple(dict.fromkeys(target.platforms + extra))
    return replace(target, platforms=platforms, **changed)


def _check_together(settings: Settings) -> None:
    target = settings.target
    for name in ("ECS_ENDPOINT", "OSS_ENDPOINT"):
        if target.is_apsara_stack and not getattr(settings, name.lower()):
            raise SettingsError(
                f"{name} holds nothing; for IMPORT_TARGET={target.name} it must hold "
                "the URL of your Apsara Stack's endpoint, which only its operator knows"
            )
    licence = settings.windows_license_type
    if licence and licence not in target.license_types:
        raise SettingsError(
            f"WINDOWS_LICENSE_TYPE holds {licence}; for IMPORT_TARGET={target.name} it "
            f"may hold {' or '.join(target.license_types)}"
        )
    if settings.key_prefix.startswith(settings.ledger_prefix):
        raise SettingsError(
            f"KEY_PREFIX holds {settings.key_prefix!r}, which lies in the ledger's "
            f"folder; it may hold any prefix outside of {settings.ledger_prefix}"
        )
    if target.is_apsara_stack and settings.detection_strategy:
        raise SettingsError(
            f"DETECTION_STRATEGY holds {settings.detection_strategy}; for "
            f"IMPORT_TARGET={target.name} it may hold nothing, for that ImportImage "
            "checks no images"
        )
    _check_after_available(settings)
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


def _check_after_available(settings: Settings) -> None:
    """Refuse what a target lacks, and what has no effect."""
    target = settings.target
    for name in ONLY_ON_PUBLIC:
        if target.is_apsara_stack and getattr(settings, name.lower()):
            raise SettingsError(
                f"{name} is set; with IMPORT_TARGET={target.name} it may hold nothing: "
                "only public Alibaba Cloud is known to have what it takes"
            )
    if settings.image_tags and not settings.has_lookup:
        raise SettingsError(
            f"IMAGE_TAGS is set; with IMPORT_TARGET={target.name} and without a "
            "look-up of images it may hold nothing: set ECS_LOOKUP=pop, or leave it out"
        )
    if settings.delete_deprecated_after and not settings.keep_last:
        raise SettingsError(
            "DELETE_DEPRECATED_AFTER is set without KEEP_LAST, which deprecates; it "
            "may hold nothing, or set KEEP_LAST to how many images stay in use"
        )
    idle = sorted(settings.copy_kms_keys.keys() - {*settings.copy_to_regions})
    if idle:
        raise SettingsError(
            f"COPY_KMS_KEYS names {', '.join(idle)}, which COPY_TO_REGIONS does not; "
            "it may hold keys of those regions only"
        )
