"""Why a service could not be seen, as an operator can act on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from image_import.aliyun.mask import without_signed_text
from image_import.aliyun.transport_errors import ForeignAnswer
from requests import RequestException
from requests.exceptions import JSONDecodeError

from image_import_cli.doctor.account.facts import Problem

NOT_UNDERSTOOD = (AttributeError, KeyError, TypeError, ValueError)
"""What reading an answer raises that is not the service's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """A service, where it is asked, and what asking takes.

    Attributes:
        where: The option or setting that names the endpoint.
        rights: The actions that the doctor's keys need there.
    """

    service: str
    endpoint: str
    where: str
    rights: tuple[str, ...]

    def no_answer(self, exc: Exception) -> Problem:
        """Return what is to be said if nothing, or something else, answers there."""
        name = type(exc).__name__
        if isinstance(exc, ForeignAnswer):
            return self._not_theirs(str(exc))
        what = f"{self.service} does not answer at {self.endpoint} ({name})"
        # requests' error of JSON is one of transport, too.
        if isinstance(exc, JSONDecodeError) or not isinstance(exc, RequestException):
            is_json = isinstance(exc, JSONDecodeError)
            return self._not_theirs("no JSON" if is_json else name)
        return Problem(what=what, mend=self._mend())

    def _not_theirs(self, why: str) -> Problem:
        what = f"what {self.endpoint} answers is not from {self.service} ({why})"
        return Problem(what=what, mend=self._mend())

    def _mend(self) -> str:
        return f"Check --region, {self.where}, HTTPS_PROXY and NO_PROXY."

    def refusal(self, code: str, message: str, *, is_missing: bool = False) -> Problem:
        """Return what is to be said if the service says no."""
        what = f"{self.service} says {code}"
        if message:
            what += f": {without_signed_text(message)}"
        rights = ", ".join(self.rights)
        mend = f"Run doctor with keys that may {rights}." if _is_denial(code) else ""
        return Problem(what=what, code=code, is_missing=is_missing, mend=mend)


def _is_denial(code: str) -> bool:
    """Return whether a code says that the keys lack a right."""
    return code.startswith(("AccessDenied", "Forbidden", "NoPermission"))


def as_object(answer: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON
    """Return an answer that is a JSON object.

    Raises:
        TypeError: It is other JSON.
    """
    if not isinstance(answer, dict):
        raise TypeError(f"a JSON object was expected, not {type(answer).__name__}")
    return answer
