"""How clients in another terminal, or another container, reach the local cloud.

OSS finds the bucket in the path, as only public OSS has a host for each bucket.

Source: "Common options" (-e, -i, -k) and "ossutil 2.0 new features" (--region,
--addressing-style), OSS documentation, read 2026-11.
"""

import shlex

from image_import_cli.local.desk import Desk
from image_import_cli.local.function import ENDPOINTS
from image_import_cli.local.roles import FC_VERSION

EXAMPLE = "web.qcow2"


def ossutil_command(desk: Desk, url: str) -> str:
    """Return a command that uploads an image with ossutil 2.

    Args:
        desk: What it uploads to.
        url: By which the client reaches it.
    """
    keys = desk.cloud.credentials
    target = shlex.quote(f"oss://{desk.bucket}/{desk.settings.key_prefix}")
    return (
        f"ossutil cp {EXAMPLE} {target} \\\n"
        f"  -e {url} --region {desk.cloud.region_id} \\\n"
        f"  -i {keys.access_key_id} -k {keys.access_key_secret} \\\n"
        "  --addressing-style path"
    )


def shell_settings(desk: Desk) -> str:
    """Return what to set in a shell for the commands of `image-import`.

    The function may reach the cloud by another address than they do.
    """
    keys = desk.cloud.credentials
    settings = {
        **desk.environ,
        **dict.fromkeys(sorted(ENDPOINTS & desk.environ.keys()), desk.url),
        "REGION_ID": desk.cloud.region_id,
        "LEDGER_BUCKET": desk.ledger_bucket,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
    }
    lines = [f"export {name}={shlex.quote(v)}" for name, v in settings.items()]
    return "\n".join(lines)


def cli_commands(desk: Desk) -> str:
    """Return what to type once the settings of the shell are made."""
    place = shlex.quote(f"oss://{desk.bucket}/{desk.settings.key_prefix}")
    return (
        f"image-import upload {EXAMPLE} {place} --wait\n"
        f"image-import status {place}\n"
        f"{doctor_command(desk)}"
    )


def doctor_command(desk: Desk) -> str:
    """Return what checks the deployment here, with the settings of the shell."""
    place = ["--image-bucket", desk.bucket, "--key-prefix", desk.settings.key_prefix]
    account_id = desk.cloud.account_id
    return (
        f"image-import doctor --fc {FC_VERSION} --account-id {account_id} \\\n"
        f"  {shlex.join(place)} \\\n"
        f"  --ram-endpoint {desk.url} --fc-endpoint {desk.url}"
    )


def oss2_program(desk: Desk, url: str) -> str:
    """Return a program that does the same with oss2."""
    keys = desk.cloud.credentials
    key = f"{desk.settings.key_prefix}{EXAMPLE}"
    return (
        "import oss2\n"
        f"auth = oss2.AuthV4({keys.access_key_id!r}, {keys.access_key_secret!r})\n"
        "bucket = oss2.Bucket(\n"
        f"    auth, {url!r}, {desk.bucket!r}, region={desk.cloud.region_id!r},\n"
        "    is_path_style=True,\n"
        ")\n"
        f"bucket.put_object_from_file({key!r}, {EXAMPLE!r})"
    )
