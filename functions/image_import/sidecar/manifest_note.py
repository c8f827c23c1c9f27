"""The note that a manifest leaves for each disk that it lists.

A disk that arrives finds the note under its own key, whatever it is called, and so
the set that it belongs to.
"""

import json
from dataclasses import asdict, dataclass

from image_import.errors import EvidenceError


@dataclass(frozen=True, kw_only=True, slots=True)
class ManifestNote:
    """Which manifest lists a disk, and what else it lists.

    Attributes:
        manifest_key: The sidecar that lists several disks.
        image_key: The system disk, beside which the manifest stands.
        disk_keys: All disks as the manifest listed them, the system disk first.
    """

    manifest_key: str
    image_key: str
    disk_keys: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """Return the note's content."""
        return (json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n").encode()


def read_manifest_note(data: bytes) -> ManifestNote:
    """Return the note that `to_bytes` wrote.

    Raises:
        EvidenceError: It is none of ours.
    """
    try:
        said = json.loads(data)
        return ManifestNote(
            manifest_key=str(said["manifest_key"]),
            image_key=str(said["image_key"]),
            disk_keys=tuple(str(key) for key in said["disk_keys"]),
        )
    except (ValueError, KeyError, TypeError) as exc:
        raise EvidenceError(
            f"the note under the ledger's prefix is not one that we write ({exc}); "
            "delete it and upload the manifest again"
        ) from exc
