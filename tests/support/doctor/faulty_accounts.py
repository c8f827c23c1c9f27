"""Accounts with one thing wrong each, and what the doctor says of it."""

from dataclasses import replace

from account_in_order import (
    BUCKET,
    DAILY,
    FINE,
    FUNCTION,
    LEDGER,
    NAMES,
    NO_ROLE,
    STOPPED,
    TRACKING,
    VARIABLES,
    changed,
    held,
    importer,
    trigger,
)
from image_import_cli.doctor.account.facts import Facts, HeldRole, Problem
from image_import_cli.iam.deployment import OBJECT_CREATED
from image_import_cli.iam.roles import ecs_role, function_role


def with_policy(role: HeldRole | Problem, action: str, resource: str) -> HeldRole:
    assert isinstance(role, HeldRole)
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    document = {"Version": "1", "Statement": [statement]}
    return replace(role, policies=(*role.policies, document))


ELSEWHERE = Problem(
    what="OSS at X is not in cn-hangzhou",
    code="InvalidArgument",
    is_of_other_region=True,
    mend="unset OSS_ENDPOINT",
)
FAILURES: dict[str, tuple[Facts, str, str, str]] = {
    "no keys": (
        changed(image_bucket=Problem(what="bad", code="InvalidAccessKeyId")),
        "credentials",
        "bad",
        "export ALIBABA_CLOUD_ACCESS_KEY_ID",
    ),
    "a clock that is off": (
        changed(skew_seconds=1000.0),
        "clock",
        "1000 s ahead of OSS",
        "timedatectl",
    ),
    "no image bucket": (
        changed(image_bucket=Problem(what="no", code="NoSuchBucket", is_missing=True)),
        "image bucket",
        "there is no bucket my-images",
        "aliyun oss mb oss://my-images --region cn-hangzhou",
    ),
    "an image bucket elsewhere": (
        changed(image_bucket=replace(BUCKET, region_id="cn-shanghai")),
        "image bucket's region",
        "my-images is in cn-shanghai, the function in cn-hangzhou",
        "or deploy to cn-shanghai",
    ),
    "an endpoint elsewhere": (
        changed(image_bucket=ELSEWHERE, ledger_bucket=ELSEWHERE),
        "image bucket's region",
        "not in cn-hangzhou",
        "unset OSS_ENDPOINT",
    ),
    "an endpoint of the ledger elsewhere": (
        changed(ledger_bucket=ELSEWHERE),
        "ledger's region",
        "not in cn-hangzhou",
        "unset OSS_ENDPOINT",
    ),
    "an encrypted bucket": (
        changed(image_bucket=replace(BUCKET, encryption="KMS")),
        "encryption",
        "encrypts with KMS; ImportImage refuses it",
        "aliyun oss bucket-encryption --method delete oss://my-images",
    ),
    "an archive": (
        changed(image_bucket=replace(BUCKET, storage_class="ColdArchive")),
        "storage class",
        "restored",
        "--storage-class Standard",
    ),
    "no ledger bucket": (
        changed(ledger_bucket=Problem(what="no", code="NoSuchBucket", is_missing=True)),
        "ledger bucket",
        "there is no bucket my-ledger",
        "aliyun oss mb oss://my-ledger",
    ),
    "a ledger for everybody": (
        changed(ledger_bucket=replace(LEDGER, acl="public-read-write")),
        "ledger's writers",
        "anybody may write to my-ledger",
        "aliyun oss set-acl oss://my-ledger private -b",
    ),
    "a ledger that its bucket's policy opens": (
        changed(
            ledger_bucket=replace(
                LEDGER,
                policy={
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "oss:*",
                            "Principal": ["20214760404935"],
                            "Resource": "acs:oss:*:*:my-ledger/*",
                        }
                    ]
                },
            )
        ),
        "ledger's writers",
        "lets others write to the ledger: statement 1, Principal 20214760404935",
        "aliyun oss bucket-policy --method get oss://my-ledger policy.json",
    ),
    "an archived ledger": (
        changed(ledger_bucket=replace(LEDGER, storage_class="Archive")),
        "ledger's storage class",
        "a ledger that must be restored",
        "aliyun oss mb oss://my-ledger-standard --storage-class Standard",
    ),
    "a dry run that imports": (
        changed(dry_run=Problem(what="it imports", code="NoDryRun", mend="cancel")),
        "ImportImage",
        "it imports",
        "cancel",
    ),
    "a dry run of an image that is not there": (
        changed(
            object_key="incoming/none.qcow2",
            dry_run=Problem(what="", code="InvalidOSSObject.NotFound"),
        ),
        "ImportImage",
        "ECS finds no oss://my-images/incoming/none.qcow2",
        "with --object",
    ),
    "no function role": (
        changed(function_role=NO_ROLE),
        "function role",
        "there is no role X",
        "aliyun ram CreateRole --RoleName image-import-function",
    ),
    "a function role with too little": (
        changed(function_role=replace(held(function_role(NAMES)), policies=())),
        "function role",
        "may not oss:GetObject on acs:oss:*:*:my-images/incoming/*",
        "aliyun ram CreatePolicy --PolicyName image-import-function",
    ),
    "a trigger role for somebody else": (
        changed(trigger_role=held(function_role(NAMES))),
        "trigger role",
        "does not trust oss.aliyuncs.com",
        "aliyun ram UpdateRole --RoleName image-import-trigger",
    ),
    "no ECS role": (
        changed(ecs_role=NO_ROLE),
        "ECS role",
        "there is no role X",
        "aliyun ram CreateRole --RoleName AliyunECSImageImportDefaultRole",
    ),
    "an ECS role for other images": (
        changed(
            ecs_role=held(ecs_role(replace(NAMES, image_bucket="others"))),
        ),
        "ECS role",
        "may not oss:GetObject on acs:oss:*:*:my-images/incoming/*",
        "aliyun ram CreatePolicy --PolicyName image-import-ecs-my-images",
    ),
    "a function that deletes what it may not": (
        importer(environment={**VARIABLES, "ON_AVAILABLE": "delete"}),
        "function role",
        "may not oss:DeleteObject on acs:oss:*:*:my-images/incoming/*",
        "aliyun ram CreatePolicy --PolicyName image-import-function",
    ),
    "a tracker that tags what it may not": (
        changed(
            tracker=replace(TRACKING, environment={**VARIABLES, "ON_AVAILABLE": "tag"})
        ),
        "function role",
        "may not oss:GetObjectTagging on acs:oss:*:*:my-images/incoming/*",
        "aliyun ram CreatePolicy --PolicyName image-import-function",
    ),
    "a function that copies and may not": (
        importer(environment={**VARIABLES, "COPY_TO_REGIONS": "cn-beijing"}),
        "function role",
        "may not ecs:CopyImage on acs:ecs:cn-hangzhou:1234567890123456:image/*",
        "aliyun ram CreatePolicy --PolicyName image-import-function",
    ),
    "a tracker that tells a queue and may not": (
        changed(
            tracker=replace(
                TRACKING,
                environment={**VARIABLES, "NOTIFY": "mns://1234567890123456/queues/q"},
            )
        ),
        "function role",
        "mns:SendMessage on acs:mns:cn-hangzhou:1234567890123456:/queues/q/",
        "aliyun ram CreatePolicy --PolicyName image-import-function",
    ),
    "an ECS role of another name": (
        changed(
            importer=replace(
                FUNCTION, environment={**VARIABLES, "ROLE_NAME": "my-reader"}
            ),
            ecs_role=NO_ROLE,
            ecs_role_name="my-reader",
        ),
        "ECS role",
        "there is no role X",
        "aliyun ram CreateRole --RoleName my-reader",
    ),
    "ImportImage that is refused": (
        changed(
            dry_run=Problem(
                what="NoSetRoletoECSServiceAcount", code="NoSetRoletoECSServiceAcount"
            )
        ),
        "ImportImage",
        "NoSetRoletoECSServiceAcount",
        "AliyunECSImageImportDefaultRole",
    ),
    "no importer": (
        changed(importer=Problem(what="there is none", is_missing=True)),
        "importer",
        "there is none",
        "s deploy",
    ),
    "another handler": (
        importer(handler="index.handler"),
        "importer",
        "runs index.handler, not image_import.handler.on_object_created",
        "s deploy",
    ),
    "another runtime": (
        importer(runtime="python3.9"),
        "importer",
        "runs on python3.9, not python3.10 or python3.12",
        "s deploy",
    ),
    "no role": (
        importer(role=""),
        "importer",
        "image-import-importer has no role",
        "s deploy",
    ),
    "a function that FC cannot run": (
        importer(state="Failed", state_reason="no such layer"),
        "importer",
        "its state is Failed: no such layer",
        "s deploy",
    ),
    "another queue of failed events": (
        importer(on_failure="acs:mns:cn-hangzhou:1:/queues/others/messages"),
        "importer",
        "sends failed events to acs:mns:cn-hangzhou:1:/queues/others/messages",
        "if --failure-queue image-import-failures is right, write it into my-s.yaml",
    ),
    "another region": (
        importer(environment={**VARIABLES, "REGION_ID": "cn-shanghai"}),
        "importer",
        "has REGION_ID=cn-shanghai, and doctor was given --region cn-hangzhou",
        "s deploy",
    ),
    "a setting that stops the function": (
        importer(environment={**VARIABLES, "SIDECAR": "maybe"}),
        "importer",
        "SIDECAR",
        "s deploy",
    ),
    "a lease that is too short": (
        importer(timeout_seconds=300),
        "importer",
        "a claim must outlive its invocation",
        "LEASE_SECONDS: '360'",
    ),
    "another ledger": (
        importer(environment={**VARIABLES, "LEDGER_BUCKET": "old-ledger"}),
        "importer",
        "has LEDGER_BUCKET=old-ledger, and doctor was given --ledger-bucket my-ledger",
        "s deploy",
    ),
    "no trigger": (importer(triggers=()), "trigger", "no OSS trigger", "s deploy"),
    "a trigger on another bucket": (
        trigger(bucket="other"),
        "trigger",
        "no OSS trigger on the image bucket",
        "s deploy",
    ),
    "a wildcard event": (
        trigger(events=("oss:ObjectCreated:*",)),
        "trigger",
        "each part of an upload",
        "s deploy",
    ),
    "no large uploads": (
        trigger(events=OBJECT_CREATED[:3]),
        "trigger",
        "does not fire for oss:ObjectCreated:CompleteMultipartUpload",
        "s deploy",
    ),
    "another prefix": (
        trigger(prefix="images/"),
        "trigger",
        "fires for 'images/' and not for 'incoming/'",
        "s deploy",
    ),
    "a timer that is off": (
        changed(tracker=STOPPED),
        "timer",
        "nobody follows imports",
        "s deploy",
    ),
}

SAME_BUCKET = replace(NAMES, ledger_bucket="my-images")
DOUBTS: dict[str, tuple[Facts, str, str]] = {
    "a clock that is a little off": (
        changed(skew_seconds=-90.0),
        "clock",
        "90 s behind",
    ),
    "a ledger where uploads go": (
        changed(
            names=SAME_BUCKET,
            ledger_bucket=BUCKET,
            function_role=held(function_role(SAME_BUCKET)),
            importer=replace(
                FUNCTION, environment={**VARIABLES, "LEDGER_BUCKET": "my-images"}
            ),
            tracker=Problem(what="not asked"),
        ),
        "ledger's writers",
        "can be told only of those named with --uploader",
    ),
    "failed events that are lost": (
        importer(on_failure=""),
        "importer",
        "they would be lost",
    ),
    "events that are not tried again": (
        importer(max_retries=0),
        "importer",
        "maxAsyncRetryAttempts of image-import-importer is 0, not 8",
    ),
    "events that are soon too old": (
        importer(max_event_age_seconds=60),
        "importer",
        "maxAsyncEventAgeInSeconds of image-import-importer is 60, not 86400",
    ),
    "retries that are left to a default": (
        importer(max_retries=None),
        "importer",
        "maxAsyncRetryAttempts of image-import-importer is not set",
    ),
    "a function that only plans": (
        importer(environment={**VARIABLES, "DRY_RUN": "true"}),
        "importer",
        "has DRY_RUN=true: it plans, and never imports anything",
    ),
    "a function role that may do anything": (
        changed(function_role=with_policy(FINE.function_role, "*", "*")),
        "function role",
        "image-import-function may more than it needs: * on *",
    ),
    "an ECS role that may write anywhere": (
        changed(
            ecs_role=with_policy(FINE.ecs_role, "oss:*", "acs:oss:*:1234567890123456:*")
        ),
        "ECS role",
        "may more than it needs: oss:* on acs:oss:*:1234567890123456:*",
    ),
    "no log": (importer(log_project=""), "importer", "keeps no log"),
    "another log": (
        importer(log_store="others"),
        "importer",
        "logs to image-import/others, and doctor was given --log-project image-import",
    ),
    "a time-out that is too short": (
        importer(timeout_seconds=3),
        "importer",
        "the time-out of image-import-importer is 3 s",
    ),
    "a trigger on the whole bucket": (
        trigger(prefix=""),
        "trigger",
        "fires for '', and only 'incoming/' is imported",
    ),
    "a timer that runs once a day": (
        changed(tracker=DAILY),
        "timer",
        "the timer runs at '@every 24h', not in every hour",
    ),
    "a tracker with a role of its own": (
        changed(tracker=replace(TRACKING, role="acs:ram::1:role/another")),
        "tracker",
        "image-import-tracker has the role acs:ram::1:role/another; it is acs:ram::",
    ),
    "a suffix": (trigger(suffix=".qcow2"), "trigger", "sidecars"),
}
