"""What a function finds around itself."""

import base64
import json
import re
import zipfile
from pathlib import Path

import pytest
from fake_aliyun.fc.runtime.function import Contract, FcFunction
from running_code import FIRST, SECOND, Make, config, result

KEY_VARIABLE = "ALIBABA_CLOUD_ACCESS_KEY_ID"


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
