"""A local image's two ends, as the function would read them once it is uploaded."""

from typing import BinaryIO

from disk_images.formats.detect import HEAD_BYTES, TAIL_BYTES, is_settled_by
from disk_images.formats.types import Ends
from image_import.filename.reader import read_key


def read_ends(file: BinaryIO, *, name: str, size_bytes: int) -> Ends:
    """Return the first and the last bytes; no last ones where they change nothing.

    Args:
        name: As which it would be uploaded; it decides what has to be read.
    """
    head = file.read(HEAD_BYTES)
    told = read_key(name).format
    is_settled = size_bytes > len(head) and is_settled_by(head, format_by_name=told)
    file.seek(size_bytes if is_settled else max(0, size_bytes - TAIL_BYTES))
    return Ends(head, file.read(TAIL_BYTES), size_bytes)
