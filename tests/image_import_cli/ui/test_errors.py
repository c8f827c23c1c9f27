"""How a command says what ended it."""

import click
import pytest
from image_import.errors import PlanError, ServiceRejected, ServiceUnavailable
from image_import_cli.ui.errors import failures_explained, sentence


def test_an_error_is_a_sentence_with_status_1() -> None:
    with pytest.raises(click.ClickException) as caught, failures_explained():
        raise PlanError("18 disks; ImportImage takes 17")
    assert caught.value.exit_code == 1
    assert caught.value.message == "18 disks; ImportImage takes 17"


def test_a_refusal_says_what_it_means_and_what_to_do() -> None:
    refused = ServiceRejected(
        "OSS GetObject: NoSuchKey: The specified key does not exist.",
        service="OSS",
        action="GetObject",
        code="NoSuchKey",
        http_status=404,
    )
    assert sentence(refused) == (
        "OSS GetObject: NoSuchKey: The specified key does not exist. The object is not "
        "there. List the bucket for the exact key; keys are case-sensitive."
    )


def test_a_head_tells_no_code_and_a_missing_object_is_told_all_the_same() -> None:
    missing = ServiceRejected(
        "OSS HeadObject: 404: HTTP 404",
        service="OSS",
        action="HeadObject",
        http_status=404,
    )
    assert sentence(missing, "oss://images/web") == (
        "oss://images/web: OSS HeadObject: 404: HTTP 404. The object is not there. "
        "List the bucket for the exact key; keys are case-sensitive."
    )


@pytest.mark.parametrize(
    ("service", "action", "code", "right"),
    [
        ("OSS", "ListObjectsV2", "AccessDenied", "oss:ListObjects"),
        ("OSS", "HeadObject", "AccessDenied", "oss:GetObject"),
        ("OSS", "GetObject", "AccessDenied", "oss:GetObject"),
        ("ECS", "CancelTask", "Forbidden.RAM", "ecs:CancelTask"),
    ],
)
def test_the_right_that_lacks_is_that_of_the_operation(
    service: str, action: str, code: str, right: str
) -> None:
    refused = ServiceRejected(
        f"{service} {action}: {code}: no",
        service=service,
        action=action,
        code=code,
        http_status=403,
    )
    assert f"These credentials may not. Allow {right} to them" in sentence(refused)


def test_what_was_never_sent_is_no_fault_of_the_network() -> None:
    unsent = ServiceRejected(
        "OSS GetObject: The bucket_name is invalid, please check it.",
        service="OSS",
        action="GetObject",
    )
    assert sentence(unsent).endswith(
        "check it. Nothing was sent. Check the bucket's name and OSS_ENDPOINT."
    )


def test_credentials_that_ran_out_are_no_reason_to_try_the_same_again() -> None:
    expired = ServiceUnavailable(
        "OSS GetObject: SecurityTokenExpired: it expired",
        service="OSS",
        action="GetObject",
        code="SecurityTokenExpired",
        http_status=403,
    )
    assert sentence(expired).endswith(
        "has expired. Get new credentials, and run the command again."
    )


def test_nobody_is_told_to_wait_for_a_repeat_that_nobody_makes() -> None:
    passing = ServiceUnavailable(
        "ECS CancelTask: Throttling: slow down",
        service="ECS",
        action="CancelTask",
        code="Throttling",
        http_status=400,
    )
    assert sentence(passing).endswith("Try again.")
    assert "tried again" not in sentence(passing)


def test_silence_names_the_setting_that_may_be_wrong() -> None:
    silent = ServiceUnavailable(
        "OSS ListObjectsV2: no answer (ConnectionError)",
        service="OSS",
        action="ListObjectsV2",
    )
    assert "Check OSS_ENDPOINT" in sentence(silent)


def test_what_the_catalogue_does_not_know_is_told_as_it_is() -> None:
    refused = ServiceRejected(
        "FC InvokeFunction: FunctionNotFound: there is none",
        service="FC",
        action="InvokeFunction",
        code="FunctionNotFound",
        http_status=404,
    )
    assert sentence(refused) == str(refused)
