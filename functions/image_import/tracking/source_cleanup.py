"""What happens to an uploaded object once its image is available."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from image_import.aliyun.oss.client import ObjectChanged, ObjectMissing, Oss
from image_import.errors import ServiceRejected
from image_import.ledger.entries import LedgerEntry
from image_import.retry import RetryPolicy

TAG_KEY = "image-import"
"""The tag by which an uploaded object is seen to be an image."""

MOST_TAGS = 10
"""Source: "PutObjectTagging", OSS documentation, read 2026-11."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceCleanup:
    """The objects of one bucket that images were made of."""

    oss: Oss
    bucket: str
    retry: RetryPolicy

    def settle(self, wish: Literal["keep", "tag", "delete"], image: LedgerEntry) -> str:
        """Do with an image's sources what the operator wants, and say what was done.

        An object that was uploaded again is left alone: it is not what the image was
        made of. OSS has no conditional delete, so the ETag is looked at just before.

        Raises:
            ServiceError: OSS has not answered; some of it may be done, and doing it
                again does no harm.
        """
        do = {"tag": self._tag, "delete": self._delete}.get(wish)
        if do is None:
            return ""
        said = [self._settle(do, key, etag, image) for key, etag in image.disks]
        return "; ".join(said)

    def _settle(
        self,
        do: Callable[[str, str], str],
        object_key: str,
        etag: str,
        image: LedgerEntry,
    ) -> str:
        try:
            self.retry.repeat(
                lambda: self.oss.check_etag(self.bucket, object_key, etag=etag)
            )
            return do(object_key, image.image_id)
        except ObjectMissing:
            return f"{object_key} was deleted already"
        except ObjectChanged:
            return f"{object_key} was uploaded again since, and is left alone"
        except ServiceRejected as exc:
            if exc.http_status is None:
                raise
            return f"{object_key} is left as it is: {exc}"

    def _delete(self, object_key: str, _: str) -> str:
        self.retry.repeat(lambda: self.oss.delete(self.bucket, object_key))
        return f"{object_key} was deleted"

    def _tag(self, object_key: str, image_id: str) -> str:
        tags = self.retry.repeat(lambda: self.oss.read_tags(self.bucket, object_key))
        wanted = {**tags, TAG_KEY: image_id or "available"}
        if len(wanted) > MOST_TAGS:
            return f"{object_key} has {MOST_TAGS} tags already and gets none"
        if wanted != tags:
            put = self.oss.put_tags
            self.retry.repeat(lambda: put(self.bucket, object_key, wanted))
        return f"{object_key} was tagged {TAG_KEY}={wanted[TAG_KEY]}"
