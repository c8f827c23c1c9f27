"""The errors of image-import, in one glance.

::

    ImageImportError                  .bucket and .object_key, attached once, in app
    ├── SettingsError(ValueError)     an environment variable holds what it may not
    ├── EventError(ValueError)        not an event we understand
    ├── EvidenceError(ValueError)     what the bucket holds cannot be used
    │   ├── SidecarError              .field = "DiskDeviceMapping[1].Format"
    │   ├── HeaderError               damaged, truncated, or two formats at once
    │   └── ConflictError             sidecar and header disagree
    ├── PlanError(ValueError)         ImportImage would not accept it
    └── ServiceError                  .service .action .code .http_status .request_id
        ├── ServiceRejected           asking again gives the same answer
        └── ServiceUnavailable        timeout, throttling, 5xx: asking again may help

The tree answers one question: will a retry help? Only ServiceUnavailable makes the
handler raise, and only after every record was tried.
"""


class ImageImportError(Exception):
    """Something went wrong in a way that we can explain."""

    bucket: str | None = None
    object_key: str | None = None


class SettingsError(ImageImportError, ValueError):
    """A setting holds what it may not; the message names it and what it may hold."""


class EventError(ImageImportError, ValueError):
    """The event is not one that we understand."""


class EvidenceError(ImageImportError, ValueError):
    """What the bucket holds cannot be used as it is."""


class SidecarError(EvidenceError):
    """A sidecar, or metadata with a sidecar's meaning, says what it may not."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class HeaderError(EvidenceError):
    """The image's own bytes are damaged, truncated, or of two formats at once."""


class ConflictError(EvidenceError):
    """A sidecar and the image's own bytes disagree."""


class PlanError(ImageImportError, ValueError):
    """ImportImage would not accept this; the message says which limit it breaks."""


class ServiceError(ImageImportError):
    """A service answered with an error, or did not answer.

    Attributes:
        service: "OSS" or "ECS".
        action: The operation, by its API name.
        code: The service's own code, letter for letter; "" if there was none.
        http_status: None if no answer came.
        request_id: That service's request ID.
        perhaps_done: The request may have taken effect all the same.
        retry_after_seconds: How long the service asked us to wait.
        advice: What to do in this very case; "" where the code says all.
    """

    def __init__(  # noqa: PLR0913 - one argument per attribute, all by name
        self,
        message: str,
        *,
        service: str,
        action: str,
        code: str = "",
        http_status: int | None = None,
        request_id: str | None = None,
        perhaps_done: bool = False,
        retry_after_seconds: float | None = None,
        advice: str = "",
    ) -> None:
        super().__init__(message)
        self.service = service
        self.action = action
        self.code = code
        self.http_status = http_status
        self.request_id = request_id
        self.perhaps_done = perhaps_done
        self.retry_after_seconds = retry_after_seconds
        self.advice = advice


class ServiceRejected(ServiceError):  # noqa: N818 - the style's name for a final no
    """The service said no and will say so again."""


class ServiceUnavailable(ServiceError):  # noqa: N818 - the counterpart
    """No answer, throttled or a fault on their side: asking again may help."""
