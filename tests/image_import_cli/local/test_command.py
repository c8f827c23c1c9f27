"""`image-import local` as a person runs it."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import oss2
import pytest
import requests
from click.testing import CliRunner
from desks import QCOW2, client, desk_with, wait_for_deliveries
from fake_aliyun import FakeAliyun
from image_import_cli.commands.demo import IMAGE
from image_import_cli.local.client_hints import shell_settings
from image_import_cli.local.command import at_desk, how_to_reach, local
from image_import_cli.main import cli
from manual import PAGES
from repository import FUNCTIONS
from waiting import PATIENCE_SECONDS

AUTH = oss2.AuthV4("fake-access-key-id", "fake-access-key-secret")
DEAD_PROXY = "http://127.0.0.1:9"
ALL = "0.0.0.0"  # noqa: S104 - what other machines are let in by
SAMPLE = FUNCTIONS / "image_import_cli/assets" / IMAGE


@contextmanager
def command(*arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "image_import_cli", "local", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=FUNCTIONS,
        env={**os.environ, **environ},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def lines_until(process: subprocess.Popen[str], pattern: str) -> list[str]:
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if re.search(pattern, line):
            return lines
    raise AssertionError(f"no {pattern!r} in {lines}")


def test_an_upload_from_outside_ends_as_an_available_image() -> None:
    options = ("--prefix", "incoming/", "--import-seconds", "0")
    with command(*options, HTTP_PROXY=DEAD_PROXY, http_proxy=DEAD_PROXY) as process:
        (url,) = lines_until(process, "")
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        bucket = oss2.Bucket(AUTH, url, "images", region="cn-hangzhou")
        bucket.put_object("incoming/\x1b[31mdebian-12.qcow2", QCOW2)
        told = lines_until(process, "Available ")
    assert "\x1b" not in "".join(told)
    assert any(re.search(r"submitted +incoming/\\x1b\[31mdeb", line) for line in told)


def test_ctrl_c_ends_it_in_one_line() -> None:
    with command() as process:
        lines_until(process, "Ctrl-C ends it")
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert (process.returncode, told.strip()) == (0, "stopped; what was here is gone")


def test_what_becomes_of_uploads_is_told_as_it_happens() -> None:
    with command("--import-seconds", "0") as process:
        (url,) = lines_until(process, "")
        bucket = oss2.Bucket(AUTH, url, "images", region="cn-hangzhou")
        bucket.put_object("notes.txt", b"text")
        assert lines_until(process, r"\d\d:\d\d:\d\d  ignored +notes\.txt: .+")


def test_a_port_that_is_taken_is_said_to_be() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(local, ["--port", port])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: port {port} cannot be served on")


def test_an_address_of_another_machine_is_said_to_be_none_of_ours() -> None:
    # Source: RFC 5737, addresses for documentation.
    result = CliRunner().invoke(local, ["--host", "192.0.2.1"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: 192.0.2.1 cannot be listened on")


def test_another_container_uploads_and_asks_with_what_is_printed() -> None:
    with command("--host", ALL, "--import-seconds", "0") as process:
        shown = "\n".join(lines_until(process, "Ctrl-C ends it"))
        url, port = re.findall(r"^(http://\S+:(\d+))$", shown, re.MULTILINE)[0]
        assert urlsplit(url).hostname == socket.gethostname().lower()
        told = dict(re.findall(r"^  export (\w+)=(\S+)$", shown, re.MULTILINE))
        assert told["OSS_ENDPOINT"] == told["ECS_ENDPOINT"] == url
        # Names of a network of containers lead here; the request is the same.
        environ = {**os.environ, **told, "http_proxy": f"http://127.0.0.1:{port}"}
        upload = [
            *(sys.executable, "-m", "image_import_cli", "upload", str(SAMPLE)),
            *("oss://images/incoming/", "--wait", "--json"),
        ]
        done = subprocess.run(
            upload,
            capture_output=True,
            text=True,
            check=False,
            cwd=FUNCTIONS,
            env=environ,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "whoever reaches the port may read, change and delete" in shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set", "SIDECAR=maybe"], "SIDECAR holds"),
        (["--bucket", "No_Bucket"], "Error: --bucket No_Bucket: InvalidBucketName"),
        (["--set", "LEDGER_BUCKET=images"], "leave LEDGER_BUCKET out"),
        (["--target", "moon"], "'moon' is not one of"),
        (["--port", "70000"], "0<=x<=65535"),
        (["--import-seconds", "nan"], "nan is no number in the range 0<=x<=86400"),
        (["--import-seconds", "inf"], "inf is not in the range 0<=x<=86400"),
    ],
    ids=["setting", "bucket", "ledger", "target", "port", "nan", "inf"],
)
def test_a_wrong_option_is_explained(options: list[str], said: str) -> None:
    result = CliRunner().invoke(local, options)
    assert (result.exit_code, said in result.output) == (2, True)


@pytest.mark.parametrize(
    "name", ["OSS_ENDPOINT", "ECS_ENDPOINT", "ECS_LOOKUP_ENDPOINT"]
)
def test_no_setting_leads_the_function_away_from_this_machine(name: str) -> None:
    assignment = f"{name}=https://oss-cn-hangzhou.aliyuncs.com"
    result = CliRunner().invoke(local, ["--set", assignment])
    assert result.exit_code == 2
    assert f"Error: {name} holds 'https://oss-cn-" in result.output
    assert "leave it out" in result.output


@pytest.mark.parametrize(
    "options",
    [
        ["--set", "KEY_PREFIX=a/", "--prefix", "b/"],
        ["--set", "IMPORT_TARGET=public", "--target", "apsara-pop"],
    ],
    ids=" ".join,
)
def test_an_option_and_its_setting_may_not_contradict(options: list[str]) -> None:
    result = CliRunner().invoke(local, options)
    assert result.exit_code == 2
    assert f"--set {options[1]} says otherwise; give one of them" in result.output


def test_a_bucket_of_the_longest_name_has_a_ledger_beside_it() -> None:
    name = "a" * 55 + "-" * 7 + "b"
    with at_desk(FakeAliyun(), {}, bucket=name) as desk:
        assert sorted(desk.cloud.oss.buckets) == [name, "a" * 55 + "-ledger"]


def test_the_settings_for_other_commands_are_those_of_the_function() -> None:
    given = {"IMPORT_TARGET": "apsara-pop", "KEY_PREFIX": "in coming/"}
    with at_desk(FakeAliyun(), given, bucket="images") as desk:
        lines = shell_settings(desk).splitlines()
    assert "export IMPORT_TARGET=apsara-pop" in lines
    assert "export KEY_PREFIX='in coming/'" in lines
    assert f"export ECS_ENDPOINT={desk.url}" in lines
    assert "export LEDGER_BUCKET=images-ledger" in lines


@pytest.mark.parametrize("prefix", ["", "incoming/"], ids=["any key", "a prefix"])
def test_the_shown_doctor_finds_the_deployment_here_in_order(prefix: str) -> None:
    with desk_with(KEY_PREFIX=prefix, ROLE_NAME="reader") as desk:
        requests.post(f"{desk.url}/_fake/reset", timeout=PATIENCE_SECONDS)
        shown = how_to_reach(desk)
        told = dict(re.findall(r"^  export (\w+)=(\S+)$", shown, re.MULTILINE))
        command = re.search(
            r"^  image-import (doctor .*\n.*\n.*)$", shown, re.MULTILINE
        )
        assert command
        words = [*shlex.split(command[1].replace("\\\n", "")), "--json"]
        run = CliRunner(env=told).invoke(cli, words)
        client(desk).put_object(f"{prefix}web.qcow2", QCOW2)
        (delivery,) = wait_for_deliveries(desk, 1)
    found = {f["text"] for f in json.loads(run.stdout)["findings"] if f["mend"]}
    assert run.exit_code == 0, run.output
    fewer = "maxAsyncRetryAttempts of {} is 3, not"
    assert sorted(text.partition(" 8:")[0] for text in found) == [
        fewer.format("converter"),
        fewer.format("importer"),
    ]
    (record,) = json.loads(delivery.result)["records"]
    assert record["outcome"] == "submitted"


def test_the_help_has_an_example() -> None:
    result = CliRunner().invoke(cli, ["local", "--help"])
    assert "Example: image-import local --port 8000" in result.output


def test_the_readme_tells_of_each_option() -> None:
    options = [name for p in local.params for name in p.opts]
    assert [name for name in options if f"`{name} " not in PAGES["docs/start.md"]] == []
