"""What each error code means, what to do, and whether asking again helps."""

from dataclasses import dataclass
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
NoSuchKey | permanent | uploader | The object is not there. | Upload it again.
NoSuchBucket | configuration | operator | There is no such bucket at this endpoint. | Check the bucket's name, OSS_ENDPOINT and REGION_ID.
InvalidObjectState | permanent | uploader | The object is archived and cannot be read. | Restore it, as with ossutil restore oss://BUCKET/KEY, then upload or re-invoke.
AccessDenied | configuration | operator | The function may not do this with the bucket or object. | Allow oss:GetObject on the images, oss:GetObject, oss:PutObject, oss:DeleteObject and oss:ListObjects on the ledger, and look for a Deny in the bucket's policy.
PermanentRedirect | configuration | operator | The bucket is in another region than the endpoint. | Correct OSS_ENDPOINT or REGION_ID; ECS reads only buckets of its own region.
SecondLevelDomainForbidden | configuration | operator | Public OSS refuses path style. | Set OSS_ADDRESSING to auto or virtual.
InvalidAccessKeyId | configuration | operator | The access key does not exist. | Check the function's role or credentials.
SignatureDoesNotMatch | configuration | operator | The signature does not match. | Check the secret, OSS_SIGNATURE_VERSION, and proxies that rewrite requests.
InvalidArgument | configuration | operator | OSS does not understand the request. | On Apsara Stack, set OSS_SIGNATURE_VERSION to v1.
SecurityTokenExpired | transient | nobody | The security token has expired. | Nothing; the next invocation has a new one.
InvalidSecurityToken | configuration | operator | The security token is not valid. | Check the function's role.
SecurityTokenNotSupported | configuration | operator | This bucket does not take temporary credentials. | Use a key pair, or another bucket.
RequestTimeTooSkewed | configuration | operator | The clock of this machine is off by more than 15 minutes. | Set the clock.
KmsServiceNotEnabled | configuration | account | The bucket encrypts with KMS, which is off. | Use a bucket without server-side encryption.
PreconditionFailed | permanent | nobody | The object has changed since the event. | Nothing; the newer upload has an event of its own.
InvalidRange | permanent | uploader | The object is shorter than its event said. | Upload it again.
PositionNotEqualToLength | transient | nobody | Another invocation wrote to the ledger first. | Nothing.
ObjectNotAppendable | configuration | operator | Something puts ordinary objects over the ledger. | Find out what writes under LEDGER_PREFIX and keep it away.
FileImmutable | configuration | operator | A retention policy forbids writing the ledger. | Set LEDGER_BUCKET to a bucket without one.
InternalError | transient? | nobody | A fault inside OSS. | Nothing; it is tried again.
ServiceUnavailable | transient | nobody | OSS is not available. | Nothing; it is tried again.
TotalQpsLimitExceeded | transient | nobody | Too many requests to OSS. | Nothing; it is tried again.
MetaOperationQpsLimitExceeded | transient | nobody | Too many requests to OSS. | Nothing; it is tried again.
ActiveRequestLimitExceeded | transient | nobody | Too many requests to OSS. | Nothing; it is tried again.
DownloadTrafficRateLimitExceeded | transient | nobody | Too much traffic from OSS. | Nothing; it is tried again.
UploadTrafficRateLimitExceeded | transient | nobody | Too much traffic to OSS. | Nothing; it is tried again.
CpuLimitExceeded | transient | nobody | OSS is busy. | Nothing; it is tried again.
RequestTimeout | transient? | nobody | OSS waited too long for the request. | Nothing; it is tried again.
"""

TRANSPORT_ROWS = """
ConnectTimeout | transient | operator | No connection in time; nothing was sent. | If it stays, check the endpoint and the function's network.
ConnectionRefused | transient | operator | Nothing listens there, or the name does not resolve; nothing was sent. | If it stays, check the endpoint and the function's network.
ReadTimeout | transient? | nobody | The request was sent and no answer came in time. | Nothing; what it did is found out before it is sent again.
ConnectionReset | transient? | nobody | The connection broke after the request was sent. | Nothing; what it did is found out before it is sent again.
SSLError | configuration | operator | The endpoint's certificate is not trusted; nothing was sent. | Set CA_FILE to your Apsara Stack's certificate authority.
ProxyError | transient | operator | The proxy did not connect us; nothing was sent. | If it stays, check HTTPS_PROXY and NO_PROXY.
InvalidRequest | configuration | operator | The settings make no request that can be sent. | Check ECS_ENDPOINT, ECS_PATH, ECS_HEADERS and the proxy variables.
CaFileUnreadable | configuration | operator | The file with the certificate authorities cannot be read; nothing was sent. | Correct CA_FILE, or put the file into the function's code or layer.
"""


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
    return [_row(service, line) for line in table.strip().splitlines()]


def _row(service: str, line: str) -> Explanation:
    codes, kind, who, cause, fix = (cell.strip() for cell in line.split("|"))
    is_doubtful = kind.endswith("?")
    return Explanation(
        service=service,
        code=codes,
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
    folded = code.lower()
    owners = (service, "transport") if http_status is None else (service,)
    for owner in owners:
        if known := _BY_CODE.get((owner, folded)):
            return known
    for owner, prefix, row in _BY_PREFIX:
        if owner == service and folded.startswith(prefix):
            return row
    return _unknown(service, code, http_status)


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
        cause="This code is in none of the documentation that we know.",
        fix=f"Look it up in the API error center of {service} by its request ID.",
        who="operator",
        kind="permanent",
    )
