"""What a row of the table of settings says; the table itself is `settings.Settings`."""

from dataclasses import dataclass, field
from typing import Any

from image_import.config.types import Kind
from image_import.model.targets import TARGETS


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One environment variable.

    Attributes:
        name: Follows from the field's name.
        default: What an unset or empty variable stands for; "" for nothing.
        default_note: What happens then, where `default` does not say it.
        of_target: The field of Target that this setting replaces.
        is_offered: Whether the templates and s.yaml, which are for public Alibaba
            Cloud, let somebody choose it.
    """

    name: str = ""
    kind: Kind
    meaning: str
    default: str
    default_note: str
    of_target: str
    is_offered: bool

    @property
    def allowed(self) -> str:
        """What the variable may hold, in words."""
        return self.kind.allowed

    @property
    def unset(self) -> object:
        """What a variable without text and without default is read as."""
        return None if self.of_target else self.kind.empty

    @property
    def default_text(self) -> str:
        """What an unset variable means, in words."""
        if self.of_target:
            return ", ".join(
                f"{_text(getattr(target, self.of_target))} ({name})"
                for name, target in TARGETS.items()
            )
        return self.default or self.default_note


def setting(  # noqa: PLR0913 - the columns of a table
    kind: Kind,
    *,
    meaning: str,
    default: str = "",
    default_note: str = "",
    of_target: str = "",
    is_offered: bool = True,
    is_secret: bool = False,
) -> Any:  # noqa: ANN401 - as dataclasses.field
    """Return a field of Settings with its row; see `Setting`.

    Args:
        is_secret: Its value may be a secret: no repr shows it.
    """
    row = Setting(
        kind=kind,
        meaning=meaning,
        default=default,
        default_note=default_note,
        of_target=of_target,
        is_offered=is_offered,
    )
    return field(metadata={"row": row}, repr=not is_secret)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return "neither" if value is None else str(value)
