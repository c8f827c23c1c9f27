import pytest
from image_import.model.limits import (
    check_description,
    check_image_name,
    check_tag,
    check_template,
)
from image_import.model.targets import APSARA_POP, APSARA_ROUTE, PUBLIC, Target


@pytest.mark.parametrize("target", [PUBLIC, APSARA_POP, APSARA_ROUTE])
@pytest.mark.parametrize(
    "name", ["ab", "镜像", "Web_1:a-b", "a" * 128, "Zaliyun", "x" + "像" * 127]
)
def test_a_name_of_the_common_characters_suits_every_target(
    name: str, target: Target
) -> None:
    assert check_image_name(name, target) == ""


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "has 0 characters"),
        ("a", "has 1 characters; a name has 2 to 128"),
        ("a" * 129, "has 129 characters"),
        ("1a", "starts with '1'"),
        ("_a", "starts with '_'"),
        ("éa", "starts with 'é'"),
        ("a b", "holds ' '"),
        ("a/b", "holds '/'"),
        ("ab\n", r"holds '\n'"),
        ("aé", "holds 'é'"),
        ("http://x", "holds '/'"),
    ],
)
@pytest.mark.parametrize("target", [PUBLIC, APSARA_POP])
def test_a_name_that_ecs_would_refuse(name: str, fault: str, target: Target) -> None:
    assert check_image_name(name, target).startswith(fault)


@pytest.mark.parametrize("name", ["aliyun-web", "Aliyun_web", "acs:web", "ACS:web"])
def test_reserved_starts_are_refused_where_the_page_says_so(name: str) -> None:
    assert check_image_name(name, PUBLIC).startswith("starts with aliyun or acs:")
    assert check_image_name(name, APSARA_POP) == ""


def test_a_dot_is_for_public_names_only() -> None:
    assert check_image_name("web.1", PUBLIC) == ""
    fault = check_image_name("web.1", APSARA_ROUTE)
    assert fault.startswith("holds '.'; target apsara-route takes letters, digits,")


@pytest.mark.parametrize("text", ["ab", "x" * 256, "see http://x", "httpsfoo", "镜像"])
def test_a_fine_description(text: str) -> None:
    assert check_description(text, PUBLIC) == ""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a", "has 1 characters"),
        ("x" * 257, "has 257 characters; a description has 2 to 256"),
        ("http://x", "starts with a link"),
        ("HTTPS://x", "starts with a link"),
    ],
)
def test_a_description_that_ecs_would_refuse(text: str, fault: str) -> None:
    assert check_description(text, PUBLIC).startswith(fault)


@pytest.mark.parametrize(("key", "value"), [("k", ""), ("k" * 128, "v" * 128)])
def test_a_fine_tag(key: str, value: str) -> None:
    assert check_tag(key, value) == ""


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("", "v", "has a key of 0 characters"),
        ("k" * 129, "v", "has a key of 129 characters"),
        ("k", "v" * 129, "has a value of 129 characters"),
        ("aliyun-k", "v", "has the key 'aliyun-k'"),
        ("ACS:k", "v", "has the key 'ACS:k'"),
        ("k", "acs:v", "has the value 'acs:v'"),
        ("a http://k", "v", "holds http://"),
        ("k", "a https://v", "holds http://"),
    ],
)
def test_a_tag_that_ecs_would_refuse(key: str, value: str, fault: str) -> None:
    assert check_tag(key, value).startswith(fault)


@pytest.mark.parametrize("template", ["{hash}", "{stem}-{hash}", "a{{b}}{hash}"])
def test_a_fine_template(template: str) -> None:
    assert check_template(template) == ""


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{stem}", "has no {hash}"),
        ("{hash", "is no template"),
        ("{}{hash}", "holds something in braces"),
        ("{hash.x}", "holds something in braces"),
        ("{hash:9}", "holds something in braces"),
        ("{hash!r}", "holds something in braces"),
    ],
)
def test_a_template_that_could_not_name_images(template: str, fault: str) -> None:
    assert check_template(template).startswith(fault)
