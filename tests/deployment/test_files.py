"""Both templates and s.yaml: valid, the same as each other and as the model."""

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import make_deployment
import pytest
from deployment import (
    check_ros,
    check_s,
    ros_file,
    ros_parameters,
    rules,
    s_file,
    strict_yaml,
)
from deployment.model import (
    FUNCTION_ROLE,
    SAME_CHOICE,
    TRIGGER_ROLE,
    another,
    filled_in,
)
from deployment.ros_fc2 import FC2
from deployment.ros_fc3 import FC3
from deployment.ros_file import HERE, StackKind, Template
from image_import.config.settings import read_settings
from image_import_cli.iam.deployment import FUNCTIONS, IMPORTER, FunctionSpec
from repository import ROOT

TEMPLATES = {kind.file: (ROOT / kind.file).read_text("utf-8") for kind in (FC3, FC2)}
S_YAML = (ROOT / "s.yaml").read_text("utf-8")
VALIDATORS = ROOT / "tests" / "validators"

of_each_kind = pytest.mark.parametrize("kind", [FC3, FC2], ids=[FC3.file, FC2.file])


def in_s_yaml() -> dict[str, FunctionSpec]:
    resources = s_file.read_resources(strict_yaml.load(S_YAML))
    return {k: s_file.read_function(k, v["props"]) for k, v in resources.items()}


@of_each_kind
def test_a_template_has_no_fault(kind: StackKind) -> None:
    assert check_ros.find_faults(kind, TEMPLATES[kind.file]) == []


def test_s_yaml_has_no_fault() -> None:
    assert check_s.find_faults(S_YAML) == []


@of_each_kind
def test_a_template_says_what_the_model_says(kind: StackKind) -> None:
    template = Template(strict_yaml.load(TEMPLATES[kind.file]))
    values = check_ros.values_of(kind, template, HERE)
    functions = kind.read_functions(template.resources(), HERE)
    said = {name: asdict(function) for name, function in functions.items()}
    assert said == {f.name: filled_in(f, values) for f in FUNCTIONS}


def test_s_yaml_says_what_the_model_says() -> None:
    values = strict_yaml.load(S_YAML)["vars"] | {
        "region_id": "cn-hangzhou",
        "account_id": s_file.ACCOUNT,
        "function_role": FUNCTION_ROLE,
        "trigger_role": TRIGGER_ROLE,
    }
    said = {name: asdict(function) for name, function in in_s_yaml().items()}
    assert said == {f.name: filled_in(f, values) for f in FUNCTIONS}


@of_each_kind
def test_a_template_offers_the_choices_of_s_yaml_with_its_defaults(
    kind: StackKind,
) -> None:
    parameters = strict_yaml.load(TEMPLATES[kind.file])["Parameters"]
    variables = strict_yaml.load(S_YAML)["vars"]
    only_for_a_stack = {
        *ros_parameters.SWITCHES,
        *ros_parameters.TOLD,
        "AlertsTo",
        "LogDays",
        *kind.other_code,
    }
    only_for_s_yaml = {"region", "service", "code"}
    assert {SAME_CHOICE[k] for k in variables.keys() - only_for_s_yaml} == (
        parameters.keys() - only_for_a_stack
    )
    for ours, theirs in SAME_CHOICE.items():
        if "Default" in parameters[theirs]:
            assert variables[ours] == parameters[theirs]["Default"]


@of_each_kind
def test_a_template_is_what_its_source_makes(kind: StackKind) -> None:
    source = make_deployment.STACK.read_text("utf-8")
    made = make_deployment.template(source, kind.fc_version)
    assert made == TEMPLATES[kind.file]


def test_s_yaml_says_of_settings_what_their_table_says() -> None:
    assert make_deployment.s_yaml(S_YAML) == S_YAML


OFFERED = {choice: row for row, choice in make_deployment.CHOICES.items()}
TOGETHER = {
    "copy_kms_keys": {"COPY_TO_REGIONS": "cn-beijing"},
    "delete_deprecated_after": {"KEEP_LAST": "3"},
}
"""What a choice is refused without."""


@pytest.mark.parametrize("choice", OFFERED)
def test_the_function_takes_a_value_that_a_parameter_allows(choice: str) -> None:
    row = OFFERED[choice]
    others = TOGETHER.get(choice, {})
    assert read_settings({row.name: another(row), **others}) != read_settings(others)
    assert re.search(make_deployment.allowed_pattern(row), another(row))


@pytest.mark.parametrize(("lowest", "highest"), [(1, 600), (1, 1024), (599, 6047)])
def test_the_pattern_of_a_range_takes_its_numbers_alone(
    lowest: int, highest: int
) -> None:
    pattern = re.compile(make_deployment.number_pattern(lowest, highest))
    taken = {n for n in range(11_000) if pattern.fullmatch(str(n))}
    assert taken == set(range(lowest, highest + 1))


@pytest.mark.parametrize("choice", ros_parameters.EDGES)
def test_the_function_takes_whatever_a_parameter_just_allows(choice: str) -> None:
    name = ros_parameters.setting_of(choice)
    assert name
    for value in ros_parameters.EDGES[choice]:
        assert read_settings({name: value})


def test_the_handlers_are_functions_of_the_handler_module() -> None:
    wanted = {IMPORTER.handler, *(function.initializer for function in FUNCTIONS)}
    assert wanted <= rules.handlers_in_code()


def test_the_rules_know_each_handler() -> None:
    assert {f.handler for f in FUNCTIONS} == set(rules.HANDLERS)
    assert {f.initializer for f in FUNCTIONS} == {rules.INITIALIZER}


FUN_REFUSES = [
    ("                Suffix: ''\n", ""),
    ("MemorySize: 512", "MemorySize: 500"),
    ("Type: OSS", "Type: Oss"),
]
SERVERLESS_DEVS_REFUSES = [
    ("memorySize: 512", "memorySize: 500"),
    ("runtime: python3.10", "runtime: python3.99"),
    ("${vars.sidecar}", "${vars.sidecars}"),
]


@pytest.fixture
def fun(tmp_path: Path, tool_path: Callable[[str], str]) -> Callable[[str], str]:
    """Return what `fun validate` says of a template; "" is a yes."""

    def validate(text: str) -> str:
        copy = tmp_path / "template.yml"
        copy.write_text(ros_file.as_fun_takes_it(text), "utf-8")
        command = [tool_path("node"), str(VALIDATORS / "fun.js"), str(copy)]
        answer = subprocess.run(command, capture_output=True, check=True, env={})
        verdicts: dict[str, str] = json.loads(answer.stdout)
        return verdicts[str(copy)]

    return validate


@pytest.fixture(scope="session")
def s_tool(
    tmp_path_factory: pytest.TempPathFactory, tool_path: Callable[[str], str]
) -> Callable[..., str]:
    """Run Serverless Devs, which knows some keys, and return what it prints."""
    tool = VALIDATORS / "node_modules" / "@serverless-devs" / "s" / "bin" / "s"
    home = tmp_path_factory.mktemp("serverless-devs")

    def run(*arguments: str) -> str:
        return subprocess.run(
            [tool_path("node"), str(tool), *arguments],
            capture_output=True,
            check=False,
            env={"HOME": str(home)},
            text=True,
        ).stdout

    keys = "--AccountID", s_file.ACCOUNT, "--AccessKeyID", "k", "--AccessKeySecret", "s"
    run("config", "add", "-a", "default", *keys)
    return run


@pytest.fixture
def serverless_devs(tmp_path: Path, s_tool: Callable[..., str]) -> Callable[[str], str]:
    """Return what `s verify` says of an s.yaml."""

    def verify(text: str) -> str:
        copy = tmp_path / "s.yaml"
        stub = f"component: {VALIDATORS / 'fc3-stub'}"
        copy.write_text(text.replace("component: fc3", stub), "utf-8")
        return s_tool("verify", "-t", str(copy))

    return verify


@pytest.mark.needs("node", "tests/validators/node_modules")
def test_template_fc2_yml_is_valid_as_fun_says(fun: Callable[[str], str]) -> None:
    assert fun(TEMPLATES[FC2.file]) == ""


@pytest.mark.needs("node", "tests/validators/node_modules")
@pytest.mark.parametrize(("old", "new"), FUN_REFUSES)
def test_fun_does_say_no(fun: Callable[[str], str], old: str, new: str) -> None:
    assert "template is not valid" in fun(TEMPLATES[FC2.file].replace(old, new))


@pytest.mark.needs("node", "tests/validators/node_modules")
def test_s_yaml_is_valid_as_serverless_devs_says(
    serverless_devs: Callable[[str], str],
) -> None:
    assert "verification for [s.yaml] passed." in serverless_devs(S_YAML)


@pytest.mark.needs("node", "tests/validators/node_modules")
@pytest.mark.parametrize(("old", "new"), SERVERLESS_DEVS_REFUSES)
def test_serverless_devs_does_say_no(
    serverless_devs: Callable[[str], str], old: str, new: str
) -> None:
    said = serverless_devs(S_YAML.replace(old, new))
    assert said
    assert "passed" not in said
