"""Files that others read while we write them."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file, whole or not at all; a link stays, what it names is written.

    Raises:
        OSError: It cannot be written there.
    """
    path = path.resolve()
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(text, "utf-8")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def why_not_there(path: Path) -> str:
    """Return why no file can be written there, "" if nothing speaks against it."""
    try:
        target = path.resolve(strict=False)
        if target.exists() and not target.is_file():
            return "it is there and no regular file"
    except (OSError, RuntimeError) as exc:
        return str(exc)
    if not os.access(target.parent, os.W_OK):
        return f"{target.parent} cannot be written to"
    return ""
