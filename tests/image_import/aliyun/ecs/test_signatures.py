import hashlib
from base64 import b64decode

import pytest
from image_import.aliyun.ecs.signatures import (
    acs3_authorization,
    canonical_query,
    md5_base64,
    percent_encode,
    roa_signature,
)


@pytest.mark.parametrize(
    ("text", "encoded"),
    [("a b", "a%20b"), ("*", "%2A"), ("~-_.", "~-_."), ("a/像", "a%2F%E5%83%8F")],
)
def test_text_is_encoded_as_rfc_3986_says(text: str, encoded: str) -> None:
    assert percent_encode(text) == encoded


def test_a_query_is_sorted_by_the_bytes_of_its_names() -> None:
    query = canonical_query([("b", "1"), ("a.10", "2"), ("a.1", ""), ("B", "3")])
    assert query == "B=3&a.1=&a.10=2&b=1"


def test_a_missing_path_is_signed_as_the_root() -> None:
    headers = {"host": "h", "x-acs-content-sha256": hashlib.sha256(b"").hexdigest()}
    signed = [
        acs3_authorization(
            method="POST",
            path=path,
            query="",
            headers=headers,
            access_key_id="i",
            secret="s",
        )
        for path in ("", "/", "/other")
    ]
    assert signed[0] == signed[1] != signed[2]


def test_headers_that_are_missing_leave_their_lines_empty() -> None:
    def sign(headers: dict[str, str]) -> str:
        return roa_signature(method="POST", resource="/", headers=headers, secret="s")

    assert len(b64decode(sign({}))) == hashlib.sha1().digest_size
    assert sign({}) == sign({"user-agent": "x"})
    assert sign({"date": "a"}) != sign({"content-type": "a"})


def test_a_content_md5_is_base64() -> None:
    assert md5_base64(b"") == "1B2M2Y8AsgTpgAmY7PhCfg=="
