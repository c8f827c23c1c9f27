"""Credentials are found where the ecosystem's other tools find them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import responses
from click.testing import CliRunner
from image_import.errors import SettingsError
from image_import_cli.main import cli
from image_import_cli.options.credentials import find_credentials
from repository import FUNCTIONS

KEY_ID = "LTAI5tSampleKeyId0001"
SECRET = "sampleSecretSampleSecret000001"
KEYS = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET,
}
AK: dict[str, Any] = {
    "mode": "AK",
    "access_key_id": KEY_ID,
    "access_key_secret": SECRET,
}
STS: dict[str, Any] = {**AK, "mode": "StsToken", "sts_token": "token-of-an-hour"}
ROLE = {
    **AK,
    "mode": "RamRoleArn",
    "ram_role_arn": "acs:ram::1234567890123456:role/importer",
    "ram_session_name": "image-import",
    "expired_seconds": 900,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    profiles = {"prod": AK, "hour": STS, "role": ROLE, "empty": {"mode": "AK"}}
    return write(tmp_path, profiles, current="hour")


@pytest.fixture
def profiles_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo for the SDK what it read at its import from the tests' environment."""
    module = "alibabacloud_credentials.utils.auth_util"
    monkeypatch.setattr(f"{module}.environment_cli_profile_disabled", "false")


def write(home: Path, profiles: dict[str, dict[str, Any]], *, current: str) -> Path:
    said = {
        "current": current,
        "profiles": [{"name": name, **held} for name, held in profiles.items()],
    }
    folder = home / ".aliyun"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(said), "utf-8")
    return home


def test_the_environments_keys_go_before_the_current_profile(home: Path) -> None:
    assert find_credentials(KEYS, home=home) == ({}, "")


def test_the_current_profile_is_taken_where_no_keys_are_set(home: Path) -> None:
    keys, source = find_credentials({}, home=home)
    assert keys["ALIBABA_CLOUD_SECURITY_TOKEN"] == "token-of-an-hour"
    assert source == f"profile hour (StsToken) of {home}/.aliyun/config.json"


def test_a_profile_that_is_asked_for_goes_before_the_environments_keys(
    home: Path,
) -> None:
    keys, source = find_credentials(
        {**KEYS, "ALIBABA_CLOUD_SECURITY_TOKEN": "old"}, home=home, profile="prod"
    )
    assert keys == {**KEYS, "ALIBABA_CLOUD_SECURITY_TOKEN": ""}
    assert source.startswith("profile prod (AK)")


def test_the_environment_may_name_the_profile(home: Path) -> None:
    keys, source = find_credentials({"ALIBABA_CLOUD_PROFILE": "prod"}, home=home)
    assert keys["ALIBABA_CLOUD_ACCESS_KEY_ID"] == KEY_ID
    assert source.startswith("profile prod")


def test_a_misspelt_profile_is_told_which_there_are(home: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        find_credentials({}, home=home, profile="prd")
    said = str(raised.value)
    assert "has no profile 'prd'; did you mean 'prod'?" in said
    assert said.endswith("It has: prod, hour, role, empty")


def test_a_profile_without_a_file_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no .*\.aliyun/config\.json"):
        find_credentials({}, home=tmp_path, profile="prod")


def test_an_empty_profile_that_is_asked_for_says_so(home: Path) -> None:
    with pytest.raises(SettingsError, match=r"'empty' of .* holds no keys"):
        find_credentials({}, home=home, profile="empty")


def test_a_profile_that_lacks_a_field_names_it(tmp_path: Path) -> None:
    cut = {name: held for name, held in STS.items() if name != "sts_token"}
    home = write(tmp_path, {"cut": cut}, current="cut")
    with pytest.raises(SettingsError, match="lacks sts_token; run `aliyun configure`"):
        find_credentials({}, home=home)


@pytest.mark.parametrize("text", ["", "[]", '{"profiles": 1}', '{"profiles": [1]}'])
def test_a_file_that_holds_no_profiles_is_an_error_with_a_way_round(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / ".aliyun").mkdir()
    (tmp_path / ".aliyun" / "config.json").write_text(text, "utf-8")
    with pytest.raises(SettingsError, match="ALIBABA_CLOUD_CLI_PROFILE_DISABLED=true"):
        find_credentials({}, home=tmp_path)


@pytest.mark.usefixtures("profiles_are_read")
def test_a_role_is_taken_on_with_the_profiles_keys(home: Path) -> None:
    given = {
        "AccessKeyId": "STS.temporary",
        "AccessKeySecret": "temporary",
        "SecurityToken": "token",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    with responses.RequestsMock() as sts:
        sts.get("https://sts.aliyuncs.com/", json={"Credentials": given})
        keys, source = find_credentials({}, home=home, profile="role")
        asked = sts.calls[0].request.url or ""
    assert "Action=AssumeRole" in asked
    assert f"AccessKeyId={KEY_ID}" in asked
    assert keys["ALIBABA_CLOUD_SECURITY_TOKEN"] == "token"
    assert source.startswith("profile role (RamRoleArn)")


@pytest.mark.usefixtures("profiles_are_read")
def test_a_role_that_is_refused_is_told_without_a_secret(home: Path) -> None:
    said = {"Code": "NoPermission", "Message": f"string to sign is: {KEY_ID} {SECRET}"}
    with responses.RequestsMock() as sts:
        sts.get("https://sts.aliyuncs.com/", json=said, status=403)
        with pytest.raises(SettingsError) as raised:
            find_credentials({}, home=home, profile="role")
    assert "NoPermission" in str(raised.value)
    assert KEY_ID not in str(raised.value)
    assert SECRET not in str(raised.value)


def run_apart(program: str, environ: dict[str, str]) -> str:
    """Return what a program prints; the SDK reads the environment at its import."""
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(FUNCTIONS)}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**kept, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


PROGRAM = """
import sys
from pathlib import Path
from image_import.errors import SettingsError
from image_import_cli.options.credentials import find_credentials
import os
{before}
try:
    print(find_credentials(os.environ, home=Path(sys.argv[0] or "/nowhere"))[1])
except SettingsError as exc:
    print(exc)
print("alibabacloud_credentials" in sys.modules)
"""


def test_without_anything_the_error_names_what_is_missing_and_what_to_do() -> None:
    said = run_apart(
        PROGRAM.format(before=""), {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}
    )
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET are" in said
    assert "~/.aliyun/config.json gives none" in said
    assert "aliyun configure" in said


def test_one_key_without_the_other_is_named_alone() -> None:
    said = run_apart(
        PROGRAM.format(before="sys.modules['alibabacloud_credentials'] = None"),
        {"ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID},
    )
    assert "no credentials: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set" in said
    assert "pip install '.[credentials]'" in said
    assert KEY_ID not in said


def test_the_sdk_is_not_imported_where_keys_are_set() -> None:
    assert run_apart(PROGRAM.format(before=""), KEYS) == "False"


def test_an_ini_file_of_the_ecosystem_is_read_by_the_chain(tmp_path: Path) -> None:
    ini = tmp_path / "credentials.ini"
    ini.write_text(
        "[default]\nenable = true\ntype = access_key\n"
        f"access_key_id = {KEY_ID}\naccess_key_secret = {SECRET}\n",
        "utf-8",
    )
    environ = {"ALIBABA_CLOUD_CREDENTIALS_FILE": str(ini)}
    said = run_apart(PROGRAM.format(before=""), environ)
    assert "(found by alibabacloud-credentials)" in said
    assert "profile" in said


def test_a_command_says_whose_credentials_it_takes(home: Path) -> None:
    environ = {"HOME": str(home), "OSS_ENDPOINT": "http://127.0.0.1:1"}
    environ["REGION_ID"] = "cn-hangzhou"
    arguments = ["event", "oss://images/web.qcow2", "--profile", "prod"]
    ended = CliRunner(env=environ).invoke(cli, arguments)
    assert "credentials: profile prod (AK) of" in ended.stderr
    assert KEY_ID not in ended.output
    assert ended.exit_code == 1


def test_a_misspelt_profile_ends_a_command_with_a_sentence(home: Path) -> None:
    environ = {"HOME": str(home), "REGION_ID": "cn-hangzhou"}
    arguments = ["plan", "oss://images/web.qcow2", "--profile", "prd"]
    ended = CliRunner(env=environ).invoke(cli, arguments)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "did you mean 'prod'?" in ended.stderr
