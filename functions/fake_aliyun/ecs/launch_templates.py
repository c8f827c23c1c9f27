"""DescribeLaunchTemplates and DescribeLaunchTemplateVersions: which images they name.

Source: the page of each operation, ECS API 2014-05-26, and the models of
alibabacloud-ecs20140526 7.11.8, read 2026-12. A test makes the templates: operations
that do are not imitated, nor are the other fields of a template. A page has 50 entries
at most: that is the limit of Auto Scaling's pages, and stated nowhere for these.
"""

from collections.abc import Mapping, Sequence

from fake_aliyun.core.rpc import Document
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.images import LaunchTemplate
from fake_aliyun.ecs.models import EcsBackend
from fake_aliyun.ecs.parameters import listed, read_flag
from fake_aliyun.ecs.rendering import take_page

Parameters = Mapping[str, str]
MAX_NAMED = 100
MAX_PAGE_SIZE = 50


class LaunchTemplateOperations:
    """Answers operations on launch templates."""

    def __init__(self, backend: EcsBackend) -> None:
        self._backend = backend

    def describe_launch_templates(self, parameters: Parameters) -> Document:
        """Return a page of the templates of a region: all, or those that are named."""
        ids = listed(parameters, "LaunchTemplateId", limit=MAX_NAMED)
        names = listed(parameters, "LaunchTemplateName", limit=MAX_NAMED)
        found = [
            one.document()
            for one in self._templates(parameters)
            if (not ids or one.template_id in ids) and (not names or one.name in names)
        ]
        return _paged(found, parameters, "LaunchTemplateSet")

    def describe_launch_template_versions(self, parameters: Parameters) -> Document:
        """Return a page of the versions of one template.

        Raises:
            EcsError: MissingParameter, InvalidLaunchTemplate.NotFound.
        """
        template_id = parameters.get("LaunchTemplateId", "")
        name = parameters.get("LaunchTemplateName", "")
        if not template_id and not name:
            raise EcsError("MissingParameter", "LaunchTemplateId")
        for one in self._templates(parameters):
            if template_id in {"", one.template_id} and name in {"", one.name}:
                asked = {"DetailFlag": "true", **parameters}
                versions = one.versions(has_details=read_flag(asked, "DetailFlag"))
                return _paged(versions, parameters, "LaunchTemplateVersionSet")
        raise EcsError("InvalidLaunchTemplate.NotFound")

    def _templates(self, parameters: Parameters) -> list[LaunchTemplate]:
        region_id = self._backend.check_region(parameters)
        templates = self._backend.launch_templates
        return [one for one in templates if one.region_id == region_id]


def _paged(found: Sequence[Document], parameters: Parameters, inner: str) -> Document:
    page = take_page(found, parameters)
    if page.size > MAX_PAGE_SIZE:
        raise EcsError("InvalidParameter", "PageSize")
    return {**page.heading(), f"{inner}s": {inner: list(page.entries)}}
