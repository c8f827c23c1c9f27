import base64
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_aliyun import FakeAliyun, ManualClock
from fake_aliyun.fc_runtime import Contract, FcFunction, FunctionConfig
from fake_aliyun.ram.models import Credentials

PYTHONS = ("python3.10", "python3.11", "python3.12")
FIRST = Credentials(
    access_key_id="STS.one", access_key_secret="secret-one", security_token="token-one"
)
SECOND = Credentials(
    access_key_id="STS.two", access_key_secret="secret-two", security_token="token-two"
)
Json = Any
Make = Callable[..., FcFunction]
KEY_VARIABLE = "ALIBABA_CLOUD_ACCESS_KEY_ID"

HANDLERS = """
import datetime, decimal, json, logging, os, sys, time
from sample.helper import WORD

STATE = {"initialized": False}

def initialize(context):
    STATE["initialized"] = context.function.handler
    print("initializing")

def initialize_badly(context):
    raise RuntimeError("no settings")

def shape(event, context):
    return {"event": repr(event), "word": WORD, "state": STATE, "pid": os.getpid()}

def environment(event, context):
    return dict(os.environ)

def path(event, context):
    return {"path": sys.path[:3], "cwd": os.getcwd(), "warn": sys.warnoptions}

def describe(event, context):
    plain = {k: v for k, v in vars(context).items() if not hasattr(v, "__dict__")}
    nested = {k: vars(v) for k, v in vars(context).items() if hasattr(v, "__dict__")}
    return {**plain, **nested}

def log(event, context):
    print("plain")
    logging.getLogger("mine").info("informed")
    logging.getLogger("mine").debug("hidden")
    context.getLogger().warning("warned")
    logging.getLogger("mine").info("x" * 200_000)

def text(event, context):
    return "as it is"

def nothing(event, context):
    return None

def empty(event, context):
    return ""

def values(event, context):
    return {"b": decimal.Decimal("1.5"), "a": datetime.date(2026, 11, 1)}

def unspeakable(event, context):
    return {1, 2}

def boom(event, context):
    raise ValueError("boom")

def leave(event, context):
    sys.exit(3)

def linger(event, context):
    try:
        time.sleep(60)
    except Exception:
        print("an Exception")
    finally:
        print("tidied up")

def ignore_the_end(event, context):
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass

def write(event, context):
    outcome = {}
    here = os.path.dirname(__file__)
    for name, action in {
        "create": lambda: open(os.path.join(here, "new"), "w"),
        "append": lambda: open(__file__, "a"),
        "mkdir": lambda: os.mkdir(os.path.join(here, "folder")),
        "remove": lambda: os.remove(__file__),
        "rename": lambda: os.rename(__file__, "/tmp/elsewhere"),
    }.items():
        try:
            action()
            outcome[name] = "allowed"
        except OSError as error:
            outcome[name] = error.errno
    with open("/tmp/fc-runtime-test", "w") as file:
        outcome["tmp"] = file.write("x")
    os.remove("/tmp/fc-runtime-test")
    return outcome
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    package = folder / "sample"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "helper.py").write_text("WORD = 'helped'\n", "utf-8")
    (package / "handlers.py").write_text(HANDLERS, "utf-8")
    (package / "broken.py").write_text("def handler(:\n", "utf-8")
    (package / "zero.py").write_text("1 / 0\n", "utf-8")
    (folder / "plain").mkdir()
    (folder / "plain" / "index.py").write_text(
        "def handler(event, context):\n    return 'plain'\n", "utf-8"
    )
    return folder


def config(function: str, **settings: object) -> FunctionConfig:
    handler = function if "." in function else f"sample.handlers.{function}"
    return replace(FunctionConfig(handler=handler), **settings)  # type: ignore[arg-type]


@pytest.fixture(params=[pytest.param(n, marks=pytest.mark.needs(n)) for n in PYTHONS])
def python(request: pytest.FixtureRequest, tool_path: Callable[[str], str]) -> str:
    return tool_path(request.param)


@pytest.fixture
def make(code: Path, python: str) -> Iterator[Make]:
    """Deploy a function of the sample code on each Python."""
    made: list[FcFunction] = []

    def deploy(function: str, **settings: object) -> FcFunction:
        made.append(FcFunction(code, config(function, **settings), interpreter=python))
        return made[-1]

    yield deploy
    for function in made:
        function.close()


def result(function: FcFunction, credentials: Credentials = FIRST) -> Json:
    invocation = function.invoke(b'{"key": "\xc3\xa4"}', credentials=credentials)
    assert invocation.error_type == "", invocation.log
    return json.loads(invocation.payload)


def error(function: FcFunction) -> Json:
    invocation = function.invoke(b"{}", credentials=FIRST)
    assert invocation.error_type == "UnhandledInvocationError"
    return json.loads(invocation.payload)


def test_the_event_is_bytes_and_siblings_are_importable(make: Make) -> None:
    answer = result(make("shape"))
    assert answer["event"] == repr(b'{"key": "\xc3\xa4"}')
    assert answer["word"] == "helped"


def test_one_instance_serves_one_request_after_the_other(make: Make) -> None:
    function = make("shape")
    assert result(function)["pid"] == result(function)["pid"]


def test_a_zip_is_unpacked_and_runs(code: Path, python: str, tmp_path: Path) -> None:
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in code.rglob("*.py"):
            zipped.write(path, path.relative_to(code))
    with FcFunction(archive, config("shape"), interpreter=python) as function:
        assert result(function)["word"] == "helped"


def test_the_initializer_runs_once_before_the_first_event(make: Make) -> None:
    function = make("shape", initializer="sample.handlers.initialize")
    first = function.invoke(b"{}", credentials=FIRST)
    second = function.invoke(b"{}", credentials=FIRST)
    state = json.loads(second.payload)["state"]
    assert state == {"initialized": "sample.handlers.initialize"}
    assert "initializing" in first.log
    assert "FC Initialize" not in second.log


def test_a_failing_initializer_fails_the_request_and_ends_the_instance(
    make: Make,
) -> None:
    function = make("shape", initializer="sample.handlers.initialize_badly")
    for _ in range(2):
        failed = function.invoke(b"{}", credentials=FIRST)
        assert json.loads(failed.payload)["errorMessage"] == "no settings"
        assert "FC Initialize Start" in failed.log
        assert "FC Invoke Start" not in failed.log


def test_platform_variables_are_cleaned_away(make: Make) -> None:
    variables = result(make("environment", environment={"SIDECAR": "required"}))
    reserved = {name for name in variables if name.startswith(("FC_", "_FC_"))}
    assert variables["SIDECAR"] == "required"
    assert reserved == {
        "FC_ACCOUNT_ID",
        "FC_FUNCTION_HANDLER",
        "FC_FUNCTION_MEMORY_SIZE",
        "FC_FUNCTION_NAME",
        "FC_FUNC_CODE_PATH",
        "FC_INSTANCE_ID",
        "FC_QUALIFIER",
        "FC_REGION",
        "FC_SERVICE_NAME",
    }


def test_nothing_of_the_caller_s_environment_is_inherited(make: Make) -> None:
    variables = result(make("environment"))
    assert not {"HOME", "PYTHONPATH", "VIRTUAL_ENV"} & variables.keys()


def test_the_code_folder_comes_first_on_the_path(make: Make, code: Path) -> None:
    answer = result(make("path"))
    assert answer["path"][0] == answer["cwd"] == str(code)
    assert re.fullmatch(
        r"/opt/python/lib/python3\.1\d/site-packages", answer["path"][1]
    )
    assert answer["path"][2] == "/opt/python"
    assert answer["warn"] == ["ignore"]


def test_layers_may_be_named(make: Make, code: Path) -> None:
    answer = result(make("path", layer_paths=("/layer/one", "/layer/two")))
    assert answer["path"] == [str(code), "/layer/one", "/layer/two"]


def test_the_3_10_context_has_credentials_and_a_service(make: Make) -> None:
    context = result(make("describe", contract="python3.10", timeout_seconds=30))
    assert context["credentials"]["accessKeyId"] == "STS.one"
    assert context["credentials"]["security_token"] == "token-one"
    assert context["service"]["name"] == "image-import"
    assert context["function"]["memory"] == 512
    assert context["function"]["timeout"] == "30"
    assert context["retry_count"] == "0"


def test_the_3_12_context_has_neither_credentials_nor_service(make: Make) -> None:
    context = result(make("describe", contract="python3.12"))
    assert sorted(context) == [
        "account_id", "function", "log_project", "log_store", "logger", "region",
        "request_id",
    ]  # fmt: skip
    assert context["function"]["qualifier"] == "LATEST"


def test_without_a_choice_the_interpreter_decides_on_the_contract(
    make: Make, python: str
) -> None:
    has_credentials = "credentials" in result(make("describe"))
    assert has_credentials is not python.endswith("3.12")


@pytest.mark.parametrize(
    ("contract", "in_environment"),
    [("python3.10", "STS.one"), ("python3.12", "STS.two")],
)
def test_only_the_3_12_environment_gets_the_keys_of_each_request(
    make: Make, contract: Contract, in_environment: str
) -> None:
    function = make("environment", contract=contract)
    assert result(function, FIRST)[KEY_VARIABLE] == "STS.one"
    assert result(function, SECOND)[KEY_VARIABLE] == in_environment


def test_the_3_10_context_carries_the_keys_of_each_request(make: Make) -> None:
    function = make("describe", contract="python3.10")
    result(function, FIRST)
    assert result(function, SECOND)["credentials"]["access_key_id"] == "STS.two"


def test_records_carry_time_request_and_level(make: Make) -> None:
    log = make("log").invoke(b"{}", credentials=FIRST, request_id="1-2-3").log
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z 1-2-3 "
    assert "\nFC Invoke Start RequestId: 1-2-3\nplain\n" in log
    assert re.search(f"^{stamp}\\[INFO\\] informed$", log, re.MULTILINE)
    assert re.search(f"^{stamp}\\[WARNING\\] warned$", log, re.MULTILINE)
    assert log.endswith("\nFC Invoke End RequestId: 1-2-3\n")


def test_debug_is_hidden_and_long_records_are_cut(make: Make) -> None:
    log = make("log").invoke(b"{}", credentials=FIRST).log
    assert "hidden" not in log
    assert 128_000 < max(map(len, log.splitlines())) < 128 * 1024


def test_the_log_level_is_the_platform_s_to_set(make: Make) -> None:
    log = make("log", log_level="DEBUG").invoke(b"{}", credentials=FIRST).log
    assert "[DEBUG] hidden" in log


def test_the_tail_is_the_last_4_kib(make: Make) -> None:
    invocation = make("log").invoke(b"{}", credentials=FIRST)
    tail = base64.b64decode(invocation.log_tail)
    assert len(tail) == 4096
    assert tail == invocation.log.encode()[-4096:]


@pytest.mark.parametrize(
    ("function", "payload"),
    [
        ("text", b"as it is"),
        ("empty", b""),
        ("nothing", b"null"),
        ("values", b'{\n    "a": "2026-11-01",\n    "b": 1.5\n}'),
    ],
)
def test_results_are_sent_as_text_or_json(
    make: Make, function: str, payload: bytes
) -> None:
    assert make(function).invoke(b"{}", credentials=FIRST).payload == payload


def test_a_result_that_is_not_json_is_an_error(make: Make) -> None:
    answer = error(make("unspeakable"))
    assert answer["errorType"] == "TypeError"
    assert "is not JSON serializable" in answer["errorMessage"]


def test_an_exception_is_answered_without_the_runtime_s_own_frame(make: Make) -> None:
    answer = error(make("boom"))
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "boom")
    (frame,) = answer["stackTrace"]
    assert frame[0].endswith('sample/handlers.py"')
    assert frame[2:] == ["in boom", 'raise ValueError("boom")']


def test_an_exception_is_logged_and_ends_with_the_platform_s_words(make: Make) -> None:
    log = make("boom").invoke(b"{}", credentials=FIRST, request_id="r").log
    assert '[ERROR] {\n    "errorMessage": "boom"' in log
    assert log.endswith("RequestId: r, Error: Unhandled function error\n")


def test_an_exception_leaves_the_instance_alive(make: Make) -> None:
    function = make("boom")
    function.invoke(b"{}", credentials=FIRST)
    again = function.invoke(b"{}", credentials=FIRST)
    assert "runtime inited" not in again.log


@pytest.mark.parametrize(
    ("handler", "error_type"),
    [
        ("sample.absent.handler", "ImportModuleError"),
        ("plain.index.handler", "ImportModuleError"),
        ("sample.broken.handler", "UserCodeSyntaxError"),
        ("sample.zero.handler", "UserCodeError"),
        ("sample.handlers.absent", "HandlerNotFound"),
    ],
    ids=["no module", "no __init__", "syntax", "raises", "no function"],
)
def test_a_handler_that_cannot_be_loaded_is_named(
    make: Make, handler: str, error_type: str
) -> None:
    assert error(make(handler))["errorType"] == error_type


def test_a_folder_without_init_is_written_with_a_slash(make: Make) -> None:
    invocation = make("plain/index.handler").invoke(b"{}", credentials=FIRST)
    assert invocation.payload == b"plain"


def test_a_handler_without_a_module_is_invalid(code: Path) -> None:
    with FcFunction(code, FunctionConfig(handler="handler")) as function:
        assert error(function)["errorType"] == "InvalidHandleName"


def test_an_exit_ends_the_instance_and_the_next_request_gets_a_new_one(
    make: Make,
) -> None:
    function = make("leave")
    for _ in range(2):
        invocation = function.invoke(b"{}", credentials=FIRST)
        message = json.loads(invocation.payload)["errorMessage"]
        assert invocation.exit_code == 3
        assert message.startswith("Process exited unexpectedly before completing")
        assert "runtime inited" in invocation.log


def test_a_timeout_dumps_the_stacks_and_lets_finally_run(make: Make) -> None:
    function = make("linger", timeout_seconds=1)
    invocation = function.invoke(b"{}", credentials=FIRST)
    message = json.loads(invocation.payload)["errorMessage"]
    assert invocation.exit_code == 143
    assert message.startswith("Function timed out after 1 seconds")
    assert "Dumping stack trace after function timeout" in invocation.log
    assert "in linger" in invocation.log
    assert "tidied up" in invocation.log
    assert "an Exception" not in invocation.log


def test_who_ignores_the_timeout_is_killed(code: Path) -> None:
    settings = config("ignore_the_end", timeout_seconds=0.5)
    with FcFunction(code, settings) as function:
        assert function.invoke(b"{}", credentials=FIRST).exit_code == -9


def test_the_code_is_read_only_and_tmp_is_not(make: Make) -> None:
    read_only = dict.fromkeys(("create", "append", "mkdir", "remove", "rename"), 30)
    assert result(make("write")) == {**read_only, "tmp": 1}


def test_memory_is_measured(make: Make) -> None:
    invocation = make("text").invoke(b"{}", credentials=FIRST)
    assert 1 < invocation.max_memory_mib < 100


@pytest.mark.parametrize(
    "variables",
    [{"FC_MINE": "1"}, {"1ST": "1"}, {"securityToken": "1"}, {"BIG": "x" * 4096}],
    ids=["FC_", "digit first", "reserved", "too big"],
)
def test_what_the_cloud_refuses_as_variables_is_refused(
    variables: dict[str, str],
) -> None:
    with pytest.raises(ValueError, match=r"reserved|no name|4096"):
        config("text", environment=variables)


def test_a_code_package_runs_when_an_object_arrives(code: Path) -> None:
    with FakeAliyun() as cloud, FcFunction(code, config("describe")) as package:
        role = cloud.ram.create_role("fn", service="fc.aliyuncs.com")
        function = cloud.fc.create_function(
            "images", "importer", package, role=role.name, log_store="project/store"
        )
        cloud.fc.create_trigger(function, "images", prefix="in/")
        cloud.oss.put("images", "in/web.raw", b"data")
        cloud.fc.drain()
        (invocation,) = cloud.fc.invocations
        context = json.loads(invocation.result)
    assert invocation.status == "Succeeded"
    assert context["request_id"] == invocation.request_id
    assert context["credentials"]["access_key_id"].startswith("STS.")
    assert cloud.fc.log_lines["project/store"][-1].startswith("FC Invoke End")


def test_a_code_package_that_raises_is_tried_again(code: Path) -> None:
    clock = ManualClock()
    cloud = FakeAliyun(clock=clock)
    with cloud, FcFunction(code, config("boom")) as package:
        function = cloud.fc.create_function("images", "importer", package)
        invocation = cloud.fc.invoke_async(function, b"{}")
        cloud.fc.drain()
    assert (invocation.status, len(invocation.attempts)) == ("Failed", 4)
    assert json.loads(invocation.result)["errorMessage"] == "boom"
