"""Which fields a request to Function Compute may have."""

from collections.abc import Collection, Mapping
from typing import Any

from fake_aliyun.fc.errors import FcError


def check_known(
    document: Mapping[str, Any], known: Collection[str], *, where: str
) -> None:
    """Let a document pass that has no other fields than the known ones.

    Raises:
        FcError: InvalidArgument.
    """
    if unknown := sorted(set(document) - set(known)):
        raise FcError(
            "InvalidArgument", f"{where} has no {unknown}, but {sorted(known)}"
        )
