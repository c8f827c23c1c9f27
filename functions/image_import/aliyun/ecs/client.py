"""One exchange with ECS per function.

Every request is signed for its own sake, never follows a redirect with what it
carries, and reads a bounded answer. Nothing is repeated here.
"""

import logging
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from typing import Any, TypeVar

import requests
from requests.auth import AuthBase

from image_import.aliyun.ecs.auth import Acs3Auth, NoAuth, RoaV1Auth, RpcV1Auth
from image_import.aliyun.ecs.describe_responses import (
    IMAGE_STATUSES,
    ImportTask,
    TaskDetail,
    read_accounts,
    read_image_id,
    read_images,
    read_page,
    read_task,
    read_tasks,
    scaling_image,
    template_id,
    template_image,
)
from image_import.aliyun.ecs.import_response import (
    ImportReply,
    read_answer,
    read_import_reply,
)
from image_import.aliyun.ecs.request import gateway_headers, to_call
from image_import.aliyun.mask import Mask
from image_import.aliyun.timed import TimedAdapter, within
from image_import.aliyun.transport_errors import (
    foreign_answer,
    is_never_theirs,
    unanswered,
)
from image_import.config.credentials import Credentials
from image_import.config.endpoints import (
    ecs_endpoint,
    lookup_endpoint,
    scaling_endpoint,
)
from image_import.config.settings import Settings
from image_import.errors import ServiceError, ServiceRejected
from image_import.model.ownership import ExistingImage
from image_import.model.targets import APSARA_POP, Target

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
LARGEST_ANSWER_BYTES = 8 * 1024 * 1024
PAGE_SIZE = 100
MOST_PAGES = 100
SCALING_VERSION = "2022-02-22"
SMALL_PAGE_SIZE = 50
"""The most that scaling configurations and launch templates come in."""
SIGNERS = {"acs3": Acs3Auth, "rpc-v1": RpcV1Auth, "roa-v1": RoaV1Auth}

Parameters = Mapping[str, str]
Read = TypeVar("Read")


def make_session(pool_size: int) -> requests.Session:
    """Return a session whose connections outlive one invocation.

    urllib3 logs the URL of each request at DEBUG, and an RPC call has its signature
    and security token there: that level stays off whatever the root logger says.
    """
    logging.getLogger("urllib3").setLevel(logging.INFO)
    session = requests.Session()
    adapter = TimedAdapter(pool_maxsize=pool_size)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


def _new_nonce() -> str:
    return os.urandom(16).hex()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Door:
    """Where and how one kind of call is made."""

    endpoint: str
    target: Target
    signer: AuthBase


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """What came back, not yet understood."""

    http_status: int
    headers: Mapping[str, str]
    body: bytes


class Ecs:
    """ECS of one region, seen with one pair of credentials."""

    def __init__(  # noqa: PLR0913 - three are for tests
        self,
        session: requests.Session,
        settings: Settings,
        credentials: Credentials,
        region_id: str,
        *,
        now: Callable[[], datetime] = _utc_now,
        nonce: Callable[[], str] = _new_nonce,
        timeouts: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
        remaining: Callable[[], float] = lambda: math.inf,
    ) -> None:
        """Keep what every request needs.

        Args:
            timeouts: Seconds to connect, and seconds for a whole answer.
            remaining: Returns the seconds until the function is killed.
        """
        self.has_client_token = settings.target.has_client_token
        self.has_lookup = settings.has_lookup
        self._session = session
        self._region_id = region_id
        self._headers = gateway_headers(settings, region_id)
        self._verify = settings.ca_file or not settings.tls_insecure
        self._timeouts = timeouts
        self._remaining = remaining
        self._mask = Mask([*credentials.secrets, *settings.ecs_headers.values()])

        def door(endpoint: str, target: Target) -> _Door:
            signer = SIGNERS.get(target.auth)
            made = signer(credentials, now=now, nonce=nonce) if signer else NoAuth()
            return _Door(endpoint=endpoint, target=target, signer=made)

        self._import_door = door(ecs_endpoint(settings, region_id), settings.target)
        is_pop = settings.ecs_lookup == "pop"
        self._lookup_door = door(
            lookup_endpoint(settings, region_id),
            APSARA_POP if is_pop else settings.target,
        )
        self._scaling_door = door(
            scaling_endpoint(settings, region_id),
            replace(settings.target, api_version=SCALING_VERSION),
        )

    def import_image(self, parameters: Parameters) -> ImportReply:
        """Start an import.

        Args:
            parameters: From `to_parameters`, and the client token.

        Raises:
            ServiceRejected: ECS said no.
            ServiceUnavailable: It did not answer as it should; `perhaps_done` says
                whether the import may have started.
        """
        return self._exchange(
            self._import_door,
            "ImportImage",
            parameters,
            lambda answer: read_import_reply(
                http_status=answer.http_status, headers=answer.headers, body=answer.body
            ),
        )

    def find_images(self, image_name: str) -> list[ExistingImage]:
        """Return the images of exactly this name, whatever their status.

        ECS itself takes the name as a part of one.

        Source: "DescribeImages", ECS API 2014-05-26, ImageName, read 2026-11.
        """
        found = self._describe_images({"ImageName": image_name})
        return [image for image in found if image.image_name == image_name]

    def find_images_by_id(self, image_ids: Sequence[str]) -> list[ExistingImage]:
        """Return which of up to 100 images there are."""
        return self._describe_images({"ImageId": ",".join(image_ids), "Status": "ALL"})

    def copy_image(self, parameters: Parameters) -> str:
        """Begin a copy of an image of this region and return the copy's ID.

        Source: "CopyImage", ECS API 2014-05-26, read 2026-12.
        """
        return read_image_id(self._ask("CopyImage", parameters))

    def cancel_copy(self, image_id: str) -> None:
        """End a copy that is under way in this region; the copy is gone then.

        Source: "CancelCopyImage", ECS API 2014-05-26, read 2026-12.

        Raises:
            ServiceRejected: It is too late, or there is no such copy.
        """
        self._ask("CancelCopyImage", {"ImageId": image_id})

    def modify_image(self, image_id: str, parameters: Parameters) -> None:
        """Set attributes of an image; what is not named stays.

        Source: "ModifyImageAttribute", ECS API 2014-05-26, read 2026-12.
        """
        self._ask("ModifyImageAttribute", {"ImageId": image_id, **parameters})

    def tag_image(self, image_id: str, tags: Mapping[str, str]) -> None:
        """Give an image up to 20 tags; those of the same keys are replaced.

        Source: "TagResources", ECS API 2014-05-26, read 2026-12.
        """
        asked = {"ResourceType": "image", "ResourceId.1": image_id}
        for number, (key, value) in enumerate(sorted(tags.items()), 1):
            asked |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
        self._ask("TagResources", asked)

    def share_image(self, image_id: str, accounts: Sequence[str]) -> None:
        """Share an image with up to ten accounts; those that have it keep it.

        Source: "ModifyImageSharePermission", ECS API 2014-05-26, read 2026-12.
        """
        asked = {f"AddAccount.{n}": account for n, account in enumerate(accounts, 1)}
        self._ask("ModifyImageSharePermission", {"ImageId": image_id, **asked})

    def find_images_in_use(self, image_ids: Sequence[str]) -> list[ExistingImage]:
        """Return which of up to 100 images some instance was made from.

        Source: "DescribeImages", ECS API 2014-05-26, Usage, read 2026-12.
        """
        asked = {"ImageId": ",".join(image_ids), "Status": "ALL", "Usage": "instance"}
        return self._describe_images(asked)

    def find_images_of_scaling(self) -> frozenset[str]:
        """Return the images that scaling configurations of this region name.

        Each by its ID, or by its name where a configuration has no ID. Auto Scaling is
        another service with the same kind of API. Its configurations cannot be asked
        for by image.

        Source: "DescribeScalingConfigurations", Auto Scaling API 2022-02-22, read
        2026-12.
        """
        action, outer = "DescribeScalingConfigurations", "ScalingConfigurations"
        read = partial(
            read_page, outer=outer, inner=outer[:-1], endpoint="ESS_ENDPOINT"
        )
        listed = self._every(action, {}, read, door=self._scaling_door)
        return frozenset(map(scaling_image, listed)) - {""}

    def find_images_of_templates(self) -> frozenset[str]:
        """Return the IDs of images that launch templates of this region name.

        Any version counts, as instances can be started from each. Templates cannot be
        asked for by image, and each has its versions in pages of its own.

        Source: "DescribeLaunchTemplates" and "DescribeLaunchTemplateVersions", ECS API
        2014-05-26, read 2026-12.
        """
        outer, inner = "LaunchTemplateSets", "LaunchTemplateSet"
        read = partial(read_page, outer=outer, inner=inner)
        templates = list(self._every("DescribeLaunchTemplates", {}, read))
        outer, inner = "LaunchTemplateVersionSets", "LaunchTemplateVersionSet"
        read = partial(read_page, outer=outer, inner=inner)
        found: set[str] = set()
        for template in templates:
            asked = {"LaunchTemplateId": template_id(template), "DetailFlag": "true"}
            listed = self._every("DescribeLaunchTemplateVersions", asked, read)
            found.update(map(template_image, listed))
        return frozenset(found) - {""}

    def _every(
        self,
        action: str,
        asked: Parameters,
        read: Callable[[str, dict[str, Any]], tuple[list[Mapping[str, Any]], int]],
        *,
        door: _Door | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """Yield what all pages list.

        Raises:
            ServiceRejected: There are more than are read.
        """
        for page in range(1, MOST_PAGES + 1):
            paged = {"PageNumber": str(page), "PageSize": str(SMALL_PAGE_SIZE)}
            answer = self._ask(action, {**asked, **paged}, door=door)
            listed, total = read(action, answer)
            yield from listed
            if not listed or page * SMALL_PAGE_SIZE >= total:
                return
        raise ServiceRejected(
            f"ECS {action}: more than {MOST_PAGES * SMALL_PAGE_SIZE} are in a region, "
            "and no more are read; delete those that nobody uses",
            service="ECS",
            action=action,
        )

    def describe_shares(self, image_id: str) -> list[str]:
        """Return accounts that an image is shared with, some of them if many.

        Source: "DescribeImageSharePermission", ECS API 2014-05-26, read 2026-12.
        """
        asked = {"ImageId": image_id, "PageSize": str(PAGE_SIZE)}
        return read_accounts(self._ask("DescribeImageSharePermission", asked))

    def delete_image(self, image_id: str) -> None:
        """Delete an image that no instance was made from; ECS looks itself as well.

        Source: "DeleteImage", ECS API 2014-05-26, Force, read 2026-12.
        """
        self._ask("DeleteImage", {"ImageId": image_id, "Force": "false"})

    def describe_tasks(self, task_ids: Sequence[str]) -> list[ImportTask]:
        """Return up to 100 tasks, those that ECS still knows."""
        asked = {"TaskIds": ",".join(task_ids), "PageSize": str(PAGE_SIZE)}
        return read_tasks(self._ask("DescribeTasks", asked))

    def describe_task(self, task_id: str) -> TaskDetail:
        """Return one task with its progress and its error."""
        return read_task(self._ask("DescribeTaskAttribute", {"TaskId": task_id}))

    def cancel_task(self, task_id: str) -> None:
        """Ask ECS to stop an import.

        Raises:
            ServiceRejected: It is too late, or there is no such task.
        """
        self._ask("CancelTask", {"TaskId": task_id})

    def _describe_images(self, asked: Parameters) -> list[ExistingImage]:
        found: list[ExistingImage] = []
        for page in range(1, MOST_PAGES + 1):
            answer = self._ask(
                "DescribeImages",
                {
                    "ImageOwnerAlias": "self",
                    "Status": ",".join(IMAGE_STATUSES),
                    **asked,
                    "PageSize": str(PAGE_SIZE),
                    "PageNumber": str(page),
                },
            )
            images, total = read_images(answer)
            found += images
            is_short = total is None and len(images) < PAGE_SIZE
            is_whole = total is not None and len(found) >= total
            if not images or is_short or is_whole:
                return found
        raise ServiceRejected(
            f"ECS DescribeImages: more than {MOST_PAGES * PAGE_SIZE} images fit "
            f"{asked}; give images names that are less alike",
            service="ECS",
            action="DescribeImages",
        )

    def _ask(
        self, action: str, parameters: Parameters, *, door: _Door | None = None
    ) -> dict[str, Any]:
        asked = {"RegionId": self._region_id, **parameters}
        return self._exchange(
            door or self._lookup_door,
            action,
            asked,
            lambda answer: read_answer(
                action,
                http_status=answer.http_status,
                headers=answer.headers,
                body=answer.body,
            ),
        )

    def _exchange(
        self,
        door: _Door,
        action: str,
        parameters: Parameters,
        read: Callable[[_Answer], Read],
    ) -> Read:
        """Send one request and return what its answer says.

        What requests raises tells the whole URL, signature and token included, and
        what ECS says may repeat them. So each error is translated, masked and left
        behind: raised outside of the handler, ours does not carry it as its context.
        """
        try:
            answer = self._send(door, action, parameters)
            return read(answer)
        except OSError as exc:
            failure = unanswered(exc, service="ECS", action=action)
        except ServiceError as exc:
            failure = self._mask.error(exc)
        raise failure

    def _send(self, door: _Door, action: str, parameters: Parameters) -> _Answer:
        call = to_call(action, parameters, endpoint=door.endpoint, target=door.target)
        reply = self._session.request(
            "POST",
            call.url,
            data=call.body,
            headers={**call.headers, **self._headers},
            auth=door.signer,
            timeout=within(self._remaining(), self._timeouts),
            allow_redirects=False,
            stream=True,
            verify=self._verify,
        )
        with reply:
            if is_never_theirs(reply.status_code):
                raise foreign_answer(reply.status_code, reply.headers)
            return _Answer(
                http_status=reply.status_code,
                headers=reply.headers,
                body=_read_bounded(reply),
            )


def _read_bounded(reply: requests.Response) -> bytes:
    """Return the body, cut off where no answer of ECS would reach."""
    body = b""
    for piece in reply.iter_content(64 * 1024):
        body += piece
        if len(body) > LARGEST_ANSWER_BYTES:
            break
    return body[:LARGEST_ANSWER_BYTES]
