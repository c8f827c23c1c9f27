import pytest
from image_import.model.revision import (
    LONGEST_DESCRIPTION,
    ExistingImage,
    is_marked,
    with_mark,
)

MARK = "0123456789ab"


def image(**said: object) -> ExistingImage:
    known = {"image_id": "m-1", "image_name": "web", "status": "Available"}
    return ExistingImage(**{**known, **said})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "existing",
    [
        image(image_name=f"web-{MARK}"),
        image(tags={"image-import": MARK}),
        image(description=with_mark("our web server", MARK)),
        image(description=with_mark(None, MARK)),
    ],
    ids=["name", "tag", "description", "description that we made"],
)
def test_an_image_is_ours_by_the_mark_that_it_carries(existing: ExistingImage) -> None:
    assert is_marked(existing, MARK)


@pytest.mark.parametrize(
    "existing",
    [
        image(import_bucket="images", import_object_key="web.qcow2"),
        image(tags={"other": MARK}),
        image(description=f"made like [image-import {MARK}] but later"),
        image(image_name="web-0123456789ac"),
    ],
    ids=["same object", "another tag", "mark in the middle", "another mark"],
)
def test_nothing_else_makes_an_image_ours(existing: ExistingImage) -> None:
    assert not is_marked(existing, MARK)


def test_a_description_without_room_for_the_mark_is_not_cut() -> None:
    assert with_mark("x" * (LONGEST_DESCRIPTION - 10), MARK) is None
