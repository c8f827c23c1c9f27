"""`image-import invoke --remote` and `sweep --remote` on FC 2.0, in the fakes."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result as Run
from image_import.config.credentials import Credentials
from image_import.errors import ServiceRejected, ServiceUnavailable
from image_import.handler import handle
from image_import.ledger.entries import State
from image_import_cli.aliyun.remote_fc2 import Fc2Function
from image_import_cli.aliyun.remote_fc3 import Fc3Function
from image_import_cli.aliyun.remote_function import FunctionAnswer, results_of
from image_import_cli.main import cli
from loopback import Say, serving
from repository import FUNCTIONS, ROOT
from uploads import BUCKET, Uploads

ACCOUNT = ("--account-id", "1234567890123456", "--region", "cn-hangzhou")
FC2 = ("--remote", "--fc", "2.0", *ACCOUNT)
CREDENTIALS = Credentials(access_key_id="my-id", access_key_secret="my-secret")


class Deployed:
    """A bucket, the function as it is deployed on FC 2.0, and the command."""

    def __init__(self) -> None:
        self.uploads = Uploads()
        self.cloud = self.uploads.cloud

        def importer(event: bytes, context: Any) -> str:
            logging.getLogger("image_import").warning("at work")
            runtime = self.uploads.runtime
            return handle(event, context, environ={}, runtime=runtime)

        self.cloud.fc.create_function("image-import", "importer", importer)

    def run(self, *arguments: str, **further: str) -> Run:
        keys = self.cloud.credentials
        environ = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
            "REGION_ID": self.cloud.region_id,
            **further,
        }
        with self.cloud:
            return CliRunner(env=environ).invoke(cli, arguments)


@pytest.fixture
def deployed() -> Deployed:
    return Deployed()


def saved(event: bytes, folder: Path) -> str:
    path = folder / "event.json"
    path.write_bytes(event)
    return str(path)


def test_debug_shows_the_call_of_fc_2_without_the_keys(
    deployed: Deployed, tmp_path: Path
) -> None:
    event = saved(deployed.uploads.put("web.qcow2"), tmp_path)
    ended = deployed.run("invoke", event, *FC2, "--debug")
    keys = deployed.cloud.credentials
    assert "POST https://1234567890123456.cn-hangzhou.fc.aliyuncs.com" in ended.stderr
    assert "/functions/importer/invocations" in ended.stderr
    assert "x-fc-request-id: " in ended.stderr
    for secret in (keys.access_key_id, keys.access_key_secret, "FC LTAI"):
        assert secret not in ended.output


def test_the_function_imports_and_its_log_is_shown_apart(
    deployed: Deployed, tmp_path: Path
) -> None:
    event = saved(deployed.uploads.put("web.qcow2"), tmp_path)
    run = deployed.run("invoke", event, *FC2)
    assert run.exit_code == 0, run.output
    assert "submitted   web.qcow2" in run.stdout
    assert "at work" in run.stderr
    assert len(deployed.uploads.image_names) == 1


def test_json_has_records_request_id_and_log(
    deployed: Deployed, tmp_path: Path
) -> None:
    event = saved(deployed.uploads.put("web.qcow2"), tmp_path)
    said = json.loads(deployed.run("invoke", event, *FC2, "--json").stdout)
    assert said["records"][0]["outcome"] == "submitted"
    assert said["fc_request_id"] == deployed.cloud.fc.invocations[0].request_id
    assert any("at work" in line for line in said["log_tail"])


def test_a_function_that_asks_for_a_retry_is_shown_with_its_records(
    deployed: Deployed, tmp_path: Path
) -> None:
    event = saved(deployed.uploads.put("web.qcow2"), tmp_path)
    deployed.cloud.ecs.fail_next("ServiceUnavailable", times=99)
    run = deployed.run("invoke", event, *FC2)
    assert run.exit_code == 1
    assert "retrying   web.qcow2" in run.stdout
    assert "at work" in run.stderr


def test_async_queues_the_event_and_does_not_wait(
    deployed: Deployed, tmp_path: Path
) -> None:
    event = saved(deployed.uploads.put("web.qcow2"), tmp_path)
    run = deployed.run("invoke", event, *FC2, "--async", "--json")
    (invocation,) = deployed.cloud.fc.invocations
    said = {"accepted": True, "fc_request_id": invocation.request_id}
    assert (run.exit_code, json.loads(run.stdout)) == (0, said)
    assert deployed.uploads.image_names == []


def test_a_function_that_is_not_there_is_status_1(
    deployed: Deployed, tmp_path: Path
) -> None:
    event = saved(deployed.uploads.put("web.qcow2"), tmp_path)
    run = deployed.run("invoke", event, *FC2, "--function", "other")
    assert run.exit_code == 1
    assert "FunctionNotFound: function 'other' in service" in run.stderr
    assert "name it by --service, --function and --qualifier" in run.stderr
    assert "{" not in run.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--remote", "--local"), "--local and --remote exclude each other"),
        (("--async",), "--async needs --remote"),
        (("--remote", "--fc", "2.0"), "--remote needs --account-id and --region"),
    ],
    ids=["local and remote", "async here", "no address"],
)
def test_options_that_do_not_go_together_are_status_2(
    deployed: Deployed, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    event = saved(deployed.uploads.put("web.qcow2"), tmp_path)
    run = deployed.run("invoke", event, *options)
    assert run.exit_code == 2
    assert said in " ".join(run.stderr.split())


def test_a_remote_sweep_has_the_function_import_each_image_once(
    deployed: Deployed, tmp_path: Path
) -> None:
    deployed.uploads.upload("known.qcow2")
    for key in ("a.qcow2", "Größe 2.qcow2"):
        deployed.uploads.put(key)
    state = ("--position", str(tmp_path / "state.json"))
    run = deployed.run("sweep", BUCKET, *state, *FC2)
    assert run.exit_code == 0, run.output
    assert "3 keys: 2 submitted, 1 duplicate" in run.stdout
    assert len(deployed.cloud.fc.invocations) == 2


@pytest.mark.parametrize("option", ["--service", "--function"])
@pytest.mark.parametrize("command", ["sweep images", "redrive oss://images/"])
def test_a_function_that_is_not_there_is_told_before_anything_is_done(
    deployed: Deployed, command: str, option: str
) -> None:
    uploads = deployed.uploads
    deployed.cloud.ecs.fail_import("InvalidImageFormat.Malformed", "damaged")
    uploads.upload("broken.qcow2")
    while uploads.last_state("broken.qcow2") is not State.CREATE_FAILED:
        uploads.clock.advance(600)
        uploads.track()
    uploads.put("lost.qcow2")
    before = deployed.cloud.oss.keys(BUCKET), uploads.ledger("broken.qcow2")
    run = deployed.run(*command.split(), *FC2, option, "typo")
    assert (run.exit_code, run.stdout) == (1, "")
    assert run.stderr.startswith(f"Error: FC GetFunction: {option[2:].title()}NotFound")
    assert "'typo'" in run.stderr
    assert "Expected a function as it is deployed: name it by --service" in run.stderr
    after = deployed.cloud.oss.keys(BUCKET), uploads.ledger("broken.qcow2")
    assert after == before


@pytest.mark.parametrize(
    "command", ["invoke {event}", "sweep images", "redrive oss://images/"]
)
@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("2.0", "ServiceNotFound"),
        ("3.0", "functions on FC 3.0 need a package that is not installed"),
        ("4", "Invalid value for '--fc' (env var: 'FC_VERSION'): '4' is not one of"),
    ],
)
def test_the_variable_says_which_version_is_asked(
    deployed: Deployed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    version: str,
    said: str,
) -> None:
    monkeypatch.setitem(sys.modules, "alibabacloud_fc20230330", None)
    event = saved(deployed.uploads.put("web.qcow2"), tmp_path)
    words = command.format(event=event).split()
    options = ("--remote", *ACCOUNT, "--service", "typo")
    run = deployed.run(*words, *options, FC_VERSION=version)
    assert run.exit_code != 0
    assert said in " ".join(run.stderr.split())


def test_the_option_has_the_last_word_on_the_version(
    deployed: Deployed, tmp_path: Path
) -> None:
    event = saved(deployed.uploads.put("web.qcow2"), tmp_path)
    run = deployed.run("invoke", event, *FC2, FC_VERSION="3.0")
    assert run.exit_code == 0, run.output
    assert len(deployed.cloud.fc.invocations) == 1


def test_who_may_not_look_at_the_function_may_still_invoke_it(
    deployed: Deployed, tmp_path: Path
) -> None:
    deployed.uploads.put("lost.qcow2")
    deployed.cloud.fc.fail_next("AccessDenied", action="GetFunction", http_status=403)
    state = ("--position", str(tmp_path / "state.json"))
    run = deployed.run("sweep", BUCKET, *state, *FC2)
    assert (run.exit_code, run.stdout.split()[0]) == (0, "submitted"), run.output


def fc2_at(url: str) -> Fc2Function:
    return Fc2Function(
        CREDENTIALS, endpoint=url, service="image-import", function="importer"
    )


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (Say(body=b"<html>", status=502), ServiceUnavailable, "no answer that can be"),
        (Say(body=b"<html>", status=403), ServiceUnavailable, "no answer that can be"),
        (
            Say(json={"ErrorCode": "AccessDenied"}, status=403),
            ServiceRejected,
            "FC InvokeFunction: AccessDenied: ",
        ),
        (
            Say(json={"ErrorCode": "ResourceExhausted"}, status=429),
            ServiceUnavailable,
            "FC InvokeFunction: ResourceExhausted: ",
        ),
        (Say(hang_up=True), ServiceUnavailable, "ConnectionError"),
    ],
    ids=["no JSON, 5xx", "no JSON, 4xx", "denied", "throttled", "no answer"],
)
def test_whatever_aliyun_fc2_ends_in_is_one_error_that_shows_no_secret(
    caplog: pytest.LogCaptureFixture, reply: Say, kind: type[Exception], said: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(reply) as server, pytest.raises(kind, match=said) as caught:
        fc2_at(server.url).invoke(b"{}")
    shown = caplog.text + repr(caught.value)
    assert "FC my-id:" in server.only.headers["authorization"]
    assert "authorization" not in shown.lower()
    assert "my-id" not in shown


def invoked_after(prepared: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Invoke a sample in a Python of its own, in which a line has run before."""
    command = "from image_import_cli.main import main; main(sys.argv[1:])"
    event = ROOT / "events/put-qcow2/event.json"
    program = f"import sys\n{prepared}\n{command}"
    return subprocess.run(
        [sys.executable, "-c", program, "invoke", str(event), *options],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PYTHONPATH": str(FUNCTIONS),
            "ALIBABA_CLOUD_ACCESS_KEY_ID": "id",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret",
        },
    )


def test_retries_that_come_to_nothing_are_one_sentence() -> None:
    prepared = "import fc2.client; fc2.client.backoff_factor = 0"
    options = ["--remote", "--fc", "2.0", "--fc-endpoint", "http://127.0.0.1:9"]
    run = invoked_after(prepared, *options)
    assert run.returncode == 1
    assert run.stderr.startswith("Error: FC InvokeFunction: no answer")
    assert run.stderr.count("\n") == 1


class Fc3Double:
    """The vendor's package, as far as it is used: see alibabacloud-fc20230330."""

    def __init__(self, reply: Callable[[], Any]) -> None:
        self.reply = reply
        self.sent: tuple[Any, ...] = ()
        self.Config = self.InvokeFunctionHeaders = SimpleNamespace
        self.InvokeFunctionRequest = self.RuntimeOptions = SimpleNamespace
        self.GetFunctionRequest = SimpleNamespace

    def Client(self, config: SimpleNamespace) -> "Fc3Double":  # noqa: N802 - its name
        self.config = config
        return self

    def invoke_function_with_options(self, *sent: Any) -> Any:
        self.sent = sent
        return self.reply()

    get_function_with_options = invoke_function_with_options


def fc3_with(reply: Callable[[], Any]) -> tuple[Fc3Double, Fc3Function]:
    double = Fc3Double(reply)
    function = Fc3Function(
        double,
        CREDENTIALS,
        endpoint="https://1.cn-hangzhou.fc.aliyuncs.com",
        function="image-import-importer",
    )
    return double, function


def test_fc_3_is_asked_for_the_log_and_answers_with_it() -> None:
    headers = {"x-fc-log-result": "YXQgd29yaw==", "x-fc-request-id": "r-1"}
    reply = SimpleNamespace(body=io.BytesIO(b"{}"), headers=headers)
    double, function = fc3_with(lambda: reply)
    answer = function.invoke(b"event")
    name, request, asked, _ = double.sent
    assert (name, request.body.read()) == ("image-import-importer", b"event")
    assert asked.common_headers["x-fc-log-type"] == "Tail"
    assert answer == FunctionAnswer(body="{}", log_tail="at work", request_id="r-1")
    assert double.config.endpoint == "1.cn-hangzhou.fc.aliyuncs.com"


def test_fc_3_queues_what_need_not_be_waited_for() -> None:
    reply = SimpleNamespace(body=None, headers={"x-fc-request-id": "r-1"})
    double, function = fc3_with(lambda: reply)
    answer = function.invoke(b"event", is_async=True)
    assert double.sent[2].common_headers == {"x-fc-invocation-type": "Async"}
    assert answer == FunctionAnswer(request_id="r-1", is_accepted=True)


@pytest.mark.parametrize("code", ["FunctionNotFound", "AccessDenied"])
def test_fc_3_is_asked_whether_the_function_is_there(code: str) -> None:
    def refuse() -> None:
        raise SdkError(code, 404 if code == "FunctionNotFound" else 403)

    double, function = fc3_with(refuse)
    if code == "AccessDenied":
        function.check()
    else:
        with pytest.raises(ServiceRejected, match="FC GetFunction: FunctionNotFound"):
            function.check()
    assert double.sent[0] == "image-import-importer"


def test_without_the_extra_the_exact_line_that_installs_it_is_said() -> None:
    prepared = "sys.modules['alibabacloud_fc20230330'] = None"
    options = ["--remote", "--account-id", "1", "--region", "cn-hangzhou"]
    run = invoked_after(prepared, *options)
    assert run.returncode == 2
    assert "python -m pip install '.[cli,fc3]'" in run.stderr
    assert "\nfc3 = [" in (ROOT / "pyproject.toml").read_text("utf-8")


class SdkError(Exception):
    """As the vendor's: code, status_code and message are attributes."""

    def __init__(self, code: str, status_code: int | None) -> None:
        super().__init__(code)
        self.code, self.status_code, self.message = code, status_code, "sorry"


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (SdkError("FunctionNotFound", 404), ServiceRejected, "FunctionNotFound: sorry"),
        (SdkError("InternalServerError", 500), ServiceUnavailable, "InternalServer"),
        (SdkError("ResourceExhausted", 429), ServiceUnavailable, "ResourceExhausted"),
        (SdkError("", None), ServiceUnavailable, "no answer"),
        (OSError("refused"), ServiceUnavailable, "no answer .OSError."),
    ],
    ids=["not there", "5xx", "throttled", "no status", "no connection"],
)
def test_what_fc_3_refuses_says_whether_asking_again_helps(
    error: Exception, kind: type[Exception], said: str
) -> None:
    def refuse() -> None:
        raise error

    with pytest.raises(kind, match=said):
        fc3_with(refuse)[1].invoke(b"event")


@pytest.mark.parametrize(
    "body", ["", "ok", "[]", '{"records": [{}]}', '{"records": [{"outcome": "great"}]}']
)
def test_an_answer_that_is_not_our_handlers_is_refused(body: str) -> None:
    with pytest.raises(ServiceRejected, match="not with records"):
        results_of(FunctionAnswer(body=body))
