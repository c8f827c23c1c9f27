"""The part of YAML that a sidecar needs: objects, lists, text, numbers and truth.

Left out on purpose: aliases (a few lines can stand for gigabytes), tags, and the
readings that surprise (dates, `no` for false, 1:30 for ninety). Such values are text.
"""

import re
from typing import Any

import yaml

from image_import.errors import SidecarError

DEEPEST = 8
"""Levels of nesting; a sidecar has three."""

_TAG = "tag:yaml.org,2002:"
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")


class _Loader(yaml.SafeLoader):
    """Composes nodes, all scalars as text; refuses aliases, tags and deep nesting."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's way to say "none"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - PyYAML's types
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise SidecarError(f"line {line} holds an alias; write the value out")
        if event.tag not in {None, "!"}:
            raise SidecarError(f"line {line} holds a tag; remove it")
        if self._depth == DEEPEST:
            raise SidecarError(f"line {line} is nested more than {DEEPEST} deep")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def read_yaml(text: str) -> object:
    """Return what a YAML document holds.

    Raises:
        SidecarError: It is not well formed, or more than a sidecar needs.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise SidecarError(f"the sidecar is not YAML ({where}{exc.problem})") from exc
    except yaml.YAMLError as exc:
        raise SidecarError("the sidecar is not YAML (a forbidden character)") from exc
    return _value(node)


def _value(node: Any) -> object:  # noqa: ANN401 - PyYAML's types
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    return None if node is None else _scalar(node.value, is_plain=node.style is None)


def _mapping(node: yaml.MappingNode) -> dict[str, object]:
    held: dict[str, object] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise SidecarError(f"line {line} has a field whose name is not text")
        if key.value in held:
            raise SidecarError(
                f"is given twice (line {line}); which one is meant?",
                field=key.value[:80],
            )
        held[key.value] = _value(value)
    return held


def _scalar(text: str, *, is_plain: bool) -> object:
    """Return a scalar's value; what stands in quotes is text."""
    if is_plain and text in _WORDS:
        return _WORDS[text]
    if is_plain and _NUMBER.fullmatch(text):
        return int(text)
    return text
