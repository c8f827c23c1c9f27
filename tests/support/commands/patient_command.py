"""Our command in a process that waits for OSS for longer than a test waits for it.

So a test that it ends at once does not depend on how fast this machine is.
"""

import sys

from waiting import PATIENCE_SECONDS

_PROGRAM = f"""
import image_import.aliyun.oss.client as oss
oss.READ_SECONDS = {100 * PATIENCE_SECONDS}
from image_import_cli.main import main
main()
"""


def patient_command(*words: str) -> list[str]:
    """Return how to start `image-import` with these words."""
    return [sys.executable, "-c", _PROGRAM, *words]
