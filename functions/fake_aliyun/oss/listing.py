"""Listings: prefix, delimiter and pages over keys and versions."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.objects import OssObject, Version, Versions

MAX_KEYS = 1000
DEFAULT_KEYS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """What a listing asks for.

    Attributes:
        after: Only what sorts behind this key or common prefix.
        after_version: With `after`: also the versions of that key behind this one.
    """

    prefix: str = ""
    delimiter: str = ""
    after: str = ""
    after_version: str = ""
    max_keys: int = DEFAULT_KEYS


class ListingPage(NamedTuple):
    """One page of a listing; `next_after` is "" on the last."""

    entries: list[Version]
    common_prefixes: list[str]
    next_after: str
    next_version: str = ""


def read_max_keys(text: str) -> int:
    """Return the page size, at most 1,000.

    Raises:
        OssError: InvalidArgument.
    """
    if not text:
        return DEFAULT_KEYS
    if not text.isdecimal() or not 1 <= int(text) <= MAX_KEYS:
        raise OssError("InvalidArgument", ArgumentName="max-keys", ArgumentValue=text)
    return int(text)


def list_objects(versions: Versions, query: Query) -> ListingPage:
    """Return a page of current objects and of the prefixes they share."""
    keys = versions.keys_from(query.after, prefix=query.prefix)
    current = (versions.current(key) for key in keys)
    return _page((found for found in current if found is not None), query)


def list_versions(versions: Versions, query: Query) -> ListingPage:
    """Return a page of all versions and delete markers, newest of a key first."""
    keys = versions.keys_from(query.after, prefix=query.prefix)
    listed = (version for key in keys for version in reversed(versions.of(key)))
    return _page(_behind_version(listed, query), query)


def _behind_version(listed: Iterable[Version], query: Query) -> Iterable[Version]:
    passed = False
    for version in listed:
        if query.after_version and version.key == query.after:
            if passed:
                yield version
            passed = passed or version.version_id == query.after_version
        else:
            yield version


def _page(listed: Iterable[Version], query: Query) -> ListingPage:
    entries: list[Version] = []
    prefixes: list[str] = []
    last, last_version = "", ""
    for version in listed:
        prefix = common_prefix(version.key, query.prefix, query.delimiter)
        group = prefix or version.key
        if not version.key.startswith(query.prefix) or prefix in prefixes:
            continue
        if _is_before(group, version, query):
            continue
        if len(entries) + len(prefixes) == query.max_keys:
            return ListingPage(entries, prefixes, last, last_version)
        if prefix:
            prefixes.append(prefix)
        else:
            entries.append(version)
        last, last_version = group, version.version_id
    return ListingPage(entries, prefixes, "")


def common_prefix(key: str, prefix: str, delimiter: str) -> str:
    """Return the common prefix that a key is listed under, or ""."""
    if not delimiter:
        return ""
    end = key.find(delimiter, len(prefix))
    return key[: end + len(delimiter)] if end >= 0 else ""


def _is_before(group: str, version: Version, query: Query) -> bool:
    if query.after_version and version.key == query.after:
        return False
    return bool(query.after) and group <= query.after


def objects_of(page: ListingPage) -> list[OssObject]:
    """Return the objects of a page without delete markers."""
    return [entry for entry in page.entries if isinstance(entry, OssObject)]
