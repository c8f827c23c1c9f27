"""Each mistake in template.yml and s.yaml is caught, without anybody's help."""

import json
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import yaml
from deployment import check_ros, check_s
from deployment.ros_file import as_fun_takes_it
from repository import ROOT

TEMPLATE = (ROOT / "template.yml").read_text("utf-8")
S_YAML = (ROOT / "s.yaml").read_text("utf-8")
FUN = ROOT / "tests" / "validators" / "fun.js"
MUTATIONS = ROOT / "tests" / "data" / "mutations"

Mutation = dict[str, str]


def read(name: str) -> list[Mutation]:
    text = (MUTATIONS / name).read_text("utf-8")
    mutations: list[Mutation] = yaml.safe_load(
        text.replace("<4096 times x>", "x" * 4096)
    )
    return mutations


OF_TEMPLATE, OF_S_YAML = read("template.yml"), read("s.yaml")


def names(mutations: list[Mutation]) -> list[str]:
    return [mutation["name"] for mutation in mutations]


def mutated(text: str, mutation: Mutation) -> str:
    assert mutation["from"] in text, f"{mutation['name']}: nothing to change"
    changed = text.replace(mutation["from"], mutation["to"], 1)
    assert changed != text
    return changed


@cache
def faults_of(template: str) -> list[str]:
    """Return what we find wrong with a template, looked for once."""
    return check_ros.find_faults(template)


def names_it(mutation: Mutation, faults: list[str]) -> bool:
    """Return whether one of the faults says what the mistake is."""
    return any(mutation["fault"] in fault for fault in faults)


def test_without_a_mistake_no_fault_is_found() -> None:
    assert check_ros.find_faults(TEMPLATE) == []
    assert check_s.find_faults(S_YAML) == []


@pytest.mark.parametrize("mutation", OF_TEMPLATE, ids=names(OF_TEMPLATE))
def test_a_mistake_in_template_yml_is_caught_for_what_it_is(mutation: Mutation) -> None:
    faults = faults_of(mutated(TEMPLATE, mutation))
    assert names_it(mutation, faults), faults


@pytest.mark.parametrize("mutation", OF_S_YAML, ids=names(OF_S_YAML))
def test_a_mistake_in_s_yaml_is_caught_for_what_it_is(mutation: Mutation) -> None:
    faults = check_s.find_faults(mutated(S_YAML, mutation))
    assert names_it(mutation, faults), faults


def test_there_are_a_hundred_mistakes_of_each_file_and_no_two_alike() -> None:
    for table in (OF_TEMPLATE, OF_S_YAML):
        edits = {(mutation["from"], mutation["to"]) for mutation in table}
        assert len(set(names(table))) == len(edits) == len(table) >= 100


@pytest.mark.needs("node", "tests/validators/node_modules")
def test_nothing_that_fun_refuses_passes_our_own_checks(
    tmp_path: Path, tool_path: Callable[[str], str]
) -> None:
    files = {}
    for number, mutation in enumerate(OF_TEMPLATE):
        text = mutated(TEMPLATE, mutation)
        path = tmp_path / f"{number}.yml"
        path.write_text(as_fun_takes_it(text), "utf-8")
        files[str(path)] = faults_of(text)
    command = [tool_path("node"), str(FUN), *files]
    answer = subprocess.run(command, capture_output=True, check=True, env={})
    refused = {file for file, verdict in json.loads(answer.stdout).items() if verdict}
    assert len(refused) > 20
    assert [file for file in refused if not files[file]] == []
