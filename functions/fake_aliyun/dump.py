"""What a cloud holds, as JSON that can be loaded again: buckets, objects, images.

A dump is an object of `format`, `buckets` and `images`; their fields are those of the
classes here and of `OssObject`, `DeleteMarker` and `Image`. Moments are in ISO 8601.
Contents are lists of runs, `{"base64": "..."}` for bytes and `{"zeros": 1024}` for as
many zeros, so that a sparse disk image stays small.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache, partial
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from fake_aliyun.core.content import Content, Zeros
from fake_aliyun.ecs.images import Image
from fake_aliyun.ecs.models import EcsBackend
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.models import BUCKET_NAME, Bucket, OssBackend, check_key
from fake_aliyun.oss.objects import DeleteMarker, OssObject, Versioning


@dataclass(frozen=True, kw_only=True, slots=True)
class DumpedBucket:
    """A bucket and all versions in it, those of one key from old to new."""

    name: str
    region_id: str
    created: datetime
    acl: str = "private"
    storage_class: str = "Standard"
    versioning: Versioning = ""
    encryption: str = ""
    refuses_v1: bool = False
    versions: tuple[DeleteMarker | OssObject, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Dump:
    """What a cloud holds."""

    format: Literal[1]
    buckets: tuple[DumpedBucket, ...] = ()
    images: tuple[Image, ...] = ()


def make_dump(oss: OssBackend, ecs: EcsBackend) -> dict[str, object]:
    """Return what the two services hold, as JSON can hold it."""
    buckets = tuple(_dumped(bucket) for bucket in oss.buckets.values())
    images = tuple(ecs.by_id.values())
    made = Dump(format=1, buckets=buckets, images=images)
    return cast("dict[str, object]", _to_json(made))


def read_dump(document: object) -> Dump:
    """Return the dump that a JSON document is.

    Raises:
        ValueError: It is none; the message names the field.
    """
    dump = cast("Dump", _read(Dump, document, "dump"))
    for number, bucket in enumerate(dump.buckets):
        where = f"dump.buckets[{number}]"
        if not BUCKET_NAME.fullmatch(bucket.name):
            raise _unfit(f"{where}.name", bucket.name, "the name of a bucket")
        for place, version in enumerate(bucket.versions):
            try:
                check_key(version.key)
            except OssError as error:
                key = f"{where}.versions[{place}].key"
                raise _unfit(key, version.key, "a key that OSS takes") from error
    for number, image in enumerate(dump.images):
        if not image.disks:
            raise _unfit(f"dump.images[{number}].disks", [], "one disk or more")
    return dump


def load_dump(dump: Dump, oss: OssBackend, ecs: EcsBackend) -> None:
    """Put what a dump holds in the place of what the two services hold."""
    oss.clear()
    ecs.clear()
    for dumped in dump.buckets:
        oss.buckets[dumped.name] = _bucket(dumped)
    ecs.by_id.update((image.image_id, image) for image in dump.images)


def _dumped(bucket: Bucket) -> DumpedBucket:
    versions = bucket.versions
    return DumpedBucket(
        **{name: getattr(bucket, name) for name in _settings()},
        versions=tuple(v for key in versions.all_keys() for v in versions.of(key)),
    )


def _bucket(dumped: DumpedBucket) -> Bucket:
    bucket = Bucket(**{name: getattr(dumped, name) for name in _settings()})
    for version in dumped.versions:
        bucket.versions.add(version, versioning=bucket.versioning)
    return bucket


def _settings() -> list[str]:
    return [field.name for field in fields(DumpedBucket) if field.name != "versions"]


def _to_json(value: object) -> object:
    if isinstance(value, Content):
        return [_run(part) for part in value.parts]
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return {f.name: _to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {name: _to_json(held) for name, held in value.items()}
    if isinstance(value, set | tuple | list):
        ordered = sorted(value) if isinstance(value, set) else value
        return [_to_json(held) for held in ordered]
    return value


def _run(part: bytes | Zeros) -> dict[str, object]:
    if isinstance(part, Zeros):
        return {"zeros": len(part)}
    return {"base64": base64.b64encode(part).decode()}


def _read(kind: Any, value: object, where: str) -> object:  # noqa: ANN401 - any annotation
    """Return the value of an annotated type that a JSON value stands for."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return _one_of(inner, value, where)
    if origin is Literal:
        return _choice(inner, value, where)
    if kind in READERS:
        return READERS[kind](value, where)
    if is_dataclass(kind):
        return _record(kind, value, where)
    if origin is Mapping:
        held = _mapping(value, where)
        return {n: _read(inner[1], v, f"{where}[{n!r}]") for n, v in held.items()}
    return _sequence(kind, value, where)


def _sequence(kind: Any, value: object, where: str) -> object:  # noqa: ANN401 - any annotation
    """Return a tuple of named fields, or a tuple, list or set of things of one type."""
    held = _list(value, where)
    if names := getattr(kind, "_fields", None):
        if len(held) != len(names):
            raise _unfit(where, value, "a list of " + " and ".join(names))
        hints = _hints(kind)
        read = zip(names, held, strict=True)
        return kind(*(_read(hints[n], v, f"{where}.{n}") for n, v in read))
    one = get_args(kind)[0]
    make = get_origin(kind)
    return cast("type", make)(
        _read(one, item, f"{where}[{number}]") for number, item in enumerate(held)
    )


def _one_of(kinds: tuple[Any, ...], value: object, where: str) -> object:
    """Return a value of the first type that has its fields, else of the last."""
    if value is None and type(None) in kinds:
        return None
    rest = [kind for kind in kinds if kind is not type(None)]
    given = set(value) if isinstance(value, dict) else set()
    meant = next((kind for kind in rest[:-1] if given <= set(_hints(kind))), rest[-1])
    return _read(meant, value, where)


def _choice(choices: tuple[Any, ...], value: object, where: str) -> object:
    if type(value) is not type(choices[0]) or value not in choices:
        shown = ", ".join(repr(choice) for choice in choices)
        raise _unfit(where, value, f"one of {shown}")
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any annotation
    return get_type_hints(kind)


def _record(kind: Any, value: object, where: str) -> object:  # noqa: ANN401 - any annotation
    held = _mapping(value, where)
    hints = _hints(kind)
    needed = {
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    }
    if missing := sorted(needed - set(held)):
        raise ValueError(f"{where} lacks {', '.join(missing)}")
    if unknown := sorted(set(held) - set(hints)):
        raise ValueError(
            f"{where} holds {', '.join(unknown)}; known are {', '.join(sorted(hints))}"
        )
    return kind(**{n: _read(hints[n], v, f"{where}.{n}") for n, v in held.items()})


def _moment(value: object, where: str) -> datetime:
    expected = "a moment as 2026-01-02T03:04:05+00:00"
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise _unfit(where, value, expected) from error
    if moment.tzinfo is None:
        raise _unfit(where, value, expected)
    return moment


def _content(value: object, where: str) -> Content:
    runs = enumerate(_list(value, where))
    return Content([_part(run, f"{where}[{number}]") for number, run in runs])


def _part(value: object, where: str) -> bytes | Zeros:
    match value:
        case {"zeros": int(size), **rest} if size >= 0 and not rest:
            return Zeros(size)
        case {"base64": str(text), **rest} if not rest:
            try:
                return base64.b64decode(text, validate=True)
            except ValueError as error:
                raise _unfit(where, value, "bytes in Base64") from error
    raise _unfit(where, value, '{"zeros": 1024} or {"base64": "..."}')


def _mapping(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _unfit(where, value, "an object")
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise _unfit(where, value, "a list")
    return value


def _unfit(where: str, value: object, expected: str) -> ValueError:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:80]}..."
    return ValueError(f"{where} holds {shown}; expected {expected}")


def _plain(kind: type, name: str, value: object, where: str) -> object:
    if type(value) is not kind:
        raise _unfit(where, value, name)
    return value


READERS: Mapping[object, Callable[[object, str], object]] = {
    datetime: _moment,
    Content: _content,
    str: partial(_plain, str, "a text"),
    int: partial(_plain, int, "a whole number"),
    bool: partial(_plain, bool, "true or false"),
}
