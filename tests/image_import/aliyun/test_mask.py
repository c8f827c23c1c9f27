"""Secrets in what a service says, in each encoding in which services repeat them."""

import base64
import json
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus

import pytest
from image_import.aliyun.mask import Mask
from image_import.errors import ServiceRejected

KEY_ID = "STS.NUgYrfEuJmPDHPsGDoZbSGvG7"
TOKEN = "CAISlgJ1q6Ft5B2yfSjIr5bbGI/kjrEV4rrdZ1TTnEh+aM1Yo4fG1Tz2IHpNfm5oBO4Xs/k="
MASK = Mask([KEY_ID, TOKEN, "", "short"])

ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "percent, path": quote,
    "percent, form": quote_plus,
    "percent, lower case": lambda text: quote(text, safe="").lower(),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON": lambda text: json.dumps(text).replace("/", "\\/"),
    "JSON, escaped": lambda text: text.replace("+", "\\u002b").replace("=", "\\u003D"),
    "HTML": lambda text: escape(text).replace("=", "&#61;").replace("+", "&#x2B;"),
    "upper case": str.upper,
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("secret", [KEY_ID, TOKEN], ids=["key", "token"])
def test_a_secret_is_masked_however_it_is_encoded(secret: str, encoding: str) -> None:
    said = f"no such user {ENCODINGS[encoding](secret)}&x=1"
    masked = MASK(said).replace('"', "")
    assert masked == "no such user ***&x=1"


POP = (
    "Specified signature is not matched with our calculation. server string to sign "
    f"is:POST&%2F&AccessKeyId%3D{KEY_ID}%26SecurityToken%3D{quote(quote(TOKEN))}"
)
ACS3 = (
    "Specified signature does not match our calculation. server CanonicalRequest is "
    "[POST\n/\n\nhost:ecs], server StringToSign is [ACS3-HMAC-SHA256\nabc]"
)


@pytest.mark.parametrize("said", [POP, ACS3], ids=["POP", "ACS3"])
def test_a_signed_text_is_cut_off(said: str) -> None:
    kept = said.partition(". ")[0]
    assert MASK(said) == f"{kept}. (the signed text is left out)"
    assert Mask([])(said) == f"{kept}. (the signed text is left out)"


def test_what_is_no_secret_is_kept() -> None:
    said = "InvalidAccessKeyId.NotFound: Specified access key is not found, in short."
    assert MASK(said) == said


def test_an_error_is_masked_in_all_that_it_says() -> None:
    error = ServiceRejected(
        f"no {KEY_ID}",
        service="ECS",
        action="ImportImage",
        code=f"Odd.{KEY_ID}",
        request_id=KEY_ID,
        http_status=400,
        retry_after_seconds=1.5,
    )
    masked = MASK.error(error)
    assert isinstance(masked, ServiceRejected)
    assert (str(masked), masked.code, masked.request_id) == ("no ***", "Odd.***", "***")
    assert (masked.http_status, masked.retry_after_seconds) == (400, 1.5)


def test_a_secret_of_any_characters_is_found_as_it_is() -> None:
    odd = base64.b64encode(bytes(range(64))).decode() + ".*+?[](){}|^$\\~ "
    assert Mask([odd])(f"a {odd} b") == "a *** b"
