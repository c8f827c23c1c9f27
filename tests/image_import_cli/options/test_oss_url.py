"""A place is named in each of the ways in which people have it at hand."""

import click
import pytest
from image_import_cli.options.oss_url import object_named, read_place

URL = "https://images.oss-cn-hangzhou.aliyuncs.com/in/caf%C3%A9%20web.qcow2"


@pytest.mark.parametrize(
    "given",
    [
        "oss://images/in/café web.qcow2",
        "images/in/café web.qcow2",
        URL,
        f"{URL}?Expires=1796083200&OSSAccessKeyId=LTAI&Signature=x",
        URL.replace("oss-cn-hangzhou", "oss-cn-hangzhou-internal"),
    ],
)
def test_every_way_names_the_same_object(given: str) -> None:
    expected = ("images", "in/café web.qcow2")
    assert read_place(given, expected="oss://BUCKET/KEY") == expected


def test_a_url_is_an_object_and_no_local_file() -> None:
    assert object_named(URL) == ("images", "in/café web.qcow2")


def test_a_url_of_elsewhere_is_no_place() -> None:
    with pytest.raises(click.UsageError, match="give oss://BUCKET/KEY"):
        read_place("https://example.com/web.qcow2", expected="oss://BUCKET/KEY")
