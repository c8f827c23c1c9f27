"""Messages in Chinese: which of them there are, and that they say the same."""

import inspect
import json
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner
from image_import.aliyun.error_catalogue import CATALOGUE
from image_import_cli.main import COMMANDS, GROUPS, cli
from image_import_cli.ui.language import (
    HOLE,
    VERBATIM,
    Chinese,
    chinese,
    language,
    localized,
)
from repository import FUNCTIONS

TABLES = FUNCTIONS / "image_import_cli/assets/zh"


def helps() -> Iterator[str]:
    """Yield all that help says, each paragraph and each option on its own."""
    yield from (*GROUPS, "Further")
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command
        paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
        yield from (text for text in paragraphs if not text.startswith(VERBATIM))
        yield command.epilog or ""
        yield from (getattr(option, "help", None) or "" for option in command.params)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_TW", "LANG": "en_US"}, "zh"),
        ({"IMAGE_IMPORT_LANG": "zh", "LC_ALL": "C"}, "zh"),
        ({"IMAGE_IMPORT_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"IMAGE_IMPORT_LANG": "fr", "LANG": "zh_CN.UTF-8"}, "zh"),
    ],
)
def test_the_language_is_what_is_asked_for_else_that_of_the_locale(
    environ: dict[str, str], expected: str
) -> None:
    assert language(environ) == expected


@pytest.mark.parametrize("told", ["cause", "fix"])
def test_all_that_the_error_catalogue_says_has_chinese_in_errors_json(
    told: str,
) -> None:
    texts = {getattr(row, told).replace("SERVICE", "OSS") for row in CATALOGUE}
    assert {text for text in texts if chinese().told(text) == text} == set()


def test_all_that_help_says_has_chinese_in_help_json() -> None:
    texts = {" ".join(text.split()) for text in helps()} - {""}
    assert {text for text in texts if chinese().told(text) == text} == set()


def test_both_languages_name_the_same() -> None:
    apart = {
        english
        for english, told in chinese().messages.items()
        if set(HOLE.findall(english)) != set(HOLE.findall(told))
    }
    assert apart == set()


def test_no_message_has_two_translations() -> None:
    tables = [json.loads(path.read_text("utf-8")) for path in TABLES.iterdir()]
    told = chinese().messages
    apart = {en for table in tables for en, zh in table.items() if told[en] != zh}
    assert apart == set()


TOLD = Chinese(
    {
        "There is no such object.": "没有该对象。",
        "{key} was not read: {why}": "未读取 {key}：{why}",
        "{key} was not read: {why}; try {how}": "未读取 {key}：{why}；请运行 {how}",
        "nobody may": "无权限",
        "Try again": "请重试",
    }
)


@pytest.mark.parametrize(
    ("english", "expected"),
    [
        ("There is no such object.", "没有该对象。"),
        ("a/b.raw was not read: nobody may", "未读取 a/b.raw：无权限"),
        ("x was not read: nobody may; try a --b", "未读取 x：无权限；请运行 a --b"),
        ("There is no such object. Try again.", "没有该对象。请重试。"),
        ("OSS says no. There is no such object.", "OSS says no. 没有该对象。"),
        ("Nobody knows this.", "Nobody knows this."),
    ],
)
def test_a_message_is_told_as_far_as_its_chinese_is_known(
    english: str, expected: str
) -> None:
    assert TOLD.told(english) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["sweep", "--help"], "导入 BUCKET/PREFIX 下台账中没有的镜像。"),
        (["statsu"], "没有命令“statsu”；是否想输入 status？"),
        (["plan", "nowhere.qcow2"], "nowhere.qcow2 不是本机上的文件"),
    ],
)
def test_who_reads_chinese_is_told_in_chinese(
    arguments: list[str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_IMPORT_LANG", "zh")
    result = CliRunner().invoke(cli, arguments)
    assert expected in result.output


def test_what_a_program_reads_stays_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_IMPORT_LANG", "zh")
    result = CliRunner().invoke(cli, ["plan", "nowhere.qcow2", "--json"])
    error = json.loads(result.stdout.splitlines()[0])["error"]
    assert error["message"].startswith("nowhere.qcow2 is no file here")


def test_without_a_wish_messages_are_english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IMAGE_IMPORT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert localized("Wait for it.") == "Wait for it."
