"""Numbers on the command line, from one to another."""

import math
from typing import Any

import click


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
