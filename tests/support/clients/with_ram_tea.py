"""Roles and policies with alibabacloud_tea_openapi, which every newer SDK calls.

Arguments: URL, key ID, secret, acs3 or v2.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": ["fc.aliyuncs.com"]},
            }
        ],
    }
)
READ = json.dumps(
    {
        "Version": "1",
        "Statement": [{"Effect": "Allow", "Action": "oss:Get*", "Resource": "*"}],
    }
)
ROLE, POLICY = {"RoleName": "reader"}, {"PolicyName": "readers"}
KIND = {**POLICY, "PolicyType": "Custom"}


def main(url: str, key_id: str, secret: str, algorithm: str) -> None:
    client = Client(
        Config(
            access_key_id=key_id,
            access_key_secret=secret,
            endpoint=url.removeprefix("http://"),
            protocol="http",
            signature_algorithm=None if algorithm == "acs3" else algorithm,
        )
    )

    def ask(action: str, parameters: Mapping[str, str]) -> Any:
        params = Params(
            action=action,
            version="2015-05-01",
            protocol="HTTP",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        request = OpenApiRequest(query=dict(parameters))
        return client.call_api(params, request, RuntimeOptions())["body"]

    made = ask("CreateRole", {**ROLE, "AssumeRolePolicyDocument": TRUST})["Role"]
    assert made["Arn"].endswith(":role/reader")
    ask("UpdateRole", {**ROLE, "NewAssumeRolePolicyDocument": TRUST + " "})
    seen = ask("GetRole", ROLE)["Role"]
    assert seen["AssumeRolePolicyDocument"] == TRUST + " "
    ask("CreatePolicy", {**POLICY, "PolicyDocument": READ})
    another = {**POLICY, "PolicyDocument": READ, "SetAsDefault": "true"}
    assert ask("CreatePolicyVersion", another)["PolicyVersion"]["VersionId"] == "v2"
    versions = ask("ListPolicyVersions", KIND)["PolicyVersions"]["PolicyVersion"]
    assert [v["IsDefaultVersion"] for v in versions] == [False, True]
    ask("DeletePolicyVersion", {**POLICY, "VersionId": "v1"})
    assert ask("GetPolicy", KIND)["DefaultPolicyVersion"]["PolicyDocument"] == READ
    ask("AttachPolicyToRole", {**ROLE, **KIND})
    held = ask("ListPoliciesForRole", ROLE)["Policies"]["Policy"]
    assert [policy["PolicyName"] for policy in held] == ["readers"]
    ask("DetachPolicyFromRole", {**ROLE, **KIND})
    ask("DeletePolicy", {**POLICY, "CascadingDelete": "true"})
    assert ask("DeleteRole", ROLE)["RequestId"]


if __name__ == "__main__":
    main(*sys.argv[1:])
