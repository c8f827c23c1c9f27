"""What `inspect` says to a person, in Chinese; what a program reads stays."""

import ast
import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from image_import_cli.main import cli
from image_import_cli.preview.report import MARKS, TITLES
from image_import_cli.ui.language import chinese
from repository import FUNCTIONS

CHECKS = FUNCTIONS / "image_import_cli/preview/checks"


def inspected(*options: str, language: str) -> Result:
    environ = {"IMAGE_IMPORT_LANG": language, "COLUMNS": "100"}
    disk = str(FUNCTIONS / "image_import_cli/assets/debian-12.vmdk")
    return CliRunner(env=environ).invoke(cli, ["inspect", disk, *options])


def said() -> Iterator[str]:
    """Yield each requirement, fault and advice that stands in a check as it is."""
    for module in sorted(CHECKS.glob("*.py")):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            told: list[ast.expr] = []
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "check_of"
            ):
                told = [*node.args[:1], *(k.value for k in node.keywords)]
            elif isinstance(node, ast.Assign):
                names = {getattr(target, "id", "") for target in node.targets}
                told = [node.value] if names & {"advice", "requirement", "bad"} else []
            parts = [part for each in told for part in ast.walk(each)]
            texts = {
                id(v) for p in parts if isinstance(p, ast.JoinedStr) for v in p.values
            }
            yield from (
                part.value
                for part in parts
                if isinstance(part, ast.Constant)
                and isinstance(part.value, str)
                and id(part) not in texts
                and " " in part.value
                and part.value[0].isalpha()
            )


def test_each_requirement_and_advice_has_chinese() -> None:
    texts = {*said(), *TITLES.values(), *(word for word, _ in MARKS.values())}
    assert len(texts) > 50
    assert {text for text in texts if chinese().told(text) == text} == set()


def test_a_report_is_in_chinese_and_says_its_command_as_it_is() -> None:
    shown = inspected(language="zh").stdout
    for words in (
        "2 项不通过",
        "启动模式",
        "public 的要求",
        "运行下面的命令",
        "次往返",
    ):
        assert words in shown
    assert "qemu-img convert -f vmdk -O qcow2" in shown
    for words in ("FAILS", "could not tell", "asks for", "round trip"):
        assert words not in shown


def test_what_a_program_reads_is_the_same_in_both() -> None:
    english, local = (
        json.loads(inspected("--json", language=language).stdout)
        for language in ("en", "zh")
    )
    assert english == local


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("status", "--help"), ("用法：image-import status", "选项:", "默认：16")),
        (("sweep", "--help"), ("环境变量：REGION_ID", "显示此帮助并退出")),
        (("nope",), ("运行 'image-import --help' 查看帮助", "没有命令“nope”")),
        (("--nope",), ("错误：", "没有选项 '--nope'")),
        (("plan",), ("缺少参数 'IMAGE'",)),
        (("status", "--sort", "x"), ("'--sort' 的值无效：'x' 不是以下之一：",)),
        (("status", "a", "b"), ("多余的参数（b）",)),
        (("invoke", "nofile"), ("文件 'nofile' 不存在",)),
        (("status", "--interval", "0"), ("不在范围 0.2<=x<=3600 内",)),
        (("doctor",), ("缺少选项 '--image-bucket'", "IMAGE_BUCKET")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_the_words_of_click_are_chinese_too(
    arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    environ = {"IMAGE_IMPORT_LANG": "zh", "COLUMNS": "100"}
    shown = (
        CliRunner(env=environ).invoke(cli, arguments, prog_name="image-import").output
    )
    assert [text for text in words if text not in shown] == []
    assert "Error:" not in shown
