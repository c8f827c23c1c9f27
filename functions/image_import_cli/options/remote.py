"""Options that say which deployed function is meant."""

import functools
import os
from collections.abc import Callable
from typing import Any

import click
from image_import.config.credentials import read_credentials

from image_import_cli.aliyun.remote_function import Remote
from image_import_cli.options.credentials import signed_environment
from image_import_cli.options.types import checked_endpoint
from image_import_cli.ui.errors import failures_explained

Command = Callable[..., Any]

_OPTIONS = (
    click.option(
        "--remote", "is_remote", is_flag=True, help="By the deployed function."
    ),
    click.option(
        "--fc",
        "fc_version",
        envvar="FC_VERSION",
        show_envvar=True,
        type=click.Choice(["2.0", "3.0"]),
        default="3.0",
        show_default=True,
        help="With --remote: version of Function Compute.",
    ),
    click.option(
        "--service",
        envvar="FC_SERVICE",
        show_envvar=True,
        default="image-import",
        show_default=True,
        help="FC 2.0: the service; 3.0: front of the function's name.",
    ),
    click.option(
        "--function",
        "function_name",
        envvar="FC_FUNCTION",
        show_envvar=True,
        default="importer",
        show_default=True,
        help="The function; on 3.0 it is called SERVICE-FUNCTION.",
    ),
    click.option("--qualifier", default="", help="Version or alias of the function."),
    click.option(
        "--fc-endpoint",
        default="",
        callback=checked_endpoint,
        help="URL of Function Compute. Default: from --account-id and --region.",
    ),
    click.option(
        "--account-id",
        envvar="ACCOUNT_ID",
        show_envvar=True,
        default="",
        help="The account's number.",
    ),
    click.option(
        "--region", envvar="REGION_ID", show_envvar=True, default="", help="The region."
    ),
)


def remote_options(command: Command) -> Command:
    """Give a command the options; it takes them as one argument, `remote`."""

    @functools.wraps(command)
    def with_remote(
        *,
        is_remote: bool,
        fc_version: str,
        service: str,
        function_name: str,
        qualifier: str,
        fc_endpoint: str,
        account_id: str,
        region: str,
        **given: Any,  # noqa: ANN401 - what click passes
    ) -> Any:  # noqa: ANN401 - same
        remote = None
        if is_remote and given.get("local"):
            raise click.UsageError("--local and --remote exclude each other")
        if is_remote:
            remote = _remote(
                fc_version,
                service,
                function_name,
                qualifier=qualifier,
                endpoint=fc_endpoint or _endpoint(account_id, region),
            )
        return command(remote=remote, **given)

    wrapped: Command = with_remote
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def _remote(
    fc_version: str, service: str, function: str, *, qualifier: str, endpoint: str
) -> Remote:
    """Return the function; each client is imported only where it is asked for."""
    with failures_explained():
        credentials = read_credentials(None, signed_environment())
    if fc_version == "2.0":
        from image_import_cli.aliyun.remote_fc2 import Fc2Function  # noqa: PLC0415 - see above

        return Fc2Function(
            credentials,
            endpoint=endpoint,
            service=service,
            function=function,
            qualifier=qualifier,
        )
    from image_import_cli.aliyun.remote_fc3 import Fc3Function, load_sdk  # noqa: PLC0415 - same

    return Fc3Function(
        load_sdk(),
        credentials,
        endpoint=endpoint,
        function=f"{service}-{function}",
        qualifier=qualifier,
        ca_file=os.environ.get("CA_FILE", ""),
    )


def _endpoint(account_id: str, region_id: str) -> str:
    """Return the address of an account's functions.

    Source: "Endpoints", Function Compute documentation, read 2026-11.
    """
    if not account_id or not region_id:
        raise click.UsageError(
            "--remote needs --account-id and --region, or --fc-endpoint"
        )
    return f"https://{account_id}.{region_id}.fc.aliyuncs.com"
