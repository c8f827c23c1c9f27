"""The refusals of the gateway before ECS, RAM and FC 3.0: code, status and sentence.

Source: "Response results", "Common error codes", ECS API reference, read 2026-11; that
the gateway of the other services says the same is stated nowhere.
"""

from fake_aliyun.core.errors import ErrorType, KnownError

GATEWAY_ERRORS: dict[str, ErrorType] = {
    "MissingParameter": ErrorType(400, 'An input parameter "%s" that is mandatory for processing the request is not supplied.'),
    "Throttling": ErrorType(400, "Request was denied due to request throttling."),
    "Throttling.User": ErrorType(400, "Request was denied due to user flow control."),
    "Throttling.Api": ErrorType(400, "Request was denied due to api flow control."),
    "InternalError": ErrorType(500, "The request processing has failed due to some unknown error, exception or failure."),
    "ServiceUnavailable": ErrorType(503, "The request has failed due to a temporary failure of the server."),
    "IncompleteSignature": ErrorType(400, "The request signature does not conform to Aliyun standards. %s"),
    "SignatureDoesNotMatch": ErrorType(400, "Specified signature is not matched with our calculation. server string to sign is:%s"),
    "SignatureNonceUsed": ErrorType(400, "Specified signature nonce was used already."),
    "InvalidTimeStamp.Expired": ErrorType(400, "Specified time stamp or date value is expired."),
    "IllegalTimestamp": ErrorType(400, 'The input parameter "Timestamp" that is mandatory for processing this request is not supplied.'),
    "InvalidAccessKeyId.NotFound": ErrorType(404, "Specified access key is not found."),
    "MissingSecurityToken": ErrorType(400, "SecurityToken is mandatory for this action."),
    "InvalidSecurityToken.MismatchWithAccessKey": ErrorType(400, "Specified SecurityToken mismatch with the AccessKey."),
    "InvalidSecurityToken.Expired": ErrorType(400, "Specified SecurityToken is expired."),
}  # fmt: skip


class GatewayError(KnownError):
    """A refusal before a service is asked; status and sentence follow from the code."""

    service = "gateway"
    known = GATEWAY_ERRORS
