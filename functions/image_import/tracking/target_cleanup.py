"""What becomes of what an upload was converted to, once its import has ended."""

from collections.abc import Sequence

from image_import.aliyun.oss.client import Oss
from image_import.importing.conversion.targets import abort_uploads, discard_target
from image_import.ledger.entries import IMAGELESS, LedgerEntry, State
from image_import.retry import RetryPolicy

NOT_NEEDED = IMAGELESS | {State.AVAILABLE, State.REFUSED, State.FAILED}
"""How a version ends after which ECS reads its disks no more.

After `unfollowed` it may still read them: then the rule of the bucket's life cycle
deletes them.
"""


def discard_targets(
    oss: Oss,
    retry: RetryPolicy,
    entries: Sequence[LedgerEntry],
    last: LedgerEntry,
    *,
    keep: bool,
) -> None:
    """Delete the targets of a version, and abort what was uploaded of them.

    Args:
        entries: The whole ledger.
        last: Its last word on the version.
        keep: Whether the targets of an available image stay.

    Raises:
        ServiceError: OSS has not answered; doing it again does no harm.
    """
    if last.state not in NOT_NEEDED or last.perhaps_started:
        return
    is_kept = keep and last.state is State.AVAILABLE
    for entry in entries:
        if entry.state is not State.CONVERTING or entry.version != last.version:
            continue
        for object_key, upload_id, *_ in entry.targets:
            settle = abort_uploads if is_kept else discard_target
            settle(oss, retry, entry.target_bucket, object_key, upload_id)
