"""`with_fake_aliyun`: a cloud of its own for each call of a test."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

from fake_aliyun.cloud import FakeAliyun

P = ParamSpec("P")
R = TypeVar("R")
Test = Callable[Concatenate[FakeAliyun, P], R]


@overload
def with_fake_aliyun(function: Test[P, R], /) -> Callable[P, R]: ...


@overload
def with_fake_aliyun(**settings: Any) -> Callable[[Test[P, R]], Callable[P, R]]: ...  # noqa: ANN401 - those of FakeAliyun, which checks them


def with_fake_aliyun(
    function: Test[P, R] | None = None,
    /,
    **settings: Any,
) -> Callable[P, R] | Callable[[Test[P, R]], Callable[P, R]]:
    """Hand a fresh cloud to a function as its first argument, at each call.

    With settings or without, as `@with_fake_aliyun(region_id="cn-beijing")` and as
    `@with_fake_aliyun`.
    """
    if function is not None:
        return _decorated(function, settings)
    return lambda function: _decorated(function, settings)


def _decorated(function: Test[P, R], settings: Mapping[str, Any]) -> Callable[P, R]:
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
