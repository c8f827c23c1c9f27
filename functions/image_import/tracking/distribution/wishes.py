"""What the settings want of one image, once it is Available."""

import re
from collections.abc import Mapping, Sequence

from image_import.config.settings import Settings
from image_import.filename.extension import split_file_name
from image_import.filename.tokenizer import split_key
from image_import.ledger.entries import LedgerEntry, State, last_of
from image_import.model.limits import CHINESE, LONGEST_NAME
from image_import.tracking.distribution.steps import DistributionWishes

FEATURES = "Features."
COPIED_TEXTS = ("ImageName", "Description")
"""What a copy has only if CopyImage says it; a description ends in the nonce."""

_NOT_IN_A_FAMILY = re.compile(rf"[^A-Za-z0-9{CHINESE}._-]+")


def wishes_for(
    settings: Settings,
    entries: Sequence[LedgerEntry],
    line: LedgerEntry,
    *,
    region: str,
) -> DistributionWishes:
    """Return what is wanted of one image: by the operator, and by an uploader who may.

    Args:
        entries: Its ledger; the intent tells what ImportImage was called with.
        line: The ledger's word that it is Available.
        region: Where it is.
    """
    intent = last_of(entries, line.version, State.INTENT)
    sent = intent.parameters if intent else {}
    asked = {
        name: value
        for name, value in (intent.wishes if intent else {}).items()
        if name in settings.sidecar_may_set
    }
    regions = (*settings.copy_to_regions, *_listed(asked, "CopyToRegions"))
    accounts = (*settings.share_with, *_listed(asked, "ShareWith"))
    tags_later = settings.image_tags if "Tag" in settings.target.lacks else {}
    return DistributionWishes(
        source_region=region,
        tags=dict(tags_later),
        copied={
            f"Destination{name}": sent[name] for name in COPIED_TEXTS if sent.get(name)
        }
        | {name: value for name, value in sent.items() if name.startswith("Tag.")},
        keys=settings.copy_kms_keys,
        regions=tuple(r for r in dict.fromkeys(regions) if r != region),
        accounts=tuple(dict.fromkeys(accounts)),
        family=asked.get("ImageFamily")
        or family_of(
            settings.image_family,
            object_key=line.disks[0][0],
            platform=sent.get("Platform", ""),
            architecture=sent.get("Architecture", ""),
        ),
        features={
            name: value for name, value in sent.items() if name.startswith(FEATURES)
        },
    )


def _listed(asked: Mapping[str, str], name: str) -> list[str]:
    return [item for item in asked.get(name, "").split(",") if item]


def family_of(
    template: str, *, object_key: str, platform: str, architecture: str
) -> str:
    """Return the image family that a template gives, "" for no template.

    Source: "ModifyImageAttribute", ECS API 2014-05-26, ImageFamily: 2 to 128
    characters, a letter or a Chinese character first, no `aliyun`, `acs:` or
    `http://`; read 2026-12.
    """
    if not template:
        return ""
    folders, file_name = split_key(object_key)
    made = template.format(
        stem=split_file_name(file_name).stem,
        folder="-".join(folders),
        platform=platform or "unknown",
        architecture=architecture or "unknown",
    )
    name = _NOT_IN_A_FAMILY.sub("-", made).strip("-._")
    if not name[:1].isalpha() or name.lower().startswith(("aliyun", "acs")):
        name = f"family-{name}"
    return name[:LONGEST_NAME].rstrip("-._")
