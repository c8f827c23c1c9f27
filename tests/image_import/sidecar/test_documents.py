import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_import.errors import SidecarError
from image_import.sidecar.documents import MAX_SIDECAR_BYTES, in_words, read_document

BOTH = [False, True]


def read(text: str, *, is_yaml: bool = False) -> object:
    return read_document(text.encode("utf-8", "surrogatepass"), is_yaml=is_yaml)


@pytest.mark.parametrize("is_yaml", BOTH, ids=["json", "yaml"])
@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("{}", {}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ('{"a": "\u955c\u50cf", "b": [true, null]}', {"a": "镜像", "b": [True, None]}),
        ('{"a": {"b": "5"}}', {"a": {"b": "5"}}),
    ],
)
def test_json_is_read_as_json_and_as_yaml(
    text: str, held: object, *, is_yaml: bool
) -> None:
    assert read(text, is_yaml=is_yaml) == held


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("a: no", "no"),
        ("a: 2026-11-01", "2026-11-01"),
        ("a: 1:30", "1:30"),
        ("a: 010", "010"),
        ("a: 1.5", "1.5"),
        ("a: '5'", "5"),
        ('a: "null"', "null"),
        ("a: 40", 40),
        ("a: -1", -1),
        ("a: true", True),
        ("a: False", "False"),
        ("a:", None),
        ("a: ~", None),
        ("a: |\n  x\n  y\n", "x\ny\n"),
        ("a: &anchor x", "x"),
        ("a: ! x", "x"),
        ("a:\n- 1\n- b: 2\n", [1, {"b": 2}]),
        ("a: 99999999999999999999", "99999999999999999999"),
    ],
)
def test_yaml_has_no_surprising_readings(text: str, held: object) -> None:
    assert read(text, is_yaml=True) == {"a": held}


@pytest.mark.parametrize("is_yaml", BOTH, ids=["json", "yaml"])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty; write {}"),
        (b" \n", "is empty; write {}"),
        (b"\xff\xfe{\x00}\x00", r"not UTF-8 \(byte 0\); save it as UTF-8"),
        (b"[]", "the sidecar holds a list; it must hold an object"),
        (b"null", r"the sidecar holds nothing \(null\)"),
        (b'"a"', "the sidecar holds text"),
        (b"5", "the sidecar holds a number"),
        (b"true", "the sidecar holds true"),
        (b'{"a": 1, "b": 2, "a": 3}', "^a: is given twice"),
        (b'{"x": {"a": 1, "a": 1}}', "^a: is given twice"),
        (b" " * (MAX_SIDECAR_BYTES + 1), "is larger than 64 KiB"),
    ],
)
def test_what_is_no_object_is_refused(
    data: bytes, message: str, *, is_yaml: bool
) -> None:
    with pytest.raises(SidecarError, match=message):
        read_document(data, is_yaml=is_yaml)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{'a': 1}", r"not JSON \(line 1, column 2: .*\); a sidecar in YAML ends in"),
        ('{"a": 1', "is not JSON"),
        ("ImageName: web", "is not JSON"),
        ('{"a": NaN}', "holds NaN, which is not JSON"),
        ('{"a": -Infinity}', "holds -Infinity, which is not JSON"),
        ('{"a": 1' + "0" * 5000 + "}", "is not JSON that we can read"),
        ("[" * 60_000, "is not JSON that we can read"),
    ],
    ids=["quotes", "cut", "yaml", "NaN", "infinity", "5,000 digits", "60,000 deep"],
)
def test_bad_json_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(SidecarError, match=message):
        read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", r"not YAML \(line 1, column \d+: "),
        ("a: b: c", r"not YAML \(line 1, column 5: "),
        ("a: \x01", r"not YAML \(a forbidden character\)"),
        ("a: 1\n---\nb: 2", "is not YAML"),
        ("a: &x 1\nb: *x", "line 2 holds an alias; write the value out"),
        ("a: !!python/object:os.system x", "line 1 holds a tag; remove it"),
        ("a: !!int 5", "line 1 holds a tag"),
        ("[a]: 1", "line 1 has a field whose name is not text"),
        ("? {a: 1}\n: 2", "a field whose name is not text"),
        ("a: 1\nb:\n  c: 1\n  c: 2", r"^c: is given twice \(line 4\)"),
        ("a: " + "[" * 60_000, "line 1 is nested more than 8 deep"),
        ("# a comment", "the sidecar holds nothing"),
    ],
    ids=lambda text: text[:24],
)
def test_bad_yaml_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(SidecarError, match=message):
        read(text, is_yaml=True)


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(SidecarError, match="line 2 holds an alias"):
        read("\n".join(lines), is_yaml=True)


@pytest.mark.parametrize(
    ("value", "words"),
    [(False, "false"), ({}, "an object"), (1.5, "a number"), ([], "a list")],
)
def test_values_are_named_in_words(value: object, words: str) -> None:
    assert in_words(value) == words


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.booleans())
def test_no_bytes_do_worse_than_a_sidecar_error(
    data: bytes,
    is_yaml: bool,
) -> None:
    with contextlib.suppress(SidecarError):
        assert isinstance(read_document(data, is_yaml=is_yaml), dict)
