"""Each mistake in a template or s.yaml is caught, without anybody's help."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployment import check_ros, check_s, strict_yaml
from deployment.ros_fc2 import FC2
from deployment.ros_fc3 import FC3
from deployment.ros_file import HERE, Place, StackKind, Template, as_fun_takes_it
from deployment.strict_yaml import UnresolvedError
from repository import ROOT

KINDS = (FC3, FC2)
TEMPLATES = {kind.file: (ROOT / kind.file).read_text("utf-8") for kind in KINDS}
S_YAML = (ROOT / "s.yaml").read_text("utf-8")
FUN = ROOT / "tests" / "validators" / "fun.js"
ROS = ROOT / "tests" / "validators" / "ros.js"
MUTATIONS = ROOT / "tests" / "data" / "mutations"

Mutation = dict[str, str]
Verdicts = dict[str, list[str]]
Validate = Callable[[Mapping[str, Any]], Verdicts]


def read(name: str) -> list[Mutation]:
    text = (MUTATIONS / name).read_text("utf-8")
    mutations: list[Mutation] = yaml.safe_load(
        text.replace("<4096 times x>", "x" * 4096)
    )
    return mutations


OF_EITHER, OF_S_YAML = read("templates.yml"), read("s.yaml")
OF_TEMPLATE = {kind.file: [*OF_EITHER, *read(kind.file)] for kind in KINDS}
# Of what both have in common, a mistake in one is a mistake in the other.
EACH_MISTAKE = [
    pytest.param(kind, mutation, id=f"{kind.file}-{mutation['name']}")
    for kind, mutations in (
        (FC3, OF_TEMPLATE[FC3.file]),
        (FC2, read(FC2.file)),
    )
    for mutation in mutations
]


def names(mutations: list[Mutation]) -> list[str]:
    return [mutation["name"] for mutation in mutations]


def mutated(text: str, mutation: Mutation) -> str:
    assert mutation["from"] in text, f"{mutation['name']}: nothing to change"
    changed = text.replace(mutation["from"], mutation["to"], 1)
    assert changed != text
    return changed


def names_it(mutation: Mutation, faults: list[str]) -> bool:
    """Return whether one of the faults says what the mistake is."""
    return any(mutation["fault"] in fault for fault in faults)


def test_without_a_mistake_no_fault_is_found() -> None:
    for kind in KINDS:
        assert check_ros.find_faults(kind, TEMPLATES[kind.file]) == []
    assert check_s.find_faults(S_YAML) == []


@pytest.mark.parametrize(("kind", "mutation"), EACH_MISTAKE)
def test_a_mistake_in_a_template_is_caught_for_what_it_is(
    kind: StackKind, mutation: Mutation
) -> None:
    faults = check_ros.find_faults(kind, mutated(TEMPLATES[kind.file], mutation))
    assert names_it(mutation, faults), faults


@pytest.mark.parametrize("mutation", OF_S_YAML, ids=names(OF_S_YAML))
def test_a_mistake_in_s_yaml_is_caught_for_what_it_is(mutation: Mutation) -> None:
    faults = check_s.find_faults(mutated(S_YAML, mutation))
    assert names_it(mutation, faults), faults


def test_there_are_a_hundred_mistakes_of_each_file_and_no_two_alike() -> None:
    for table in (*OF_TEMPLATE.values(), OF_S_YAML):
        edits = {(mutation["from"], mutation["to"]) for mutation in table}
        assert len(set(names(table))) == len(edits) == len(table) >= 100


@pytest.mark.needs("node", "tests/validators/node_modules")
def test_nothing_that_fun_refuses_passes_our_own_checks(
    tmp_path: Path, tool_path: Callable[[str], str]
) -> None:
    files = {}
    for number, mutation in enumerate(OF_TEMPLATE[FC2.file]):
        path = tmp_path / f"{number}.yml"
        files[str(path)] = text = mutated(TEMPLATES[FC2.file], mutation)
        path.write_text(as_fun_takes_it(text), "utf-8")
    command = [tool_path("node"), str(FUN), *files]
    answer = subprocess.run(command, capture_output=True, check=True, env={})
    refused = [file for file, verdict in json.loads(answer.stdout).items() if verdict]
    assert len(refused) > 20
    passed = [f for f in refused if not check_ros.find_faults(FC2, files[f])]
    assert passed == []


needs_ros = pytest.mark.needs(
    "node", "tests/validators/node_modules/@alicloud/ros-cdk-cms"
)


@pytest.fixture
def ros(tmp_path: Path, tool_path: Callable[[str], str]) -> Validate:
    """Return what ROS's classes say of evaluated resources, by the name given."""

    def validate(stacks: Mapping[str, Any]) -> Verdicts:
        files = {tmp_path / f"{n}.json": name for n, name in enumerate(stacks)}
        for file, name in files.items():
            file.write_text(json.dumps(stacks[name]), "utf-8")
        command = [tool_path("node"), str(ROS), *map(str, files)]
        answer = subprocess.run(command, capture_output=True, check=True, env={})
        said: Verdicts = json.loads(answer.stdout)
        return {name: said[str(file)] for file, name in files.items()}

    return validate


def made(text: str, given: Mapping[str, str], place: Place = HERE) -> Any:
    return Template(strict_yaml.load(text), given, place=place).resources()


@needs_ros
def test_ros_takes_what_template_yml_makes_whatever_is_chosen(ros: Validate) -> None:
    stacks = {
        f"choice {number}": made(TEMPLATES[FC3.file], given, place)
        for number, (_, given, place) in enumerate(check_ros.CHOICES)
    }
    assert ros(stacks) == {name: [] for name in stacks}


def made_by_mistake(mutation: Mutation) -> Any:
    """Return what a template with a mistake makes; nothing if that cannot be told."""
    try:
        return made(mutated(TEMPLATES[FC3.file], mutation), {})
    except (yaml.YAMLError, UnresolvedError, KeyError):
        return {}


@needs_ros
def test_nothing_that_ros_refuses_passes_our_own_checks(ros: Validate) -> None:
    mistakes = {mutation["name"]: mutation for mutation in read(FC3.file)}
    stacks = {name: made_by_mistake(mistake) for name, mistake in mistakes.items()}
    refused = {name for name, faults in ros(stacks).items() if faults}
    assert len(refused) > 12
    passed = [
        name
        for name in refused
        if not check_ros.find_faults(FC3, mutated(TEMPLATES[FC3.file], mistakes[name]))
    ]
    assert passed == []
