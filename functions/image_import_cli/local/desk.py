"""What `image-import local` sets up, as all of its parts know it."""

from collections.abc import Mapping
from dataclasses import dataclass

from fake_aliyun import FakeAliyun
from image_import.config.settings import Settings

from image_import_cli.local.function import EVENTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """A cloud on this machine with the function on it.

    Attributes:
        environ: What the function's settings were read from.
        url: Where clients reach the cloud; the function asks at its own endpoints.
        bucket: Whose uploads the trigger hears.
    """

    cloud: FakeAliyun
    environ: Mapping[str, str]
    settings: Settings
    url: str
    bucket: str

    @property
    def ledger_bucket(self) -> str:
        """Return the bucket that the ledger is kept in."""
        return self.settings.ledger_bucket or self.bucket

    @property
    def hears_its_ledger(self) -> bool:
        """Return whether the trigger fires on what the function itself writes."""
        prefix = self.settings.ledger_prefix
        return self.ledger_bucket == self.bucket and prefix.startswith(
            self.settings.key_prefix
        )

    def is_ledger(self, bucket: str, object_key: str) -> bool:
        """Return whether an object is one of the function's own notes."""
        prefix = self.settings.ledger_prefix
        return bucket == self.ledger_bucket and object_key.startswith(prefix)

    def why_unheard(self, bucket: str, object_key: str, event_name: str) -> str:
        """Return why the trigger did not fire on an event."""
        prefix = self.settings.key_prefix
        if bucket != self.bucket:
            return f"it is in {bucket}; the trigger listens to {self.bucket}"
        if not object_key.startswith(prefix):
            return f"the trigger listens to keys that begin with {prefix}"
        name = event_name.removeprefix("ObjectCreated:")
        if name == "AppendObject":
            return (
                "the trigger does not listen to AppendObject, since nothing tells when "
                "an object that grows is whole; put it, or upload it in parts"
            )
        return f"the trigger does not listen to {name}"

    def hears(self, bucket: str, object_key: str, event_name: str) -> bool:
        """Return whether the trigger fires on an event."""
        return (
            bucket == self.bucket
            and object_key.startswith(self.settings.key_prefix)
            and f"oss:{event_name}" in EVENTS
        )
