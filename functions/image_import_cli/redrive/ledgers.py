"""The uploads under a place whose ledgers say that they came to nothing."""

import re

from image_import.errors import ImageImportError
from image_import.events.parser import ObjectCreated
from image_import.ledger.entries import LedgerEntry, read_lines
from image_import.ledger.layout import IMAGES, LedgerKeys
from image_import.ledger.store import LedgerStore

from image_import_cli.aliyun.events import EVENT_NAMES
from image_import_cli.redrive.messages import Given, Unread
from image_import_cli.redrive.redelivery import wants_redrive
from image_import_cli.ui.interrupt import threads

SUFFIX = ".jsonl"
PART = re.compile(r"~[2-9](?=\.jsonl$)")


def read_ledgers(
    store: LedgerStore, *, bucket: str, under: str, prefix: str, workers: int
) -> Given:
    """Return what is to be delivered again of one object, or of all under a prefix.

    A key that has a ledger of its own is that object; anything else is a prefix, for
    which each ledger of the bucket is read once.

    Raises:
        ServiceError: The ledgers could not be listed.
    """
    given = Given()
    place = LedgerKeys(prefix=prefix, bucket=bucket, object_key=under)
    own = _ledgers(store, place.folder) if under else {}
    parts = own or _ledgers(store, f"{prefix}{IMAGES}")

    def read(keys: list[str]) -> tuple[LedgerEntry, ...] | ImageImportError:
        try:
            lines = [read_lines(store.read_note(key) or b"") for key in keys]
        except ImageImportError as exc:
            return exc
        return tuple(entry for part in lines for entry in part)

    with threads(workers) as pool:
        books = zip(parts, pool.map(read, parts.values()), strict=True)
        for number, (key, found) in enumerate(books, 1):
            if isinstance(found, ImageImportError):
                given.leave(Unread(number, f"{key}: {found}"))
                continue
            upload = _upload(found, key, bucket=bucket, prefix=prefix)
            if upload is None or not upload.object_key.startswith(under):
                continue
            if own or wants_redrive(found):
                given.add(upload)
            else:
                given.left += 1
    if not (given.uploads or given.left or given.unread):
        given.unknown.append(f"oss://{bucket}/{under}")
    return given


def _ledgers(store: LedgerStore, folder: str) -> dict[str, list[str]]:
    """Return the keys of each ledger's parts, in order, by the first one's key."""
    found: dict[str, list[str]] = {}
    for item in store.list_all(folder):
        if item.object_key.endswith(SUFFIX):
            first = PART.sub("", item.object_key)
            found.setdefault(first, []).append(item.object_key)
    return found


def _upload(
    entries: tuple[LedgerEntry, ...], key: str, *, bucket: str, prefix: str
) -> ObjectCreated | None:
    """Return the upload that a ledger is of; None if it is another bucket's."""
    disks = next((e.disks for e in reversed(entries) if e.disks), ())
    for object_key, etag in disks[:1]:
        place = LedgerKeys(prefix=prefix, bucket=bucket, object_key=object_key)
        if place.part_number(key, etag):
            return ObjectCreated(
                bucket=bucket,
                object_key=object_key,
                etag=etag,
                object_size_bytes=None,
                event_name=EVENT_NAMES["Normal"],
            )
    return None
