"""An event for the deployed function, and what it answered, for reading."""

from image_import.outcome import LOG_FIELDS, said
from rich.console import Console

from image_import_cli.remotes import Answer, Remote, results_of
from image_import_cli.show import exit_status, print_json, render


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


def _show_accepted(answer: Answer, console: Console, *, as_json: bool) -> int:
    if as_json:
        told = {"accepted": True, "fc_request_id": answer.request_id}
        print_json(console, told)
    else:
        text = f"queued; Function Compute's request ID is {answer.request_id}"
        console.print(text, soft_wrap=True, highlight=False)
    return 0


def _show_log(answer: Answer) -> None:
    """Print the end of the function's log, apart from what it answered."""
    aside = Console(stderr=True)
    for line in answer.log_tail.splitlines():
        aside.print(line, style="dim", soft_wrap=True, markup=False, highlight=False)
