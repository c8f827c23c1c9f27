import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_import.errors import SettingsError
from image_import.model.limits import TEMPLATE_FIELDS, check_image_name
from image_import.model.targets import APSARA_POP, PUBLIC, TARGETS, Target
from image_import.planning.image_name import image_name

HASH = "0123456789abcdef" * 4
DEFAULT = "{stem}-{hash}"


def named(
    key: str, template: str = DEFAULT, *, target: Target = PUBLIC, of: str = HASH
) -> str:
    return image_name(template, object_key=key, revision_hash=of, target=target)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("a/ubuntu-24.04.img", "ubuntu-24.04-0123456789ab"),
        ("web.vhd.tar.gz", "web-0123456789ab"),
        ("2012R2.vhd", "image-2012R2-0123456789ab"),
        ("aliyun_3_x64.vhd", "image-aliyun_3_x64-0123456789ab"),
        ("Aliyun.vhd", "image-Aliyun-0123456789ab"),
        ("acs:web.raw", "image-acs-web-0123456789ab"),
        ("镜像/增量镜像.qcow2", "增量镜像-0123456789ab"),
        ("новый_диск.qcow2", "novyj_disk-0123456789ab"),
        ("Gerät é.raw", "Gerat-e-0123456789ab"),
        ("CentOS 7 (64bit).raw", "CentOS-7-64bit-0123456789ab"),
        ("😀.img", "image-0123456789ab"),
        ("../..", "image-0123456789ab"),
        ("", "image-0123456789ab"),
    ],
)
def test_a_name_is_still_recognised(key: str, name: str) -> None:
    assert named(key) == name


def test_a_dot_is_replaced_where_the_target_does_not_take_it() -> None:
    assert named("web-1.2.raw", target=APSARA_POP) == "web-1-2-0123456789ab"


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{hash}", "image-0123456789ab"),
        ("{set}_{hash}", "web_0123456789ab"),
        ("{folder}-{stem}-{hash}", "a-b-web-disk2-0123456789ab"),
        ("{key}-{hash}", "a-b-web-disk2-0123456789ab"),
        ("prod {stem} {hash}", "prod-web-disk2-0123456789ab"),
        ("{stem}-{hash}.{hash}", "web-disk2-0123456789ab.0123456789ab"),
    ],
)
def test_a_template_says_what_stands_in_a_name(template: str, name: str) -> None:
    assert named("a/b/web-disk2.qcow2", template) == name


@pytest.mark.parametrize("template", ["{stem}", "{hash", "{hash.x}", "{os}-{hash}"])
def test_a_template_that_could_not_name_images_is_refused(template: str) -> None:
    with pytest.raises(SettingsError, match="image name template"):
        named("web.raw", template)


def test_a_long_name_is_cut_before_its_hash() -> None:
    name = named("x" * 1000 + ".raw")
    assert name.endswith("x-0123456789ab")
    assert 120 <= len(name) <= 128


def test_what_is_cut_is_shared_by_the_parts_that_can_be_cut() -> None:
    name = named(f"{'f' * 400}/{'s' * 400}.raw", "{folder}-{stem}-{hash}")
    assert name.count("f") == name.count("s") > 50


@pytest.mark.parametrize("template", ["x" * 300 + "{hash}", "a{hash}" + "y" * 300])
def test_a_template_that_is_too_long_itself_keeps_the_hash(template: str) -> None:
    name = named("web.raw", template)
    assert HASH[:12] in name
    assert check_image_name(name, PUBLIC) == ""


KEYS = st.one_of(
    st.text(max_size=1023),
    st.binary(max_size=1023).map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.text(alphabet="./-_:aA1像é\u202e\u0301\x00 ", max_size=200),
)
FIELDS = st.lists(st.sampled_from([f"{{{f}}}" for f in TEMPLATE_FIELDS]), max_size=4)
TEMPLATES = st.tuples(FIELDS, FIELDS, st.text("-_. aA1像:/", max_size=80)).map(
    lambda parts: f"{parts[2]}{''.join(parts[0])}{{hash}}{''.join(parts[1])}"
)
HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(key=KEYS, template=TEMPLATES, of=HASHES)
def test_any_key_and_template_give_every_target_a_valid_name(
    key: str, template: str, of: str
) -> None:
    for target in TARGETS.values():
        name = named(key, template, target=target, of=of)
        assert check_image_name(name, target) == ""
        assert of[:12] in name


@given(key=KEYS, other=KEYS, of=HASHES, another=HASHES)
def test_two_versions_never_share_a_name(
    key: str, other: str, of: str, another: str
) -> None:
    same = named(key, of=of) == named(other, of=another)
    assert not same or of[:12] == another[:12]
