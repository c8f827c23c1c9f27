"""What is wrong with something that is deployed, and how it is deployed again."""

from dataclasses import dataclass

from image_import_cli.doctor.account.facts import AccountFinding, Facts, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckFault:
    """What is wrong.

    Attributes:
        before: The comment that says what to change before it is deployed again.
    """

    text: str
    status: Status = "fail"
    before: str = ""

    def finding(self, check: str, facts: Facts) -> AccountFinding:
        """Return it with the command that mends it."""
        again = deploy_command(facts)
        mend = f"# {self.before}\n{again}" if self.before else again
        return AccountFinding(
            check=check, status=self.status, text=self.text, mend=mend
        )


def deploy_command(facts: Facts) -> str:
    """Return what deploys again, from a clone; STACK_ID is the stack's.

    On 3.0 nothing shows whether a stack or Serverless Devs made the functions, so both
    are named. my-s.yaml is the copy of s.yaml in which docs/deploy.md keeps a
    deployment's values.
    """
    is_2 = facts.fc_version == "2.0"
    template = "template-fc2.yml" if is_2 else "template.yml"
    stack = (
        f"aliyun ros UpdateStack --RegionId {facts.names.region_id} "
        '--StackId "$STACK_ID" --UsePreviousParameters true '
        f'--TemplateBody "$(cat {template})"'
    )
    return stack if is_2 else f"s deploy -t my-s.yaml -y\n# or, of a stack: {stack}"


def settings_file(facts: Facts) -> str:
    """Return what a setting is changed in."""
    of_stack = "the stack's parameters"
    return of_stack if facts.fc_version == "2.0" else f"my-s.yaml, or {of_stack}"
