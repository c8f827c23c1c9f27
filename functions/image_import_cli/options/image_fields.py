"""`--set-platform` and the like: what a sidecar says, on the command line.

The options follow from the fields that an uploader may set; what they hold is checked
as the function checks a sidecar.
"""

import functools
from collections.abc import Callable
from typing import Any

import click
from image_import.model.image_fields import FEATURE_METADATA, FEATURES, FIELDS

Command = Callable[..., Any]

_FIELDS = {
    f"set_{row.attribute}": row
    for row in FIELDS.values()
    if row.check and not row.is_guarded
}
_FEATURES = {
    f"set_{name.replace('-', '_')}": feature
    for name, feature in FEATURE_METADATA.items()
}


def image_field_options(command: Command) -> Command:
    """Give a command an option for each field; it takes them as `said`, a sidecar."""

    @functools.wraps(command)
    def with_fields(**given: Any) -> Any:  # noqa: ANN401 - what click passes
        said: dict[str, Any] = {
            row.name: value
            for name, row in _FIELDS.items()
            if (value := given.pop(name)) is not None
        }
        features = {
            feature: value
            for name, feature in _FEATURES.items()
            if (value := given.pop(name)) is not None
        }
        tags = given.pop("set_tag")
        if features:
            said["Features"] = features
        if tags:
            said["Tag"] = [{"Key": key, "Value": value} for key, value in tags]
        return command(said=said, **given)

    wrapped: Command = with_fields
    wrapped = click.option(
        "--set-tag",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_read_tags,
        help="A tag of the image; may be given several times.",
    )(wrapped)
    for name, feature in _FEATURES.items():
        wrapped = click.option(
            _option(name), type=click.Choice(FEATURES[feature]), help=_help(feature)
        )(wrapped)
    for name, row in reversed(_FIELDS.items()):
        wrapped = click.option(_option(name), metavar="TEXT", help=_help(row.name))(
            wrapped
        )
    return wrapped


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _help(field: str) -> str:
    return f"The image's {field}, written into its sidecar."


def _read_tags(
    ctx: click.Context, param: click.Parameter, given: tuple[str, ...]
) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in given]
    if lacking := [key for key, equals, _ in pairs if not (key and equals)]:
        said = f"it takes NAME=VALUE, as in team=web, not {lacking[0]!r}"
        raise click.BadParameter(said, ctx=ctx, param=param)
    return [(key, value) for key, _, value in pairs]
