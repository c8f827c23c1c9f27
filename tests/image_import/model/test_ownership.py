import pytest
from image_import.model.limits import LONGEST_DESCRIPTION
from image_import.model.ownership import (
    ExistingImage,
    Proof,
    foreign_mark,
    has_mark,
    with_mark,
    with_nonce,
)

NONCE = "0123456789abcdef"
MARK = "0123456789ab"
OURS = {"import_bucket": "images", "import_object_key": "web.qcow2"}
PROOF = Proof(nonce=NONCE, bucket="images", object_key="web.qcow2", mark=MARK)
OLD = Proof(nonce="", bucket="images", object_key="web.qcow2", mark=MARK)


def image(**said: str) -> ExistingImage:
    known = {"image_id": "m-1", "image_name": "web", "status": "Available"}
    return ExistingImage(**{**known, **said})  # type: ignore[arg-type]


def carrying(description: str | None = None, nonce: str = NONCE) -> str:
    marked = with_mark(description)
    assert marked
    return with_nonce(marked, nonce)


@pytest.mark.parametrize(
    "existing",
    [
        image(description=carrying("our web server"), **OURS),
        image(description=carrying()),
        image(description=carrying(), import_bucket="images"),
    ],
    ids=["nonce and source", "source not told", "half of the source told"],
)
def test_an_image_is_ours_by_the_nonce_that_it_carries(existing: ExistingImage) -> None:
    assert PROOF.holds_for(existing)


@pytest.mark.parametrize(
    "existing",
    [
        image(**OURS),
        image(image_name=f"web-{NONCE}", **OURS),
        image(image_name=f"web-{MARK}", **OURS),
        image(description=carrying(nonce="f123456789abcdef"), **OURS),
        image(description=f"{carrying()} or later", **OURS),
        image(description=carrying(), import_object_key="evil/x.qcow2"),
        image(description=carrying(), import_bucket="other"),
    ],
    ids=[
        "same object",
        "nonce in the name",
        "hash in the name",
        "another nonce",
        "nonce in the middle",
        "another key",
        "another bucket",
    ],
)
def test_nothing_else_makes_an_image_ours(existing: ExistingImage) -> None:
    assert not PROOF.holds_for(existing)


def test_a_claim_of_an_older_version_needs_its_mark_and_the_source() -> None:
    marked = {"image_name": f"web-{MARK}"}
    described = {"description": f"our server [image-import {MARK}]"}
    assert OLD.holds_for(image(**marked, **OURS))
    assert OLD.holds_for(image(**described, **OURS))
    assert not OLD.holds_for(image(**marked))
    assert not OLD.holds_for(image(**marked, **OURS | {"import_object_key": "x"}))
    assert not OLD.holds_for(image(**OURS))


def test_a_description_without_room_for_the_nonce_is_not_cut() -> None:
    fits = "x" * (LONGEST_DESCRIPTION - len(carrying()) - 1)
    assert len(carrying(fits)) == LONGEST_DESCRIPTION
    assert with_mark(fits + "x") is None


@pytest.mark.parametrize(
    "description",
    [carrying("web"), "a [image-import x] b", "[IMAGE-IMPORT 12]", "[image-import"],
)
def test_what_only_a_claim_may_write_is_recognised(description: str) -> None:
    assert has_mark(description)


OWN = "aaaaaaaaaaaa"


@pytest.mark.parametrize(
    ("name", "template", "found"),
    [
        (f"web-{MARK}", "{stem}-{hash}", MARK),
        (f"web-{MARK.upper()}", "{stem}-{hash}", MARK.upper()),
        (f"web_{MARK}", "{stem}-{hash}", MARK),
        (f"web-{OWN}", "{stem}-{hash}", ""),
        (f"web-{MARK}-prod", "{stem}-{hash}", ""),
        (f"web-{MARK}-prod", "{stem}-{hash}-prod", MARK),
        (f"image-{MARK}-web", "{hash}-{stem}", MARK),
        (f"web{MARK}", "{stem}{hash}", MARK),
        ("web-202612011230", "{stem}-{hash}", ""),
        ("web-209913011230", "{stem}-{hash}", "209913011230"),
        ("web-3f2a9c1", "{stem}-{hash}", ""),
        (f"web-{MARK}0123", "{stem}-{hash}", ""),
    ],
)
def test_a_name_with_the_mark_of_another_upload_is_seen(
    name: str, template: str, found: str
) -> None:
    assert foreign_mark(name, own=OWN, template=template) == found
