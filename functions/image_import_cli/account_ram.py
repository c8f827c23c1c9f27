"""Roles and their policies as RAM describes them.

Source: "GetRole", "ListPoliciesForRole" and "GetPolicy", RAM API 2015-05-01, read
2026-11.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from image_import.targets import PUBLIC
from image_import.wire import to_call
from requests import RequestException, Session
from requests.auth import AuthBase

from image_import_cli.account_facts import HeldRole, Problem

ENDPOINT = "https://ram.aliyuncs.com"
TIMEOUT_SECONDS = 15

_TARGET = replace(PUBLIC, api_version="2015-05-01")


class RamRefusal(Exception):  # noqa: N818 - an answer, not an error of ours
    """RAM said no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"RAM says {code}: {message}")
        self.code = code


class RamAccount:
    """The roles of an account."""

    def __init__(
        self, session: Session, auth: AuthBase, *, endpoint: str = ENDPOINT
    ) -> None:
        self._session = session
        self._auth = auth
        self._endpoint = endpoint

    def role(self, name: str) -> HeldRole | Problem:
        """Return a role with its policies, or why it is not to be seen."""
        try:
            role = self._ask("GetRole", {"RoleName": name})["Role"]
            listed = self._ask("ListPoliciesForRole", {"RoleName": name})
            policies = listed["Policies"]["Policy"]
            return HeldRole(
                name=name,
                trust=json.loads(unquote(role["AssumeRolePolicyDocument"])),
                policies=tuple(self._policy(policy) for policy in policies),
            )
        except RamRefusal as exc:
            is_missing = exc.code == "EntityNotExist.Role"
            text = f"there is no role {name}" if is_missing else str(exc)
            return Problem(what=text, code=exc.code, is_missing=is_missing)
        except (RequestException, KeyError, ValueError) as exc:
            return Problem(what=f"RAM does not answer ({type(exc).__name__})")

    def _policy(self, listed: Mapping[str, Any]) -> dict[str, Any]:
        name, kind = listed["PolicyName"], listed["PolicyType"]
        found = self._ask("GetPolicy", {"PolicyName": name, "PolicyType": kind})
        text = found["DefaultPolicyVersion"]["PolicyDocument"]
        document: dict[str, Any] = json.loads(unquote(text))
        return document

    def _ask(self, action: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        call = to_call(action, parameters, endpoint=self._endpoint, target=_TARGET)
        reply = self._session.post(
            call.url,
            headers=dict(call.headers),
            auth=self._auth,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        answer: Mapping[str, Any] = reply.json()
        if not reply.ok:
            raise RamRefusal(str(answer.get("Code")), str(answer.get("Message")))
        return answer
