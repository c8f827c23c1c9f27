import re

import pytest
from image_import.aliyun.error_catalogue import CATALOGUE, Explanation, explain
from repository import DATA

DOCUMENTED = [
    line
    for line in (DATA / "import-image-error-codes.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize("code", DOCUMENTED)
def test_every_documented_code_is_explained(code: str) -> None:
    """Source: error codes of "ImportImage" and of the ECS API, read 2026-11."""
    entry = explain("ECS", code, 400)
    assert "not in our list" not in entry.cause
    assert entry.fix


OSS_DOCUMENTED = [
    line
    for line in (DATA / "oss-error-codes.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize("code", OSS_DOCUMENTED)
def test_every_documented_code_of_oss_is_explained(code: str) -> None:
    """Source: "HTTP status code" pages, OSS documentation, read 2026-12."""
    entry = explain("OSS", code, 400)
    assert "not in our list" not in entry.cause


@pytest.mark.parametrize("code", ["nosetroletoecsserviceacount",
                                  "NoSetRoleToECSServiceAccount"])  # fmt: skip
def test_a_missing_role_is_explained_however_it_is_spelled(code: str) -> None:
    entry = explain("ECS", code, 403)
    assert "AliyunECSImageImportDefaultRole" in entry.fix
    assert "ecs.aliyuncs.com" in entry.fix
    assert entry.who == "account"


@pytest.mark.parametrize(
    ("code", "kind", "perhaps_done"),
    [
        ("Throttling.Anything", "transient", False),
        ("InternalError", "transient", True),
        ("ImageIsImporting", "perhaps-already-done", True),
        ("InvalidImageName.Malformed", "permanent", False),
        ("QuotaExceed.Image", "configuration", False),
    ],
)
def test_the_class_says_whether_asking_again_helps(
    code: str, kind: str, perhaps_done: bool
) -> None:
    entry = explain("ECS", code, 400)
    assert (entry.kind, entry.perhaps_done) == (kind, perhaps_done)


@pytest.mark.parametrize(
    ("status", "kind", "perhaps_done"),
    [(None, "transient", True), (500, "transient", True), (429, "transient", False),
     (408, "transient", True), (400, "permanent", False), (404, "permanent", False)],
)  # fmt: skip
def test_an_unknown_code_is_judged_by_its_http_status(
    status: int | None, kind: str, perhaps_done: bool
) -> None:
    entry = explain("OSS", "Brand.New", status)
    assert (entry.kind, entry.perhaps_done) == (kind, perhaps_done)


def test_services_do_not_lend_each_other_their_codes() -> None:
    assert "not in our list" in explain("ECS", "NoSuchKey", 404).cause


def test_a_lost_exchange_is_explained_whoever_it_was_with() -> None:
    assert explain("ECS", "SSLError").kind == "configuration"
    assert explain("OSS", "ReadTimeout").perhaps_done
    assert "not in our list" in explain("ECS", "SSLError", 400).cause


def test_no_code_stands_twice() -> None:
    codes = [(entry.service, entry.code.lower()) for entry in CATALOGUE]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda e: f"{e.service}-{e.code}")
def test_every_row_is_whole(entry: Explanation) -> None:
    kinds = {"permanent", "configuration", "transient", "perhaps-already-done"}
    assert entry.kind in kinds
    assert entry.who in {"uploader", "operator", "account", "nobody"}
    assert re.fullmatch(r"[A-Z].*\.", entry.cause)
    assert re.fullmatch(r"[A-Z0-9].*[.]", entry.fix)
