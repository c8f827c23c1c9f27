"""The refusals of Function Compute: code, status and sentence.

Source: "Error codes", Function Compute 2.0 documentation and the list of
api-fc-open-2021-04-06, read 2026-11. The body names its fields ErrorCode and
ErrorMessage, as aliyun-fc2 2.5.2 reads them; the page shows them in lower case.
"""

from fake_aliyun.core.errors import ErrorType, KnownError

ERRORS: dict[str, ErrorType] = {
    "AccessDenied": ErrorType(403, "%s"),
    "AsyncConfigNotExists": ErrorType(404, "AsyncConfig for %s does not exist."),
    "EntityTooLarge": ErrorType(400, "payload size exceeds maximum allowed size (%s bytes)"),
    "FunctionNotFound": ErrorType(404, "function %s does not exist"),
    "InternalServerError": ErrorType(500, "an internal error has occurred"),
    "InvalidAccessKeyID": ErrorType(403, "invalid access key ID '%s'"),
    "InvalidArgument": ErrorType(400, "%s"),
    "InvalidSecurityToken": ErrorType(403, "the security token is invalid or has expired"),
    "MissingRequiredHeader": ErrorType(400, "required HTTP header %s was not specified"),
    "ResourceExhausted": ErrorType(429, "too many concurrent invocations"),
    "ResourceThrottled": ErrorType(503, "there are no resources for the invocation"),
    "ServiceNotFound": ErrorType(404, "service '%s' does not exist"),
    "SignatureNotMatch": ErrorType(403, "The request signature we calculated does not match the signature you provided. Check your access key and signing method"),
    "StatefulAsyncInvocationAlreadyExists": ErrorType(409, "the stateful async invocation %s already exists"),
    "TriggerAlreadyExists": ErrorType(409, "trigger %s already exists"),
    "TriggerNotFound": ErrorType(404, "trigger %s does not exist"),
    "VersionNotFound": ErrorType(404, "version %s does not exist"),
}  # fmt: skip


class FcError(KnownError):
    """A refusal by Function Compute; status and sentence follow from the code."""

    service = "FC"
    known = ERRORS
