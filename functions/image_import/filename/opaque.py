"""What in a name is random or numbered by a machine, and means nothing.

A hash may hold `df86`, and a host name that Windows made up `WIN-2012ABCDEFG`: neither
says which system stands in the image.

Sources, read 2026-12:
    "Computer name", Windows Setup: WIN- and eleven characters on a server, DESKTOP- and
    seven or LAPTOP- and eight on a client; EC2AMAZ- and seven, "Set the computer name",
    Amazon EC2 User Guide. ip-10-0-0-1: "EC2 instance hostnames" there.
    "DescribeInstances", ECS API 2014-05-26: IDs as i-bp67acfmxazb4p****, and host names
    as iZbp1...Z; images, disks and snapshots have m-, d- and s-.
"""

import re

from image_import.filename.vocabulary.stop_words import IMAGE_WORDS
from image_import.filename.vocabulary.windows import EDITION_WORDS

# Hex digits long enough to be a hash, and GUIDs; host names; IDs of a cloud.
_OPAQUE = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?=[0-9]*[a-fA-F])(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,}"
    r"|(?P<host>(?i:(?:WIN-[0-9A-Z]{4}|LAPTOP-[0-9A-Z]|DESKTOP-|EC2AMAZ-)[0-9A-Z]{7}))"
    r"|ip(?:-[0-9]{1,3}){4}"
    r"|[imds]-[0-9a-z]{20,22}"
    r"|iZ[0-9a-z]{12,22}Z"
    r")(?![0-9A-Za-z])"
)
_RUN = re.compile("[0-9]+|[A-Za-z]+")
FEWEST_RUNS = 4
"""Of letters and of digits, in what is random although it is in lower case."""


SHORTEST_WORD = 2


def without_opaque(name: str) -> str:
    """Return a name with spaces in place of what means nothing."""
    return _OPAQUE.sub(_replaced, name)


def _replaced(match: re.Match[str]) -> str:
    host = match["host"]
    return match[0] if host and not _is_made_up(host) else " "


def _is_made_up(host: str) -> bool:
    """Return whether no person wrote it: WIN-2019SERVER1 has words in it."""
    runs = _RUN.findall(host.partition("-")[2].lower())
    if not host.isupper() and len(runs) < FEWEST_RUNS:
        return False
    words = [run for run in runs if not run.isdecimal()]
    return max(map(len, words), default=0) < SHORTEST_WORD or not _WORDS.issuperset(
        words
    )


_WORDS = IMAGE_WORDS | EDITION_WORDS
