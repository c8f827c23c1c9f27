"""Every setting there is: the one list behind `read_settings` and docs/reference.

Credentials are none of them (see `credentials`); requests reads the proxy variables.
"""

from dataclasses import dataclass

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
    some_of,
    true_or_false,
    whole_number,
)
from image_import.model.declaration import FIELDS
from image_import.model.limits import check_template
from image_import.model.targets import LICENSE_TYPES, PUBLIC, TARGETS


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One environment variable.

    Attributes:
        default: What an unset or empty variable stands for; "" for nothing.
        default_note: What happens then, where `default` does not say it.
        of_target: The field of Target that this setting replaces.
    """

    name: str
    kind: Kind
    meaning: str
    default: str = ""
    default_note: str = ""
    of_target: str = ""

    @property
    def allowed(self) -> str:
        """What the variable may hold, in words."""
        return self.kind.allowed

    @property
    def default_text(self) -> str:
        """What an unset variable means, in words."""
        if self.of_target:
            return ", ".join(
                f"{_text(getattr(target, self.of_target))} ({name})"
                for name, target in TARGETS.items()
            )
        return self.default or self.default_note


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return "neither" if value is None else str(value)


def _template(text: str) -> str:
    if fault := check_template(text):
        raise Unfit(f"{text!r}, which {fault}")
    return text


_URL = Kind(
    "a URL of scheme and host such as https://gateway.example.com:8443 (https if "
    "no scheme is given)",
    endpoint,
)
_GIB_RANGE = Kind("a range such as 5-500", gib_range)
_ID = matching(r"[\x21-\x7e]+", "an ID without spaces")

SETTINGS = (
    Setting(
        name="IMPORT_TARGET",
        kind=one_of(*TARGETS),
        default=PUBLIC.name,
        meaning="Which ImportImage is called: that of public Alibaba Cloud, of Apsara "
        "Stack's POP gateway, or the documented route of Apsara Stack.",
    ),
    Setting(
        name="REGION_ID",
        kind=matching(
            r"(?!oss-)[a-z][a-z0-9]*(-[a-z0-9]+)+",
            "a region ID such as cn-hangzhou (without oss-)",
        ),
        default_note="the event's region",
        meaning="Region of the bucket and of the image.",
    ),
    Setting(
        name="ECS_ENDPOINT",
        kind=_URL,
        default_note="public: that of the region; Apsara Stack: must be set",
        meaning="Where ImportImage is served.",
    ),
    Setting(
        name="OSS_ENDPOINT",
        kind=_URL,
        default_note="public: that of the region; Apsara Stack: must be set",
        meaning="Where the bucket is served, without the bucket's name. Set it for "
        "internal addresses and for finance-cloud regions.",
    ),
    Setting(
        name="OSS_SIGNATURE_VERSION",
        kind=one_of("v4", "v1"),
        meaning="How requests to OSS are signed.",
        of_target="oss_signature_version",
    ),
    Setting(
        name="OSS_ADDRESSING",
        kind=one_of("auto", "virtual", "path"),
        default="auto",
        meaning="Where the bucket stands in the URL: in the host name (virtual) or in "
        "the path; auto takes the path for IP addresses and localhost.",
    ),
    Setting(
        name="ECS_AUTH",
        kind=one_of("acs3", "rpc-v1", "roa-v1", "none"),
        meaning="How ImportImage is signed. The default of apsara-route is unverified: "
        "its page does not say how to sign.",
        of_target="auth",
    ),
    Setting(
        name="ECS_PATH",
        kind=matching(r"/[^\s?#]*", "a path that starts with /"),
        meaning="Path of the URL of ImportImage.",
        of_target="path",
    ),
    Setting(
        name="ECS_API_VERSION",
        kind=matching(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a date such as 2014-05-26"),
        meaning="Version of the API that is asked for.",
        of_target="api_version",
    ),
    Setting(
        name="ECS_BODY_FORMAT",
        kind=one_of("form", "json"),
        meaning="Send the parameters in the body, in this format, not in the query.",
        of_target="body_format",
    ),
    Setting(
        name="ECS_HEADERS",
        kind=Kind('a JSON object of text such as {"x-acs-roleid": "1"}', headers),
        meaning="Further headers of every request to ECS, for gateways.",
    ),
    Setting(
        name="ECS_LOOKUP",
        kind=one_of("auto", "never", "pop"),
        default="auto",
        meaning="How an image is looked up by its name: auto asks where ImportImage "
        "is served (not on apsara-route, where nothing documents it), never does not "
        "ask, pop asks a POP gateway by signed RPC (unverified for apsara-route).",
    ),
    Setting(
        name="ECS_LOOKUP_ENDPOINT",
        kind=_URL,
        default_note="ECS_ENDPOINT",
        meaning="The POP gateway for ECS_LOOKUP=pop.",
    ),
    Setting(
        name="APSARA_ORGANIZATION_ID",
        kind=_ID,
        meaning="Sent as x-acs-organizationid on Apsara Stack.",
    ),
    Setting(
        name="APSARA_RESOURCE_GROUP_ID",
        kind=_ID,
        meaning="Sent as x-acs-resourcegroupid on Apsara Stack.",
    ),
    Setting(
        name="EXTRA_PLATFORMS",
        kind=Kind("a comma list of platform names", listed),
        meaning="Platforms that this cloud takes beyond the documented list.",
    ),
    Setting(
        name="SYSTEM_DISK_GIB",
        kind=_GIB_RANGE,
        meaning="Lowest and highest DiskImageSize of a system disk.",
        of_target="system_disk_gib",
    ),
    Setting(
        name="DATA_DISK_GIB",
        kind=_GIB_RANGE,
        meaning="Lowest and highest DiskImageSize of a data disk.",
        of_target="data_disk_gib",
    ),
    Setting(
        name="KEY_PREFIX",
        kind=Kind("a key prefix such as incoming/ (no / in front)", key_prefix),
        meaning="Objects outside of it are ignored.",
    ),
    Setting(
        name="SIDECAR",
        kind=one_of("optional", "required"),
        default="optional",
        meaning="Whether an image waits for its sidecar.",
    ),
    Setting(
        name="SIDECAR_MAY_SET",
        kind=some_of(FIELDS),
        meaning="What uploaders may choose beyond the harmless: RoleName, RegionId.",
    ),
    Setting(
        name="IMAGE_NAME_TEMPLATE",
        kind=Kind(
            "text with {hash}, and if you like {stem}, {key}, {folder}, {set}",
            _template,
        ),
        default="{stem}-{hash}",
        meaning="Name of an image whose sidecar gives none: stem is the object's name "
        "without folder and extension, key all of it, set what the disks of one "
        "machine share; hash is short and differs for each version.",
    ),
    Setting(
        name="ROLE_NAME",
        kind=matching(
            r"[A-Za-z0-9._-]{1,64}", "1 to 64 letters, digits, '.', '_' and '-'"
        ),
        default_note="not sent; ECS takes AliyunECSImageImportDefaultRole",
        meaning="The RAM role as which ECS reads the object.",
    ),
    Setting(
        name="WINDOWS_LICENSE_TYPE",
        kind=one_of(*LICENSE_TYPES),
        default_note="not sent",
        meaning="LicenseType of Windows images whose sidecar gives none.",
    ),
    Setting(
        name="INSPECT",
        kind=one_of("never", "auto", "always"),
        default="never",
        meaning="Whether to look into the image for its system: auto only where "
        "sidecar, metadata and name leave platform or architecture open.",
    ),
    Setting(
        name="INSPECT_CONFLICT",
        kind=one_of("warn", "refuse"),
        default="warn",
        meaning="What happens to a sidecar or metadata that contradict the image's "
        "contents: they count and a note says so, or the image is refused.",
    ),
    Setting(
        name="INSPECT_SECONDS",
        kind=whole_number(1, 600, "seconds"),
        default="20",
        meaning="How long a look into an image may take; less where the function's "
        "time-out is near.",
    ),
    Setting(
        name="INSPECT_MIB",
        kind=whole_number(1, 1024, "MiB"),
        default="16",
        meaning="How much of an image may be read for it.",
    ),
    Setting(
        name="LEDGER_BUCKET",
        kind=matching(
            r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
            "a bucket's name: 3 to 63 lower-case letters, digits and hyphens",
        ),
        default_note="the image's bucket",
        meaning="Where the ledger is kept.",
    ),
    Setting(
        name="LEDGER_PREFIX",
        kind=Kind("a folder such as .image-import/ (no / in front)", ledger_folder),
        default=".image-import/",
        meaning="Folder of the ledger; what lies in it is never an image.",
    ),
    Setting(
        name="LEASE_SECONDS",
        kind=whole_number(60, 86_400, "seconds"),
        default="300",
        meaning="How long a claim keeps other invocations out; more than the "
        "function's time-out.",
    ),
    Setting(
        name="ON_AVAILABLE",
        kind=one_of("keep", "tag", "delete"),
        default="keep",
        meaning="What happens to the uploaded object once its image is available.",
    ),
    Setting(
        name="STUCK_AFTER_SECONDS",
        kind=whole_number(600, 604_800, "seconds"),
        default="3600",
        meaning="How long an import may show no progress before it is called stuck.",
    ),
    Setting(
        name="DRY_RUN",
        kind=true_or_false(),
        default="false",
        meaning="Plan only: nothing is called or written.",
    ),
    Setting(
        name="LOG_LEVEL",
        kind=one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        default="INFO",
        meaning="What is logged.",
    ),
    Setting(
        name="CA_FILE",
        kind=matching(r"/.*", "the absolute path of a PEM file"),
        default_note="the usual authorities",
        meaning="Certificate authorities for OSS and ECS.",
    ),
    Setting(
        name="TLS_INSECURE",
        kind=true_or_false(),
        default="false",
        meaning="Do not check certificates: anybody on the way can read and change "
        "what is sent.",
    ),
)
