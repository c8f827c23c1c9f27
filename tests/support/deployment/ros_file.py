"""Reads a template as ROS does: parameters filled in, functions evaluated."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deployment.shapes import Schema
from deployment.strict_yaml import UnresolvedError
from image_import_cli.iam.deployment import FunctionSpec
from image_import_cli.iam.roles import FcVersion

Json = Any

REGION, ACCOUNT, STACK = "cn-hangzhou", "1234567890123456", "images"
NO_VALUE = object()
# What somebody gives for the parameters without a default.
GIVEN = {
    "ImageBucket": "my-images",
    "LedgerBucket": "my-images-ledger",
    "LogProject": "my-image-import",
    "CodeUri": "oss://my-code/image-import-python3.10.zip",
    "CodeBucket": "my-code",
    "CodeKey": "image-import-python3.10.zip",
}
CODE = {"CodeUri", "CodeBucket", "CodeKey"}
"""Where the zip is: on FC 2.0 one parameter, on 3.0 two."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a stack is made."""

    region_id: str = REGION
    account_id: str = ACCOUNT
    stack: str = STACK

    @property
    def pseudo(self) -> dict[str, str]:
        """The parameters that ROS fills in itself."""
        return {
            "ALIYUN::Region": self.region_id,
            "ALIYUN::TenantId": self.account_id,
            "ALIYUN::StackName": self.stack,
        }


HERE = Place()
ELSEWHERE = Place(region_id="cn-shanghai", account_id="6543210987654321", stack="more")
# Attributes that say what a property said.
OWN_PROPERTIES = {
    ("ALIYUN::SLS::Project", "Name"): "Name",
    ("ALIYUN::SLS::Logstore", "LogstoreName"): "LogstoreName",
    ("ALIYUN::SLS::Dashboard", "DashboardName"): "DashboardName",
    ("ALIYUN::MNS::Queue", "QueueName"): "QueueName",
    ("ALIYUN::OSS::Bucket", "Name"): "BucketName",
    ("ALIYUN::FC3::Function", "FunctionName"): "FunctionName",
}
SUBSTITUTION = re.compile(r"\$\{([^}]*)\}")

UNKNOWN_TO_FUN = (
    r"^Rules:\n(?:  .*\n)*\n",
    r"^  \w+:\n    Type: ALIYUN::(?:SLS::Alert|SLS::Dashboard|CMS::\w+)\n(?:    .*\n)*",
    r"^      KeyIndices:\n(?:        .*\n)*",
)


def as_fun_takes_it(text: str) -> str:
    """Return a template without what ROS documents and `fun validate` does not know.

    Source: lib/validate/schema of @alicloud/fun: a number is no Ref there, and there
    are no Rules, no alerts and dashboards; an index has no Fn::If.
    """
    for unknown in UNKNOWN_TO_FUN:
        text = re.sub(unknown, "", text, flags=re.MULTILINE)
    return text.replace("TTL: {Ref: LogDays}", "TTL: 90")


class Template:
    """A template with values for its parameters."""

    def __init__(
        self,
        document: Json,
        given: Mapping[str, str] | None = None,
        *,
        place: Place = HERE,
    ) -> None:
        self.document = document
        self._place = place
        chosen = {**self._defaults(), **GIVEN, **(given or {})}
        self._values = {k: self._typed(k, v) for k, v in chosen.items()} | place.pseudo
        self._named: set[str] = set()
        needed = (GIVEN.keys() - CODE) | (given or {}).keys()
        undeclared = needed - self.parameters.keys()
        if undeclared:
            raise UnresolvedError(f"no parameter {', '.join(sorted(undeclared))}")

    @property
    def parameters(self) -> dict[str, Json]:
        return dict(self.document.get("Parameters", {}))

    def _defaults(self) -> dict[str, Json]:
        return {k: v["Default"] for k, v in self.parameters.items() if "Default" in v}

    def _typed(self, name: str, value: Json) -> Json:
        """Return a parameter's value; callers of ROS give numbers as text, too."""
        kind = self.parameters.get(name, {}).get("Type")
        return int(value) if kind == "Number" else value

    def value(self, name: str) -> Json:
        if name not in self._values:
            raise UnresolvedError(f"no parameter {name}")
        return self._values[name]

    def resources(self) -> dict[str, Json]:
        """Return the resources that these values make, evaluated."""
        return {name: self.evaluate(body) for name, body in self._made().items()}

    def made_before(self, name: str) -> set[str]:
        """Return what comes before a resource: it takes values of that, or waits."""
        self._named.clear()
        body = self._made()[name]
        self.evaluate(body)
        first = body.get("DependsOn", [])
        return (
            self._named | {first} if isinstance(first, str) else {*self._named, *first}
        )

    def _made(self) -> dict[str, Json]:
        return {
            name: body
            for name, body in self.document["Resources"].items()
            if "Condition" not in body or self.condition(body["Condition"])
        }

    def broken_rules(self) -> list[str]:
        """Return what ROS says to values that do not go together."""
        return [
            str(assertion.get("AssertDescription", name))
            for name, rule in self.document.get("Rules", {}).items()
            if self.evaluate(rule.get("RuleCondition", True))
            for assertion in rule["Assertions"]
            if not self.evaluate(assertion["Assert"])
        ]

    def outputs(self) -> Json:
        return self.evaluate(self.document.get("Outputs", {}))

    def condition(self, name: str) -> bool:
        conditions = self.document.get("Conditions", {})
        if name not in conditions:
            raise UnresolvedError(f"no condition {name}")
        return bool(self.evaluate(conditions[name]))

    def evaluate(self, node: Json) -> Json:
        """Return a part of the template without Ref, Fn:: and what they leave out."""
        if isinstance(node, list):
            items = [self.evaluate(item) for item in node]
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._call(name, argument)
        fields = {key: self.evaluate(value) for key, value in node.items()}
        return {key: value for key, value in fields.items() if value is not NO_VALUE}

    def _call(self, name: str, argument: Json) -> Json:
        if name == "Ref":
            return NO_VALUE if argument == "ALIYUN::NoValue" else self.value(argument)
        if name == "Fn::Sub":
            return SUBSTITUTION.sub(lambda found: self._part(found[1]), argument)
        if name in {"Fn::Not", "Fn::And", "Fn::Equals"}:
            return self._holds(name, self.evaluate(argument))
        if name == "Fn::Join":
            delimiter, parts = self.evaluate(argument)
            return str(delimiter).join(parts)
        if name == "Fn::If":
            condition, yes, no = argument
            return self.evaluate(yes if self.condition(condition) else no)
        if name == "Fn::GetAtt":
            return self._attribute(*argument)
        raise UnresolvedError(f"unknown function {name}")

    @staticmethod
    def _holds(name: str, argument: Json) -> bool:
        if name == "Fn::Not":
            return not argument
        if name == "Fn::And":
            return all(argument)
        left, right = argument
        return bool(left == right)

    def _part(self, expression: str) -> str:
        resource, _, attribute = expression.partition(".")
        if attribute:
            return self._attribute(resource, attribute)
        return str(self.value(expression))

    def _attribute(self, resource: str, attribute: str) -> str:
        body = self._made().get(resource)
        if body is None:
            raise UnresolvedError(f"no resource {resource}")
        self._named.add(resource)
        if own := OWN_PROPERTIES.get((body["Type"], attribute)):
            return str(self.evaluate(body["Properties"][own]))
        if (body["Type"], attribute) == ("ALIYUN::RAM::Role", "Arn"):
            name = self.evaluate(body["Properties"]["RoleName"])
            return f"acs:ram::{self._place.account_id}:role/{name}"
        if (body["Type"], attribute) == ("Aliyun::Serverless::Service", "ServiceName"):
            return f"{self._place.stack}-{resource}-E522E1B83D81"
        raise UnresolvedError(f"no attribute {attribute} of {resource}")


@dataclass(frozen=True, kw_only=True, slots=True)
class StackKind:
    """What templates for one version of Function Compute have of their own.

    Attributes:
        file: Its name.
        template: The shape of the file.
        resources: The shape of what it makes, evaluated.
        other_code: Parameters that say where another zip is.
        code: Returns where the zip is, as oss://bucket/key.
        needed: Of a resource, those that must come before it.
        service: What the service is called; on 3.0 what functions' names begin with.
        role_name: Of the part `{part}`: function or trigger.
        policy_name: Also of the part ecs; `{bucket}` is that of the images.
    """

    file: str
    fc_version: FcVersion
    template: Schema
    resources: Schema
    other_code: Mapping[str, str]
    code: Callable[[Template], str]
    read_functions: Callable[[Json, Place], dict[str, FunctionSpec]]
    needed: Mapping[str, set[str]]
    service: str
    role_name: str
    policy_name: str
