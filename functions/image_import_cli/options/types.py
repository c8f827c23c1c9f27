"""URLs of services on the command line, held to what a setting like them may hold."""

import click
from image_import.setting_kinds import Unfit, endpoint


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
