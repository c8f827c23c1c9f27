"""Which processor architecture a name tells."""

import re
from collections.abc import Sequence

from image_import.filename.tokenizer import Phrase, Piece, Table, neighbours
from image_import.filename.vocabulary.architectures import ARCHITECTURES, ORDINARY, X86
from image_import.filename.vocabulary.entry import System

ARCHITECTURE_BY_WORD = Table(ARCHITECTURES)

FILE_WORDS = frozenset({"image", "img", "rootfs", "qemu", "disk", "vm", "kernel"})
"""Beside one of them an ordinary word is an architecture: mips-rootfs."""

GLUED_LETTERS = frozenset("vrx")
"""May stand behind an architecture: x64v2, x64r2."""

# Alibaba Cloud's own names have a width and a size (centos_6_09_64_20G_...), others
# have a width at least: win2008_32_std_..., CentOS_5.4_32.
# Source: "Specify images for ECS instances", ROS, Alibaba Cloud documentation
# (doc-detail 66902); "ImportImage", Apsara Stack API page, sample of OSSObject; both
# read 2026-11. win2008_32_std_... was observed in tests/data/image-names.jsonl.
_WIDTH_BEFORE_SIZE = re.compile(r"_(64|32)(?=_[0-9]+[Gg])")
_WIDTH_OF_SYSTEM = re.compile(r"_(64|32)(?=_[A-Za-z]|$)")
# In Chinese, as the console names public images: "Ubuntu 20.04 64位" (observed in
# public notes about ECS instances, no page of Alibaba Cloud read).
_WIDTH_IN_CHINESE = re.compile(r"(?<![0-9])(64|32)[ _-]?位")
_BY_WIDTH = {"64": "x86_64", "32": "i386"}


def find_architecture(
    stem: str, found: Sequence[Piece], *, system: System | None
) -> tuple[str, str] | None:
    """Return the architecture and the word that says it.

    Args:
        stem: The name that `found` are the pieces of.
        system: What the key tells of it. On Windows `x86` means 32-bit, elsewhere it
            may mean either; beside a system's name `_64_` is no version.
    """
    is_windows = system is not None and system.os_type == "windows"
    # Beside a system, or as the whole name of a file, no word is an ordinary one.
    is_likely = (system is not None and not is_windows) or (stem and len(found) == 1)
    words = [
        (arch, phrase.text)
        for phrase, arch in ARCHITECTURE_BY_WORD.phrases(found)
        if _is_meant(phrase, found, is_likely=bool(is_likely))
    ]
    by_word = {
        arch if arch != X86 else "i386": word
        for arch, word in words
        if arch != X86 or is_windows
    }
    if not words and ("_64" in stem or "_32" in stem or "位" in stem):
        return _bare_width(stem, is_system_known=system is not None)
    return next(iter(by_word.items())) if len(by_word) == 1 else None


def _is_meant(phrase: Phrase, found: Sequence[Piece], *, is_likely: bool) -> bool:
    """Return whether a word is an architecture, not an ordinary one or random."""
    if phrase.text in ORDINARY and not is_likely:
        return not FILE_WORDS.isdisjoint(neighbours(found, phrase))
    if phrase.stop == len(found):
        return True
    # A lone letter glued to it, as in i386d0f3 or x64b, is random; graviton3 is not.
    text, is_glued = found[phrase.stop]
    is_letter = len(text) == 1 and text.isalpha()
    return not (is_glued and is_letter and text not in GLUED_LETTERS)


def _bare_width(stem: str, *, is_system_known: bool) -> tuple[str, str] | None:
    width = _WIDTH_BEFORE_SIZE.search(stem) or _WIDTH_IN_CHINESE.search(stem)
    if is_system_known and not width:
        width = _WIDTH_OF_SYSTEM.search(stem)
    return (_BY_WIDTH[width[1]], width[1]) if width else None
