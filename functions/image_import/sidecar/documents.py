"""A JSON or YAML object that a stranger wrote: read strictly and within bounds."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from image_import.errors import SidecarError

MAX_SIDECAR_BYTES = 64 * 1024


def read_document(data: bytes, *, is_yaml: bool) -> Mapping[str, object]:
    """Return the object that a sidecar holds.

    Raises:
        SidecarError: It is too large, not UTF-8, not well formed, not an object, or
            names something twice.
    """
    data = _unpacked(data)
    if len(data) > MAX_SIDECAR_BYTES:
        raise SidecarError(
            f"the sidecar is larger than {MAX_SIDECAR_BYTES // 1024} KiB; is it one?"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise SidecarError(
            f"the sidecar is not UTF-8 (byte {exc.start}); save it as UTF-8"
        ) from exc
    if not text.strip():
        raise SidecarError("the sidecar is empty; write {} if it has nothing to say")
    held = _read_yaml(text) if is_yaml else _read_json(text)
    if not isinstance(held, dict):
        raise SidecarError(
            f"the sidecar holds {in_words(held)}; it must hold an object of fields "
            "such as ImageName"
        )
    return held


def _unpacked(data: bytes) -> bytes:
    """Return what a gzip'd sidecar holds; of too much, at least a byte too many.

    Whether it is gzip'd its bytes tell, for OSS hands out what is stored.
    """
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return unzip.decompress(data, MAX_SIDECAR_BYTES + 1)
    except zlib.error as exc:
        raise SidecarError(
            "the sidecar begins as gzip and is none; upload it as plain text"
        ) from exc


def in_words(value: object) -> str:
    """Return what a value is, for a message."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "an object"


def _read_json(text: str) -> object:
    try:
        return json.loads(
            text, object_pairs_hook=_without_repeats, parse_constant=_no_constant
        )
    except json.JSONDecodeError as exc:
        raise SidecarError(
            f"the sidecar is not JSON (line {exc.lineno}, column {exc.colno}: "
            f"{exc.msg}); a sidecar in YAML ends in .yaml"
        ) from exc
    except (ValueError, RecursionError) as exc:
        if isinstance(exc, SidecarError):
            raise
        raise SidecarError("the sidecar is not JSON that we can read") from exc


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise SidecarError("is given twice; which one is meant?", field=twice[:80])
    return held


def _no_constant(word: str) -> None:
    raise SidecarError(f"the sidecar holds {word}, which is not JSON")


def _read_yaml(text: str) -> object:
    """Import the parser only when somebody writes YAML: it costs every cold start."""
    from image_import.sidecar import yaml_subset  # noqa: PLC0415 - see above

    return yaml_subset.read_yaml(text)
