"""The refusals of ECS: code, status and sentence.

Source: "ImportImage", "Error codes", ECS API 2014-05-26 (changed 2025-05-13), and
"Response results", "Common error codes", ECS API reference; both read 2026-11. Of images that are there:
the error tables of CopyImage, CancelCopyImage, ModifyImageSharePermission, DeleteImage
(github.com/AlibabaCloudDocs/ecs, 2021-07) and of TagResources; read 2026-12. Their
sentences are ours where the pages give none.
"""

from fake_aliyun.core.errors import ErrorType, KnownError
from fake_aliyun.core.gateway import GATEWAY_ERRORS

ERRORS: dict[str, ErrorType] = {
    # Of ImportImage.
    "UnsupportedSuffix.OSSObject": ErrorType(400, "The specified OSS object suffix is not supported."),
    "InvalidImageName.Malformed": ErrorType(400, "The specified Image name is wrongly formed."),
    "InvalidOSSObject.Malformed": ErrorType(400, "The specified OSS object is wrongly formed."),
    "InvalidOSSBucket.Malformed": ErrorType(400, "The specified OSS bucket is wrongly formed."),
    "InvalidOSSObject.Size": ErrorType(400, "The specified OSS object size is zero."),
    "InvalidDescription.Malformed": ErrorType(400, "The specified Image description is wrongly formed."),
    "InvalidArchitecture.Malformed": ErrorType(400, "The specified Architecture is wrongly formed."),
    "InvalidPlatform.Malformed": ErrorType(400, "The specified Platform is wrongly formed."),
    "InvalidOSType.Malformed": ErrorType(400, "The specified OSType is wrongly formed."),
    "InvalidImageName.Duplicated": ErrorType(400, "The destination image is exist."),
    "InvalidImageSize": ErrorType(400, "%s"),
    "InvalidDataDiskSize": ErrorType(400, "The specified DiskDeviceMapping.N.DiskImSize should be in the specified range."),
    "InvalidImageFormat.Malformed": ErrorType(400, "The specified Image Format is wrongly formed."),
    "InvalidRegionId.NotFound": ErrorType(400, "The specified RegionId does not exist."),
    "InvalidRegion.NotSupport": ErrorType(400, "The specified region does not support image import or export."),
    "InvalidOSSBucket.NotFound": ErrorType(400, "The specified OSS bucket does not exist in this region."),
    "InvalidOSSObject.NotFound": ErrorType(400, "The specified OSS object does not exist in this region."),
    "InvalidOSSObject.NeedRestore": ErrorType(400, "The specified OSS object is a archive object, need restore first."),
    "InvalidOSSBucket.NotMatched": ErrorType(400, "The specified OSS bucket is incorrect, %s."),
    "InvalidLicenseType.NotSupported": ErrorType(400, "The specified LicenseType is not supported."),
    "InvalidLicenseType.BYOLOnly": ErrorType(400, "Only BYOL LicenseType is supported for the current platform provided."),
    "InvalidOSSBucket.FlowLimit": ErrorType(400, "%s"),
    "InvalidImageFormat.RegionNotSupported": ErrorType(400, "The specified image format is not supported in current region."),
    "InvalidBootMode.Malformed": ErrorType(400, 'The specified parameter "BootMode" is malformed.'),
    "InvalidParameter.DetectionStrategy": ErrorType(400, "The specified parameter DetectionStrategy is invalid."),
    "InvalidBootMode.NotSupport": ErrorType(400, "The specified parameter BootMode is not supported for current image architecture."),
    "DRYRUN.SUCCESS": ErrorType(400, "This request is a dryrun request with successful result."),
    "InvalidClientToken.Malformed": ErrorType(400, "The specified parameter clientToken is not valid."),
    "InvalidParameter.FeaturesImdsSupport": ErrorType(400, "The specified parameter Features.ImdsSupport is not supported."),
    "Account.Arrearage": ErrorType(400, "Your account has an outstanding payment."),
    "ImageIsImporting": ErrorType(403, "The specified Image is importing."),
    "QuotaExceed.Image": ErrorType(403, "The Image Quota exceeds."),
    "ImportImageFailed": ErrorType(403, "Importing image is failed, Please contact the administrator."),
    "UserNotInTheWhiteList": ErrorType(403, "The user is not in the white list of importing image."),
    "NoSetRoletoECSServiceAcount": ErrorType(403, "ECS service account Have no right to access your OSS.please attach a role of access your oss to ECS service account."),
    "InvalidParameter.Malformed": ErrorType(403, 'The specified parameter "DiskDeviceMapping.n.Device " is not valid.'),
    "MissingParameter.DiskDeviceMapping": ErrorType(403, "The specified parameter DiskDeviceMapping is not supplied."),
    "InvalidOSS.NotAuthorized": ErrorType(403, "The specified OSS bucket or object is not allowed to access."),
    "InvalidBlockSize.NotSupport": ErrorType(403, "%s"),
    "ImageCheckUnsupported.WindowsImage": ErrorType(403, "Image check is unsupported for windows image."),
    "InvalidVHDImage.IncorrectSize": ErrorType(403, "The specified size of the VHD image does not meet the 'header.MaxTableEntries * header.BlockSize' specification."),
    "InvalidOSSBucket.EncryptUnsupported": ErrorType(403, "Accessing objects from encrypted OSS bucket is not supported."),
    "InvalidArchitecture.PlatformUnsupported": ErrorType(403, "The OS platform you selected does not support the specified architecture."),
    "InvalidAccountStatus.OSSDisabled": ErrorType(403, "OSS is disabled due to invalid account status."),
    "TagKey.Duplication": ErrorType(403, "The TagKey has duplication with others, case-insensitive."),
    "InvalidResourceGroup.NotFound": ErrorType(404, "The ResourceGroup provided does not exist in our records."),
    # Of images that are there.
    "InvalidImageId.NotFound": ErrorType(404, "The specified ImageId does not exist."),
    "InvalidLaunchTemplate.NotFound": ErrorType(404, "The specified launch template does not exist."),
    "SourceRegion.NotFound": ErrorType(400, "The specified SourceRegion does not exist."),
    "DestinationRegion.NotFound": ErrorType(400, "The specified DestinationRegion does not exist."),
    "IncorrectDestinationRegion": ErrorType(403, "The specified DestinationRegion should not be the same with the SourceRegion."),
    "IncorrectImageStatus": ErrorType(400, "The specified image is in a status that does not allow the operation."),
    "DryRunOperation": ErrorType(400, "Request validation has been passed with DryRun flag set."),
    "InvalidParameter.EncryptedIllegal": ErrorType(400, "The value of parameter Encrypted is illegal."),
    "InvalidParameter.KMSKeyId.NotFound": ErrorType(404, "The specified KMSKeyId is not found."),
    "QuotaExceed.Snapshot": ErrorType(403, "The snapshot quota exceeds."),
    "SizeExceed.Image": ErrorType(403, "The specified image is too large to be copied."),
    "RegionNotSupportCopy": ErrorType(403, "The specified region does not support image copy."),
    "OperationDenied.ImageCopying": ErrorType(403, "The specified image is being copied."),
    "OperationDeined.EncryptedSnapshot": ErrorType(403, "The specified image contains encrypted snapshots, which do not support the operation."),
    "ImageCreatedNotFromCopy": ErrorType(400, "The specified image is not created from copy."),
    "InvalidAccount.NotFound": ErrorType(404, "The specified Account does not exist."),
    "InvalidAccount.Forbbiden": ErrorType(404, "The specified Account is yourself."),
    "QuotaExceed.ShareImage": ErrorType(403, "The quota of shared images exceeds."),
    "QuotaExceed.ShareImageUser": ErrorType(403, "The quota of accounts that an image is shared with exceeds."),
    "ImageUseShared": ErrorType(403, "The specified image has been shared to other users."),
    "ImageUsingByInstance": ErrorType(403, "The specified image is used by instances."),
    "ImageIsExporting": ErrorType(403, "The specified image is exporting."),
    "InvalidResourceType.NotFound": ErrorType(404, "The ResourceType provided does not exist in our records."),
    "InvalidResourceId.NotFound": ErrorType(404, "The specified ResourceIds are not found in our records."),
    "MissingParameter.TagKey": ErrorType(400, "You must specify Tag.N.Key."),
    # Of tasks.
    "InvalidTaskId.NotFound": ErrorType(400, "The specified task id does not exist."),
    "InvalidTaskId.TaskActionNotSupport": ErrorType(403, "The specified task's action not support cancel."),
    "InvalidTaskId.IncorrectTaskStatus": ErrorType(403, "The specified task's status not support cancel."),
    "CancelTaskFailed": ErrorType(403, "Cancel task is failed, Please contact the administrator."),
    # Common to all operations.
    **GATEWAY_ERRORS,
    "Rejected.Throttling": ErrorType(400, "Request was denied due to request throttling."),
    "UnknownError": ErrorType(400, "The request processing has failed due to some unknown error."),
    "OperationConflict": ErrorType(409, "The request was denied due to conflict with a previous request."),
    "IdempotentProcessing": ErrorType(403, "The previous idempotent request(s) is still processing."),
    "LastTokenProcessing": ErrorType(403, "The last token request is processing."),
    "IdempotentParameterMismatch": ErrorType(400, "The request uses the same client token as a previous, but non-identical request."),
    "InvalidParameter": ErrorType(400, "The specified parameter %s is not valid."),
    "InvalidTagKey.Malformed": ErrorType(400, "The specified Tag.n.Key is not valid."),
    "InvalidTagValue.Malformed": ErrorType(400, "The specified Tag.n.Value is not valid."),
    "InvalidStatus.Malformed": ErrorType(400, "The specified Status is wrongly formed: %s"),
    "InvalidOperation.NotSupportedEndpoint": ErrorType(404, "The specified endpoint cant operate this region."),
    # Of signatures.
    "InvalidVersion": ErrorType(400, "Specified parameter Version is not valid."),
    "Forbidden.RAM": ErrorType(403, "User not authorized to operate on the specified resource, or this API doesn't support RAM."),
    "Forbidden.Unauthorized": ErrorType(403, "The user is not authorized to operate on the specified resource."),
    "Forbidden.RiskControl": ErrorType(403, "This operation is forbidden by Aliyun Risk Control system."),
    "InvalidProtocol.NeedSsl": ErrorType(400, "Your request is denied as lack of ssl protect."),
    # What a gateway of Apsara Stack shows without further cause.
    "system error": ErrorType(200, "system error"),
}  # fmt: skip


class EcsError(KnownError):
    """A refusal by ECS; status and sentence follow from the code."""

    service = "ECS"
    known = ERRORS
