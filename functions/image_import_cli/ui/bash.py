"""Completion in bash, which takes `oss://images` and `NAME=VALUE` for several words.

Bash cuts words at `:` and `=`, and puts what it is offered in the place of the last
piece. So the pieces are joined here, and what stands before the last is left out of
what is offered. Behind a folder or a `NAME=` no space is added: more follows.

Source: Bash Reference Manual, "Bash Variables", COMP_WORDBREAKS, and "Programmable
Completion Builtins", compopt -o nospace; read 2026-12.
"""

import os
from typing import Any

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    split_arg_string,
)

BREAKS = (":", "=")
MORE_FOLLOWS = ("=", "/")
_WHOLE = "elif [[ $type == 'plain' ]]; then"
_PART = f"""elif [[ $type == 'part' ]]; then
            COMPREPLY+=($value)
            compopt -o nospace
        {_WHOLE}"""


class JoinedWords(BashComplete):
    """click's completion in bash, with words as they were typed."""

    source_template = BashComplete.source_template.replace(_WHOLE, _PART)
    _before = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is completed, and that one."""
        at = int(os.environ["COMP_CWORD"])
        pieces = split_arg_string(os.environ["COMP_WORDS"])
        words: list[str] = []
        for piece in [*pieces, ""][1 : at + 1]:
            is_break = bool(piece) and not piece.strip(":=")
            if words and (is_break or words[-1].endswith(BREAKS)):
                self._before = words[-1] + (piece if is_break else "")
                words[-1] += piece
            else:
                self._before = ""
                words.append(piece)
        return words[:-1], words[-1]

    def format_completion(self, item: "CompletionItem[Any]") -> str:
        """Return what bash is told of one thing that may follow."""
        if item.type != "plain":
            return super().format_completion(item)
        kind = "part" if item.value.endswith(MORE_FOLLOWS) else "plain"
        return f"{kind},{item.value.removeprefix(self._before)}"


def register() -> None:
    """Let click complete so in bash."""
    add_completion_class(JoinedWords)
