"""The refusals of OSS: code, status, fine-grained code (EC) and sentence.

Source: "HTTP status code" pages 400-503 and "EC error codes", OSS documentation,
read 2026-11. An EC is given only where a page or a published answer shows it.
"""

from collections.abc import Mapping

from fake_aliyun.core.errors import ErrorType, KnownError

ERRORS: dict[str, ErrorType] = {
    "AccessDenied": ErrorType(403, "You have no right to access this object because of bucket acl.", "0003-00000001"),
    "BucketAlreadyExists": ErrorType(409, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."),
    "BucketNotEmpty": ErrorType(409, "The bucket has objects. Please delete them first."),
    "EntityTooLarge": ErrorType(400, "Your proposed upload exceeds the maximum allowed size."),
    "EntityTooSmall": ErrorType(400, "Your proposed upload smaller than the minimum allowed size."),
    "FileAlreadyExists": ErrorType(409, "The object you specified already exists and can not be overwritten.", "0026-00000002"),
    "InternalError": ErrorType(500, "Please contact the server administrator, oss@service.aliyun.com."),
    "InvalidAccessKeyId": ErrorType(403, "The OSS Access Key Id you provided does not exist in our records.", "0002-00000902"),
    "InvalidArgument": ErrorType(400, "Invalid Argument."),
    "InvalidBucketName": ErrorType(400, "The specified bucket is not valid."),
    "InvalidDigest": ErrorType(400, "The Content-MD5 you specified was invalid."),
    "InvalidEncryptionAlgorithmError": ErrorType(400, "The Encryption request you specified is not valid. Supported value: AES256/SM4/KMS."),
    "InvalidObjectName": ErrorType(400, "The specified object is not valid."),
    "InvalidObjectState": ErrorType(403, "The operation is not valid for the object's state"),
    "InvalidPart": ErrorType(400, "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag."),
    "InvalidPartOrder": ErrorType(400, "The list of parts was not in ascending order. Parts list must specified in order by part number."),
    "InvalidRange": ErrorType(416, "The requested range cannot be satisfied"),
    "InvalidSecurityToken": ErrorType(403, "The security token you provided is invalid."),
    "InvalidTag": ErrorType(400, "The tag provided was not a valid tag."),
    "InvalidTargetType": ErrorType(400, "The symbolic's target file type is invalid"),
    "MalformedPolicy": ErrorType(400, "The policy document is invalid.", "0030-00000005"),
    "MalformedXML": ErrorType(400, "The XML you provided was not well-formed or did not validate against our published schema."),
    "MethodNotAllowed": ErrorType(405, "The specified method is not allowed against this resource."),
    "MissingArgument": ErrorType(400, "Missing Some Required Arguments.", "0016-00000502"),
    "MissingContentLength": ErrorType(411, "You must provide the Content-Length HTTP header."),
    "NoSuchBucket": ErrorType(404, "The specified bucket does not exist.", "0015-00000101"),
    "NoSuchBucketPolicy": ErrorType(404, "The bucket policy does not exist.", "0030-00000006"),
    "NoSuchKey": ErrorType(404, "The specified key does not exist.", "0026-00000001"),
    "NoSuchLifecycle": ErrorType(404, "The lifecycle configuration does not exist."),
    "NoSuchRegion": ErrorType(404, "The specified region does not exist."),
    "NoSuchServerSideEncryptionRule": ErrorType(404, "The server side encryption rule does not exist."),
    "NoSuchUpload": ErrorType(404, "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."),
    "NoSuchVersion": ErrorType(404, "The specified version does not exist."),
    "NotModified": ErrorType(304, "Not Modified"),
    "NotSymlink": ErrorType(400, "The object is not symlink"),
    "ObjectNotAppendable": ErrorType(409, "The object is not appendable"),
    "OperationNotSupported": ErrorType(400, "The operation is not supported for this resource"),
    "PositionNotEqualToLength": ErrorType(409, "Position is not equal to file length", "0026-00000016"),
    "PreconditionFailed": ErrorType(412, "At least one of the pre-conditions you specified did not hold."),
    "RequestTimeTooSkewed": ErrorType(403, "The difference between the request time and the current time is too large.", "0002-00000504"),
    "RestoreAlreadyInProgress": ErrorType(409, "The restore operation is in progress."),
    "SecondLevelDomainForbidden": ErrorType(403, "The bucket you are attempting to access must be addressed using OSS third level domain."),
    "SecurityTokenExpired": ErrorType(403, "The security token you provided has expired."),
    "ServiceUnavailable": ErrorType(503, "Please reduce your request rate."),
    "SignatureDoesNotMatch": ErrorType(403, "The request signature we calculated does not match the signature you provided. Check your key and signing method.", "0002-00000040"),
    "SymlinkTargetNotExist": ErrorType(404, "The symlink target object does not exist"),
    "TotalQpsLimitExceeded": ErrorType(503, "Please reduce your request rate."),
}  # fmt: skip


class OssError(KnownError):
    """A refusal by OSS; status, sentence and EC follow from the code."""

    service = "OSS"
    known = ERRORS

    def __init__(
        self,
        code: str,
        *,
        message: str = "",
        headers: Mapping[str, str] | None = None,
        ec: str = "",
        **details: str,
    ) -> None:
        super().__init__(code, message=message, headers=headers, details=details)
        self.ec = ec or ERRORS[code].ec
