"""A line of the checklist, and the pages that ask for something.

Source: the pages named below, all of Alibaba Cloud's documentation, read 2026-11.
"""

from dataclasses import dataclass
from typing import Literal

from disk_images.findings import Finding

Verdict = Literal["passes", "fails", "advice", "could not tell"]

HELP = "https://www.alibabacloud.com/help/en"
IMPORT_IMAGE = "https://www.alibabacloud.com/help/doc-detail/25542.htm"
IMPORT_CHECK = (
    f"{HELP}/ecs/user-guide/check-whether-an-image-meets-the-import-requirements"
)
INITIALIZATION = (
    f"{HELP}/ecs/user-guide/manage-the-instance-initialization-configuration"
)
BOOT_MODE = "https://help.aliyun.com/en/ecs/user-guide/instance-startup-mode"
USAGE_NOTES = "https://www.alibabacloud.com/help/doc-detail/25430.htm"
NO_PAGE = "advice of ours"
LINUX_IMAGES = f"{HELP}/ecs/user-guide/cloud-marketplace-mirror-specification"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One line of the checklist.

    Attributes:
        requirement: What ECS asks for.
        seen: What was found, or why nothing was.
        where: Where that was read.
        source: The page that asks for it.
        advice: What to do; "" if nothing.
        command: What to run for it; "" if nothing.
    """

    requirement: str
    verdict: Verdict
    seen: str
    source: str
    where: str = ""
    advice: str = ""
    command: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return it as a program reads it."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in told.items() if value}


def check_of(
    requirement: str, finding: Finding, source: str, *, bad: str = "", advice: str = "",
    verdict: Verdict = "fails",
) -> Check:  # fmt: skip
    """Return a check of one finding.

    Args:
        bad: Why the value is no good; "" if it is good.
        verdict: On a bad value.
    """
    if not finding:
        seen, verdict, advice = finding.why_not, "could not tell", ""
    elif bad:
        seen = bad
    else:
        seen, verdict, advice = finding.value, "passes", ""
    return Check(
        requirement=requirement,
        verdict=verdict,
        seen=seen,
        source=source,
        where=finding.where,
        advice=advice,
    )
