"""The checksums that are stated of a gathered image, and what came of comparing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from image_import.config.settings import Settings
from image_import.errors import ConflictError, SidecarError
from image_import.importing.bucket_reader import BucketReader
from image_import.importing.gatherer import Candidate
from image_import.model.checksum import StatedChecksum
from image_import.planning.checksums import Compared, compare
from image_import.planning.evidence import METADATA, DiskEvidence
from image_import.sidecar.checksums import (
    MAX_FILE_BYTES,
    checksum_file_keys,
    metadata_checksums,
    stated_in,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChecksumCheck:
    """Compares what is stated of an image with what OSS tells of its objects."""

    settings: Settings
    reader: BucketReader

    def run(self, candidate: Candidate, disks: Sequence[DiskEvidence]) -> Compared:
        """Return what was compared, what could not be, and what is still to come.

        Raises:
            ConflictError: An upload is another file, or cannot be compared although
                it must be.
            SidecarError: A checksum, or a file of them, cannot be read.
            ServiceUnavailable: A file could not be read.
        """
        stated = [*_declared(candidate, disks), *self._beside(disks)]
        compared = compare(stated, disks)
        if self.settings.checksum == "required":
            return _required(stated, compared, disks)
        return compared

    def _beside(self, disks: Sequence[DiskEvidence]) -> Iterator[StatedChecksum]:
        """Yield what files beside the disks say, all of which are read side by side."""
        if self.settings.checksum == "declared":
            return
        keys = {disk.object_key: checksum_file_keys(disk.object_key) for disk in disks}
        wanted = dict.fromkeys(key for some in keys.values() for key in some)
        files = self.reader.read_files(list(wanted), limit=MAX_FILE_BYTES + 1)
        for object_key, some in keys.items():
            for key in some:
                if piece := files.get(key):
                    if piece.object_type == "Symlink":
                        raise SidecarError(
                            f"{key} is a symbolic link; upload the file itself"
                        )
                    yield from stated_in(key, piece.data, object_key=object_key)


def _declared(
    candidate: Candidate, disks: Sequence[DiskEvidence]
) -> Iterator[StatedChecksum]:
    """Yield what the sidecar and each object's own metadata say."""
    for object_key, checksums in candidate.sidecar.checksums:
        for name, value in checksums.items():
            yield StatedChecksum(
                object_key=object_key,
                name=name,
                value=value,
                source=candidate.sidecar.key,
            )
    for disk in disks:
        for name, value in metadata_checksums(disk.user_metadata).items():
            yield StatedChecksum(
                object_key=disk.object_key, name=name, value=value, source=METADATA
            )


def _required(
    stated: Sequence[StatedChecksum],
    compared: Compared,
    disks: Sequence[DiskEvidence],
) -> Compared:
    """Return what each disk still waits for; all have to be known for what they are."""
    left = [d.object_key for d in disks if d.object_key not in compared.matched]
    known = {one.object_key for one in stated}
    if unstated := [key for key in left if key not in known]:
        awaited = f"no checksum of {', '.join(unstated)} is there yet"
        return replace(compared, awaited=f"{awaited} (CHECKSUM=required)")
    if left:
        raise ConflictError(
            f"CHECKSUM=required, and no checksum of {', '.join(left)} can be compared: "
            f"{'; '.join(compared.notes)}"
        )
    return compared
