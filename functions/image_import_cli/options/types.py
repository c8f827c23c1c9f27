"""URLs of services on the command line, held to what a setting like them may hold."""

import math
from typing import Any

import click
from image_import.config.types import Unfit, endpoint


class NumberRange(click.FloatRange):
    """A number between two others; `nan` passes each comparison, and is none."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as the base class has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number, or fail with a usage error."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is no number in the range {self.min}<=x<={self.max}.")
        return number


def checked_endpoint(
    _context: click.Context, _parameter: click.Parameter, given: str
) -> str:
    """Return scheme and host, https where none is given; "" if nothing is.

    Raises:
        click.BadParameter: It is no URL of a service.
    """
    try:
        return endpoint(given) if given else ""
    except Unfit as exc:
        raise click.BadParameter(f"it holds {exc}") from exc
    except ValueError as exc:
        raise click.BadParameter(
            f"{given!r} is no URL of a service like https://fc.example.com"
        ) from exc
