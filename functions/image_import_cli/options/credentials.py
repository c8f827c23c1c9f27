"""The credentials of the person at the terminal, found where other tools find them.

In the order of Alibaba Cloud's tools: `--profile`, the environment's keys, an OIDC
token, the profile of `~/.aliyun/config.json`, `~/.alibabacloud/credentials.ini`, the
RAM role of the ECS instance, a credentials URI. Keys in the environment or in a
profile are read here. All else is asked for by `alibabacloud-credentials`, which costs
0.2 s and 22 MB and is therefore an extra. The deployed function knows none of this.

Source: alibabacloud-credentials 1.0.12, `provider/default.py` and
`provider/cli_profile.py`; aliyun-cli, `config/profile.go`; read 2026-12.
"""

import difflib
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from image_import.aliyun.mask import Mask
from image_import.config.credentials import Credentials, read_credentials
from image_import.errors import SettingsError

from image_import_cli.ui.errors import CREDENTIALS_FROM
from image_import_cli.ui.tty import aside

KEY_ID = "ALIBABA_CLOUD_ACCESS_KEY_ID"
KEY_SECRET = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
TOKEN = "ALIBABA_CLOUD_SECURITY_TOKEN"
PROFILE = "ALIBABA_CLOUD_PROFILE"
NO_PROFILES = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED"
OIDC = (
    "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
    "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
    "ALIBABA_CLOUD_ROLE_ARN",
)
WITH_KEYS = {"AK", "StsToken"}
"""Modes of a profile that holds all that is needed."""
EXTRA = "pip install '.[credentials]' in a clone"
GIVE = (
    f"set {KEY_ID} and {KEY_SECRET}, or make a profile with `aliyun configure` and "
    "name it with --profile"
)
_GIVEN = f"{__name__}.profile"
_FOUND = f"{__name__}.found"

Command = TypeVar("Command", bound=Callable[..., Any])
Profile = Mapping[str, Any]


def service_options(command: Command) -> Command:
    """Add `--profile NAME`, for `signed_environment` to find, and `--debug`."""
    debug = click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        callback=_show_requests,
        help="Show each request to a service on standard error, without secrets.",
    )
    profile = click.option(
        "--profile",
        metavar="NAME",
        expose_value=False,
        callback=_keep,
        help=f"Profile of ~/.aliyun/config.json; else {PROFILE}.",
    )
    return profile(debug(command))


def _keep(context: click.Context, _parameter: click.Parameter, name: str) -> None:
    context.meta[_GIVEN] = name or ""


def _show_requests(
    context: click.Context,
    _parameter: click.Parameter,
    is_asked: bool,  # noqa: FBT001 - click's
) -> None:
    """Show requests until the command ends."""
    if not is_asked or context.resilient_parsing:
        return
    from image_import_cli.aliyun.shown_requests import requests_shown  # noqa: PLC0415 - requests is slow to load

    def secrets() -> list[str]:
        environ = context.meta.get(_FOUND, os.environ)
        return [environ.get(name, "") for name in (KEY_ID, KEY_SECRET, TOKEN)]

    context.with_resource(requests_shown(secrets))


def signed_environment() -> Mapping[str, str]:
    """Return the environment with the three variables of the credentials filled in.

    Unless they come from those variables, standard error says where they came from.

    Raises:
        SettingsError: There are none, or what was named does not give any.
    """
    meta = click.get_current_context().meta
    if _FOUND not in meta:
        keys, source = find_credentials(
            os.environ, home=Path.home(), profile=meta.get(_GIVEN, "")
        )
        meta[_FOUND] = {**os.environ, **keys}
        if source:
            meta[CREDENTIALS_FROM] = source
            aside(f"credentials: {source}")
    found: Mapping[str, str] = meta[_FOUND]
    return found


def credentials_at_hand(context: click.Context) -> Credentials | None:
    """Return what variables or a profile with keys give; nothing is asked for them."""
    environ, name = os.environ, context.meta.get(_GIVEN, "")
    if name or not (environ.get(KEY_ID) and environ.get(KEY_SECRET)):
        path = Path.home() / ".aliyun" / "config.json"
        profile = _read_profile(path, name or environ.get(PROFILE, ""))
        if not profile or profile.get("mode", "AK") not in WITH_KEYS:
            return None
        return read_credentials(None, _of_profile(profile, path)[0])
    return read_credentials(None, environ)


def find_credentials(
    environ: Mapping[str, str], *, home: Path, profile: str = ""
) -> tuple[dict[str, str], str]:
    """Return the variables of the credentials, and in words where they came from.

    Args:
        home: Of the user; it holds `.aliyun/config.json`.
        profile: One that was asked for, which goes before the environment's keys.

    Returns:
        The source is "" where the environment's own keys are used.

    Raises:
        SettingsError: There are none.
    """
    if not profile and environ.get(KEY_ID) and environ.get(KEY_SECRET):
        return {}, ""
    has_token_file = all(environ.get(name) for name in OIDC)
    if profile or not (has_token_file or environ.get(NO_PROFILES, "") == "true"):
        path = home / ".aliyun" / "config.json"
        found = _read_profile(path, profile or environ.get(PROFILE, ""))
        if found:
            return _of_profile(found, path)
    return _of_chain(environ)


def _read_profile(path: Path, name: str) -> Profile | None:
    """Return a profile, the current one if none is named.

    Returns:
        None where none is named, and there is no file or no key in the current one:
        `aliyun configure` leaves an empty one behind.
    """
    try:
        said = json.loads(path.read_text("utf-8"))
        profiles = {str(p["name"]): p for p in said["profiles"]}
        current = name or said.get("current", "")
    except FileNotFoundError:
        if not name:
            return None
        raise SettingsError(
            f"profile {name!r} is asked for, but there is no {path}; {GIVE}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise SettingsError(
            f"{path} cannot be read as profiles of aliyun-cli ({type(exc).__name__}); "
            f"repair it with `aliyun configure`, or set {NO_PROFILES}=true"
        ) from exc
    if current in profiles:
        found: Profile = profiles[current]
        is_empty = found.get("mode", "AK") == "AK" and not found.get("access_key_id")
        if not is_empty:
            return found
    if not name:
        return None
    raise SettingsError(_no_such(name, list(profiles), path))


def _no_such(name: str, known: list[str], path: Path) -> str:
    if name in known:
        return f"profile {name!r} of {path} holds no keys; run `aliyun configure`"
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    listed = ", ".join(known) or "none"
    return f"{path} has no profile {name!r}; {meant}It has: {listed}"


def _of_profile(profile: Profile, path: Path) -> tuple[dict[str, str], str]:
    mode = str(profile.get("mode", "AK"))
    source = f"profile {profile['name']} ({mode}) of {path}"
    if mode in WITH_KEYS:
        needed = ["access_key_id", "access_key_secret"]
        needed += ["sts_token"] if mode == "StsToken" else []
        missing = [name for name in needed if not profile.get(name)]
        if missing:
            raise SettingsError(
                f"{source} lacks {' and '.join(missing)}; run `aliyun configure`"
            )
        token = profile["sts_token"] if mode == "StsToken" else ""
        key_id, secret = profile["access_key_id"], profile["access_key_secret"]
        return _variables(key_id, secret, token), source
    make = _sdk(source).CLIProfileCredentialsProvider
    provider = make(profile_name=str(profile["name"]), profile_file=str(path))
    secrets = [str(v) for k, v in profile.items() if _is_secret(k)]
    return _ask(provider, source, Mask(secrets))[0], source


def _is_secret(field: str) -> bool:
    return any(part in field for part in ("key", "secret", "token", "password"))


def _of_chain(environ: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return what the further members of the default chain give."""
    missing = [name for name in (KEY_ID, KEY_SECRET) if not environ.get(name)]
    is_are = "is" if len(missing) == 1 else "are"
    nothing = (
        f"no credentials: {' and '.join(missing)} {is_are} not set, and "
        "~/.aliyun/config.json gives none"
    )
    try:
        make = _sdk("").DefaultCredentialsProvider
    except SettingsError:
        raise SettingsError(
            f"{nothing}; {GIVE}. For the role of an ECS instance or an OIDC token: "
            f"{EXTRA}"
        ) from None
    secrets = [environ.get(name, "") for name in (KEY_ID, KEY_SECRET, TOKEN)]
    try:
        keys, source = _ask(make(), "the default chain", Mask(secrets))
    except SettingsError as exc:
        raise SettingsError(
            f"{nothing}, nor does this machine as an ECS instance; {GIVE}"
        ) from exc
    return keys, f"{source} (found by alibabacloud-credentials)"


def _sdk(what: str) -> Any:  # noqa: ANN401 - a module without types
    """Return the SDK's providers; its import is paid for only where one is needed.

    Raises:
        SettingsError: The extra is not installed.
    """
    try:
        from alibabacloud_credentials import provider  # noqa: PLC0415 - 0.2 s
    except ImportError as exc:
        raise SettingsError(
            f"{what} needs the SDK of credentials; install it: {EXTRA}"
        ) from exc
    # It logs each attempt with a traceback; what it raises says the same.
    logging.getLogger("credentials").setLevel(logging.CRITICAL + 1)
    return provider


def _ask(provider: Any, source: str, mask: Mask) -> tuple[dict[str, str], str]:  # noqa: ANN401 - without types
    """Return what a provider gives, and its name.

    Raises:
        SettingsError: It gives nothing.
    """
    try:
        given = provider.get_credentials()
    except Exception as exc:
        said = mask(str(exc)).strip().rstrip(".")
        raise SettingsError(
            f"{source} gives no credentials: {said}. Check it with `aliyun sts "
            "GetCallerIdentity`"
        ) from exc
    keys = _variables(
        given.get_access_key_id(),
        given.get_access_key_secret(),
        given.get_security_token() or "",
    )
    return keys, str(given.get_provider_name())


def _variables(key_id: str, secret: str, token: str) -> dict[str, str]:
    return {KEY_ID: key_id, KEY_SECRET: secret, TOKEN: token}
