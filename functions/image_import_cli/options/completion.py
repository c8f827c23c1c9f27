"""What the shell offers for a place in OSS.

Whoever presses Tab waits, and reads no error: what gives no answer in two seconds, or
needs credentials that are not at hand, offers nothing.
"""

import re
from collections.abc import Sequence

import click
import oss2
from click.shell_completion import CompletionItem
from image_import.aliyun.oss.client import Oss, make_session
from image_import.config.endpoints import oss_endpoint
from image_import.config.settings import read_settings
from image_import.errors import ImageImportError

from image_import_cli.options.credentials import credentials_at_hand
from image_import_cli.options.oss_url import SCHEME
from image_import_cli.options.settings import environment

SECONDS = 2.0
MOST = 200
"""Names that are offered at most."""

_PLAIN = re.compile(r"[\w./@%+,=:-]+")
"""What every shell takes as it is; another name is typed by hand."""


def places(ctx: click.Context, incomplete: str) -> list[str]:
    """Return which buckets, folders and objects begin so; none if OSS does not say."""
    if not incomplete.startswith(SCHEME):
        return [SCHEME] if incomplete and SCHEME.startswith(incomplete) else []
    bucket, slash, prefix = incomplete.removeprefix(SCHEME).partition("/")
    try:
        oss = _oss(ctx)
        if oss is None:
            return []
        if not slash:
            names = oss.exchange("ListBuckets", _buckets, "any", seconds=SECONDS)
            found = [f"{SCHEME}{n}/" for n in names if n.startswith(bucket)]
        else:
            listed = oss.exchange(
                "ListObjectsV2",
                lambda b: b.list_objects_v2(prefix, delimiter="/", max_keys=MOST),
                bucket,
                seconds=SECONDS,
            )
            keys = [*listed.prefix_list, *(entry.key for entry in listed.object_list)]
            found = [f"{SCHEME}{bucket}/{key}" for key in keys]
    except (ImageImportError, click.UsageError):
        return []
    return [place for place in found if _PLAIN.fullmatch(place)]


def complete_place(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001 - click's
    incomplete: str,
) -> list[CompletionItem]:
    """Have the shell complete a place in OSS."""
    return [CompletionItem(place) for place in places(ctx, incomplete)]


def complete_file(
    ctx: click.Context,
    param: click.Parameter,
    incomplete: str,
) -> list[CompletionItem]:
    """Have the shell complete a file, where an object may be named as well."""
    if incomplete.startswith(SCHEME):
        return complete_place(ctx, param, incomplete)
    return [CompletionItem(incomplete, type="file")]


def _oss(ctx: click.Context) -> Oss | None:
    """Return OSS as the command would ask it, None without what it takes."""
    environ = environment(ctx.params.get("assignments") or ())
    settings = read_settings(environ)
    credentials = credentials_at_hand(ctx)
    region_id = settings.region_id or ""
    if credentials is None or not (region_id or settings.oss_endpoint):
        return None
    return Oss(
        make_session(pool_size=1),
        credentials,
        endpoint=oss_endpoint(settings, region_id),
        region_id=region_id,
        signature_version=settings.target.oss_signature_version,
        addressing=settings.oss_addressing,
    )


def _buckets(source: oss2.Bucket) -> Sequence[str]:
    """Return the names of the account's first buckets.

    Source: "ListBuckets", OSS documentation, read 2026-12.
    """
    service = oss2.Service(
        source.auth,
        source.endpoint,
        session=source.session,
        connect_timeout=source.timeout,
        region=source.region,
    )
    return [bucket.name for bucket in service.list_buckets(max_keys=MOST).buckets]
