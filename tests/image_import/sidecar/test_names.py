"""A sidecar under a name that is no sidecar's is told how it is to be named."""

import pytest
from image_import.sidecar.parser import how_to_name


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("in/web.qcow2.yaml", ""),
        ("in/web.qcow2.json", ""),
        (
            "in/web.qcow2.YAML",
            "in small letters; name it in/web.qcow2.yaml",
        ),
        ("in/web.yaml", "as in web.qcow2.yaml for web.qcow2"),
        ("web.json", "as in web.qcow2.json for web.qcow2"),
    ],
)
def test_a_name_that_is_wrong_says_the_right_one(key: str, said: str) -> None:
    assert how_to_name(key).endswith(said)
    assert bool(how_to_name(key)) is bool(said)
