"""What every service does for the cloud: name an exchange, answer it, refuse it."""

import re
from collections.abc import Callable
from typing import Protocol

from fake_aliyun.core.errors import CloudError
from fake_aliyun.core.hosts import Host
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.records import Recorded

Work = Callable[[], Response]


def method_name(action: str) -> str:
    """Return the name of the method that answers an operation: its own in snake case.

    A row in the table of a service's operations and a method of this name are all that
    an operation needs.
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", action).lower()


class Service(Protocol):
    """One service of the cloud.

    Attributes:
        name: One of `hosts.ServiceName`.
        actions: The operations that it answers.
    """

    name: str
    actions: frozenset[str]

    def begin(self, request: Request, place: Host, record: Recorded) -> Work:
        """Return what will answer a request, and say in `record` what it is.

        Raises:
            ServiceError: The request is refused before an operation is known.
            NotImitatedError: It asks for something that does not exist here.
        """

    def refuse(
        self, error: CloudError, request: Request, place: Host, record: Recorded
    ) -> Response:
        """Return a refusal in the service's own form."""

    def error(self, code: str, *, message: str, status: int | None) -> CloudError:
        """Return the refusal that a fault asks for.

        Raises:
            NotImitatedError: The code is unknown and no status is given.
        """

    def finish(self, response: Response, record: Recorded) -> Response:
        """Return an answer with the headers that each answer has."""

    def new_request_id(self) -> str:
        """Return a request ID as this service writes them."""
