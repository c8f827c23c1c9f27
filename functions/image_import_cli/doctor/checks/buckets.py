"""What must be so of the buckets of images and of the ledger.

Sources: "ImportImage", ECS API 2014-05-26: encrypted buckets and archived objects are
refused, bucket and image are in one region. Read 2026-11.
"""

from collections.abc import Iterator

from image_import_cli.doctor.account.facts import (
    AccountFinding,
    BucketFacts,
    Facts,
    Problem,
    untold,
)
from image_import_cli.doctor.checks.bucket_policies import (
    denial_findings,
    writers_finding,
)
from image_import_cli.doctor.checks.fix_commands import new_bucket, no_encryption

ARCHIVES = {"Archive", "ColdArchive", "DeepColdArchive"}


def image_bucket_findings(facts: Facts) -> Iterator[AccountFinding]:
    """Yield what is wrong with the bucket that is uploaded to, or that nothing is."""
    name, bucket = facts.names.image_bucket, facts.image_bucket
    if isinstance(bucket, Problem):
        yield _no_bucket("image bucket", name, bucket, facts.names.region_id)
        return
    yield AccountFinding(check="image bucket", status="ok", text=f"{name} exists")
    yield _region("image bucket's region", bucket, facts)
    if bucket.is_described:
        yield from _details(bucket)
    else:
        for check in ("encryption", "storage class", "versioning"):
            yield _not_described(check, bucket)
    yield from denial_findings("image bucket's policy", bucket, facts)


def ledger_findings(facts: Facts) -> Iterator[AccountFinding]:
    """Yield what is wrong with the bucket of the ledger, or that nothing is."""
    names, bucket = facts.names, facts.ledger_bucket
    if isinstance(bucket, Problem):
        yield _no_bucket("ledger bucket", names.ledger_bucket, bucket, names.region_id)
        return
    yield _region("ledger's region", bucket, facts)
    if bucket.is_described:
        yield _ledger_class(bucket)
        yield writers_finding(bucket, facts)
    else:
        yield _not_described("ledger's storage class", bucket)
        yield _not_described("ledger's writers", bucket)
    if bucket.name != names.image_bucket:
        yield from denial_findings("ledger's policy", bucket, facts)


def _ledger_class(bucket: BucketFacts) -> AccountFinding:
    check = "ledger's storage class"
    if bucket.storage_class in ARCHIVES:
        return AccountFinding(
            check=check,
            status="fail",
            text=f"{bucket.name} is {bucket.storage_class}: a ledger that must be "
            "restored before it can be read stops every import",
            mend=_instead(bucket),
        )
    return AccountFinding(check=check, status="ok", text=bucket.storage_class)


def _instead(bucket: BucketFacts) -> str:
    """Return what makes a bucket of a class that can be read at once."""
    name = f"{bucket.name}-standard"
    made = new_bucket(name, bucket.region_id, storage_class="Standard")
    return f"{made}\n# then deploy with it in place of {bucket.name}"


def _not_described(check: str, bucket: BucketFacts) -> AccountFinding:
    """Return what is to be said where OSS told of a bucket's region alone."""
    text = f"{bucket.name} shows it only in its own region, {bucket.region_id}"
    return AccountFinding(
        check=check, status="unknown", text=text, is_beyond_reach=True
    )


def _details(bucket: BucketFacts) -> Iterator[AccountFinding]:
    name = bucket.name
    if bucket.encryption:
        yield AccountFinding(
            check="encryption",
            status="fail",
            text=f"{name} encrypts with {bucket.encryption}; ImportImage refuses it",
            mend=no_encryption(bucket),
        )
    else:
        yield AccountFinding(
            check="encryption", status="ok", text="not encrypted by OSS"
        )
    if bucket.storage_class in ARCHIVES:
        yield AccountFinding(
            check="storage class",
            status="fail",
            text=f"{name} is {bucket.storage_class}: each image would have to be "
            "restored before ECS can read it",
            mend=_instead(bucket),
        )
    else:
        yield AccountFinding(
            check="storage class", status="ok", text=bucket.storage_class
        )
    yield AccountFinding(
        check="versioning",
        status="ok",
        text=f"{bucket.versioning or 'off'}; the ledger works with any",
    )


def _region(check: str, bucket: BucketFacts, facts: Facts) -> AccountFinding:
    wanted = facts.names.region_id
    if bucket.region_id == wanted:
        return AccountFinding(check=check, status="ok", text=wanted)
    return AccountFinding(
        check=check,
        status="fail",
        text=f"{bucket.name} is in {bucket.region_id}, the function in {wanted}; "
        "bucket, function and image are in one region",
        mend=f"Take a bucket in {wanted}, or deploy to {bucket.region_id} and run "
        f"image-import doctor --region {bucket.region_id}.",
        is_in_words=True,
    )


def _no_bucket(
    check: str, name: str, problem: Problem, region_id: str
) -> AccountFinding:
    if problem.is_of_other_region:
        where = "ledger's region" if check == "ledger bucket" else f"{check}'s region"
        return AccountFinding(
            check=where, status="fail", text=problem.what, mend=problem.mend
        )
    if not problem.is_missing:
        return untold(check, problem)
    return AccountFinding(
        check=check,
        status="fail",
        text=f"there is no bucket {name}",
        mend=new_bucket(name, region_id),
    )
