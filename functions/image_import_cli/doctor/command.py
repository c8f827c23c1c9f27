"""`image-import doctor`: is everything in place, and if not, what mends it."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import NoReturn

import click
from image_import.aliyun.ecs.auth import Acs3Auth
from image_import.aliyun.ecs.client import Ecs, make_session
from image_import.config.credentials import Credentials, read_credentials
from image_import.config.endpoints import oss_endpoint
from image_import.config.settings import Settings
from image_import.errors import SettingsError
from rich.console import Console

from image_import_cli.doctor import report as doctor_show
from image_import_cli.doctor.account.facts import AccountFinding
from image_import_cli.doctor.account.fc import Fc2Account, Fc3Account, FcAccount
from image_import_cli.doctor.account.oss import OssAccount
from image_import_cli.doctor.account.ram import ENDPOINT as RAM_ENDPOINT
from image_import_cli.doctor.account.ram import RamAccount
from image_import_cli.doctor.account.snapshot import Absent, Account, gather
from image_import_cli.doctor.checks.all import no_keys, run_checks
from image_import_cli.iam.bucket_policies import UPLOADER
from image_import_cli.iam.roles import AfterAvailable, FcVersion, Names, OnAvailable
from image_import_cli.options.credentials import service_options, signed_environment
from image_import_cli.options.names import choice_options, name_options_of_one_place
from image_import_cli.options.settings import checked_settings
from image_import_cli.options.types import checked_endpoint

NOT_ON_APSARA = "how Apsara Stack answers this is not known"


@click.command()
@name_options_of_one_place
@choice_options
@click.option("--object", "object_key", default="", help="Image for the dry run.")
@click.option(
    "--uploader",
    "uploaders",
    multiple=True,
    metavar="UID",
    callback=lambda _ctx, _param, value: checked_uploaders(value),
    help="Who uploads, if the ledger is in the same bucket: the UID of a RAM user, or "
    "arn:sts::UID:assumed-role/NAME/*. May be given more than once.",
)
@click.option(
    "--without-fc",
    is_flag=True,
    help="Imports are run by `sweep` from cron, not by FC.",
)
@click.option(
    "--fc-endpoint",
    default="",
    callback=checked_endpoint,
    help="URL of Function Compute. Default: from --account-id and --region.",
)
@click.option(
    "--ram-endpoint",
    default=RAM_ENDPOINT,
    callback=checked_endpoint,
    show_default=True,
    help="URL of RAM.",
)
@service_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(
    names: Names,
    fc_version: FcVersion,
    on_available: OnAvailable,
    after: AfterAvailable,
    *,
    object_key: str,
    uploaders: tuple[str, ...],
    without_fc: bool,
    fc_endpoint: str,
    ram_endpoint: str,
    as_json: bool,
) -> None:
    """Check an account, before the first upload or after an incident.

    Nothing is changed. Each finding comes with its cause and the command that mends
    it; the exit status is 1 if something must be mended. The keys are those of the
    environment; settings such as IMPORT_TARGET and OSS_ENDPOINT are read there too.

    \b
    Example:
      image-import doctor --image-bucket my-images --ledger-bucket my-ledger \\
        --region cn-hangzhou --account-id 1234567890123456
    """  # noqa: D301 - \b is click's
    if "*" in {names.region_id, names.account_id}:
        raise click.UsageError(
            "doctor looks at one account in one region; give --region and "
            "--account-id, not *"
        )
    settings = checked_settings({**os.environ, "REGION_ID": names.region_id})
    try:
        credentials = read_credentials(None, signed_environment())
    except SettingsError as exc:
        _tell([no_keys(str(exc))], as_json=as_json)
    account = make_account(
        names,
        settings,
        credentials,
        fc_version=fc_version,
        fc_endpoint=fc_endpoint,
        ram_endpoint=ram_endpoint,
    )
    if without_fc:
        account = replace(account, fc=Absent(why="not asked"))
    console = Console(stderr=True)
    with console.status("Looking at") as status:
        facts = gather(
            account,
            names,
            fc_version=fc_version,
            on_available=on_available,
            after=after,
            object_key=object_key,
            uploaders=uploaders,
            role_name=settings.role_name,
            step=lambda text: status.update(f"Looking at {text}"),
        )
    _tell(run_checks(facts, with_fc=not without_fc), as_json=as_json)


def _tell(findings: Sequence[AccountFinding], *, as_json: bool) -> NoReturn:
    """Print what was found, and end with the status that it stands for."""
    if as_json:
        click.echo(json.dumps(doctor_show.as_json(findings), indent=2))
    else:
        doctor_show.show(findings, Console())
    sys.exit(0 if doctor_show.is_in_order(findings) else 1)


def checked_uploaders(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return uploaders that are named as policies of buckets name them."""
    for uploader in given:
        if not UPLOADER.fullmatch(uploader):
            raise click.BadParameter(
                f"{uploader!r} is no UID like 20214760404935 and no role like "
                "arn:sts::UID:assumed-role/NAME/*"
            )
    return given


def make_account(
    names: Names,
    settings: Settings,
    credentials: Credentials,
    *,
    fc_version: FcVersion,
    fc_endpoint: str,
    ram_endpoint: str,
) -> Account:
    """Return the services of an account, as far as they are known there."""
    region_id = names.region_id
    session = make_session(pool_size=1)
    auth = Acs3Auth(
        credentials,
        now=lambda: datetime.now(timezone.utc),
        nonce=lambda: os.urandom(16).hex(),
    )
    oss = OssAccount(
        credentials,
        endpoint=oss_endpoint(settings, region_id),
        region_id=region_id,
        signature_version=settings.target.oss_signature_version,
        addressing=settings.oss_addressing,
    )
    if settings.target.is_apsara_stack:
        absent = Absent(why=NOT_ON_APSARA)
        return Account(oss=oss, ram=absent, fc=absent, import_image=None)
    fc: FcAccount
    if fc_version == "2.0":
        place = f"https://{names.account_id}.{region_id}.fc.aliyuncs.com"
        fc = Fc2Account(
            credentials, endpoint=fc_endpoint or place, service=names.service
        )
    else:
        place = f"https://fcv3.{region_id}.aliyuncs.com"
        fc = Fc3Account(
            session, auth, endpoint=fc_endpoint or place, service=names.service
        )
    return Account(
        oss=oss,
        ram=RamAccount(session, auth, endpoint=ram_endpoint),
        fc=fc,
        import_image=Ecs(session, settings, credentials, region_id).import_image,
    )
