"""`with_fake_aliyun`: a cloud of its own for each call of a test."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from fake_aliyun.cloud import FakeAliyun

P = ParamSpec("P")
R = TypeVar("R")


def with_fake_aliyun(
    **settings: Any,  # noqa: ANN401 - those of FakeAliyun, which checks them
) -> Callable[[Callable[Concatenate[FakeAliyun, P], R]], Callable[P, R]]:
    """Return a decorator that hands a fresh cloud to the function as first argument."""

    def decorate(function: Callable[Concatenate[FakeAliyun, P], R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with FakeAliyun(**settings) as cloud:
                return function(cloud, *args, **kwargs)

        # pytest takes what is left of the signature for the names of fixtures.
        signature = inspect.signature(function)
        rest = list(signature.parameters.values())[1:]
        call.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=rest
        )
        return call

    return decorate
