"""What goes wrong: as the cloud says it, and as only a fake can say it."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple


class NotImitatedError(Exception):
    """The fake was asked for something that it does not know.

    In process it is raised through the client, so that a test stops; over HTTP it is
    answered with status 501. Either way the message lists what there is.

    Attributes:
        answer: The same in the form in which the service that was asked refuses, so
            that its clients show it, as an `http.Response`; None while no service is
            known.
    """

    answer: object = None

    def __init__(self, what: str, *, known: Iterable[str]) -> None:
        listing = "\n".join(f"- {name}" for name in sorted(known))
        super().__init__(f"fake_aliyun does not imitate {what}. It knows:\n{listing}")


class UnknownHostError(NotImitatedError):
    """A request went to a host that is not part of this cloud."""


class CloudError(Exception):
    """A refusal in a service's own words."""

    def __init__(
        self,
        code: str,
        *,
        message: str,
        status: int,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.headers = dict(headers or {})
        self.details = dict(details or {})


class ErrorType(NamedTuple):
    """What always goes with a code.

    Attributes:
        message: May hold one %s.
        ec: The fine-grained code that OSS adds; "" if it is not known.
    """

    status: int
    message: str
    ec: str = ""


class KnownError(CloudError):
    """A refusal whose status and sentence follow from its code.

    Attributes:
        service: As in "the OSS error".
        known: What goes with each code of the service.
    """

    service: ClassVar[str]
    known: ClassVar[Mapping[str, ErrorType]]

    def __init__(
        self,
        code: str,
        about: str = "",
        *,
        message: str = "",
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        if code not in self.known:
            raise NotImitatedError(
                f"the {self.service} error {code!r}", known=self.known
            )
        kind = self.known[code]
        super().__init__(
            code,
            message=message or kind.message.replace("%s", about),
            status=kind.status,
            headers=headers,
            details=details,
        )

    @classmethod
    def for_fault(cls, code: str, *, message: str, status: int | None) -> CloudError:
        """Return the refusal that a fault asks the service for.

        Args:
            code: Any, as long as it is known or comes with a status.
            message: "" for the service's own.
            status: None for the service's own.

        Raises:
            NotImitatedError: The code is unknown and no status is given.
        """
        if code in cls.known and status in {None, cls.known[code].status}:
            return cls(code, message=message)
        if status is None:
            what = f"the {cls.service} error {code!r} without http_status"
            raise NotImitatedError(what, known=cls.known)
        return CloudError(code, message=message or code, status=status)


class ConnectionLostError(Exception):
    """No answer: the transport makes of it what its clients would see."""

    def __init__(self, kind: str, *, after_seconds: float = 0) -> None:
        super().__init__(kind)
        self.kind = kind
        self.after_seconds = after_seconds
