"""Roles and policies with aliyun-python-sdk-core.

Arguments: URL, key ID, secret.
"""

import json
import sys
from typing import Any

from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

TRUST = json.dumps({"Version": "1", "Statement": []})
READ = json.dumps(
    {
        "Version": "1",
        "Statement": [{"Effect": "Allow", "Action": "oss:Get*", "Resource": "*"}],
    }
)
ROLE, POLICY = {"RoleName": "reader"}, {"PolicyName": "readers"}
KIND = {**POLICY, "PolicyType": "Custom"}


def main(url: str, key_id: str, secret: str) -> None:
    client = AcsClient(key_id, secret, "cn-hangzhou")

    def ask(action: str, **parameters: str) -> Any:
        request = CommonRequest(
            domain=url.removeprefix("http://"), version="2015-05-01", action_name=action
        )
        request.set_protocol_type("http")
        request.set_method("POST")
        for name, value in parameters.items():
            request.add_query_param(name, value)
        return json.loads(client.do_action_with_exception(request))

    ask("CreateRole", **ROLE, AssumeRolePolicyDocument=TRUST)
    assert ask("GetRole", **ROLE)["Role"]["AssumeRolePolicyDocument"] == TRUST
    ask("CreatePolicy", **POLICY, PolicyDocument=READ)
    assert ask("GetPolicy", **KIND)["DefaultPolicyVersion"]["PolicyDocument"] == READ
    ask("AttachPolicyToRole", **ROLE, **KIND)
    held = ask("ListPoliciesForRole", **ROLE)["Policies"]["Policy"]
    assert [policy["PolicyName"] for policy in held] == ["readers"]
    ask("DetachPolicyFromRole", **ROLE, **KIND)
    ask("DeletePolicy", **POLICY)
    ask("DeleteRole", **ROLE)


if __name__ == "__main__":
    main(*sys.argv[1:])
