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

    my-s.yaml is the copy of s.yaml in which docs/deploy.md keeps a deployment's values.
    """
    if facts.fc_version == "3.0":
        return "s deploy -t my-s.yaml -y"
    return (
        f"aliyun ros UpdateStack --RegionId {facts.names.region_id} "
        '--StackId "$STACK_ID" --UsePreviousParameters true '
        '--TemplateBody "$(cat template.yml)"'
    )


def settings_file(facts: Facts) -> str:
    """Return what a setting is changed in."""
    return "my-s.yaml" if facts.fc_version == "3.0" else "the stack's parameters"
