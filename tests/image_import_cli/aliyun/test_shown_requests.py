"""`--debug` shows what a command asks for, and nothing that gives access."""

import re

import click
import pytest
from click.testing import CliRunner
from doctor_world import world
from fake_aliyun.ram.models import KeyPair
from image_import.aliyun.ecs.client import Ecs, make_session
from image_import.config.credentials import Credentials
from image_import.config.settings import read_settings
from image_import.errors import ServiceUnavailable
from image_import_cli.aliyun.shown_requests import requests_shown
from image_import_cli.main import COMMANDS, cli
from loopback import Got, Say, serving
from uploads import BUCKET, Uploads

ASKS_NOBODY = {"completion", "demo", "infer", "local", "package", "policy"}
"""Commands that talk to no service."""

KEYS = Credentials(
    access_key_id="LTAI5tSampleKeyId0001",
    access_key_secret="sampleSecretSampleSecret000001",
    security_token="CAISsample+token/of=an-hour",
)


def environment(keys: KeyPair | Credentials) -> dict[str, str]:
    return {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": keys.security_token,
        "REGION_ID": "cn-hangzhou",
    }


def secrets_of(got: Got) -> set[str]:
    """Return the signature of a request, wherever it stands."""
    named = re.findall(r"Signature=([^,&\s]+)", str(got.headers) + got.target)
    given = got.form.get("Signature") or got.query.get("Signature")
    return {*named, *([given] if given else [])}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_that_asks_a_service_has_debug_and_profile(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command
    flags = {flag for option in command.params for flag in option.opts}
    assert ({"--debug", "--profile"} <= flags) is (name not in ASKS_NOBODY)


def test_requests_to_all_four_services_are_shown_without_the_keys() -> None:
    account = world()
    keys = account.cloud.credentials
    shown = account.run("--debug").stderr
    for asked in ("/my-images/", "GetRole", "/functions/", "x-acs-action: ImportImage"):
        assert asked in shown
    assert re.search(r"< 200.*, x-oss-request-id: \w{20,}, [\d,]+ ms", shown)
    for secret in (keys.access_key_id, keys.access_key_secret, "ignature=", "OSS4-"):
        assert secret not in shown


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_a_security_token_and_signature_of_oss_are_not_shown(version: str) -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    cloud = uploads.cloud
    cloud.ram.create_role("reader", service="fc")
    cloud.ram.attach_policy("role/reader", "AliyunOSSFullAccess")
    keys = cloud.ram.assume_role("reader", seconds=3600)
    environ = {**environment(keys), "OSS_SIGNATURE_VERSION": version}
    with cloud:
        ended = CliRunner(env=environ).invoke(cli, ["status", BUCKET, "--debug"])
    assert ended.exit_code == 0, ended.output
    assert f"GET https://{BUCKET}.oss-cn-hangzhou.aliyuncs.com/?" in ended.stderr
    assert "GET " not in ended.stdout
    for secret in (keys.access_key_id, keys.access_key_secret, keys.security_token):
        assert secret not in ended.output
    assert "authorization" not in ended.stderr.lower()


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("public", ""),
        ("apsara-pop", ""),
        ("apsara-pop", "form"),
        ("apsara-route", "form"),
        ("apsara-route", "json"),
    ],
)
def test_no_way_to_sign_a_call_is_shown(
    target: str, body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = Say(json={"RequestId": "R-1", "Code": "Busy"}, status=503)
    with serving(answer) as ecs:
        environ = {
            "IMPORT_TARGET": target,
            "ECS_ENDPOINT": ecs.url,
            "OSS_ENDPOINT": ecs.url,
        }
        environ |= {"ECS_BODY_FORMAT": body} if body else {}
        client = Ecs(make_session(1), read_settings(environ), KEYS, "cn-hangzhou")
        with (
            requests_shown(lambda: KEYS.secrets),
            pytest.raises(ServiceUnavailable),
        ):
            client.import_image({"ImageName": "web"})
    shown = capsys.readouterr().err
    assert f"POST {ecs.url}/" in shown
    assert "ImportImage" in shown
    assert "< 503" in shown
    signatures = secrets_of(ecs.only)
    assert signatures or "Authorization" in ecs.only.headers
    for secret in (*KEYS.secrets, *signatures, "ignature="):
        assert secret not in shown


def test_what_got_no_answer_is_shown_by_its_kind_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(Say(hang_up=True)) as ecs:
        environ = {
            "IMPORT_TARGET": "apsara-pop",
            "ECS_ENDPOINT": ecs.url,
            "OSS_ENDPOINT": ecs.url,
        }
        client = Ecs(make_session(1), read_settings(environ), KEYS, "cn-hangzhou")
        with (
            requests_shown(lambda: KEYS.secrets),
            pytest.raises(ServiceUnavailable),
        ):
            client.import_image({"ImageName": "web"})
    assert re.search(r"< ConnectionError, [\d,]+ ms", capsys.readouterr().err)


def test_once_a_command_has_ended_nothing_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(Say(json={"RequestId": "R-1"}, status=503)) as ecs:
        environ = {"ECS_ENDPOINT": ecs.url, "OSS_ENDPOINT": ecs.url}
        client = Ecs(make_session(1), read_settings(environ), KEYS, "cn-hangzhou")
        with requests_shown(lambda: ()):
            pass
        with pytest.raises(ServiceUnavailable):
            client.import_image({"ImageName": "web"})
    assert capsys.readouterr().err == ""
