"""Which multipart upload a conversion has begun: the one thing that OSS cannot tell.

Everything else about it OSS lists. A record is a small file in the user's cache, one
for each target.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from image_import_cli.ui.tty import aside


def records_folder(environ: Mapping[str, str], home: Path) -> Path:
    """Return where records are kept.

    Source: "XDG Base Directory Specification" 0.8, XDG_CACHE_HOME, read 2026-12.
    """
    cache = environ.get("XDG_CACHE_HOME", "")
    folder = Path(cache) if Path(cache).is_absolute() else home / ".cache"
    return folder / "image-import" / "uploads"


@dataclass(frozen=True, slots=True)
class UploadRecord:
    """One record.

    Attributes:
        plan_id: What is the same only where all parts are.
    """

    path: Path
    plan_id: str

    @classmethod
    def of(
        cls, folder: Path, bucket: str, object_key: str, plan_id: str
    ) -> "UploadRecord":
        """Return the record of a target."""
        name = hashlib.sha256(f"{bucket}\n{object_key}".encode()).hexdigest()[:32]
        return cls(folder / name, plan_id)

    def read(self) -> tuple[str, bool]:
        """Return the ID of the upload that has begun, and whether it is of this plan.

        The ID is "" where none has begun.
        """
        with suppress(OSError, ValueError):
            plan_id, upload_id = self.path.read_text("ascii").split()
            return upload_id, plan_id == self.plan_id
        return "", False

    def write(self, upload_id: str) -> None:
        """Keep the upload's ID; where that fails, the upload begins anew next time."""
        fresh = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(f"{self.plan_id} {upload_id}\n", "ascii")
            fresh.replace(self.path)
        except OSError as exc:
            aside(
                f"{self.path.parent} cannot be written ({exc.strerror}): if this is"
                " stopped, it begins anew"
            )

    def forget(self) -> None:
        """Keep nothing."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
