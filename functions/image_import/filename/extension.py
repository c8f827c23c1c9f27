"""What a file name's extensions tell, and the name without them."""

from typing import NamedTuple

from image_import.filename.vocabulary.extensions import (
    FORMATS,
    KIND_BY_EXTENSION,
    FileKind,
)

_SIDE_FILES = frozenset({FileKind.OTHER, FileKind.SIDECAR})


class FileName(NamedTuple):
    """A file name, cut at its extensions.

    Attributes:
        stem: Without every known extension: `web` of `web.vhd.tar.gz`.
        extension: The last one, lower case; "" when there is none that is known.
        inner_kind: What the name would be without its last extension.
        format: qcow2, raw, vhd, ambiguous or unsupported.
    """

    stem: str
    extension: str
    kind: FileKind
    inner_kind: FileKind
    format: str


def split_file_name(file_name: str) -> FileName:
    """Return what the extensions of a file name tell."""
    stem, extension = _cut(file_name)
    kind = KIND_BY_EXTENSION.get(extension, FileKind.UNSURE)
    inner_kind = FileKind.UNSURE
    inner, inner_extension = _cut(stem) if extension else (stem, "")
    if inner_extension:
        inner_kind = KIND_BY_EXTENSION[inner_extension]
    while inner_extension:
        stem = inner
        inner, inner_extension = _cut(stem)
    return FileName(stem, extension, kind, inner_kind, _format(extension, kind))


def _cut(name: str) -> tuple[str, str]:
    """Return a name without its last extension, if that is a known one."""
    stem, _, extension = name.rpartition(".")
    extension = extension.lower()
    return (stem, extension) if stem and extension in KIND_BY_EXTENSION else (name, "")


def _format(extension: str, kind: FileKind) -> str:
    if kind is FileKind.UNSURE:
        return "ambiguous"
    return FORMATS.get(extension, "unsupported")
