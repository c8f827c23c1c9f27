"""Places in OSS, as they are named on the command line."""

import re
from urllib.parse import unquote

import click

SCHEME = "oss://"
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
"""Source: "Bucket naming conventions", OSS documentation, read 2026-11."""
_OBJECT_URL = re.compile(
    r"https?://(?P<bucket>[a-z0-9-]+)\.(?:oss|s3\.oss)-[a-z0-9-]+\.aliyuncs\.com"
    r"/(?P<key>[^?#]*)"
)
"""What the console copies as an object's URL; what follows a `?` signs it.

Source: "Use a bucket domain name to access OSS", OSS documentation, read 2026-12.
"""


def read_place(given: str, *, expected: str) -> tuple[str, str]:
    """Return a bucket and what follows it: a key, a prefix, or nothing.

    Args:
        given: With or without `oss://`.
        expected: Such as `oss://BUCKET/KEY`, for the error.

    Raises:
        click.UsageError: What stands where the bucket should be cannot be one.
    """
    bucket, _, rest = _as_place(given).partition("/")
    if BUCKET_NAME.fullmatch(bucket):
        return bucket, rest
    seen = f"{bucket!r} is no bucket's name" if bucket else "it names no bucket"
    raise click.UsageError(f"{given!r}: {seen}; give {expected}")


def is_place(given: str) -> bool:
    """Whether it can only be a place in OSS, and no local file."""
    return given.startswith(SCHEME) or bool(_OBJECT_URL.match(given))


def _as_place(given: str) -> str:
    """Return BUCKET/KEY of whatever names a place, the console's URL among it."""
    if match := _OBJECT_URL.match(given):
        return f"{match['bucket']}/{unquote(match['key'])}"
    return given.removeprefix(SCHEME)


def read_object(given: str, *, expected: str) -> tuple[str, str]:
    """Return bucket and key of an object.

    Raises:
        click.UsageError: A part is missing, or is not what it should be.
    """
    bucket, object_key = read_place(given, expected=expected)
    if not object_key:
        raise click.UsageError(f"{given!r} names no object; give {expected}")
    return bucket, object_key


def object_named(given: str) -> tuple[str, str] | None:
    """Return bucket and key of an object, None where a local file is named.

    Raises:
        click.UsageError: It is a bucket without a key, or no bucket's name.
    """
    if not is_place(given):
        return None
    return read_object(given, expected="oss://BUCKET/KEY, as in oss://images/web.qcow2")
