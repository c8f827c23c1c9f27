"""Write template.yml and template-fc2.yml anew, and what s.yaml says of settings.

Both templates come from stack.yml beside this file. What they and s.yaml say of
settings comes from the table of settings.

Run it from a clone: `python tools/make_deployment.py`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

import yaml
from image_import.config.schema import Setting
from image_import.config.settings import SETTINGS, read_settings
from image_import.errors import SettingsError
from image_import.model.targets import PUBLIC
from image_import_cli.iam.deployment import ENVIRONMENT
from image_import_cli.iam.roles import FcVersion

ROOT = Path(__file__).parents[1]
STACK = ROOT / "tools" / "stack.yml"
TEMPLATES: dict[FcVersion, str] = {"3.0": "template.yml", "2.0": "template-fc2.yml"}
BY_HAND = {"REGION_ID", "KEY_PREFIX", "LEDGER_BUCKET", "LEDGER_PREFIX"}
"""Settings whose choice decides more than one variable: both files spell it out."""

CHOICES = {
    row: ENVIRONMENT[row.name].strip("{}")
    for row in SETTINGS
    if "{" in ENVIRONMENT.get(row.name, "") and row.name not in BY_HAND
}
"""The settings that somebody chooses, each with the name of the choice in s.yaml."""

_BLOCK = re.compile(
    r"(?P<begin> *# <settings>.*\n)(?:.*\n)*?(?P<end> *# </settings>\n)"
)
_VERSION = re.compile(r"^ *# <(\d\.\d)>\n((?:.*\n)*?) *# </\1>\n", re.MULTILINE)
_SETTINGS = re.compile(r"^( *)# <settings: (parameters|variables)>\n", re.MULTILINE)
_HEAD = """\
# image-import on Function Compute {version}, as a ROS stack. docs/deploy.md has the
# commands; a test keeps {others} equal.
# Made by tools/make_deployment.py from tools/stack.yml, where changes belong.
"""
_LEDGER_BUCKET = (
    "\n{indent}  Fn::If: [MakesLedgerBucket, {{Fn::GetAtt: [LedgerStorage, Name]}}, "
    "{{Ref: LedgerBucket}}]"
)
_NOTIFY = (
    "\n{indent}  Fn::Join:"
    "\n{indent}    - ''"
    "\n{indent}    - - {{Ref: Notify}}"
    "\n{indent}      - Fn::If: [TellsQueue, {{Fn::Sub: "
    "' mns://${{ALIYUN::TenantId}}/queues/${{NotifyQueue}}'}}, '']"
    "\n{indent}      - Fn::If: [TellsTopic, {{Fn::Sub: "
    "' mns://${{ALIYUN::TenantId}}/topics/${{NotifyTopic}}'}}, '']"
    "\n{indent}      - Fn::If: [TellsBus, {{Fn::Sub: "
    "' eventbridge://${{NotifyBus}}'}}, '']"
)
_IN_A_STACK = {"LEDGER_BUCKET": _LEDGER_BUCKET, "NOTIFY": _NOTIFY}
"""What depends on more parameters than the setting's own."""


def camel(choice: str) -> str:
    """Return what template.yml calls a choice of s.yaml."""
    return "".join(word.capitalize() for word in choice.split("_"))


def parameters() -> Iterator[str]:
    """Yield the parameters of template.yml."""
    for row, choice in CHOICES.items():
        yield f"  {camel(choice)}:"
        yield "    Type: String"
        yield f"    Default: {_yaml(row.default)}"
        if choices := choices_on_public(row):
            values = [*([] if row.default else [""]), *choices]
            yield f"    AllowedValues: {_yaml(values)}"
        yield from _description(row)
        if pattern := allowed_pattern(row):
            yield f"    AllowedPattern: {_yaml(pattern)}"


def choices_on_public(row: Setting) -> list[str]:
    """Return the words that a setting may hold where the function is deployed."""
    return [choice for choice in row.kind.choices if _is_taken(row, choice)]


def _is_taken(row: Setting, value: str) -> bool:
    try:
        read_settings({row.name: value})
    except SettingsError:
        return False
    return True


def _description(row: Setting) -> Iterator[str]:
    sentences = [row.meaning]
    if not row.kind.choices:
        sentences.append(f"It may hold {row.allowed}.")
    if row.of_target:
        lowest, highest = getattr(PUBLIC, row.of_target)
        sentences.append(f"Empty: {lowest}-{highest}.")
    elif row.default_note:
        sentences.append(f"Empty: {row.default_note}.")
    yield "    Description: >-"
    indent = " " * 6
    yield fill(
        " ".join(sentences),
        88,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def allowed_pattern(row: Setting) -> str:
    """Return the pattern of what a parameter may hold; "" if words tell it."""
    pattern = row.kind.pattern
    if row.kind.limits:
        pattern = number_pattern(*row.kind.limits)
    if not pattern:
        return ""
    return f"^({pattern})$" if row.default else f"^(|{pattern})$"


def number_pattern(lowest: int, highest: int) -> str:
    """Return the pattern of the whole numbers of a range, from 1 on."""
    found = []
    while lowest <= highest:
        zeros = 0
        while lowest % 10 ** (zeros + 1) == 0 and (
            lowest + 10 ** (zeros + 1) - 1 <= highest
        ):
            zeros += 1
        front, digit = divmod(lowest // 10**zeros, 10)
        last = min(9, digit + (highest - lowest + 1) // 10**zeros - 1)
        one = str(digit) if digit == last else f"[{digit}-{last}]"
        rest = "[0-9]" if zeros == 1 else f"[0-9]{{{zeros}}}" if zeros else ""
        found.append(f"{front or ''}{one}{rest}")
        lowest += (last - digit + 1) * 10**zeros
    return "|".join(found)


def variables() -> Iterator[str]:
    """Yield the variables of s.yaml."""
    for row, choice in CHOICES.items():
        yield f"  {choice}: {_yaml(row.default)}"


def template_environment(indent: str) -> Iterator[str]:
    """Yield the environment of the functions in template.yml."""
    for name, value in ENVIRONMENT.items():
        if name in _IN_A_STACK:
            yield f"{indent}{name}:{_IN_A_STACK[name].format(indent=indent)}"
        elif name == "REGION_ID":
            yield f"{indent}{name}: {{Ref: ALIYUN::Region}}"
        elif "{" in value:
            yield f"{indent}{name}: {{Ref: {camel(value.strip('{}'))}}}"
        else:
            yield f"{indent}{name}: {_yaml(value)}"


def s_environment(indent: str) -> Iterator[str]:
    """Yield the environment of the functions in s.yaml."""
    for name, value in ENVIRONMENT.items():
        choice = "region" if name == "REGION_ID" else value.strip("{}")
        told = f"${{vars.{choice}}}" if "{" in value else _yaml(value)
        yield f"{indent}{name}: {told}"


def _yaml(value: object) -> str:
    """Return a value on one line of YAML, in quotes only where it needs them."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def refreshed(text: str, *blocks: Iterator[str]) -> str:
    """Return a file with its blocks made anew, each between its two markers."""
    left = iter(blocks)

    def block(found: re.Match[str]) -> str:
        lines = "".join(f"{line}\n" for line in next(left))
        return f"{found['begin']}{lines}{found['end']}"

    return _BLOCK.sub(block, text)


def template(source: str, version: FcVersion) -> str:
    """Return the ROS template for a version of Function Compute, from stack.yml."""

    def chosen(found: re.Match[str]) -> str:
        return found[2] if found[1] == version else ""

    def settings(found: re.Match[str]) -> str:
        is_list = found[2] == "parameters"
        lines = parameters() if is_list else template_environment(found[1])
        return "".join(f"{line}\n" for line in lines)

    others = [name for v, name in TEMPLATES.items() if v != version]
    head = _HEAD.format(version=version, others=" and ".join([*others, "s.yaml"]))
    _, _, body = _VERSION.sub(chosen, source).partition("\nROSTemplate")
    return head + "ROSTemplate" + _SETTINGS.sub(settings, body)


def s_yaml(text: str) -> str:
    """Return s.yaml with its two blocks made anew."""
    return refreshed(text, variables(), s_environment(" " * 8))


if __name__ == "__main__":
    for fc_version, template_name in TEMPLATES.items():
        made = template(STACK.read_text("utf-8"), fc_version)
        (ROOT / template_name).write_text(made, "utf-8")
    s_file = ROOT / "s.yaml"
    s_file.write_text(s_yaml(s_file.read_text("utf-8")), "utf-8")
