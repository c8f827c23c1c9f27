"""Fixtures for the tests of the edges."""

from collections.abc import Iterator

import pytest
import requests
from image_import.aliyun.ecs.client import make_session


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with make_session(4) as made:
        yield made
