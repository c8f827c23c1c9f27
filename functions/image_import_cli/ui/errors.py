"""What ends a command early, told by each in the same way."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from image_import.aliyun.error_catalogue import Explanation, explain
from image_import.errors import ImageImportError, ServiceError, ServiceUnavailable

AGAIN = "Try again."
IN_CATALOGUE = {"ECS", "OSS"}

CREDENTIALS_FROM = f"{__name__}.credentials"
"""Where a command's context keeps in words where its credentials came from."""

KEY_ID = "Check ALIBABA_CLOUD_ACCESS_KEY_ID."
TOKEN = "Check ALIBABA_CLOUD_SECURITY_TOKEN, or get a new one."

HERE = {
    "NoSuchKey": "List the bucket for the exact key; keys are case-sensitive.",
    "PreconditionFailed": AGAIN,
    "InvalidAccessKeyId": KEY_ID,
    "InvalidAccessKeyId.NotFound": KEY_ID,
    "InvalidSecurityToken": TOKEN,
    "InvalidSecurityToken*": TOKEN,
    "SecurityTokenExpired": "Get new credentials, and run the command again.",
}
"""What to do where it is not what the function's operator would do.

By the catalogue's code: nobody delivers a command again, and what it may do is up to
the credentials of the environment, not to a role.
"""

FORBIDDEN = {"AccessDenied", "Forbidden*"}
RIGHTS = {
    "AppendObject": "oss:PutObject",
    "HeadObject": "oss:GetObject",
    "ListObjectsV2": "oss:ListObjects",
}
"""What an operation is allowed by, if not by a right of its own name.

Source: "Grant access to OSS by using RAM policies", OSS documentation, read 2026-11.
"""


JSON_FLAG = "--json"


class CommandFailure(click.ClickException):
    """What ended a command, in parts for a program.

    Attributes:
        code: Of a service, else the name of our error.
        hint: What to do, "" where the message says it.
    """

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        """Keep the parts; a person reads message and hint as one."""
        super().__init__(f"{message}. {hint}" if hint else message)
        self.code = code
        self.summary = message
        self.hint = hint


def failure(exc: click.ClickException) -> dict[str, dict[str, str]]:
    """Return a failure as `--json` tells it."""
    told = {"code": "Usage" if exc.exit_code == USAGE else "Failed"}
    told |= {"message": exc.format_message(), "hint": ""}
    if isinstance(exc, CommandFailure):
        told |= {"code": exc.code, "message": exc.summary, "hint": exc.hint}
    elif exc.exit_code == USAGE and isinstance(exc, click.UsageError) and exc.ctx:
        told["hint"] = f"{exc.ctx.command_path} --help"
    return {"error": told}


USAGE = 2


@contextmanager
def failures_explained(about: str = "") -> Iterator[None]:
    """Let errors that we can explain end the command with a sentence and status 1.

    Args:
        about: What it was done with, if the errors do not say.

    Raises:
        click.ClickException: There was one.
    """
    try:
        yield
    except ImageImportError as exc:
        message, hint = _parts(exc, about)
        code = exc.code if isinstance(exc, ServiceError) else ""
        raise CommandFailure(
            message, code=code or type(exc).__name__, hint=hint
        ) from exc


def sentence(exc: ImageImportError, about: str = "") -> str:
    """Return what was wrong with what; of a service, what it means and what to do."""
    message, hint = _parts(exc, about)
    return f"{message}. {hint}" if hint else message


def _parts(exc: ImageImportError, about: str) -> tuple[str, str]:
    said, hint = _of_service(exc) if isinstance(exc, ServiceError) else (str(exc), "")
    return (f"{about}: {said}" if about else said), hint


def _of_service(exc: ServiceError) -> tuple[str, str]:
    if exc.service not in IN_CATALOGUE:
        return str(exc), ""
    said = str(exc).rstrip(".")
    if exc.http_status is None and not exc.code:
        return said, _unanswered(exc)
    is_missing = exc.service == "OSS" and exc.http_status == 404 and not exc.code
    code = "NoSuchKey" if is_missing else exc.code
    if exc.advice:
        return said, exc.advice
    if exc.http_status is None and isinstance(exc, ServiceUnavailable):
        return str(exc), ""
    entry = explain(exc.service, code, exc.http_status)
    if entry.code in FORBIDDEN:
        return said, _forbidden(exc)
    return said, f"{entry.cause} {_what_to_do(entry)}"


def _unanswered(exc: ServiceError) -> str:
    """Return what to do where nothing was asked, or nothing came back."""
    where = f"{exc.service}_ENDPOINT"
    if isinstance(exc, ServiceUnavailable):
        return f"Check {where}, and the network and proxies in between."
    return f"Nothing was sent. Check the bucket's name and {where}."


def _forbidden(exc: ServiceError) -> str:
    """Return what to allow; OSS refuses so at the endpoint of another region, too."""
    right = RIGHTS.get(exc.action, f"{exc.service.lower()}:{exc.action}")
    allow = f"These credentials may not. Allow {right} to them"
    if exc.service != "OSS":
        return f"{allow}."
    return (
        f"{allow}, look for a Deny in the bucket's policy, and see that REGION_ID and "
        "OSS_ENDPOINT are the bucket's."
    )


def _what_to_do(entry: Explanation) -> str:
    context = click.get_current_context(silent=True)
    source = context.meta.get(CREDENTIALS_FROM) if context else None
    if source and HERE.get(entry.code) in {KEY_ID, TOKEN}:
        return f"Check {source}."
    return HERE.get(entry.code, AGAIN if entry.who == "nobody" else entry.fix)
