"""Which role the doctor takes for the one in which ECS reads."""

from dataclasses import dataclass, field, replace

import pytest
from account_in_order import FUNCTION, NAMES
from image_import.aliyun.ecs.import_response import ImportReply
from image_import.errors import ServiceRejected
from image_import_cli.doctor.account.facts import DeployedFunction, Problem
from image_import_cli.doctor.account.snapshot import Account, gather

USUAL = "AliyunECSImageImportDefaultRole"
NOT_SEEN = Problem(what="not seen")


@dataclass
class Cloud:
    """An account that tells of its functions alone, and remembers what it was asked."""

    importer: DeployedFunction | Problem
    roles: list[str] = field(default_factory=list)
    dry_runs: list[dict[str, str]] = field(default_factory=list)
    skew_seconds: float | None = None

    def bucket(self, _name: str) -> Problem:
        return NOT_SEEN

    def function(self, _name: str) -> DeployedFunction | Problem:
        return self.importer

    def role(self, name: str) -> Problem:
        self.roles.append(name)
        return NOT_SEEN

    def import_image(self, parameters: dict[str, str]) -> ImportReply:
        self.dry_runs.append(parameters)
        raise ServiceRejected("no", service="ECS", action="ImportImage", code="X")


@pytest.mark.parametrize(
    ("importer", "setting", "name"),
    [
        (replace(FUNCTION, environment={"ROLE_NAME": "reader"}), "", "reader"),
        (FUNCTION, "mine", USUAL),
        (NOT_SEEN, "mine", "mine"),
        (NOT_SEEN, "", USUAL),
    ],
    ids=["the function's", "the usual", "this machine's", "none"],
)
def test_ecs_s_role_is_the_one_that_imports_name(
    importer: DeployedFunction | Problem, setting: str, name: str
) -> None:
    cloud = Cloud(importer)
    account = Account(oss=cloud, ram=cloud, fc=cloud, import_image=cloud.import_image)
    facts = gather(
        account, NAMES, fc_version="3.0", on_available="keep", role_name=setting
    )
    assert cloud.roles[-1] == facts.ecs_role_name == name
    assert [run.get("RoleName", USUAL) for run in cloud.dry_runs] == [name]
