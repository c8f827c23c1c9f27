"""What holds for every command: help, exit statuses, JSON, completion."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import CompletionItem, ShellComplete
from click.testing import CliRunner, Result
from fake_aliyun import FakeAliyun
from image_import_cli.main import COMMANDS, cli, summary
from repository import FUNCTIONS, ROOT

SAMPLES = ROOT / "events"
NO_TABLE = {
    "completion": "prints a script",
    "demo": "is a show",
    "event": "prints JSON as it is",
    "infer": "prints JSON as it is",
    "local": "is a server",
    "package": "says in a line what it wrote",
}
"""Why a command needs no --json."""

BUCKETS = ("--image-bucket", "my-images", "--ledger-bucket", "my-ledger")
NO_KEYS = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": None,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None,
    "REGION_ID": "cn-hangzhou",
}


def run(*arguments: str) -> Result:
    return CliRunner(env=NO_KEYS).invoke(cli, arguments)


def command_of(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


every_command = pytest.mark.parametrize("name", sorted(COMMANDS))


@every_command
def test_help_ends_in_an_example_of_the_command(name: str) -> None:
    text = run(name, "--help")
    _, found, example = text.stdout.partition("Example:")
    assert (text.exit_code, found) == (0, "Example:")
    assert f"image-import {name}" in example


@every_command
def test_help_fits_80_columns(name: str) -> None:
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(cli, [name, "--help"])
    assert [line for line in shown.stdout.splitlines() if len(line) > 80] == []


@every_command
def test_every_option_says_what_it_is_for(name: str) -> None:
    options = [p for p in command_of(name).params if isinstance(p, click.Option)]
    assert [o.name for o in options if not o.help] == []


@every_command
def test_an_option_that_is_not_known_is_status_2(name: str) -> None:
    refused = run(name, "--no-such-option")
    assert refused.exit_code == 2
    assert "--no-such-option" in refused.stderr


@every_command
def test_what_a_person_reads_as_a_table_a_program_gets_as_json(name: str) -> None:
    flags = {flag for p in command_of(name).params for flag in p.opts}
    assert ("--json" in flags) is (name not in NO_TABLE)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("completion", "zsh"),
        ("demo",),
        ("infer", "web.qcow2"),
        ("invoke", str(SAMPLES / "put-qcow2/event.json"), "--local"),
        ("plan", str(SAMPLES / "put-qcow2/bucket/noble-server-cloudimg-amd64.img")),
        ("policy", *BUCKETS),
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_is_done_is_status_0(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cancel", "oss://images/web.qcow2"), "no credentials"),
        (("event", "oss://images/web.qcow2"), "no credentials"),
        (("invoke", str(SAMPLES / "put-qcow2/event.json")), "no credentials"),
        (("plan", "oss://images/web.qcow2"), "no credentials"),
        (("redrive", "oss://images/"), "no credentials"),
        (("status", "images"), "no credentials"),
        (("sweep", "images", "--dry-run"), "no credentials"),
        (("sweep", "images", "--remote", "--fc-endpoint", "http://x"), "no cred"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_status_1_and_a_sentence(
    arguments: tuple[str, ...], said: str
) -> None:
    failed = run(*arguments)
    assert failed.exit_code == 1, failed.output
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("cancel", "web.qcow2"),
        ("completion", "tcsh"),
        ("demo", "more"),
        ("doctor", *BUCKETS),
        ("event", "web.qcow2"),
        ("infer",),
        ("invoke", "no-such-file.json"),
        ("package", "--python", "2.7"),
        ("plan", "no-such-file.qcow2"),
        ("policy",),
        ("redrive",),
        ("status", "images", "--state", "lost"),
        ("sweep", "images", "--rate", "-1"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_was_asked_for_wrongly_is_status_2_and_how_to_ask(
    arguments: tuple[str, ...],
) -> None:
    refused = run(*arguments)
    assert refused.exit_code == 2, refused.output
    assert "Error: " in refused.stderr


@pytest.mark.parametrize(
    ("given", "meant"),
    [("statsu", "status"), ("redirve", "redrive"), ("sweeep", "sweep")],
)
def test_a_misspelt_command_is_told_which_one_is_near(given: str, meant: str) -> None:
    refused = run(given)
    assert refused.exit_code == 2
    assert f"No such command '{given}'; did you mean {meant}" in refused.stderr


def test_help_shows_each_command_once_with_its_whole_summary() -> None:
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["--help"]).stdout
    words = " ".join(shown.split())
    listed = re.findall(r"^  ([a-z]+) ", shown, re.MULTILINE)
    assert set(COMMANDS) <= set(listed)
    assert [n for n in COMMANDS if summary(command_of(n)) not in words] == []
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "status", "code", "message", "hint"),
    [
        (("plan", "oss://images/a.qcow2"), 1, "SettingsError", "no credentials", ""),
        (
            ("status", "a_b"),
            2,
            "Usage",
            "no bucket's name",
            "image-import status --help",
        ),
        (
            ("sweep", "images", "--positoin"),
            2,
            "Usage",
            "--position",
            "image-import sweep --h",
        ),
    ],
)
def test_a_failure_with_json_is_an_object_on_standard_output(
    arguments: tuple[str, ...], status: int, code: str, message: str, hint: str
) -> None:
    runner = CliRunner(env=NO_KEYS)
    ended = runner.invoke(cli, [*arguments, "--json"], prog_name="image-import")
    error = json.loads(ended.stdout)["error"]
    assert (ended.exit_code, error["code"]) == (status, code)
    assert message in error["message"]
    assert error["hint"].startswith(hint)
    assert error["message"] in ended.stderr


def test_a_service_s_refusal_with_json_has_its_code_and_what_to_do() -> None:
    with FakeAliyun() as cloud:
        keys = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": cloud.credentials.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": cloud.credentials.access_key_secret,
            "REGION_ID": "cn-hangzhou",
        }
        command = ["plan", "oss://others/web.qcow2", "--json"]
        ended = CliRunner(env=keys).invoke(cli, command)
    error = json.loads(ended.stdout)["error"]
    assert error["code"] == "NoSuchBucket"
    assert "others" in error["message"] + error["hint"]


def test_the_shell_completes_settings_and_their_words() -> None:
    said = [item.value for item in completions("IMPORT_TARGET=apsara-")]
    assert said == ["IMPORT_TARGET=apsara-pop", "IMPORT_TARGET=apsara-route"]
    assert [item.value for item in completions("SIDECAR_")] == ["SIDECAR_MAY_SET="]


def completions(begun: str) -> list[CompletionItem]:
    return ShellComplete(cli, {}, "image-import", "_X").get_completions(
        ["status", "--set"], begun
    )


def test_json_is_whole_and_alone_on_standard_output() -> None:
    event = str(SAMPLES / "put-qcow2/event.json")
    for arguments in (("policy", *BUCKETS), ("invoke", event, "--local")):
        assert isinstance(json.loads(run(*arguments, "--json").stdout), dict)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell_asks_the_command_itself(shell: str) -> None:
    script = run("completion", shell).stdout
    assert f"_IMAGE_IMPORT_COMPLETE={shell}_complete" in script
    assert "%(" not in script


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("sw", {"sweep"}),
        ("sweep --wo", {"--workers"}),
        ("infer --target apsara-p", {"apsara-pop"}),
        ("status --state re", {"redrive", "refused", "retiring", "retrying"}),
        ("status --w", {"--watch", "--workers"}),
        ("redrive --d", {"--debug", "--dry-run", "--despite-doubt"}),
        ("cancel --y", {"--yes"}),
        ("completion ", {"bash", "fish", "zsh"}),
    ],
    ids=[
        *("command", "option", "value", "state"),
        *("options of status", "of redrive", "of cancel", "argument"),
    ],
)
def test_what_the_shell_asks_for_is_offered(words: str, offered: set[str]) -> None:
    answer = completed(words)
    assert set(re.findall(r"^plain,(\S+)$", answer, re.MULTILINE)) == offered


@pytest.mark.parametrize("command", ["plan", "redrive", "status --html", "invoke"])
def test_a_file_is_completed_by_the_shell(command: str) -> None:
    assert completed(f"{command} we").splitlines() == ["file,we"]


def completed(words: str) -> str:
    """Return what bash is told when Tab is pressed behind these words."""
    environ = {
        **os.environ,
        "_IMAGE_IMPORT_COMPLETE": "bash_complete",
        "COMP_WORDS": f"image-import {words}",
        "COMP_CWORD": str(len(words.split(" "))),
        "PYTHONPATH": str(FUNCTIONS),
    }
    return subprocess.run(
        [sys.executable, "-m", "image_import_cli"],
        capture_output=True,
        text=True,
        check=True,
        env=environ,
    ).stdout


@pytest.mark.needs("bash")
def test_the_script_completes_our_command_as_bash_says() -> None:
    script = run("completion", "bash").stdout
    shown = subprocess.run(
        ["bash", "-c", f"{script}\ncomplete -p image-import"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.startswith("complete ")
    assert shown.stdout.rstrip().endswith(" image-import")


def test_output_that_finds_no_room_ends_in_a_sentence() -> None:
    command = [sys.executable, "-m", "image_import_cli", "status", "--help"]
    environ = {**os.environ, "PYTHONPATH": str(FUNCTIONS)}
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env=environ, check=False
        )
    said = run.stderr.decode()
    assert said == ("Error: the output could not be written: No space left on device\n")
    assert run.returncode == 1
