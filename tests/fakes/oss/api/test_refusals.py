"""Requests that OSS refuses for their form."""

from collections.abc import Callable
from datetime import datetime, timezone

import oss2
import pytest
from fake_aliyun import FakeAliyun, NotImitatedError
from fake_aliyun.core.http import Request, Response
from fake_aliyun.oss.api.auth import v1_signature

PUBLIC = "https://images.oss-cn-hangzhou.aliyuncs.com"
Call = Callable[[oss2.Bucket], object]


def signed(
    method: str,
    path: str,
    *,
    query: str = "",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Request:
    """Return a V1 request to the bucket "images" that no client would make."""
    now = f"{datetime.now(tz=timezone.utc):%a, %d %b %Y %H:%M:%S GMT}"
    url = f"{PUBLIC}{path}?{query}"
    request = Request.from_url(
        method,
        url,
        headers={"Date": now, "Content-Length": str(len(body)), **(headers or {})},
        body=body,
    )
    signature = v1_signature(
        "a-secret",
        method=method,
        headers=request.headers,
        parameters=request.query_parameters,
        date=now,
        resource=f"/images{path}",
    )
    authorization = {"authorization": f"OSS an-id:{signature}"}
    return Request.from_url(
        method, url, headers={**request.headers, **authorization}, body=body
    )


def code(answer: Response) -> tuple[int, str]:
    return answer.status, answer.text.partition("<Code>")[2].partition("<")[0]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (signed("GET", "/", query="list-type=1"), "InvalidArgument"),
        (signed("GET", "/", query="encoding-type=hex"), "InvalidArgument"),
        (signed("GET", "/", query="max-keys=0"), "InvalidArgument"),
        *(
            (signed("PUT", "/k", headers={name: "other"}), "InvalidArgument")
            for name in ("x-oss-forbid-overwrite", "x-oss-object-acl")
        ),
        *(
            (
                signed(
                    "PUT",
                    "/k",
                    headers={"x-oss-copy-source": "/images/k", name: "other"},
                ),
                "InvalidArgument",
            )
            for name in ("x-oss-metadata-directive", "x-oss-tagging-directive")
        ),
        (
            signed("PUT", "/k", headers={"x-oss-server-side-encryption": "DES"}),
            "InvalidEncryptionAlgorithmError",
        ),
        (
            signed("GET", "/k", headers={"x-oss-range-behavior": "lax"}),
            "InvalidArgument",
        ),
        (signed("POST", "/k", query="uploads&encoding-type=hex"), "InvalidArgument"),
        (signed("GET", "/", query="uploads&max-uploads=many"), "InvalidArgument"),
        (signed("GET", "/", query="uploads&max-uploads=1001"), "InvalidArgument"),
        (
            signed("GET", "/", query="list-type=2&continuation-token=%FF"),
            "InvalidArgument",
        ),
        (signed("POST", "/", query="delete", body=b"<Delete/>"), "MalformedXML"),
        (signed("POST", "/", query="delete", body=b"no XML"), "MalformedXML"),
        (signed("PUT", "/", query="versioning", body=b"<Other/>"), "MalformedXML"),
        (
            signed(
                "PUT",
                "/",
                query="versioning",
                body=b"<VersioningConfiguration><Status>On</Status>"
                b"</VersioningConfiguration>",
            ),
            "MalformedXML",
        ),
        (
            signed(
                "PUT",
                "/",
                query="encryption",
                body=b"<ServerSideEncryptionRule><SSEAlgorithm>DES</SSEAlgorithm>"
                b"</ServerSideEncryptionRule>",
            ),
            "MalformedXML",
        ),
        (
            signed("PUT", "/", query="acl", headers={"x-oss-acl": "x"}),
            "InvalidArgument",
        ),
        (signed("PUT", "/k", query="acl"), "InvalidArgument"),
        (signed("PUT", "/k", query="symlink"), "MissingArgument"),
        (signed("POST", "/k", query="append"), "MissingArgument"),
        (signed("POST", "/k", query="append&position=x"), "InvalidArgument"),
        (
            signed("POST", "/k", query="restore", body=b"<RestoreRequest/>"),
            "MalformedXML",
        ),
        (
            signed("PUT", "/k", headers={"x-oss-storage-class": "Warm"}),
            "InvalidArgument",
        ),
        (signed("PUT", "/k", headers={"x-oss-meta-a_b": "x"}), "InvalidArgument"),
        (
            signed("PUT", "/k", headers={"x-oss-meta-a": "x" * 9000}),
            "InvalidArgument",
        ),
        (
            signed("PUT", "/k", headers={"x-oss-tagging": "a=1&a=2"}),
            "InvalidArgument",
        ),
        (
            signed("PUT", "/k", headers={"x-oss-tagging": "a=b=c"}),
            "InvalidArgument",
        ),
        (signed("GET", "/k", query="versionId="), "InvalidArgument"),
        (signed("PUT", "/k", headers={"content-md5": "\u4e2d"}), "InvalidDigest"),
        (
            signed("PUT", "/c", headers={"x-oss-copy-source": "images/k"}),
            "InvalidArgument",
        ),
        (
            signed("PUT", "/c", headers={"x-oss-copy-source": "/images"}),
            "InvalidArgument",
        ),
        (
            signed("GET", "/k", headers={"if-modified-since": "yesterday"}),
            "InvalidArgument",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_request_of_wrong_form_is_refused(
    cloud: FakeAliyun, request_: Request, said: str
) -> None:
    cloud.oss.put("images", "k", b"data")
    assert code(cloud.handle(request_)) == (400, said)


def test_an_unsigned_date_or_version_is_refused(cloud: FakeAliyun) -> None:
    headers = {"authorization": "OSS an-id:x", "date": "today"}
    dated = Request.from_url("GET", f"{PUBLIC}/k", headers=headers, body=b"")
    url = f"{PUBLIC}/k?Signature=x&OSSAccessKeyId=an-id"
    endless = Request.from_url("GET", url, headers={}, body=b"")
    v4 = f"{PUBLIC}/k?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-date=now"
    undated = Request.from_url("GET", v4, headers={}, body=b"")
    seen = [code(cloud.handle(request)) for request in (dated, endless, undated)]
    assert seen == [
        (403, "AccessDenied"),
        (403, "AccessDenied"),
        (400, "InvalidArgument"),
    ]


def test_a_name_is_one_accounts_in_all_regions(cloud: FakeAliyun) -> None:
    cloud.oss.create_bucket("images")
    with pytest.raises(Exception, match="BucketAlreadyExists"):
        cloud.oss.create_bucket("images", region_id="cn-beijing")


def test_a_sub_resource_of_the_cloud_that_is_not_imitated_is_named(
    images: oss2.Bucket,
) -> None:
    with pytest.raises(NotImitatedError, match=r"GET on an OSS bucket .*'cors'"):
        images.get_bucket_cors()


@pytest.mark.parametrize("query", ["", "append&position=0"])
def test_a_body_says_where_it_ends(cloud: FakeAliyun, query: str) -> None:
    cloud.oss.create_bucket("images")
    method = "POST" if query else "PUT"
    request = signed(method, "/k", query=query, headers={"Content-Length": ""})
    assert code(cloud.handle(request)) == (411, "MissingContentLength")
