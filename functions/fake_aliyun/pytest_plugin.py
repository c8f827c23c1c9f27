"""The fixture `aliyun`, which pytest finds by itself once the package is installed.

Where it is not installed but on the path, write
`pytest_plugins = ["fake_aliyun.pytest_plugin"]`.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fake_aliyun.cloud import FakeAliyun


@pytest.fixture
def aliyun() -> "Iterator[FakeAliyun]":
    """Return an empty cloud that answers whatever `requests` sends."""
    from fake_aliyun.cloud import FakeAliyun  # noqa: PLC0415 - only where it is used

    with FakeAliyun() as cloud:
        yield cloud
