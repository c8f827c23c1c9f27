"""How a command says what ended it."""

import click
import pytest
from image_import.errors import PlanError, ServiceRejected, ServiceUnavailable
from image_import_cli.failures import failures_explained, sentence


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
        "there. Upload it again."
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
