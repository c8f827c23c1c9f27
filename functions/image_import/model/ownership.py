"""How an image in ECS is known to be ours, by what no uploader can choose or compute.

A name proves nothing: an uploader knows bucket, key and ETag, and may name an image.
Nor does the object that it was made of: an earlier upload had the same key. So each
claim makes a nonce, which stands at the end of the image's description and, before
ImportImage is called, in the ledger. Nobody else may end a description so.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from image_import.model.limits import LONGEST_DESCRIPTION
from image_import.model.revision import MARK_LENGTH

NONCE_BYTES = 8
NONCE_TO_COME = "<random-at-call>"
"""Stands for the nonce in a plan, and is as long; the claim puts the nonce there."""

_MARK = "[image-import "
_A_DATE_AND_TIME = (
    r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d"
)


class CheckFinding(NamedTuple):
    """A risk that the image check of ECS has found.

    Attributes:
        name: As `GUESTOS.Virtio`.
        value: What was found.
        risk_level: `High`, which may keep an instance from starting, or `Medium`.
        risk_code: As ECS names the risk; "" where it does not.

    Source: "DescribeImages", ECS API 2014-05-26, DetectionOptions, read 2026-12.
    """

    name: str
    value: str
    risk_level: str
    risk_code: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExistingImage:
    """What DescribeImages tells of one image, as far as we look.

    Attributes:
        check_status: Of the image check, `Processing` or `Finished`; "" for none.
        findings: The risks that it found.
    """

    image_id: str
    image_name: str
    status: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    import_bucket: str = ""
    import_object_key: str = ""
    progress: str = ""
    is_usable: bool = True
    check_status: str = ""
    findings: tuple[CheckFinding, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What an image has to show to be that of one claim.

    Attributes:
        nonce: "" in a ledger of a version that had none.
        bucket: Of the system disk; "" if unknown.
        object_key: Of the system disk.
        mark: The beginning of the revision's hash, by which older versions went.
    """

    nonce: str
    bucket: str
    object_key: str
    mark: str

    def holds_for(self, image: ExistingImage) -> bool:
        """Whether this image is that of the claim.

        What ECS says that it was imported from may be missing on Apsara Stack; where
        it is there, another bucket or key disproves.
        """
        source = (image.import_bucket, image.import_object_key)
        ours = (self.bucket, self.object_key)
        if any(a != b for a, b in zip(source, ours, strict=True) if a and b):
            return False
        if self.nonce:
            return image.description.endswith(f"{_MARK}{self.nonce}]")
        is_marked = self.mark in image.image_name or image.description.endswith(
            f"{_MARK}{self.mark}]"
        )
        return is_marked and source == ours


def with_mark(description: str | None) -> str | None:
    """Return a description that ends in a nonce to come; None if it is too long."""
    marked = f"{description or ''} {_MARK}{NONCE_TO_COME}]".strip()
    return marked if len(marked) <= LONGEST_DESCRIPTION else None


def with_nonce(marked: str, nonce: str) -> str:
    """Return a description from `with_mark` with the nonce of a claim."""
    return marked.removesuffix(f"{NONCE_TO_COME}]") + f"{nonce}]"


def has_mark(description: str) -> bool:
    """Whether somebody wrote what only a claim may write."""
    return _MARK.strip() in description.lower()


def foreign_mark(name: str, *, own: str, template: str) -> str:
    """Return the mark of another upload that a name holds as our names do, or "".

    Who takes the name of another's image keeps that one from being imported. Twelve
    digits that are a date and a time are no mark.

    Args:
        name: As an uploader chose it.
        own: The mark of the upload itself.
        template: IMAGE_NAME_TEMPLATE; it says where a mark stands.
    """
    before, _, after = template.partition("{hash}")
    pattern = f"{_beside(before[-1:])}([0-9a-f]{{{MARK_LENGTH}}})" + (
        _beside(after[:1]) if after else "$"
    )
    found = (match[1] for match in re.finditer(pattern, name, re.IGNORECASE))
    others = (mark for mark in found if mark.lower() != own)
    return next((m for m in others if not re.fullmatch(_A_DATE_AND_TIME, m)), "")


def _beside(neighbour: str) -> str:
    """Return the pattern of what stands beside a hash: names change separators."""
    if neighbour in {"", "{", "}"}:
        return ""
    return re.escape(neighbour) if neighbour.isalnum() else "[^0-9A-Za-z]"
