"""What a policy must allow before OSS does an operation.

Source: "RAM policy", actions and resources of each operation, OSS documentation, read
2026-11: appends and parts count as PutObject, HeadObject as GetObject, tags given with
an object need PutObjectTagging, a version needs the action that ends in Version.
"""

from collections.abc import Iterator
from urllib.parse import unquote

from fake_aliyun import xml
from fake_aliyun.oss.operations import Operation
from fake_aliyun.oss.requests import OssRequest

Permission = tuple[str, str]
_VERSIONED = frozenset(
    {"GetObject", "DeleteObject", "RestoreObject", "GetObjectAcl", "PutObjectAcl",
     "GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging"}
)  # fmt: skip


def needed_permissions(
    request: OssRequest, operation: Operation, *, region_id: str, account_id: str
) -> Iterator[Permission]:
    """Yield each action with the resource on which it must be allowed."""
    start = f"acs:oss:{region_id}:{account_id}:"
    if operation.action == "DeleteMultipleObjects":
        yield from _deletes(request, start)
        return
    action = operation.permission
    if (
        request.parameters.get("versionId")
        and action.removeprefix("oss:") in _VERSIONED
    ):
        action += "Version"
    path = f"{request.bucket}/{request.key}" if request.key else request.bucket or "*"
    yield action, start + path
    if request.header("x-oss-tagging"):
        yield "oss:PutObjectTagging", start + path
    if source := request.header("x-oss-copy-source"):
        key, _, query = source.partition("?")
        suffix = "Version" if query.startswith("versionId=") else ""
        yield f"oss:GetObject{suffix}", start + unquote(key).removeprefix("/")


def _deletes(request: OssRequest, start: str) -> Iterator[Permission]:
    root = xml.parse(request.http.body)
    for node in root.iter("Object") if root is not None else ():
        suffix = "Version" if xml.text(node, "VersionId") else ""
        key = xml.text(node, "Key")
        yield f"oss:DeleteObject{suffix}", f"{start}{request.bucket}/{key}"
