"""A file as the target of a conversion, to which threads write side by side."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from image_import_cli.commands.convert.local_file import FileTarget

KIB64 = 65_536


@pytest.fixture
def eager_threads() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("eager_threads")
def test_a_part_of_zeros_cuts_off_nothing_that_is_written_behind_it(
    tmp_path: Path,
) -> None:
    behind = b"x" * KIB64
    parts = ((1, 0, bytes(KIB64)), (2, KIB64, behind))
    for number in range(600):
        target = FileTarget(tmp_path / str(number), None, plan_id="")
        target.begin()
        both = threading.Barrier(len(parts))

        def write(
            part: tuple[int, int, bytes],
            target: FileTarget = target,
            both: threading.Barrier = both,
        ) -> None:
            both.wait()
            target.write(*part)

        threads = [threading.Thread(target=write, args=(part,)) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert target.seal(2 * KIB64).read(KIB64, KIB64) == behind
        target.close()
        target.discard()
