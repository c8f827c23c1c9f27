"""`image-import invoke`: run the handler on an event, here or on the fakes."""

from pathlib import Path

import click
from image_import.errors import EventError
from image_import.events.parser import ObjectCreated, parse_event
from image_import.importing.pipeline import import_event
from image_import.importing.runtime import Runtime, make_invocation
from image_import.model.result import LOG_FIELDS, Result, said
from rich.console import Console

from image_import_cli.aliyun.remote_function import FunctionAnswer, Remote, results_of
from image_import_cli.options.credentials import service_options, signed_environment
from image_import_cli.options.remote import remote_options
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    read_env_file,
    set_option,
)
from image_import_cli.ui.errors import failures_explained
from image_import_cli.ui.results import exit_status, print_json, render
from image_import_cli.ui.tty import aside


def invoke_remotely(
    remote: Remote, payload: bytes, console: Console, *, is_async: bool, as_json: bool
) -> int:
    """Send an event, show what came of it and return the exit status.

    Raises:
        ServiceError: Function Compute refused, or the function is not ours.
    """
    answer = remote.invoke(payload, is_async=is_async)
    if answer.is_accepted:
        return _show_accepted(answer, console, as_json=as_json)
    if not as_json:
        _show_log(answer)
    results = results_of(answer)
    if as_json:
        records = [said(result, LOG_FIELDS) for result in results]
        told = {"records": records, "fc_request_id": answer.request_id}
        print_json(console, {**told, "log_tail": answer.log_tail.splitlines()})
    else:
        for result in results:
            console.print(render(result))
    return exit_status(results)


def _show_accepted(answer: FunctionAnswer, console: Console, *, as_json: bool) -> int:
    if as_json:
        told = {"accepted": True, "fc_request_id": answer.request_id}
        print_json(console, told)
    else:
        text = f"queued; Function Compute's request ID is {answer.request_id}"
        console.print(text, soft_wrap=True, highlight=False)
    return 0


def _show_log(answer: FunctionAnswer) -> None:
    """Print the end of the function's log, apart from what it answered."""
    aside = Console(stderr=True)
    for line in answer.log_tail.splitlines():
        aside.print(line, style="dim", soft_wrap=True, markup=False, highlight=False)


ANY_REGION = "cn-hangzhou"
EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(
    epilog="Example: image-import invoke events/put-qcow2/event.json --local",
)
@click.argument("event", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--local", is_flag=True, help="On embedded fakes; needs no account.")
@click.option(
    "--bucket-dir",
    type=EXISTING_FOLDER,
    help="With --local: what the bucket holds. Default: bucket/ beside EVENT.",
)
@remote_options
@click.option(
    "--async", "is_async", is_flag=True, help="With --remote: queue it and go on."
)
@set_option
@service_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def invoke(
    ctx: click.Context,
    event: Path,
    remote: Remote | None,
    bucket_dir: Path | None,
    assignments: tuple[str, ...],
    *,
    local: bool,
    is_async: bool,
    as_json: bool,
) -> None:
    """Run the function's handler on the event in the file EVENT.

    It runs here: with the credentials and settings of the environment it calls the
    real services; with --local it calls embedded fakes, with settings from
    settings.env beside EVENT, if there is one, and from --set. With --remote the
    event is sent to the deployed function, with the settings that it has there.
    """
    if is_async and not remote:
        raise click.UsageError("--async needs --remote")
    payload = event.read_bytes()
    console = Console()
    with failures_explained():
        if remote:
            ctx.exit(
                invoke_remotely(
                    remote, payload, console, is_async=is_async, as_json=as_json
                )
            )
        if local:
            results = _invoke_locally(payload, event, bucket_dir, assignments)
        else:
            results = _invoke_here(payload, assignments)
    if as_json:
        print_json(console, {"records": [said(r, LOG_FIELDS) for r in results]})
    else:
        for result in results:
            console.print(render(result))
    ctx.exit(exit_status(results))


def _invoke_here(payload: bytes, assignments: tuple[str, ...]) -> list[Result]:
    environ = environment(assignments)
    invocation = make_invocation(
        checked_settings(environ), None, environ=signed_environment(), runtime=Runtime()
    )
    return _whole(*import_event(payload, invocation))


def _invoke_locally(
    payload: bytes,
    event: Path,
    bucket_dir: Path | None,
    assignments: tuple[str, ...],
) -> list[Result]:
    from image_import_cli.delivery.on_fakes import (  # noqa: PLC0415 - only with --local
        fill_bucket,
        handle_locally,
        local_cloud,
        local_environ,
    )

    env_file = event.parent / "settings.env"
    base = read_env_file(env_file) if env_file.is_file() else {}
    folder = bucket_dir or event.parent / "bucket"
    bucket, region_id = _place(payload)
    environ = local_environ(environment(assignments, base=base), region_id)
    with local_cloud(region_id) as cloud:
        if folder.is_dir():
            fill_bucket(cloud, bucket, folder)
        else:
            aside(
                f"there is no folder {folder}, so the local cloud holds no object; "
                "name the folder of the bucket's objects with --bucket-dir"
            )
        return _whole(*handle_locally(cloud, payload, environ))


def _place(payload: bytes) -> tuple[str, str]:
    """Return bucket and region of an event, made up where it names none."""
    try:
        records = parse_event(payload)
    except EventError:
        records = []
    created = [r for r in records if isinstance(r, ObjectCreated)]
    named = next((r.bucket for r in records if r.bucket), "images")
    region_id = next((r.region_id for r in created if r.region_id), ANY_REGION)
    return named, region_id


def _whole(results: list[Result], bugs: list[Exception]) -> list[Result]:
    if bugs:
        raise bugs[0]
    return results
