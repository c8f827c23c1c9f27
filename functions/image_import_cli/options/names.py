"""Options that name what a deployment consists of."""

import functools
import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import fields
from typing import Any

import click
from image_import.errors import SettingsError

from image_import_cli.iam.roles import MAX_FRONT, AfterAvailable, FcVersion, Names

Command = Callable[..., Any]

_OPTIONS = (
    ("--image-bucket", "IMAGE_BUCKET", "Bucket that images are uploaded to."),
    ("--key-prefix", "KEY_PREFIX", "Only objects under it are imported."),
    ("--ledger-bucket", "LEDGER_BUCKET", "Bucket of the ledger."),
    ("--ledger-prefix", "LEDGER_PREFIX", "Folder of the ledger."),
    ("--region", "REGION_ID", "Region; * for any."),
    ("--account-id", "ACCOUNT_ID", "The account's number; * for any."),
    (
        "--service",
        "FC_SERVICE",
        "FC 2.0: the service; 3.0: front of the names; of roles on both.",
    ),
    ("--log-project", "LOG_PROJECT", "Project of Simple Log Service."),
    ("--log-store", "LOG_STORE", "Logstore of that project."),
    ("--failure-queue", "FAILURE_QUEUE", "Queue of events that failed for good."),
)
_OF_ONE_PLACE = {
    "--region": "Region of the deployment.",
    "--account-id": "The account's number.",
}
_DEFAULTS = {"key_prefix": "incoming/"}

_BUCKET = (r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "3 to 63 a-z, 0-9 and -")
_PATTERNS = {
    "image_bucket": _BUCKET,
    "ledger_bucket": _BUCKET,
    "key_prefix": (
        r"|(?!/)[^\s*?$]+",
        "a prefix such as incoming/, no / in front, no blanks, none of * ? $",
    ),
    "ledger_prefix": (
        r"(?!/)[^\s*?$]+/",
        "a folder such as .image-import/, no blanks, none of * ? $",
    ),
    "region_id": (
        r"\*|(?!oss-)[a-z][a-z0-9]*(-[a-z0-9]+)+",
        "a region ID such as cn-hangzhou (without oss-)",
    ),
    "account_id": (
        r"\*|[0-9]{8,20}",
        "the account's number, which has 16 digits as a rule",
    ),
    "log_project": _BUCKET,
    "log_store": (
        r"[a-z0-9][a-z0-9_-]{0,61}[a-z0-9]",
        "2 to 63 a-z, 0-9, - and _, no - or _ at the ends",
    ),
    "failure_queue": (
        r"[A-Za-z0-9][A-Za-z0-9-]{0,119}",
        "up to 120 A-Z, a-z, 0-9 and -",
    ),
}
"""What a name may be; all of them: it could stand for more in a policy than it says.

Sources: "CreateProject" and "CreateLogStore", Simple Log Service API; "CreateQueue",
Simple Message Queue API, read 2026-11. No page says how many digits an account's
number has; all samples have 16.
"""
_SERVICES: dict[FcVersion, tuple[str, str]] = {
    "2.0": (
        r"[A-Za-z_][A-Za-z0-9_-]{0,127}",
        "up to 128 A-Z, a-z, 0-9, _ and -, no digit and no - in front",
    ),
    "3.0": (
        rf"[A-Za-z][A-Za-z0-9-]{{0,{MAX_FRONT - 1}}}",
        f"up to {MAX_FRONT} A-Z, a-z, 0-9 and -, a letter in front",
    ),
}
"""What a service may be called. On 3.0 a function is called `SERVICE-importer`, and its
role `SERVICE-function`.

Source: "CreateService" and "CreateFunction", Function Compute API 2021-04-06, read
2026-11: 128 characters for a service, 64 for a function. Those of 3.0 are taken to be
no longer.
"""


def name_options(command: Command) -> Command:
    """Give a command the options of names; it takes them as one argument, `names`."""
    return _with_names(command, _OPTIONS)


def name_options_of_one_place(command: Command) -> Command:
    """Give a command the same, of one account in one region, which must be named."""
    options = [
        (option, variable, _OF_ONE_PLACE.get(option, text))
        for option, variable, text in _OPTIONS
    ]
    return _with_names(command, options, required=_OF_ONE_PLACE)


def _with_names(
    command: Command,
    options: Sequence[tuple[str, str, str]],
    *,
    required: Container[str] = (),
) -> Command:
    parameters = {field.name for field in fields(Names)}

    @functools.wraps(command)
    def with_names(**given: Any) -> Any:  # noqa: ANN401 - what click passes
        given["region_id"] = given.pop("region")
        names = Names(**{name: given.pop(name) for name in parameters})
        _check(names, given["fc_version"])
        return command(names=names, **given)

    wrapped: Command = with_names
    for option, variable, text in reversed(options):
        is_required = option in required
        wrapped = _option(option, variable, text, is_required=is_required)(wrapped)
    return wrapped


_AFTER = (
    ("--copy-to-regions", "COPY_TO_REGIONS", "copying takes more rights."),
    ("--share-with", "SHARE_WITH", "sharing takes another right."),
    ("--image-family", "IMAGE_FAMILY", "a family takes another right."),
    ("--keep-last", "KEEP_LAST", "deprecating takes more rights."),
    (
        "--delete-deprecated-after",
        "DELETE_DEPRECATED_AFTER",
        "deleting takes another right.",
    ),
    (
        "--sidecar-may-set",
        "SIDECAR_MAY_SET",
        "what uploaders may ask for takes the same rights.",
    ),
    (
        "--notify",
        "NOTIFY",
        "who is told takes rights, most of all a queue, topic or bus.",
    ),
)


def choice_options(command: Command) -> Command:
    """Give a command the options of what the roles' rights depend on besides names.

    It takes what follows an import as one argument, `after`.
    """

    @functools.wraps(command)
    def with_after(**given: Any) -> Any:  # noqa: ANN401 - what click passes
        environ = {name: given.pop(name.lower()) for name in AfterAvailable.variables()}
        return command(after=_read_after(environ), **given)

    wrapped: Command = with_after
    for option, variable, text in reversed(_AFTER):
        wrapped = click.option(
            option,
            envvar=variable,
            show_envvar=True,
            default="",
            help=f"The setting {variable}; {text}",
        )(wrapped)
    on_available = click.option(
        "--on-available",
        type=click.Choice(["keep", "tag", "delete"]),
        default="keep",
        show_default=True,
        help="The setting ON_AVAILABLE; touching the source takes another right.",
    )
    fc_version = click.option(
        "--fc",
        "fc_version",
        envvar="FC_VERSION",
        show_envvar=True,
        type=click.Choice(["2.0", "3.0"]),
        default="3.0",
        show_default=True,
        help="Version of Function Compute, which names functions differently.",
    )
    return fc_version(on_available(wrapped))


def _read_after(environ: Mapping[str, str]) -> AfterAvailable:
    try:
        return AfterAvailable.read(environ)
    except SettingsError as exc:
        raise click.UsageError(str(exc)) from None


def _check(names: Names, fc_version: FcVersion) -> None:
    patterns = {**_PATTERNS, "service": _SERVICES[fc_version]}
    for name, (pattern, expected) in patterns.items():
        held = getattr(names, name)
        if not re.fullmatch(pattern, held):
            option = "--" + name.removesuffix("_id" if "region" in name else "-")
            raise click.UsageError(
                f"{option.replace('_', '-')} is {held!r}, expected {expected}"
            )


def _option(
    option: str, variable: str, text: str, *, is_required: bool
) -> Callable[[Command], Command]:
    name = option.removeprefix("--").replace("-", "_")
    field = "region_id" if name == "region" else name
    declared = {f.name: f.default for f in fields(Names)}
    default = _DEFAULTS.get(field) or declared[field]
    if isinstance(default, str) and not is_required:
        return click.option(
            option,
            envvar=variable,
            show_envvar=True,
            default=default,
            show_default=True,
            help=text,
        )
    return click.option(
        option, envvar=variable, show_envvar=True, required=True, help=text
    )
