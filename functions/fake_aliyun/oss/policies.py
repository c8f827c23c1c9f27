"""A bucket's own policy: who may do what in it, and who may not.

Sources, all read 2026-11:
    "Policy syntax and elements", OSS documentation: Version "1"; Principal is required
    and lists UIDs of accounts or RAM users, `*`, or roles; an empty list is `*`.
    "Bucket policy FAQ": a role is `arn:sts::UID:assumed-role/NAME/SESSION`, wildcards
    allowed.
    "Bucket Policy", "How it works": an explicit Deny in any policy wins; `*` without a
    Condition is everyone but the bucket's owner, with one it is the owner too, and
    either way whoever has no name.
    EC 0030-00000002 and 0030-00000005: another Version, and one that is no string, are
    refused; "Bucket policy" of ossutil: 16 KB at most.

No page states the code of a refused policy; MalformedPolicy is what other object
stores with this interface say. Nor does one say whether an account's UID stands for its
users too; here it stands for the account alone. Statements about single sessions of a
role, NotPrincipal, and conditions other than StringLike on oss:Prefix are not imitated.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.oss.errors import OssError
from fake_aliyun.ram.policies import Effect, Statement, fits, read_statement

MAX_BYTES = 16 * 1024
_REQUIRED = frozenset({"Effect", "Action", "Principal", "Resource"})
_UID = re.compile(r"[0-9]+")
_ROLE = re.compile(r"arn:sts::([0-9]+|\*):[^/]+/[^/]+/(.+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketStatement:
    """One statement and whom it is about.

    Attributes:
        principals: UIDs and patterns of roles; `*` for everybody.
        spares_owner: Whether `*` leaves out the bucket's owner.
    """

    statement: Statement
    principals: tuple[str, ...]
    spares_owner: bool

    def names(self, principal: str, *, is_owner: bool) -> bool:
        """Return whether it is about somebody.

        Args:
            principal: A UID, the ARN of a role's session, or "" for nobody known.
            is_owner: Whether that is the account that has the bucket.
        """
        if "*" in self.principals:
            return not (is_owner and self.spares_owner)
        return any(fits(pattern, principal) for pattern in self.principals)


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketPolicy:
    """All statements, and the document as it was put."""

    text: str
    statements: tuple[BucketStatement, ...]

    @classmethod
    def from_text(cls, text: str) -> "BucketPolicy":
        """Return the policy that a document describes.

        Raises:
            OssError: MalformedPolicy.
            NotImitatedError: It holds an element or a condition that is not imitated.
        """
        if len(text.encode()) > MAX_BYTES:
            raise _malformed(f"a policy has at most {MAX_BYTES} bytes")
        try:
            document = json.loads(text)
        except ValueError as exc:
            raise _malformed(f"no JSON: {exc}") from exc
        return cls(text=text, statements=tuple(map(_read, _statements(document))))

    def effect(
        self,
        principal: str,
        action: str,
        resource: str,
        said: Mapping[str, str],
        *,
        is_owner: bool,
    ) -> Effect:
        """Return what it says of somebody who does something; "" for nothing."""
        concerned = [
            entry.statement
            for entry in self.statements
            if entry.names(principal, is_owner=is_owner)
            and entry.statement.is_about(action, resource, said)
        ]
        if not concerned:
            return ""
        return "Allow" if all(found.allows for found in concerned) else "Deny"


def _statements(document: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    if not isinstance(document, dict) or not isinstance(document.get("Version"), str):
        raise _malformed('Version is the string "1"')
    if document["Version"] != "1":
        raise _malformed('Version is "1"', ec="0030-00000002")
    if unknown := set(document) - {"Version", "Statement"}:
        raise NotImitatedError(f"{sorted(unknown)} in a bucket's policy", known=[])
    statements = document.get("Statement")
    if not isinstance(statements, list) or not statements:
        raise _malformed("Statement is a list")
    if not all(isinstance(entry, dict) for entry in statements):
        raise _malformed("each Statement is an object")
    return statements


def _read(entry: dict[str, Any]) -> BucketStatement:
    known = _REQUIRED | {"Condition"}
    if unknown := set(entry) - known:
        raise NotImitatedError(f"{sorted(unknown)} in a bucket's policy", known=known)
    if missing := _REQUIRED - set(entry):
        raise _malformed(f"a Statement lacks {sorted(missing)}")
    principals = entry["Principal"]
    if not _are_texts(principals):
        raise _malformed("Principal is a list of strings")
    for name in ("Action", "Resource"):
        if not isinstance(entry[name], str) and not _are_texts(entry[name]):
            raise _malformed(f"{name} is a string or a list of strings")
    without = {name: value for name, value in entry.items() if name != "Principal"}
    try:
        statement = read_statement(without)
    except ValueError as exc:
        raise _malformed(str(exc)) from exc
    return BucketStatement(
        statement=statement,
        principals=tuple(map(_principal, principals)) or ("*",),
        spares_owner=not entry.get("Condition"),
    )


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _principal(text: str) -> str:
    if text == "*" or _UID.fullmatch(text):
        return text
    found = _ROLE.fullmatch(text)
    if not found:
        raise _malformed(f"no UID, role or *: {text}")
    if found[2] != "*":
        raise NotImitatedError(
            f"the session of a role in {text!r}", known=["arn:sts::UID:.../NAME/*"]
        )
    return text


def _malformed(why: str, *, ec: str = "0030-00000005") -> OssError:
    return OssError("MalformedPolicy", ec=ec, PolicyDetail=why)
