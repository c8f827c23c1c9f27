"""How one call to ECS looks on the wire, before it is signed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from image_import.aliyun.ecs.signatures import canonical_query
from image_import.config.settings import Settings
from image_import.model.targets import Target

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True, kw_only=True, slots=True)
class EcsRequest:
    """One POST request; `body` is None where the query has everything."""

    url: str
    body: bytes | None
    headers: Mapping[str, str]


def to_call(
    action: str, parameters: Mapping[str, str], *, endpoint: str, target: Target
) -> EcsRequest:
    """Return the request for one action: as a query, or as a form or JSON body."""
    fields = {**parameters, **_naming_fields(action, target)}
    headers = {"Accept": JSON, "User-Agent": "image-import"}
    headers |= _naming_headers(action, target)
    url = f"{endpoint}{target.path}"
    if target.body_format == "form":
        body = canonical_query(fields.items()).encode()
        return EcsRequest(url=url, body=body, headers={**headers, "Content-Type": FORM})
    if target.body_format == "json":
        body = json.dumps(fields, ensure_ascii=False).encode()
        return EcsRequest(url=url, body=body, headers={**headers, "Content-Type": JSON})
    query = canonical_query(fields.items())
    return EcsRequest(url=f"{url}?{query}", body=None, headers=headers)


def gateway_headers(settings: Settings, region_id: str) -> dict[str, str]:
    """Return what gateways of Apsara Stack want to know, and ECS_HEADERS.

    Source: terraform-provider-alibabacloudstack, connectivity/client.go, read
    2026-11; it sends these headers with every call.
    """
    told = {
        "x-acs-regionid": region_id,
        "x-acs-organizationid": settings.apsara_organization_id,
        "x-acs-resourcegroupid": settings.apsara_resource_group_id,
        "x-acs-caller-sdk-source": "image-import",
    }
    if not settings.target.is_apsara_stack:
        return dict(settings.ecs_headers)
    own = {name: value for name, value in told.items() if value}
    return {**own, **settings.ecs_headers}


def _naming_fields(action: str, target: Target) -> dict[str, str]:
    """Return what names the action among the parameters, if nothing else does."""
    is_in_header = target.auth == "acs3"
    is_in_path = target.auth != "rpc-v1" and target.path.endswith(f"/{action}")
    if is_in_header or is_in_path:
        return {}
    return {"Action": action, "Version": target.api_version, "Format": "JSON"}


def _naming_headers(action: str, target: Target) -> dict[str, str]:
    if target.auth not in {"acs3", "roa-v1"}:
        return {}
    return {"x-acs-action": action, "x-acs-version": target.api_version}
