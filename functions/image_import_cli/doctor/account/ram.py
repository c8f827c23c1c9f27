"""Roles and their policies as RAM describes them.

Source: "GetRole", "ListPoliciesForRole" and "GetPolicy", RAM API 2015-05-01, read
2026-11.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from image_import.aliyun.ecs.request import to_call
from image_import.model.targets import PUBLIC
from requests import RequestException, Session
from requests.auth import AuthBase

from image_import_cli.doctor.account.facts import HeldRole, Problem
from image_import_cli.doctor.account.problems import NOT_UNDERSTOOD, Door, as_object

ENDPOINT = "https://ram.aliyuncs.com"
TIMEOUT_SECONDS = 15
RIGHTS = ("ram:GetRole", "ram:ListPoliciesForRole", "ram:GetPolicy")

_TARGET = replace(PUBLIC, api_version="2015-05-01")


class RamRefusal(Exception):  # noqa: N818 - an answer, not an error of ours
    """RAM said no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class RamAccount:
    """The roles of an account."""

    def __init__(
        self, session: Session, auth: AuthBase, *, endpoint: str = ENDPOINT
    ) -> None:
        self._session = session
        self._auth = auth
        self._endpoint = endpoint
        self._door = Door(
            service="RAM", endpoint=endpoint, where="--ram-endpoint", rights=RIGHTS
        )

    def role(self, name: str) -> HeldRole | Problem:
        """Return a role with its policies, or why it is not to be seen."""
        try:
            role = self._ask("GetRole", {"RoleName": name})["Role"]
            listed = self._ask("ListPoliciesForRole", {"RoleName": name})
            policies = listed["Policies"]["Policy"]
            return HeldRole(
                name=name,
                trust=_document(role["AssumeRolePolicyDocument"]),
                policies=tuple(self._policy(policy) for policy in policies),
            )
        except RamRefusal as exc:
            if exc.code == "EntityNotExist.Role":
                text = f"there is no role {name}"
                return Problem(what=text, code=exc.code, is_missing=True)
            return self._door.refusal(exc.code, exc.message)
        except (RequestException, *NOT_UNDERSTOOD) as exc:
            return self._door.no_answer(exc)

    def _policy(self, listed: Mapping[str, Any]) -> dict[str, Any]:
        name, kind = listed["PolicyName"], listed["PolicyType"]
        found = self._ask("GetPolicy", {"PolicyName": name, "PolicyType": kind})
        return _document(found["DefaultPolicyVersion"]["PolicyDocument"])

    def _ask(self, action: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        call = to_call(action, parameters, endpoint=self._endpoint, target=_TARGET)
        reply = self._session.post(
            call.url,
            headers=dict(call.headers),
            auth=self._auth,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        answer = as_object(reply.json())
        if not reply.ok:
            raise RamRefusal(str(answer["Code"]), str(answer.get("Message", "")))
        return answer


def _document(text: str) -> dict[str, Any]:
    """Return a policy that is JSON, as pages show it, or JSON that is URL-encoded.

    What is plain is not decoded: a prefix like `100%25/` stands in it as it is.
    """
    is_plain = text.lstrip().startswith("{")
    document: dict[str, Any] = json.loads(text if is_plain else unquote(text))
    return document
