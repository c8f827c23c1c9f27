"""What a bucket's own policy must not do: open the ledger, or shut out our roles.

Source: "bucket-policy", ossutil documentation, read 2026-11: `put` replaces the whole
policy, so one gets it, edits what must change, and puts it back.
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace

from image_import_cli.doctor.account.facts import (
    AccountFinding,
    BucketFacts,
    Facts,
    Problem,
)
from image_import_cli.doctor.account.needed_roles import (
    needed_ecs_role,
    needed_function_role,
)
from image_import_cli.doctor.checks.fix_commands import (
    POLICY_FILE,
    get_policy,
    private,
    put_policy,
)
from image_import_cli.iam.bucket_policies import (
    PolicyStatement,
    at_home,
    denies,
    keeps_away,
    not_understood,
    opens,
    read_statements,
    role_sessions,
)
from image_import_cli.iam.roles import (
    Grant,
    Json,
    function_role,
    objects,
)

WRITERS = "ledger's writers"


def writers_finding(bucket: BucketFacts, facts: Facts) -> AccountFinding:
    """Return whether others than the function may write to the ledger."""
    if bucket.acl == "public-read-write":
        return AccountFinding(
            check=WRITERS,
            status="fail",
            text=f"anybody may write to {bucket.name}",
            mend=private(bucket),
        )
    if bucket.unseen:
        return AccountFinding(
            check=WRITERS,
            status="unknown",
            text=bucket.unseen,
            mend="Run doctor with keys that may oss:GetBucketPolicy.",
            is_in_words=True,
        )
    if elements := not_understood(bucket.policy):
        text = f"the policy of {bucket.name} has {', '.join(elements)}, which doctor "
        text += "does not read: look who may write to the ledger"
        return AccountFinding(check=WRITERS, status="unknown", text=text)
    statements, ledger = read_statements(bucket.policy), _ledger(facts)
    ours = {facts.names.account_id, _sessions(facts, "function")}
    if opened := opens(statements, ledger, ours=ours):
        return AccountFinding(
            check=WRITERS,
            status="fail",
            text=f"the policy of {bucket.name} lets others write to the ledger: "
            f"{_shown(opened)}",
            mend=_edit(bucket, opened, f"leave {ledger} out of its Resource"),
        )
    if bucket.name == facts.names.image_bucket:
        return _beside_images(bucket, statements, facts)
    return AccountFinding(check=WRITERS, status="ok", text="only those whom RAM allows")


def _beside_images(
    bucket: BucketFacts, statements: list[PolicyStatement], facts: Facts
) -> AccountFinding:
    """Return whether uploaders to the ledger's bucket are kept from the ledger."""
    ledger = _ledger(facts)
    names = facts.names
    separate = "Give the ledger a bucket of its own: --ledger-bucket in the commands, "
    separate += "LEDGER_BUCKET in the function."
    if names.is_ledger_open:
        return AccountFinding(
            check=WRITERS,
            status="fail",
            text=f"whoever may upload under {names.key_prefix!r} could write the "
            f"ledger at {names.ledger_prefix!r} of the same bucket",
            mend=separate,
            is_in_words=True,
        )
    free = [
        uploader
        for uploader in facts.uploaders
        if not keeps_away(statements, uploader, ledger)
    ]
    beside = "the ledger is in the bucket that is uploaded to"
    if not facts.uploaders:
        return AccountFinding(
            check=WRITERS,
            status="warn",
            text=f"{beside}; whether the bucket's policy keeps uploaders away from it "
            "can be told only of those named with --uploader",
            mend=separate,
            is_in_words=True,
        )
    if free:
        deny = {
            "Effect": "Deny",
            "Action": ["oss:PutObject"],
            "Principal": free,
            "Resource": [objects(bucket.name, facts.names.ledger_prefix)],
        }
        return AccountFinding(
            check=WRITERS,
            status="warn",
            text=f"{beside}, and the bucket's policy does not keep "
            f"{' and '.join(free)} away from it",
            mend=f"{_add(bucket, deny)}\n# {separate}",
        )
    text = f"only those whom RAM allows, and not {', '.join(facts.uploaders)}"
    return AccountFinding(check=WRITERS, status="ok", text=text)


def denial_findings(
    check: str, bucket: BucketFacts, facts: Facts
) -> Iterator[AccountFinding]:
    """Yield where a bucket's own policy denies our roles what they need."""
    if elements := not_understood(bucket.policy):
        text = f"the policy of {bucket.name} has {', '.join(elements)}, which doctor "
        text += "does not read: look whether it shuts our roles out"
        yield AccountFinding(check=check, status="unknown", text=text)
    needed = (
        ("function", needed_function_role(facts)),
        ("ecs", needed_ecs_role(facts)),
    )
    for which, role in needed:
        sessions = _sessions(facts, which)
        found = list(
            denies(
                read_statements(bucket.policy),
                _within(role.grants, bucket.name),
                sessions=sessions,
                region_id=facts.names.region_id,
                account_id=facts.names.account_id,
            )
        )
        name = sessions.split("/")[1]
        for is_sure in (True, False):
            statements = {s.number: s for s, _ in found if s.is_sure is is_sure}
            actions = sorted({a for s, a in found if s.is_sure is is_sure})
            if statements:
                yield _denial(check, bucket, name, [*statements.values()], actions)


def _denial(
    check: str,
    bucket: BucketFacts,
    role: str,
    statements: list[PolicyStatement],
    actions: list[str],
) -> AccountFinding:
    what = f"the policy of {bucket.name} denies {role} {', '.join(actions)}"
    shown = _shown(statements)
    if statements[0].is_sure:
        mend = _edit(bucket, statements, f"name in Principal whom to deny, not {role}")
        text = f"{what}: {shown}"
        return AccountFinding(check=check, status="fail", text=text, mend=mend)
    text = f"{what} under a condition, which cannot be tried from here: {shown}"
    return AccountFinding(
        check=check, status="unknown", text=text, is_beyond_reach=True
    )


def _within(grants: tuple[Grant, ...], bucket: str) -> list[Grant]:
    """Return what of the grants is about a bucket or what is in it."""
    place = f"acs:oss:*:*:{bucket}"
    within = []
    for grant in grants:
        here = (r for r in grant.resources if r == place or r.startswith(f"{place}/"))
        if resources := tuple(here):
            within.append(replace(grant, resources=resources))
    return within


def _sessions(facts: Facts, which: str) -> str:
    held, usual = (
        (facts.function_role, function_role(facts.names).name)
        if which == "function"
        else (facts.ecs_role, facts.ecs_role_name)
    )
    name = usual if isinstance(held, Problem) else held.name
    return role_sessions(facts.names.account_id, name)


def _ledger(facts: Facts) -> str:
    names = facts.names
    ledger = objects(names.ledger_bucket, names.ledger_prefix)
    return at_home(ledger, names.region_id, names.account_id)


def _shown(statements: list[PolicyStatement]) -> str:
    return "; ".join(
        f"statement {found.number}, Principal {', '.join(found.principals)}"
        for found in statements
    )


def _edit(bucket: BucketFacts, statements: list[PolicyStatement], how: str) -> str:
    """Return how to change some statements of a policy and leave the others alone."""
    numbers = " and ".join(str(found.number) for found in statements)
    return "\n".join(
        (
            get_policy(bucket),
            f"# in {POLICY_FILE}, statement {numbers}: {how}",
            put_policy(bucket),
        )
    )


def _add(bucket: BucketFacts, statement: Json) -> str:
    """Return the commands that put a bucket's policy with one more statement."""
    held = bucket.policy or {"Version": "1", "Statement": []}
    wanted = {**held, "Statement": [*held.get("Statement", []), statement]}
    text = shlex.quote(json.dumps(wanted, ensure_ascii=False))
    return "\n".join(
        (
            f"printf '%s' {text} > {POLICY_FILE}",
            put_policy(bucket),
        )
    )
