"""What ends a command early, told by each in the same way."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from image_import.catalogue import explain
from image_import.endings import explained
from image_import.errors import ImageImportError, ServiceError

AGAIN = "Try again."
IN_CATALOGUE = {"ECS", "OSS"}


@contextmanager
def failures_explained() -> Iterator[None]:
    """Let errors that we can explain end the command with a sentence and status 1.

    Raises:
        click.ClickException: There was one.
    """
    try:
        yield
    except ServiceError as exc:
        raise click.ClickException(sentence(exc)) from exc
    except ImageImportError as exc:
        raise click.ClickException(str(exc)) from exc


def sentence(exc: ServiceError) -> str:
    """Return what a service said, what that means, and what to do.

    The catalogue speaks to the function's operator, whose events are delivered again;
    nobody repeats a command but the one who typed it.
    """
    if exc.service not in IN_CATALOGUE:
        return str(exc)
    if exc.http_status is None and not exc.code:
        where = f"{exc.service}_ENDPOINT"
        return f"{exc}. Check {where}, and the network and proxies in between."
    entry = explain(exc.service, exc.code, exc.http_status)
    if entry.who == "nobody":
        return f"{str(exc).rstrip('.')}. {entry.cause} {AGAIN}"
    return explained(exc, entry)
