"""Lifecycle rules: what a bucket drops by itself, and when.

Sources: PutBucketLifecycle, GetBucketLifecycle and DeleteBucketLifecycle; "Lifecycle
rules based on the last modified time"; EC 0014-00000026, 0014-00000060 and
0014-00000082, OSS documentation, read 2026-12. Rules run once a day, at 00:00 UTC. The
pages say that a new rule counts within 24 hours: here, from the next midnight on. Which
codes refuse rules that overlap or have the same ID is stated nowhere.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

from fake_aliyun.core import xml
from fake_aliyun.core.clock import iso_date, read_utc
from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.multipart import Upload
from fake_aliyun.oss.objects import OssObject

MAX_RULES = 1000
MAX_ID_CHARACTERS = 255
KNOWN = frozenset(
    {"ID", "Prefix", "Status", "Expiration", "AbortMultipartUpload", "Tag"}
)
DATE = "%Y-%m-%dT00:00:00.000Z"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """From when on something is old enough.

    Attributes:
        days: After it was last changed; None where a date counts.
        before: What was last changed before this moment; None where days count.
    """

    days: int | None = None
    before: datetime | None = None

    @classmethod
    def of(cls, node: Element) -> "Deadline":
        """Return what an element says.

        Raises:
            OssError: MalformedXML.
            NotImitatedError: It says something else.
        """
        for child in node:
            if child.tag not in {"Days", "CreatedBeforeDate"}:
                known = ["Days", "CreatedBeforeDate"]
                raise NotImitatedError(f"{child.tag!r} of {node.tag}", known=known)
        days, date = xml.text(node, "Days"), xml.text(node, "CreatedBeforeDate")
        if bool(days) == bool(date):
            raise _malformed(f"{node.tag} has Days or CreatedBeforeDate")
        if date:
            try:
                return cls(before=read_utc(date, DATE))
            except ValueError:
                raise _malformed("CreatedBeforeDate is midnight, UTC") from None
        if not days.isdecimal() or int(days) < 1:
            raise _malformed("Days is a positive number")
        return cls(days=int(days))

    def has_passed(self, changed: datetime, midnight: datetime) -> bool:
        """Return whether something is dropped that was last changed at a moment."""
        if self.before is not None:
            return changed < self.before
        return changed + timedelta(days=self.days or 0) <= midnight

    def shown(self) -> xml.Children:
        """Return what an answer says of it."""
        if self.before is not None:
            return [("CreatedBeforeDate", iso_date(self.before))]
        return [("Days", str(self.days))]


@dataclass(frozen=True, kw_only=True, slots=True)
class LifecycleRule:
    """One rule.

    Attributes:
        tags: All of which an object must have.
        expires: When objects are deleted; None for never.
        aborts: When unfinished uploads are; None for never.
    """

    rule_id: str
    prefix: str
    is_enabled: bool
    tags: Mapping[str, str] = field(default_factory=dict)
    expires: Deadline | None = None
    aborts: Deadline | None = None

    @classmethod
    def of(cls, node: Element) -> "LifecycleRule":
        """Return the rule that an element says.

        Raises:
            OssError: MalformedXML.
            NotImitatedError: It moves objects to other classes, or looks at versions.
        """
        for child in node:
            if child.tag not in KNOWN:
                raise NotImitatedError(f"{child.tag!r} of a rule", known=KNOWN)
        status = xml.text(node, "Status")
        if status not in {"Enabled", "Disabled"}:
            raise _malformed("Status is Enabled or Disabled")
        expiration, abortion = node.find("Expiration"), node.find(_ABORT)
        if expiration is None and abortion is None:
            raise _malformed("a rule has an action", ec="0014-00000026")
        rule_id = xml.text(node, "ID") or secrets.token_hex(16)
        if len(rule_id) > MAX_ID_CHARACTERS:
            raise _malformed(f"ID has at most {MAX_ID_CHARACTERS} characters")
        tags = {xml.text(t, "Key"): xml.text(t, "Value") for t in node.findall("Tag")}
        if tags and abortion is not None:
            raise _malformed(f"{_ABORT} goes without tags")
        return cls(
            rule_id=rule_id,
            prefix=xml.text(node, "Prefix"),
            is_enabled=status == "Enabled",
            tags=tags,
            expires=None if expiration is None else Deadline.of(expiration),
            aborts=None if abortion is None else Deadline.of(abortion),
        )

    def shown(self) -> xml.Children:
        """Return the rule as an answer says it."""
        tags = [("Tag", [("Key", k), ("Value", v)]) for k, v in self.tags.items()]
        shown: list[tuple[str, xml.Children]] = [
            ("ID", self.rule_id),
            ("Prefix", self.prefix),
            ("Status", "Enabled" if self.is_enabled else "Disabled"),
            *tags,
        ]
        if self.expires:
            shown.append(("Expiration", self.expires.shown()))
        if self.aborts:
            shown.append((_ABORT, self.aborts.shown()))
        return shown

    def is_over(self, found: OssObject, midnight: datetime) -> bool:
        """Return whether an object is deleted at a midnight."""
        return (
            self.is_enabled
            and self.expires is not None
            and found.key.startswith(self.prefix)
            and self.tags.items() <= found.tags.items()
            and self.expires.has_passed(found.last_modified, midnight)
        )

    def gives_up(self, upload: Upload, midnight: datetime) -> bool:
        """Return whether an upload is aborted at a midnight."""
        return (
            self.is_enabled
            and self.aborts is not None
            and upload.key.startswith(self.prefix)
            and self.aborts.has_passed(upload.initiated, midnight)
        )


_ABORT = "AbortMultipartUpload"


def read_rules(root: Element) -> tuple[LifecycleRule, ...]:
    """Return the rules of a configuration, which do not contradict each other.

    Raises:
        OssError: MalformedXML, InvalidArgument.
    """
    rules = tuple(LifecycleRule.of(node) for node in root.findall("Rule"))
    if not 1 <= len(rules) <= MAX_RULES:
        raise _malformed(f"there are 1 to {MAX_RULES} rules")
    ids = {rule.rule_id for rule in rules}
    if len(ids) != len(rules) or any(_overlaps(rules)):
        raise OssError(
            "InvalidArgument",
            ec="0014-00000082",
            message="Two rules have one ID, or one action and overlapping prefixes.",
        )
    return rules


def _overlaps(rules: tuple[LifecycleRule, ...]) -> Iterator[bool]:
    for place, rule in enumerate(rules):
        for other in rules[:place]:
            shares_prefix = rule.prefix.startswith(other.prefix) or (
                other.prefix.startswith(rule.prefix)
            )
            expire = bool(rule.expires and other.expires) and rule.tags == other.tags
            abort = bool(rule.aborts and other.aborts)
            yield shares_prefix and (expire or abort)


def _malformed(detail: str, *, ec: str = "0014-00000060") -> OssError:
    return OssError("MalformedXML", ec=ec, ErrorDetail=detail)
