"""What carries requests needs of the cloud, and what tests in other processes do."""

from typing import Protocol

from fake_aliyun.core.clock import Clock
from fake_aliyun.core.faults import Faults
from fake_aliyun.core.http import Request, Response


class Cloud(Protocol):
    """A cloud as `transport` sees it."""

    faults: Faults

    @property
    def clock(self) -> Clock:
        """Return what says the time in the cloud."""

    def handle(self, request: Request) -> Response:
        """Return the answer to a request.

        Raises:
            UnknownHostError: It went to a host that is not part of this cloud.
            NotImitatedError: It asks for something that does not exist here.
            ConnectionLostError: A fault says that there is no answer.
        """

    def reset(self) -> None:
        """Forget buckets, images, roles, faults and requests."""

    def tick(self) -> list[str]:
        """Let each enabled time trigger fire once; return the invocations' IDs."""

    def dump(self) -> dict[str, object]:
        """Return what buckets and images hold, as JSON that `load` takes."""

    def load(self, document: object) -> None:
        """Put what a dump holds in the place of all buckets and images.

        Raises:
            ValueError: The document is no dump.
        """

    def state(self) -> dict[str, object]:
        """Return what the cloud holds, as JSON can show it."""
