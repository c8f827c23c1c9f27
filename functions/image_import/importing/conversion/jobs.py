"""A part of a conversion that the converter does, as an object that starts it.

OSS's trigger on the folder of these objects invokes the converter, and Function Compute
delivers again what it did not finish. Putting one twice is the same as once: what is to
be done, the ledger says.
"""

import json
from dataclasses import asdict, dataclass

from image_import.errors import EvidenceError


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversionJob:
    """Which part of which upload's conversion.

    Attributes:
        disk: Of the image, counted from 1.
        number: Of the slice, counted from 0.
        of: How many slices there are.
    """

    bucket: str
    object_key: str
    etag: str
    region_id: str
    disk: int
    number: int = 0
    of: int = 1

    def to_bytes(self) -> bytes:
        """Return the job as its object holds it."""
        return (json.dumps(asdict(self), ensure_ascii=False) + "\n").encode()


def read_job(data: bytes) -> ConversionJob:
    """Return the job that an object holds.

    Raises:
        EvidenceError: It is none of ours.
    """
    try:
        said = json.loads(data)
        job = ConversionJob(**said)
        is_sound = job.disk >= 1 and 0 <= job.number < job.of
    except (ValueError, TypeError) as exc:
        raise EvidenceError(
            f"an object under jobs/ is not one that we write ({exc}); delete it"
        ) from exc
    if not is_sound:
        raise EvidenceError("an object under jobs/ asks for no part; delete it")
    return job
