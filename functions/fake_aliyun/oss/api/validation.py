"""What headers and parameters of OSS may hold that name one of a few values.

Sources: PutObject, CopyObject, GetObject and the listing operations, "Request headers"
and "Request parameters"; "HTTP status code 400", InvalidArgument and
InvalidEncryptionAlgorithmError, OSS documentation, read 2026-11. The two directives of
CopyObject are taken in capitals and without: the suite of alibabacloud-oss-v2 sends
`replace` (`test_different_bucket_single_replace_meta_and_tag`, read 2026-12).
"""

from collections.abc import Mapping

from fake_aliyun.oss.api.request import OssRequest
from fake_aliyun.oss.errors import OssError

ACLS = frozenset({"default", "private", "public-read", "public-read-write"})
ENCRYPTIONS = frozenset({"AES256", "KMS", "SM4"})
DIRECTIVES = frozenset({"COPY", "REPLACE"})
HEADERS: Mapping[str, frozenset[str]] = {
    "x-oss-forbid-overwrite": frozenset({"true", "false"}),
    "x-oss-range-behavior": frozenset({"standard"}),
    "x-oss-object-acl": ACLS,
}


def check_values(request: OssRequest) -> None:
    """Let a request pass whose values all exist.

    Raises:
        OssError: InvalidArgument, InvalidEncryptionAlgorithmError.
    """
    for name, allowed in HEADERS.items():
        _check(name, request.header(name), allowed)
    for name in ("x-oss-metadata-directive", "x-oss-tagging-directive"):
        _check(name, request.header(name).upper(), DIRECTIVES)
    coding = request.parameters.get("encoding-type", "")
    _check("encoding-type", coding, frozenset({"url"}))
    if request.parameters.get("versionId") == "":
        raise OssError(
            "InvalidArgument", message="Version id can not be the empty string."
        )
    encryption = request.header("x-oss-server-side-encryption")
    if encryption and encryption not in ENCRYPTIONS:
        raise OssError("InvalidEncryptionAlgorithmError")


def _check(name: str, value: str, allowed: frozenset[str]) -> None:
    if value and value not in allowed:
        raise OssError("InvalidArgument", ArgumentName=name, ArgumentValue=value)


WITH_BODY = frozenset({"PutObject", "AppendObject", "UploadPart"})


def check_length(action: str, request: OssRequest) -> None:
    """Let a body pass whose end is known: by Content-Length or by chunks.

    Raises:
        OssError: MissingContentLength.

    Source: PutObject, "Error codes", OSS documentation, read 2026-11.
    """
    if (
        action in WITH_BODY
        and not request.header("content-length")
        and request.header("transfer-encoding").lower() != "chunked"
    ):
        raise OssError("MissingContentLength")
