"""What becomes of what a function does: results, errors, exits and time-outs."""

import json
from pathlib import Path

import pytest
from fake_aliyun import FakeAliyun, ManualClock
from fake_aliyun.fc.runtime.function import FcFunction, FunctionConfig
from running_code import FIRST, Make, config, error, result

KEY_VARIABLE = "ALIBABA_CLOUD_ACCESS_KEY_ID"


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
    describing = config("describe", contract="python3.10")  # shows its keys
    with FakeAliyun() as cloud, FcFunction(code, describing) as package:
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
