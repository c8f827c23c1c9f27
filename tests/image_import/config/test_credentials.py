from types import SimpleNamespace

import pytest
from image_import.config.credentials import Credentials, read_credentials
from image_import.errors import SettingsError

ENVIRON = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "env-id",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "env-secret",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "env-token",
}
OF_CONTEXT = SimpleNamespace(
    access_key_id="ctx-id", access_key_secret="ctx-secret", security_token="ctx-token"
)


def test_the_context_comes_before_the_environment() -> None:
    assert read_credentials(OF_CONTEXT, ENVIRON) == Credentials(
        access_key_id="ctx-id",
        access_key_secret="ctx-secret",
        security_token="ctx-token",
    )


@pytest.mark.parametrize(
    "of_context",
    [
        None,
        SimpleNamespace(access_key_id=None, access_key_secret="x", security_token=None),
        SimpleNamespace(access_key_id="x", access_key_secret="", security_token=None),
    ],
    ids=["python3.12 has none", "no key", "no secret"],
)
def test_half_a_pair_in_the_context_does_not_hide_the_environment(
    of_context: SimpleNamespace | None,
) -> None:
    assert read_credentials(of_context, ENVIRON).access_key_id == "env-id"


def test_a_missing_token_is_an_empty_one() -> None:
    environ = {k: v for k, v in ENVIRON.items() if "TOKEN" not in k}
    context = SimpleNamespace(**{**vars(OF_CONTEXT), "security_token": None})
    assert read_credentials(None, environ).security_token == ""
    assert read_credentials(context, ENVIRON).security_token == ""


@pytest.mark.parametrize("missing", list(ENVIRON)[:2])
def test_without_credentials_the_error_says_where_to_put_them(missing: str) -> None:
    with pytest.raises(SettingsError, match="ALIBABA_CLOUD_ACCESS_KEY_ID") as caught:
        read_credentials(None, {k: v for k, v in ENVIRON.items() if k != missing})
    assert "env-secret" not in str(caught.value)


def test_no_secret_shows_in_a_repr() -> None:
    shown = repr(read_credentials(OF_CONTEXT, {}))
    assert "ctx" not in shown
