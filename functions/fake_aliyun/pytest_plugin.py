"""The fixture `fake_aliyun`; write `pytest_plugins = ["fake_aliyun.pytest_plugin"]`."""

from collections.abc import Iterator

import pytest

from fake_aliyun.cloud import FakeAliyun


@pytest.fixture
def fake_aliyun() -> Iterator[FakeAliyun]:
    """Return an empty cloud that answers whatever `requests` sends."""
    with FakeAliyun() as cloud:
        yield cloud
