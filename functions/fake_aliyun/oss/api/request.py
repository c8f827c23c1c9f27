"""An OSS request: which bucket, which key, and what the query says."""

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from fake_aliyun.core.hosts import Host
from fake_aliyun.core.http import Request
from fake_aliyun.oss.errors import OssError


@dataclass(frozen=True, kw_only=True)
class OssRequest:
    """A request to OSS with its address resolved.

    Attributes:
        endpoint_region_id: The region whose endpoint was asked; "" if it serves all.
        principal: Who signed it; "" for nobody.
        request_id: That OSS gave it.
    """

    http: Request
    bucket: str
    key: str
    endpoint_region_id: str
    principal: str = ""
    request_id: str = ""

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return self.http.method

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Return the decoded query."""
        return self.http.query_parameters

    @cached_property
    def resource(self) -> str:
        """Return what signatures call the canonicalized resource, not encoded."""
        return f"/{self.bucket}/{self.key}" if self.bucket else "/"

    def header(self, name: str, default: str = "") -> str:
        """Return a header by its lower-case name."""
        return self.http.headers.get(name, default)


def resolve(request: Request, place: Host, *, path_style: bool) -> OssRequest:
    """Return a request with bucket and key taken from host and path.

    Args:
        request: To an OSS endpoint.
        place: What its host says.
        path_style: Whether the bucket may stand in the path.

    Raises:
        OssError: SecondLevelDomainForbidden.

    Source: "HTTP status code 403", SecondLevelDomainForbidden, OSS documentation,
    read 2026-11.
    """
    path = unquote(request.path).removeprefix("/")
    bucket, key = place.bucket, path
    if not bucket and path:
        if not path_style:
            raise OssError("SecondLevelDomainForbidden", Bucket=path.partition("/")[0])
        bucket, _, key = path.partition("/")
    return OssRequest(
        http=request, bucket=bucket, key=key, endpoint_region_id=place.region_id
    )
