"""How far a sweep has come, so that it can go on after an interruption."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from image_import.config.settings import Settings

SIDECARS, IMAGES = "sidecars", "images"
ROUNDS = (SIDECARS, IMAGES)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a sweep stands: everything up to this key is done.

    Attributes:
        round: Sidecars come first: they tell which images belong together.
    """

    round: str = SIDECARS
    after: str = ""


def default_path(bucket: str, prefix: str, settings: Settings) -> Path:
    """Return where the position of a sweep is kept unless said otherwise.

    Buckets of the same name in other clouds, and other ledgers, have their own.
    """
    place = (
        bucket, prefix, settings.region_id, settings.oss_endpoint,
        settings.ledger_bucket, settings.ledger_prefix,
    )  # fmt: skip
    swept = hashlib.sha256(json.dumps(place).encode()).hexdigest()[:12]
    return Path(click.get_app_dir("image-import")) / f"sweep-{bucket}-{swept}.json"


def load(path: Path) -> Position | None:
    """Return the position in a file, None if there is none.

    Raises:
        click.UsageError: The file holds something else.
    """
    try:
        said = json.loads(path.read_text("utf-8"))
        position = Position(round=said["round"], after=said["after"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise _unusable(path) from exc
    if position.round not in ROUNDS or not isinstance(position.after, str):
        raise _unusable(path)
    return position


def save(path: Path, position: Position) -> None:
    """Write the position, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps(asdict(position), ensure_ascii=False), "utf-8")
    new.replace(path)


def _unusable(path: Path) -> click.UsageError:
    return click.UsageError(
        f"{path} is not the position of a sweep; delete it, or begin with --from-start"
    )
