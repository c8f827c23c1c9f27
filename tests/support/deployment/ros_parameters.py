"""What a template lets somebody choose, and what not."""

import re
from collections.abc import Iterator
from typing import Any

from deployment.model import SAFE_CHOICE, SAME_CHOICE
from deployment.ros_file import GIVEN, Template
from deployment.ros_made import THERE
from image_import.config.settings import read_settings
from image_import.errors import SettingsError
from image_import_cli.iam.deployment import ENVIRONMENT, RUNTIMES

Json = Any

# Whether the stack makes something, or finds it.
SWITCHES = (
    "LedgerBucketIs",
    "EcsRoleIs",
    "LogProjectIs",
    "LogStoreIs",
    "FailureQueueIs",
)
TOLD = ("NotifyQueue", "NotifyTopic", "NotifyBus")
"""What a stack adds to NOTIFY, and grants."""
SAFE = {SAME_CHOICE[ours]: value for ours, value in SAFE_CHOICE.items()}
# What nobody may give for a parameter; "" would watch or allow everything.
BAD_VALUES = {
    "ImageBucket": ("", "a/b", "UPPER", "*"),
    "LedgerBucket": ("", "a/b", "UPPER", "*"),
    "KeyPrefix": ("", "/incoming/", "incoming", "in coming/", "in*/", "in?/", "*/"),
    "LedgerPrefix": ("", "/x/", "x", "*/"),
    "LogStore": ("", "*", "a/b", "UPPER"),
    "FailureQueue": ("", "*", "a/b"),
    "ImageNameTemplate": ("", "{stem}", "{foo}{hash}", "{hash}{", "{stem:9}{hash}"),
    "TrackerSchedule": ("", "5m", "@every 24h", "* * *", "a b c d e f"),
    "CodeUri": ("", "./build/x.zip", "oss://bucket/", "oss://bucket/x.tar"),
    "CodeBucket": ("", "a/b", "UPPER"),
    "CodeKey": ("", "/x.zip", "x.tar", "a b.zip"),
    "LogProject": ("", "a/b", "UPPER"),
    "NotifyQueue": ("*", "a/b", "-a", "x" * 256),
    "NotifyTopic": ("*", "a/b", "-a", "x" * 256),
    "AlertsTo": ("*", "a/b", ".a", "x" * 61),
    "NotifyBus": ("*", "a/b", "-a", "x" * 128),
    "SidecarMaySet": ("*", "RoleName;RegionId", "RoleName,", "Tag"),
    "ImportRoleName": ("*", "a/b", "acs:ram::1:role/x", "x" * 65),
    "ExtraPlatforms": (",", "Kylin,", "a\nb"),
    "SystemDiskGib": ("5", "0-5", "5-", "-5", "five"),
    "DataDiskGib": ("5", "0-5", "5-", "-5", "five"),
    "InspectSeconds": ("", "0", "601", "1000", "a while"),
    "InspectMib": ("", "0", "1025", "10000", "1 GiB"),
    "StuckAfterSeconds": ("", "60", "599", "604801", "1000000", "1h"),
    "OssEndpoint": ("oss", "ftp://x", "https://u:p@x", "https://x/y", "https://x:0"),
    "EcsEndpoint": ("ecs", "ftp://x", "https://u:p@x", "https://x:99999"),
}
# What is just allowed; the function takes it, too.
EDGES = {
    "ImageNameTemplate": ("{hash}", "{folder}-{set}-{key}-{stem}-{hash}"),
    "SidecarMaySet": ("RoleName", "RegionId,RoleName"),
    "ImportRoleName": ("x" * 64,),
    "ExtraPlatforms": ("Kylin", "Kylin V10,Astra-1.7"),
    "SystemDiskGib": ("1-1", "99999-99999"),
    "DataDiskGib": ("1-1", "99999-99999"),
    "InspectSeconds": ("1", "99", "100", "599", "600"),
    "InspectMib": ("1", "99", "100", "999", "1000", "1019", "1024"),
    "StuckAfterSeconds": ("600", "999", "1000", "99999", "100000", "603999", "604800"),
    "OssEndpoint": ("http://10.0.0.1:8080", "https://oss-cn-hangzhou.aliyuncs.com"),
    "EcsEndpoint": ("http://10.0.0.1:8080", "https://ecs.aliyuncs.com"),
}

# What does not go together.
BAD_TOGETHER = {
    "LedgerBucket is ImageBucket": {"LedgerBucket": GIVEN["ImageBucket"]},
    "has no logstore that is there": {"LogStoreIs": THERE},
}
GOOD_TOGETHER: tuple[dict[str, str], ...] = (
    {},
    {"LogProjectIs": THERE},
    {"LogProjectIs": THERE, "LogStoreIs": THERE},
)


def setting_of(parameter: str) -> str | None:
    """Return the variable of the functions that holds a parameter's value."""
    choices = {theirs: f"{{{ours}}}" for ours, theirs in SAME_CHOICE.items()}
    variables = {value: name for name, value in ENVIRONMENT.items()}
    return variables.get(choices.get(parameter, ""))


def _is_known(parameter: str, value: str) -> bool:
    """Return whether an allowed value is one that its reader knows."""
    if parameter == "Runtime":
        return value in RUNTIMES
    if parameter in SWITCHES:
        return value in {"to be created", THERE}
    try:
        read_settings({str(setting_of(parameter)): value})
    except SettingsError:
        return False
    return True


def wrongly_offered(document: Json) -> Iterator[str]:
    """Yield what may be chosen and must not, or must be and may not."""
    for fault, given in BAD_TOGETHER.items():
        said = Template(document, given).broken_rules()
        if not any(fault in text for text in said):
            yield f"no rule against {given}"
    for given in GOOD_TOGETHER:
        broken = Template(document, given).broken_rules()
        yield from (f"{given} is refused: {text}" for text in broken)
    for name, parameter in document["Parameters"].items():
        if parameter["Type"] == "Number":
            yield from _of_number(name, parameter)
        else:
            yield from _of_default(name, parameter)
            yield from _of_values(name, parameter)


def _of_number(name: str, parameter: Json) -> Iterator[str]:
    """ROS allows what the service takes; only the log's days are a number."""
    held = parameter["MinValue"], parameter["Default"], parameter["MaxValue"]
    if held != (30, 90, 3600):
        yield f"{name}: {held} are not the lowest, usual and highest days of a log"


def _of_default(name: str, parameter: Json) -> Iterator[str]:
    values, default = parameter.get("AllowedValues"), parameter.get("Default")
    if values and default not in values:
        yield f"{name}: the default is not allowed"
    if (default is None) != (name in GIVEN):
        yield f"{name}: must be given, or must not be"
    if name in SAFE and default != SAFE[name]:
        yield f"{name}: the default is {default!r}, not {SAFE[name]!r}"
    if default is not None and not _pattern(parameter).search(default):
        yield f"{name}: the default does not fit the pattern"


def _of_values(name: str, parameter: Json) -> Iterator[str]:
    fits = _pattern(parameter).search
    if name in GIVEN and not fits(GIVEN[name]):
        yield f"{name}: a good value does not fit the pattern"
    for value in parameter.get("AllowedValues", ()):
        if not _is_known(name, value):
            yield f"{name}: {value!r} is nothing that it can be"
    for value in EDGES.get(name, ()):
        if not fits(value):
            yield f"{name}: {value!r} is not allowed"
    for value in BAD_VALUES.get(name, ()):
        if fits(value):
            yield f"{name}: {value!r} is allowed"


def _pattern(parameter: Json) -> re.Pattern[str]:
    return re.compile(parameter.get("AllowedPattern", ""))
