"""What a person says about an image: a sidecar beside it, or its metadata.

Both are written by whoever may upload, so they are read strictly, and may say only
what does not lend them the function's rights.
"""

from collections.abc import Mapping
from typing import Any

from image_import.errors import SidecarError
from image_import.model.checksum import CHECKSUM_FIELDS
from image_import.model.declaration import Declaration
from image_import.model.image_fields import FEATURE_METADATA, FEATURES, FIELDS
from image_import.model.limits import check_choice, check_tag
from image_import.model.targets import Target
from image_import.planning.consistency import find_contradiction
from image_import.sidecar.disks import Surroundings, read_disks
from image_import.sidecar.documents import read_document
from image_import.sidecar.fields import (
    Rules,
    as_list,
    as_object,
    as_text,
    check_known,
    check_may_set,
    join,
    read_checksums,
    read_text_field,
)

SUFFIXES = (".json", ".yaml", ".yml")
MAX_TAGS = 19
"""ImportImage takes 20; one is kept for the mark of the version.

Source: "ImportImage", ECS API 2014-05-26, Tag.N, read 2026-11.
"""
OWN_TAG = "image-import"
"""Tags that start so say what an image was made from; nobody else may write them."""

METADATA_PREFIX = "x-oss-meta-"
SIDECAR_FIELDS = (*FIELDS, *CHECKSUM_FIELDS, "DiskDeviceMapping", "Member")


def sidecar_keys(image_key: str) -> tuple[str, ...]:
    """Return where the sidecar of an image may stand, the first one found counts."""
    return tuple(image_key + suffix for suffix in SUFFIXES)


def image_key_of(sidecar_key: str) -> str | None:
    """Return the key that a sidecar of this name would speak of."""
    for suffix in SUFFIXES:
        stem = sidecar_key.removesuffix(suffix)
        if stem != sidecar_key and stem and not stem.endswith("/"):
            return stem
    return None


def how_to_name(sidecar_key: str) -> str:
    """Return what is wrong with the name of a sidecar, "" if it may be right."""
    lower = sidecar_key.lower()
    suffix = next((end for end in SUFFIXES if lower.endswith(end)), "")
    if suffix and not sidecar_key.endswith(suffix):
        right = sidecar_key[: -len(suffix)] + suffix
        return f"a sidecar's name ends in {suffix} in small letters; name it {right}"
    name = sidecar_key.rpartition("/")[2].removesuffix(suffix)
    if suffix and "." not in name:
        return (
            "a sidecar has the whole name of its image in front, as in "
            f"{name}.qcow2{suffix} for {name}.qcow2"
        )
    return ""


def parse_sidecar(
    data: bytes,
    *,
    sidecar_key: str,
    image_key: str,
    bucket: str,
    target: Target,
    may_set: frozenset[str],
) -> Declaration:
    """Return what a sidecar declares.

    Args:
        may_set: SIDECAR_MAY_SET.

    Raises:
        SidecarError: Something in it cannot be used; `.field` says which.
    """
    said = read_document(data, is_yaml=not sidecar_key.endswith(".json"))
    _check_names(said)
    rules = Rules(target=target, may_set=may_set)
    held: dict[str, Any] = _read_texts(said, rules)
    if "DiskDeviceMapping" in said:
        around = Surroundings(
            bucket=bucket, sidecar_key=sidecar_key, image_key=image_key, target=target
        )
        disks = read_disks(said["DiskDeviceMapping"], around)
        held["disks"], held["notes"] = disks
    if "Member" in said:
        held["member"] = as_text(said["Member"], field="Member")
    if "Tag" in said:
        check_may_set(FIELDS["Tag"], rules, field="Tag")
        held["tags"] = _read_tags(said["Tag"])
    if "Features" in said:
        check_may_set(FIELDS["Features"], rules, field="Features")
        held["features"] = _read_features(said["Features"])
    held["checksums"] = read_checksums(said, within="")
    return _consistent(Declaration(**held))


def parse_metadata(
    user_metadata: Mapping[str, str], *, target: Target, may_set: frozenset[str]
) -> Declaration:
    """Return what an object's user metadata declares; names not ours are nobody's.

    Args:
        user_metadata: Names with or without `x-oss-meta-`, in any case.
        may_set: SIDECAR_MAY_SET.

    Raises:
        SidecarError: A value cannot be used; `.field` says which.
    """
    rules = Rules(target=target, may_set=may_set)
    by_name = {
        name.lower().removeprefix(METADATA_PREFIX): value
        for name, value in user_metadata.items()
    }
    held: dict[str, Any] = dict(
        read_text_field(
            row,
            by_name[row.metadata],
            rules,
            shown_as=f"{METADATA_PREFIX}{row.metadata}",
        )
        for row in FIELDS.values()
        if row.metadata and by_name.get(row.metadata)
    )
    features = {
        feature: _read_feature(
            feature, by_name[name], rules, shown_as=f"{METADATA_PREFIX}{name}"
        )
        for name, feature in FEATURE_METADATA.items()
        if by_name.get(name)
    }
    if features:
        held["features"] = features
    return _consistent(Declaration(**held))


def _check_names(said: Mapping[str, object]) -> None:
    for name in said:
        base, dot, _ = name.partition(".")
        if dot and base in SIDECAR_FIELDS:
            raise SidecarError(
                f"is how the API spells it; in a sidecar {base} is a list or an object",
                field=name[:80],
            )
    check_known(said, SIDECAR_FIELDS, within="")


def _read_texts(said: Mapping[str, object], rules: Rules) -> dict[str, str]:
    rows = [row for row in FIELDS.values() if row.check and row.name in said]
    return dict(read_text_field(row, said[row.name], rules) for row in rows)


def _read_tags(value: object) -> dict[str, str]:
    if isinstance(value, dict) and "Key" not in value and value:
        key, text = next(iter(value.items()))
        raise SidecarError(
            "is an object, not a list; write one Key and Value for each tag, as in "
            f"[{{Key: {str(key)[:40]}, Value: {str(text)[:40]}}}]",
            field="Tag",
        )
    listed = as_list(value, field="Tag")
    if len(listed) > MAX_TAGS:
        raise SidecarError(
            f"lists {len(listed)} tags; use up to {MAX_TAGS}", field="Tag"
        )
    tags: dict[str, str] = {}
    for index, item in enumerate(listed):
        field = f"Tag[{index}]"
        key, text = _read_tag(item, field)
        if key.lower() in {known.lower() for known in tags}:
            raise SidecarError(f"has the key {key!r} again", field=field)
        tags[key] = text
    return tags


def _read_tag(item: object, field: str) -> tuple[str, str]:
    said = as_object(item, field=field)
    check_known(said, ("Key", "Value"), within=field)
    if "Key" not in said:
        raise SidecarError("has no Key", field=field)
    key = as_text(said["Key"], field=join(field, "Key"))
    text = as_text(said.get("Value", ""), field=join(field, "Value"))
    if fault := check_tag(key, text):
        raise SidecarError(fault, field=field)
    if key.lower().startswith(OWN_TAG):
        raise SidecarError(
            f"has the key {key!r}; keys that start with {OWN_TAG} are ours", field=field
        )
    return key, text


def _read_features(value: object) -> dict[str, str]:
    said = as_object(value, field="Features")
    check_known(said, FEATURES, within="Features")
    features = {}
    for name in said:
        field = join("Features", name)
        features[name] = _read_choice(name, said[name], field=field)
    return features


def _read_feature(name: str, value: str, rules: Rules, *, shown_as: str) -> str:
    """Return a feature that an object's metadata says."""
    check_may_set(FIELDS["Features"], rules, field=shown_as)
    return _read_choice(name, value.strip(), field=shown_as)


def _read_choice(name: str, value: object, *, field: str) -> str:
    text = as_text(value, field=field)
    if fault := check_choice(text, FEATURES[name]):
        raise SidecarError(fault, field=field)
    return text


def _consistent(declared: Declaration) -> Declaration:
    field, why = find_contradiction(
        platform=declared.platform,
        os_type=declared.os_type,
        architecture=declared.architecture,
        boot_mode=declared.boot_mode,
    )
    if field:
        raise SidecarError(why, field=field)
    return declared
