"""The README says what is so: tables, commands and samples are checked."""

import re
import subprocess
import sys
from dataclasses import fields

import pytest
from image_import.model.result import Outcome
from image_import_cli.doctor.account.facts import AccountFinding
from image_import_cli.main import COMMANDS
from make_reference import REFERENCE, TABLES, refreshed
from manual import CHINESE_PAGES, MANUAL, PAGES, README
from repository import FUNCTIONS, ROOT


def block(name: str) -> str:
    match = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert match, f"README has no block {name}"
    return match[1].strip()


@pytest.mark.parametrize("name", TABLES)
def test_a_page_of_the_reference_is_what_the_code_says_today(name: str) -> None:
    page = (REFERENCE / f"{name}.md").read_text("utf-8")
    assert refreshed(page, TABLES[name]()) == page


def test_every_link_between_pages_leads_somewhere() -> None:
    dead = [
        (page, link)
        for page, text in (PAGES | CHINESE_PAGES).items()
        for link in re.findall(r"\]\(((?!https?:)[^)]+)\)", text)
        if not leads_somewhere(page, link)
    ]
    assert dead == []


def leads_somewhere(page: str, link: str) -> bool:
    target, _, anchor = link.partition("#")
    path = ((ROOT / page).parent / target).resolve() if target else ROOT / page
    if not path.exists():
        return False
    return not anchor or anchor in anchors(path.read_text("utf-8"))


def anchors(text: str) -> set[str]:
    """Return the anchors of a page: those that GitHub makes of headings, and others."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    named = re.findall(r'^<a id="([\w-]+)"></a>$', text, re.MULTILINE)
    return {
        *named,
        *(re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings),
    }


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(README.splitlines()) <= 250


def test_every_outcome_is_explained_once() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ", MANUAL, re.MULTILINE)
    outcomes = [row for row in rows if row in {o.value for o in Outcome}]
    assert sorted(outcomes) == sorted(outcome.value for outcome in Outcome)


def test_the_worked_example_is_the_commands_real_output() -> None:
    text = block("plan")
    command, _, shown = text.removeprefix("```console\n").partition("\n")
    arguments = command.removeprefix("$ image-import ").split()
    run = subprocess.run(
        [sys.executable, "-m", "image_import_cli", *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"COLUMNS": "80", "PYTHONPATH": str(FUNCTIONS), "NO_COLOR": "1"},
    )
    said = [line.rstrip() for line in run.stdout.splitlines()]
    assert said == shown.removesuffix("\n```").splitlines()


def test_every_command_that_the_readme_shows_exists() -> None:
    shown = set(re.findall(r"image-import ([a-z]+)", MANUAL))
    assert shown
    assert shown <= set(COMMANDS)


def test_every_shell_variable_of_deploy_is_set_before_it_is_used() -> None:
    deploy = PAGES["docs/deploy.md"]
    known = {"PATH", "PWD", "EDITOR"}
    for line in "\n".join(re.findall(r"```sh\n(.*?)```", deploy, re.DOTALL)).split(
        "\n"
    ):
        used = set(re.findall(r"\$(\w+)", line))
        assert used <= known, line
        if line.startswith("export "):
            known |= set(re.findall(r"\b(\w+)=", line))
        known |= set(re.findall(r"^for (\w+) in ", line))


def test_every_command_for_oss_names_the_region() -> None:
    commands = re.findall(r"^aliyun oss .*$", MANUAL, re.MULTILINE)
    assert commands
    assert [line for line in commands if "--region $REGION" not in line] == []


def test_the_stack_is_asked_with_operations_of_ros() -> None:
    # Source: "List of operations by function", ROS API 2019-09-10, read 2026-11.
    operations = {"CreateStack", "GetStack", "UpdateStack", "DeleteStack"}
    assert set(re.findall(r"aliyun ros (\w+)", MANUAL)) == operations


def test_every_field_of_doctor_s_findings_is_described() -> None:
    deploy = PAGES["docs/deploy.md"]
    doctor = deploy.partition("`doctor` changes nothing.")[2].partition("\n##")[0]
    said = doctor.partition("and `findings`.")[2].partition("\n")[0]
    assert {field.name for field in fields(AccountFinding)} <= set(
        re.findall(r"`(\w+)`", said)
    )


def test_every_command_is_shown() -> None:
    shown = set(re.findall(r"image-import ([a-z]+)", MANUAL))
    made = set(re.findall(r"^make (\w+)", README, re.MULTILINE))
    assert set(COMMANDS) - shown - made == set()


def test_there_are_exactly_two_set_up_commands() -> None:
    set_up = set(re.findall(r"^make (\w+)", README, re.MULTILINE))
    assert set_up == {"demo", "test"}
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert all(f"\n{target}:" in makefile for target in set_up)
