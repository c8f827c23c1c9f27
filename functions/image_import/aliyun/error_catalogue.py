"""What each error code means, what to do, and whether asking again helps."""

from dataclasses import dataclass, replace
from typing import Literal

# ruff: noqa: E501 - a table row is one line
ROLE_FIX = "Create the RAM role AliyunECSImageImportDefaultRole, trusted by the service ecs.aliyuncs.com, and attach the policy AliyunECSImageImportRolePolicy (oss:GetObject, oss:GetBucketLocation, oss:GetBucketInfo); see the ImportImage page, https://www.alibabacloud.com/help/doc-detail/25542.htm; a new role takes about two minutes to be seen."

ECS_ROWS = f"""
MissingParameter | permanent | operator | A required parameter is absent. | Report it with the log line; every required parameter is always sent.
MissingParameter.DiskDeviceMapping | permanent | operator | The request has no disk. | Report it with the log line.
UnsupportedSuffix.OSSObject | permanent | uploader | ECS does not take an object with this suffix. | Upload it under a key that ends in .qcow2, .raw or .vhd.
InvalidImageName.Malformed | permanent | uploader | The image name breaks ECS's rules. | Give another ImageName, or mend IMAGE_NAME_TEMPLATE.
InvalidImageName.Duplicated | perhaps-already-done | uploader | An image of this name exists. | If it is not from this upload, give another ImageName.
ImageIsImporting | perhaps-already-done | nobody | This image is being imported. | Wait for it.
InvalidDescription.Malformed | permanent | uploader | The description breaks ECS's rules. | 2 to 256 characters, not starting with http:// or https://.
InvalidArchitecture.Malformed | permanent | uploader | ECS does not know the architecture. | Say i386, x86_64 or arm64 in the sidecar.
InvalidPlatform.Malformed | permanent | uploader | ECS does not know the platform here. | Choose another Platform in the sidecar, Others Linux if none fits.
InvalidOSType.Malformed | permanent | uploader | ECS does not know the OS type. | Say linux or windows in the sidecar.
InvalidBootMode.Malformed | permanent | uploader | ECS does not know the boot mode. | Say BIOS or UEFI in the sidecar.
InvalidBootMode.NotSupport | permanent | uploader | The boot mode does not fit the architecture. | Say UEFI for arm64, which boots with nothing else.
InvalidParameter.DetectionStrategy | permanent | uploader | ECS does not know the detection strategy. | Say Standard, or leave it out.
InvalidParameter.FeaturesImdsSupport | permanent | uploader | The value of Features.ImdsSupport is not one of v1, v2. | Correct it in the sidecar.
InvalidClientToken.Malformed | permanent | operator | The client token is not ASCII or too long. | Report it with the log line.
InvalidArchitecture.PlatformUnsupported | permanent | uploader | Platform and architecture do not go together. | Correct one of them in the sidecar.
InvalidOSSObject.Malformed | permanent | uploader | ECS does not take this object key. | Upload it under a plainer key.
InvalidOSSBucket.Malformed | permanent | operator | ECS does not take this bucket's name. | Use another bucket.
InvalidOSSObject.NotFound | permanent | uploader | ECS does not see the object in its region. | Check that it still exists and that the bucket is in the region of the import.
InvalidOSSBucket.NotFound | configuration | operator | The bucket is not in this region. | Use a bucket in the region in which images are imported.
InvalidOSSBucket.NotMatched | configuration | operator | The bucket does not fit the request. | Read the service's message; use a bucket of this account and region.
InvalidOSSObject.Size | permanent | uploader | The object is empty. | Upload it again.
InvalidOSSObject.NeedRestore | permanent | uploader | The object is archived. | Restore it (ossutil restore), then upload or re-invoke.
InvalidOSSBucket.FlowLimit | transient | nobody | The bucket's traffic is limited. | Nothing; it is tried again.
InvalidOSS.NotAuthorized | configuration | account | ECS's role may not read the bucket or object. | {ROLE_FIX}
NoSetRoletoECSServiceAcount | configuration | account | ECS has no role to read OSS with. | {ROLE_FIX}
NoSetRoletoECSServiceAccount | configuration | account | ECS has no role to read OSS with. | {ROLE_FIX}
InvalidOSSBucket.EncryptUnsupported | permanent | uploader | The bucket encrypts its objects, and ECS does not import those. | Upload to a bucket without server-side encryption.
InvalidAccountStatus.OSSDisabled | configuration | account | OSS is switched off for the account. | Activate OSS.
Account.Arrearage | configuration | account | The account has overdue payments. | Pay them.
InvalidImageSize | permanent | uploader | The disk's size is out of range. | Correct DiskImageSize, or shrink the image.
InvalidDataDiskSize | permanent | uploader | A data disk's size is out of range. | Correct its DiskImageSize, or shrink it.
InvalidImageFormat.Malformed | permanent | uploader | ECS does not accept the image's content as that format. | Check it with qemu-img check, or convert it again.
InvalidImageFormat.RegionNotSupported | permanent | uploader | This region does not take the format. | Convert it to raw, VHD or qcow2.
InvalidVHDImage.IncorrectSize | permanent | uploader | The VHD's header and its block table disagree. | Convert it again: qemu-img convert -O vpc.
InvalidBlockSize.NotSupport | permanent | uploader | ECS does not take the VHD's block size. | Convert it again: qemu-img convert -O vpc.
InvalidParameter.Malformed | permanent | operator | A parameter has a bad value. | Read the service's message; correct the sidecar.
ImageCheckUnsupported.WindowsImage | permanent | uploader | ECS does not check Windows images. | Leave DetectionStrategy out.
InvalidRegionId.NotFound | configuration | operator | ECS does not know the region. | Correct REGION_ID.
RegionId.NotFound | configuration | operator | ECS does not know the region. | Correct REGION_ID.
InvalidRegion.NotSupport | configuration | operator | This region does not import images. | Import in another region and copy the image.
InvalidLicenseType.NotSupported | permanent | uploader | ECS does not take this licence type here. | Say BYOL, or leave LicenseType out.
InvalidLicenseType.BYOLOnly | permanent | uploader | This system can only come with its own licence. | Say BYOL as LicenseType.
QuotaExceed.Image | configuration | account | The account has as many custom images as it may have. | Delete images or raise the quota, then re-invoke.
QuotaExceed.Snapshot | configuration | account | The account has as many snapshots as it may have. | Delete snapshots or raise the quota, then re-invoke.
ImportImageFailed | configuration | account | ECS could not import it and gives no cause. | Open a ticket with the request ID.
QuotaExceed* | configuration | account | The account has as much as it may have. | Delete what is not needed, or raise the quota.
UserNotInTheWhiteList | configuration | account | The account may not use this. | Open a ticket with the request ID.
TagKey.Duplication | permanent | uploader | Two tags have the same key, whatever its case. | Correct Tag in the sidecar.
InvalidResourceGroup.NotFound | configuration | operator | There is no such resource group. | Correct ResourceGroupId.
InvalidStorageLocation.NotFound | configuration | operator | There is no such CloudBox. | Leave CloudBox parameters out.
InvalidOperation.CloudBoxImageImportRoleRequired | configuration | account | ECS has no role for the CloudBox. | Create AliyunECSCloudBoxImageImportDefaultRole with AliyunECSCloudBoxImageImportRolePolicy.
InvalidOperation.CloudBoxImageImportUnsupported | configuration | account | This CloudBox does not import images. | Import in the region instead.
Throttling* | transient | nobody | Too many calls; this one was refused before it was processed. | Nothing; it is tried again.
Rejected.Throttling | transient | nobody | Too many calls; this one was refused before it was processed. | Nothing; it is tried again.
InternalError | transient? | nobody | A fault inside ECS. | Nothing; it is tried again.
ServiceUnavailable* | transient? | nobody | ECS is not available. | Nothing; it is tried again.
UnknownError | transient? | nobody | A fault inside ECS. | Nothing; it is tried again.
OperationConflict | transient | nobody | Another operation is under way. | Nothing; it is tried again.
SystemBusy | transient | nobody | ECS is busy. | Nothing; it is tried again.
IdempotentProcessing | transient? | nobody | The same request is being processed. | Nothing; it is tried again.
LastTokenProcessing | transient? | nobody | The same request is being processed. | Nothing; it is tried again.
resultCode -1 | transient? | operator | The Apsara Stack gateway says no more than "system error". | Look for the image in the console; then re-invoke.
IdempotentParameterMismatch | permanent | operator | The token was used with other parameters. | Report it with the log line.
InvalidIdempotenceParameter.Mismatch | permanent | operator | The token was used with other parameters. | Report it with the log line.
SignatureNonceUsed | transient | nobody | The nonce was used before. | Nothing; it is tried again with a new one.
IllegalTimestamp | configuration | operator | The clock of this machine is off. | Set the clock.
InvalidTimeStamp.Expired | configuration | operator | The clock of this machine is off. | Set the clock.
IncompleteSignature | configuration | operator | The signature is not what this endpoint expects. | Check ECS_AUTH and ECS_ENDPOINT.
SignatureDoesNotMatch | configuration | operator | The signature does not match. | Check the access key secret, ECS_AUTH, and proxies that rewrite requests.
InvalidAccessKeyId.NotFound | configuration | operator | The access key does not exist. | Check the function's role or credentials.
InvalidSecurityToken* | transient | operator | The security token expired or is not valid. | If it stays, check the function's role.
Forbidden* | configuration | account | The function may not call this. | Allow ecs:ImportImage and ecs:DescribeImages to the function's role.
RealNameAuthenticationError | configuration | account | The account is not verified. | Verify the account.
InsufficientBalance | configuration | account | The account has no balance. | Top it up.
InvalidAction | configuration | operator | This endpoint does not serve the call. | Check ECS_ENDPOINT, ECS_PATH and ECS_API_VERSION.
UnsupportedHTTPMethod | configuration | operator | This endpoint does not serve the call. | Check ECS_ENDPOINT, ECS_PATH and ECS_API_VERSION.
InvalidTaskId.NotFound | permanent | operator | ECS no longer knows the task. | Look the image up by its name.
InvalidTaskId.TaskActionNotSupport | permanent | operator | This task cannot be cancelled. | Wait for its end.
InvalidTaskId.IncorrectTaskStatus | permanent | operator | The task has ended, or is ending. | Look at its status.
CancelTaskFailed | permanent | operator | ECS could not cancel the task. | Wait for its end, then delete the image.
InvalidProtocol.NeedSsl | configuration | operator | This endpoint wants HTTPS. | Set ECS_ENDPOINT to https://, or check the proxy in between.
"""

OSS_ROWS = """
AbnormalBucketOwnerStatus | configuration | account | The bucket owner's account is closed, restricted or in arrears. | Look at the account in the console; pay what is overdue, or open a ticket.
AccessDenied | configuration | operator | The function may not do this with the bucket or object. | Allow oss:GetObject on the images, oss:GetObject, oss:PutObject, oss:DeleteObject and oss:ListObjects on the ledger, and look for a Deny in the bucket's policy.
AccessForbidden | configuration | operator | A rule of the bucket for browsers forbids this. | Look at the bucket's CORS rules.
AccessKeyIdAndSecurityTokenNotMatch | configuration | operator | Access key and security token are not from the same grant. | Set all three ALIBABA_CLOUD_ variables from one grant, or none of them.
BadRequest | configuration | operator | OSS does not understand the request. | Check OSS_ENDPOINT, and proxies that rewrite requests.
BucketDisable | configuration | account | The bucket is disabled, for arrears or for security. | Pay what is overdue, or open a ticket.
BucketNotBelongTo | configuration | operator | The bucket belongs to another account. | Correct the bucket's name, or use a bucket of this account.
CnameDenied | configuration | operator | The domain of OSS_ENDPOINT is bound to another bucket. | Set OSS_ENDPOINT to the region's own endpoint.
EntityTooLarge | configuration | operator | What is written is larger than OSS takes at once. | Report it with the log line; a ledger never grows so large.
FileAlreadyExists | permanent | nobody | The object exists and may not be overwritten. | Nothing; it is kept.
FileImmutable | configuration | operator | A retention policy forbids writing the ledger. | Set LEDGER_BUCKET to a bucket without one.
FilePartNotExist | permanent | uploader | A part of the object has been deleted. | Upload it again.
InDebt | configuration | account | The account has overdue payments. | Pay them.
InDebtOverdue | configuration | account | The account has overdue payments for so long that OSS is off. | Pay them.
IncompleteBody | transient | nobody | The request arrived in part and had no effect. | Nothing; it is tried again.
InvalidAccessKeyId | configuration | operator | The access key does not exist, or is disabled. | Check the function's role or credentials.
InvalidArgument | configuration | operator | OSS does not take a value of the request. | Read the service's message; check OSS_SIGNATURE_VERSION, REGION_ID and OSS_ENDPOINT.
InvalidBucketName | configuration | operator | OSS does not take this bucket's name. | Correct the name, or LEDGER_BUCKET.
InvalidCRC64, InvalidDigest | transient | nobody | What arrived is not what was sent; it had no effect. | Nothing; it is tried again.
InvalidObjectName | permanent | uploader | OSS does not take this object key. | Upload it under a plainer key.
InvalidObjectState | permanent | uploader | The object is archived and cannot be read. | Restore it, as with ossutil restore oss://BUCKET/KEY, then upload or re-invoke.
InvalidRange | permanent | uploader | The object is shorter than its event said. | Upload it again.
InvalidRequest | configuration | operator | OSS does not understand the request. | Check OSS_ENDPOINT, and proxies that rewrite requests.
InvalidSecurityToken | configuration | operator | The security token is not valid. | Check the function's role.
InvalidTag, InvalidTaggingKey, RepeatedTags, TooManyTags | configuration | operator | OSS does not take the tag that ON_AVAILABLE=tag would set. | Remove a tag of the object, or set ON_AVAILABLE to keep.
KeyDisabled, KeyPendingDeletion, KeyPendingImport, KeyNotFound, AliasNotFound | configuration | account | The KMS key of the bucket cannot be used. | Use a bucket without server-side encryption.
InvalidDataEncryptionAlgorithmError, InvalidEncryptionAlgorithmError, InvalidEncryptionRequest, InvalidParameter, UserKeyMustBeSpecified | configuration | operator | OSS does not take how the bucket or the request asks for encryption. | Use a bucket without server-side encryption.
KmsInDebt, KmsInDebtOverdue | configuration | account | The account has overdue payments for KMS, with which the bucket encrypts. | Pay them, or use a bucket without server-side encryption.
KmsServiceNotEnabled, KmsUbsmsInvalidBid | configuration | account | The bucket encrypts with KMS, which is off. | Use a bucket without server-side encryption.
MethodNotAllowed | configuration | operator | This endpoint does not serve the operation. | Check OSS_ENDPOINT.
MirrorFailed | transient | operator | The object is not there, and fetching it from the bucket's mirror source failed. | If it stays, look at the bucket's mirroring rules.
InvalidXMLFormat, MalformedXML, MissingArgument, MissingContentLength | configuration | operator | Something on the way changed the request, or took a part of it away. | Check proxies that rewrite requests.
NoSuchBucket | configuration | operator | There is no such bucket at this endpoint. | Check the bucket's name, OSS_ENDPOINT and REGION_ID.
NoSuchKey | permanent | uploader | The object is not there. | Upload it again.
NoSuchRegion | configuration | operator | OSS does not know the region. | Correct REGION_ID.
NoSuchUser | configuration | account | The account does not exist any more. | Check the credentials' account.
NoSuchVersion | permanent | uploader | This version of the object is not there. | Upload it again.
NonStandardHostForbidden | configuration | operator | OSS does not serve this host name. | Set OSS_ENDPOINT to the region's own endpoint.
NotImplemented | configuration | operator | This OSS does not know a part of the request. | On an older Apsara Stack set OSS_SIGNATURE_VERSION to v1; check proxies that add headers.
ObjectNotAppendable | configuration | operator | Something puts ordinary objects over the ledger. | Find out what writes under LEDGER_PREFIX and keep it away.
OperationNotSupported | configuration | operator | The bucket does not take this operation. | Use a bucket of the ordinary kind, or set LEDGER_BUCKET to one.
PermanentRedirect | configuration | operator | The bucket is in another region than the endpoint. | Correct OSS_ENDPOINT or REGION_ID; ECS reads only buckets of its own region.
PositionNotEqualToLength | transient | nobody | Another invocation wrote to the ledger first. | Nothing.
PreconditionFailed | permanent | nobody | The object has changed since the event. | Nothing; the newer upload has an event of its own.
RequestTimeTooSkewed | configuration | operator | The clock of this machine is off by more than 15 minutes. | Set the clock.
RestoreAlreadyInProgress | permanent | uploader | The object is archived, and being restored. | Wait for it, then upload or re-invoke.
SecondLevelDomainForbidden | configuration | operator | Public OSS refuses path style. | Set OSS_ADDRESSING to auto or virtual.
SecurityTokenExpired | transient | nobody | The security token has expired. | Nothing; the next invocation has a new one.
SecurityTokenNotSupported | configuration | operator | This bucket does not take temporary credentials. | Use a key pair, or another bucket.
SignatureDoesNotMatch | configuration | operator | The signature does not match. | Check the secret, OSS_SIGNATURE_VERSION, and proxies that rewrite requests.
SymlinkTargetNotExist | permanent | uploader | The object is a symbolic link to nothing, and holds no image. | Upload the image itself.
TransferAccelerationDisabled | configuration | operator | OSS_ENDPOINT is the acceleration endpoint, which is off for this bucket. | Set OSS_ENDPOINT to the region's own endpoint.
UserDisable | configuration | account | The account is disabled, for arrears or for security. | Pay what is overdue, or open a ticket.
UbsmsInvalidBid | configuration | account | OSS is not activated for the account. | Activate OSS.
WORMConfigurationLocked | configuration | operator | A retention policy forbids this. | Set LEDGER_BUCKET to a bucket without one.
BadReplicationLocation, BucketAlreadyExists, BucketNotEmpty, BucketReplicationAlreadyExist, CORSRuleBeyondLimit, ChannelStillLive, DailyInventoryExceedLimit, EntityTooSmall, FieldItemTooLong, ImageDamage, ImageTooLarge, IncorrectNumberOfFilesInPOSTRequest, InlineDataTooLarge, InvalidBucketStatus, InvalidChannelName, InvalidHostPutBucket, InvalidPart, InvalidPartOrder, InvalidPolicyDocument, InvalidTargetBucket, InvalidTargetBucketForLogging, InvalidTargetLocation, InvalidTargetType, InvalidWORMConfiguration, InventoryConfigurationAlreadyExists, InventoryExceedLimit, LiveChannelDisabled, MalformedPOSTRequest, MaxPOSTPreDataLengthExceededError, NoReplicationLocation, NoReplicationRule, NoSuchBucketObjectTagging, NoSuchBucketPolicy, NoSuchCORSConfiguration, NoSuchCacheControlConfiguration, NoSuchChannel, NoSuchInventory, NoSuchLifecycle, NoSuchLiveChannel, NoSuchReplicationConfiguration, NoSuchReplicationRule, NoSuchServerSideEncryptionRule, NoSuchStyle, NoSuchTransferAccelerationConfiguration, NoSuchUpload, NoSuchWORMConfiguration, NoSuchWebsiteConfiguration, NotSymlink, RequestIsNotMultiPartContent, TooManyBuckets, TooManyCname, TooManyFilterObjectTags, TooManyIncomingReplication, TooManyOutgoingReplication, TooManyPipes, TooManyPrefixes, TooManyReplicationRules, WORMConfigurationAlreadyExists, WeeklyInventoryExceedLimit | configuration | operator | OSS says this of an operation that is never called here. | Check OSS_ENDPOINT, and proxies that rewrite requests; report it with the log line.
InternalError | transient? | nobody | A fault inside OSS. | Nothing; it is tried again.
ServiceUnavailable | transient | nobody | OSS is not available. | Nothing; it is tried again.
TotalQpsLimitExceeded, MetaOperationQpsLimitExceeded, ActiveRequestLimitExceeded | transient | nobody | Too many requests to OSS. | Nothing; it is tried again.
DownloadTrafficRateLimitExceeded | transient | nobody | Too much traffic from OSS. | Nothing; it is tried again.
UploadTrafficRateLimitExceeded | transient | nobody | Too much traffic to OSS. | Nothing; it is tried again.
CpuLimitExceeded | transient | nobody | OSS is busy. | Nothing; it is tried again.
RequestTimeout | transient? | nobody | OSS waited too long for the request. | Nothing; it is tried again.
"""
"""Source: "HTTP status code" pages 400 to 503, OSS documentation, read 2026-12; the
row before InternalError has the codes of operations that nobody calls here.
"""

TRANSPORT_ROWS = """
ConnectTimeout | transient | operator | No connection in time; nothing was sent. | If it stays, check SERVICE_ENDPOINT and the function's network.
ConnectionRefused | transient | operator | Nothing listens there; nothing was sent. | If it stays, check SERVICE_ENDPOINT and the function's network.
NameNotFound | configuration | operator | There is no host of that name; nothing was sent. | Correct SERVICE_ENDPOINT or REGION_ID, or let the function's network resolve the name.
NameNotResolved | transient | operator | The host's name could not be resolved now; nothing was sent. | If it stays, check the function's network and its name servers.
ReadTimeout | transient? | nobody | The request was sent and no whole answer came in time. | Nothing; what it did is found out before it is sent again.
ConnectionReset | transient? | nobody | The connection broke after the request was sent. | Nothing; what it did is found out before it is sent again.
FunctionTimeout | transient | operator | Too little is left of the function's time-out to begin another exchange; nothing was sent. | If it stays, raise the function's time-out.
SSLError | configuration | operator | The endpoint's certificate is not trusted; nothing was sent. | On Apsara Stack, set CA_FILE to its certificate authority; elsewhere, check SERVICE_ENDPOINT, and look for a proxy that opens TLS.
CertificateOfAnotherHost | configuration | operator | The endpoint's certificate is of another host; nothing was sent. | Set SERVICE_ENDPOINT to the name that the certificate is of.
NoTls | configuration | operator | What answers there does not speak TLS; nothing was sent. | Set SERVICE_ENDPOINT to http://, or to the port that serves HTTPS.
ProxyError | transient | operator | The proxy did not connect us; nothing was sent. | If it stays, check HTTPS_PROXY and NO_PROXY.
ProxyNotFound | configuration | operator | There is no proxy of that name; nothing was sent. | Correct HTTPS_PROXY, HTTP_PROXY or NO_PROXY.
ProxyRefused | configuration | operator | The proxy wants a password or forbids the host; nothing was sent. | Correct HTTPS_PROXY, HTTP_PROXY or NO_PROXY, or have the proxy let the function through.
ProxyPassword | configuration? | operator | A proxy answered in SERVICE's place: it wants a password. | Correct HTTPS_PROXY, HTTP_PROXY or NO_PROXY, or have the proxy let the function through.
ForeignAnswer | transient? | operator | What came is no answer of SERVICE: a proxy or another server gave it. | If it stays, check SERVICE_ENDPOINT, and proxies in between.
Redirected | transient? | operator | We were sent elsewhere, and do not go there with what the request carries. | If it stays, set SERVICE_ENDPOINT to where SERVICE is really served, and check proxies in between.
InvalidRequest | configuration | operator | The settings make no request that can be sent. | Check SERVICE_ENDPOINT, ECS_PATH, ECS_HEADERS and the proxy variables.
CaFileUnreadable | configuration | operator | The file with the certificate authorities cannot be read; nothing was sent. | Correct CA_FILE, or put the file into the function's code or layer.
"""
"""SERVICE stands for "ECS" or "OSS"."""


Kind = Literal["permanent", "configuration", "transient", "perhaps-already-done"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """One error code, explained.

    Attributes:
        code: As the service writes it; `Throttling*` stands for all that begin so.
        who: `uploader`, `operator` (of the function), `account` (its owner),
            `nobody` (it passes).
        kind: `permanent` until the object or its sidecar changes, `configuration`
            until somebody changes the account or the function, `transient`, or
            `perhaps-already-done`.
        perhaps_done: The request may have taken effect all the same.
    """

    service: str
    code: str
    cause: str
    fix: str
    who: str
    kind: Kind
    perhaps_done: bool = False


def _rows(service: str, table: str) -> list[Explanation]:
    return [row for line in table.strip().splitlines() for row in _row(service, line)]


def _row(service: str, line: str) -> list[Explanation]:
    codes, *cells = (cell.strip() for cell in line.split("|"))
    return [_explanation(service, code, *cells) for code in codes.split(", ")]


def _explanation(
    service: str, code: str, kind: str, who: str, cause: str, fix: str
) -> Explanation:
    is_doubtful = kind.endswith("?")
    return Explanation(
        service=service,
        code=code,
        cause=cause,
        fix=fix,
        who=who,
        kind=kind.rstrip("?"),  # type: ignore[arg-type]
        perhaps_done=is_doubtful or kind == "perhaps-already-done",
    )


CATALOGUE = [
    *_rows("ECS", ECS_ROWS),
    *_rows("OSS", OSS_ROWS),
    *_rows("transport", TRANSPORT_ROWS),
]
_BY_CODE = {(row.service, row.code.lower()): row for row in CATALOGUE}
_BY_PREFIX = [
    (row.service, row.code.lower().rstrip("*"), row)
    for row in CATALOGUE
    if row.code.endswith("*")
]


def explain(service: str, code: str, http_status: int | None = None) -> Explanation:
    """Return what is known of a code; an unknown one is told by its HTTP status.

    Args:
        service: "ECS", "OSS" or "transport".
        code: In any case; services are not consistent.
        http_status: None if there was no answer; then transport's codes count too.
    """
    owners = (service, "transport") if http_status is None else (service,)
    for owner in owners:
        if known := _listed(owner, code):
            return _for_service(known, service)
    return _unknown(service, code, http_status)


def is_listed(service: str, code: str) -> bool:
    """Return whether the code has a row of its own."""
    return _listed(service, code) is not None


def _listed(service: str, code: str) -> Explanation | None:
    folded = code.lower()
    if known := _BY_CODE.get((service, folded)):
        return known
    by_prefix = (
        row
        for owner, prefix, row in _BY_PREFIX
        if owner == service and folded.startswith(prefix)
    )
    return next(by_prefix, None)


def _for_service(row: Explanation, service: str) -> Explanation:
    """Return a row that speaks of this service."""
    if row.service != "transport":
        return row
    cause, fix = (text.replace("SERVICE", service) for text in (row.cause, row.fix))
    return replace(row, cause=cause, fix=fix)


def _unknown(service: str, code: str, http_status: int | None) -> Explanation:
    is_theirs = http_status is None or http_status >= 500 or http_status in {408, 429}
    if is_theirs:
        return Explanation(
            service=service,
            code=code,
            cause=f"{service} did not answer as it should.",
            fix="Nothing yet; it is tried again.",
            who="nobody",
            kind="transient",
            perhaps_done=http_status != 429,
        )
    return Explanation(
        service=service,
        code=code,
        cause="This code is not in our list.",
        fix=f"Look it up in the API error center of {service} by its request ID.",
        who="operator",
        kind="permanent",
    )
