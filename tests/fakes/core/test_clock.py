"""Lengths of time that a test gives the cloud."""

import math

import pytest
from fake_aliyun import BySeconds, FakeAliyun, ManualClock

ODD = [math.nan, math.inf, -1, 1e300]


@pytest.mark.parametrize("seconds", ODD)
@pytest.mark.parametrize("name", ["waiting", "creating"])
def test_an_import_takes_a_time_that_a_clock_can_measure(
    name: str, seconds: float
) -> None:
    with pytest.raises(ValueError, match=f"{name} holds .+ from 0 to "):
        BySeconds(**{name: seconds})


@pytest.mark.parametrize("seconds", ODD)
def test_a_restore_takes_a_time_that_a_clock_can_measure(seconds: float) -> None:
    cloud = FakeAliyun()
    with pytest.raises(ValueError, match="restore_seconds holds"):
        cloud.oss.restore_seconds = seconds
    assert cloud.oss.restore_seconds == 3600


@pytest.mark.parametrize("seconds", ODD)
def test_a_clock_is_moved_forward_by_what_it_can_measure(seconds: float) -> None:
    clock = ManualClock()
    began = clock()
    with pytest.raises(ValueError, match="advance holds"):
        clock.advance(seconds)
    assert clock() == began
