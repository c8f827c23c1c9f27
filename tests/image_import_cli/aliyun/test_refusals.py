"""What a service says no with, as the operator's commands show it."""

from image_import_cli.aliyun.remote_function import refusal
from image_import_cli.doctor.account.problems import Door

ECHO = "It is not matched. server string to sign is:POST&%2F&AccessKeyId%3DLTAI-id"


def test_a_refusal_of_fc_leaves_out_what_was_signed() -> None:
    error = refusal("SignatureNotMatch", ECHO, http_status=403)
    assert "It is not matched. (the signed text is left out" in str(error)
    assert "LTAI" not in str(error)


def test_the_doctor_leaves_out_what_was_signed() -> None:
    door = Door(service="RAM", endpoint="https://ram", where="--ram", rights=())
    problem = door.refusal("SignatureDoesNotMatch", ECHO)
    assert problem.what.endswith("It is not matched. (the signed text is left out)")
