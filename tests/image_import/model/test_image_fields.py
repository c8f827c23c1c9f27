"""A field of ImportImage is one row: what reads, plans and sends follows from it."""

import json

import pytest
from image_import.model.disk import DiskDeviceMapping, ImportPlan
from image_import.model.image_fields import FIELDS, ImageField
from image_import.model.targets import PUBLIC, TARGETS, Target
from image_import.planning.request import to_parameters
from image_import.sidecar.parser import parse_metadata, parse_sidecar

TEXTS = [row for row in FIELDS.values() if row.check]
SAMPLES = (
    "1000000000000001",
    "x86_64",
    "linux",
    "Debian",
    "UEFI",
    "BYOL",
    "Standard",
    "cn-hangzhou",
)
of_each_text = pytest.mark.parametrize("row", TEXTS, ids=lambda row: row.name)


def sample(row: ImageField) -> str:
    """Return a text that the field takes."""
    assert row.check
    taken = [text for text in SAMPLES if not row.check(text, PUBLIC)]
    assert taken, f"none of SAMPLES is a {row.name}; add one"
    return taken[-1]


def plan(**said: object) -> ImportPlan:
    disk = DiskDeviceMapping(
        bucket="images", object_key="web.raw", format=None, disk_image_size_gib=None
    )
    needed = {"region_id": "cn-hangzhou", "image_name": "web"}
    return ImportPlan(mappings=(disk,), **{**needed, **said})  # type: ignore[arg-type]


@of_each_text
def test_a_text_of_a_sidecar_is_declared_under_its_attribute(row: ImageField) -> None:
    declared = parse_sidecar(
        json.dumps({row.name: sample(row)}).encode(),
        sidecar_key="web.raw.json",
        image_key="web.raw",
        bucket="images",
        target=PUBLIC,
        may_set=frozenset({row.name}),
    )
    assert getattr(declared, row.attribute) == sample(row)


@pytest.mark.parametrize(
    "row", [row for row in TEXTS if row.metadata], ids=lambda row: row.metadata
)
def test_metadata_says_the_same_as_the_field(row: ImageField) -> None:
    declared = parse_metadata(
        {f"x-oss-meta-{row.metadata}": sample(row)},
        target=PUBLIC,
        may_set=frozenset({row.name}),
    )
    assert getattr(declared, row.attribute) == sample(row)


@of_each_text
def test_what_is_planned_is_sent_under_its_name_or_kept_for_later(
    row: ImageField,
) -> None:
    together = {"platform": "Debian", row.attribute: sample(row)}
    planned = plan(**together)
    sent = to_parameters(planned, PUBLIC)
    told = [said[row.name] for said in (sent, planned.wishes) if row.name in said]
    assert told == [sample(row)]
    assert (row.name in sent) == row.is_sent


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_apsara_stack_alone_lacks_what_is_public_only(target: Target) -> None:
    lacks = {name for name, row in FIELDS.items() if row.is_public_only}
    assert target.lacks == (lacks if target.is_apsara_stack else frozenset())
