"""The refusals of RAM: code, status and sentence.

Sources: "Error codes" and "Error messages", RAM API reference, and the list of errors
on the pages of CreateRole, UpdateRole, DeleteRole, AttachPolicyToRole, GetPolicy,
DeletePolicy and DeletePolicyVersion, RAM API 2015-05-01; DetachPolicyFromRole in
`resource_alicloud_ram_role_policy_attachment.go` of the Terraform provider alicloud,
for EntityNotExist.Role.Policy; all read 2026-11. What refuses a signature or a whole
request is taken from ECS, whose gateway is of the same kind.

DeleteConflict.Policy.Role is stated nowhere: pages say that a policy in use by a role
is not deleted, and name the code for users and groups alone. Nor is it stated what RAM
says of a parameter that is missing.
"""

from fake_aliyun.core.errors import ErrorType, KnownError
from fake_aliyun.core.gateway import GATEWAY_ERRORS

ERRORS: dict[str, ErrorType] = {
    "InvalidParameter.RoleName.InvalidChars": ErrorType(400, 'The parameter - "RoleName" contains invalid chars.'),
    "InvalidParameter.RoleName.Length": ErrorType(400, 'The parameter - "RoleName" beyond the length limit.'),
    "InvalidParameter.PolicyName.InvalidChars": ErrorType(400, 'The parameter - "PolicyName" contains invalid chars.'),
    "InvalidParameter.PolicyName.Length": ErrorType(400, 'The parameter - "PolicyName" beyond the length limit.'),
    "InvalidParameter.PolicyType": ErrorType(400, 'The parameter - "PolicyType" is incorrect.'),
    "InvalidParameter.PolicyDocument.Length": ErrorType(400, 'The parameter - "PolicyDocument" beyond the length limit.'),
    "InvalidParameter.VersionId.Format": ErrorType(400, 'The format of the parameter - "VersionId" is incorrect.'),
    "MalformedPolicyDocument": ErrorType(400, "%s"),
    "NoPermission": ErrorType(403, "You are not authorized to do this action."),
    "EntityNotExist.Role": ErrorType(404, "The role does not exist."),
    "EntityNotExist.Role.Policy": ErrorType(404, "The indicate policy attached to the role does not exist."),
    "EntityNotExist.Policy": ErrorType(404, "The policy does not exist."),
    "EntityNotExist.Policy.Version": ErrorType(404, "The policy version does not exist."),
    "EntityAlreadyExists.Role": ErrorType(409, "The role does already EXIST."),
    "EntityAlreadyExists.Role.Policy": ErrorType(409, "The role has already been attached this policy."),
    "EntityAlreadyExists.Policy": ErrorType(409, "The policy does already EXIST."),
    "DeleteConflict.Role.Policy": ErrorType(409, "The role CAN NOT has any attached policy while deleting the role."),
    "DeleteConflict.Policy.User": ErrorType(409, "The policy CAN NOT been attached to any user while deleting the policy."),
    "DeleteConflict.Policy.Role": ErrorType(409, "The policy CAN NOT been attached to any role while deleting the policy."),
    "DeleteConflict.Policy.Version": ErrorType(409, "The policy CAN NOT has any version except the default version."),
    "DeleteConflict.Policy.Version.Default": ErrorType(409, "The default policy version CAN NOT been deleted directly."),
    "LimitExceeded.Policy.Version": ErrorType(409, "The count of policy version beyond the current limits."),
    **GATEWAY_ERRORS,
}  # fmt: skip


class RamError(KnownError):
    """A refusal by RAM; status and sentence follow from the code."""

    service = "RAM"
    known = ERRORS
