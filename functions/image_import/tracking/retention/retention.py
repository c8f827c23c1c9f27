"""Let older images make room, each change on record in the image's own ledger.

What is in a group, notes under `kept/` tell, so that a run costs what the group has
and not what the ledger has. A note only points at a ledger: whose an image is, and what
may be done with it, that ledger and ECS say.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from image_import.config.settings import Settings
from image_import.errors import (
    EvidenceError,
    ImageImportError,
    ServiceError,
    ServiceRejected,
    ServiceUnavailable,
)
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import LedgerEntry, State, to_json_bytes
from image_import.ledger.layout import (
    DEPRECATED,
    deprecated_note_key,
    deprecated_since,
    group_folder,
    kept_note_key,
)
from image_import.ledger.store import LedgerStore, Overtaken, Snapshot
from image_import.retry import RetryPolicy
from image_import.tracking.retention.decide import Decision, Fate, Judge, RetentionApi
from image_import.tracking.retention.kept import KeptImage, kept_images, replaced

DEPRECATE = {"Status": "Deprecated"}
MOST_DELETED_AT_ONCE = 50
"""Images that one run looks at, so that following imports has its time."""

A_RUN = 300
"""Seconds between two runs, as the tracker is deployed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """Deprecates and deletes images whose ledgers are in one bucket.

    Attributes:
        api: Makes the client of a region.
        region_id: Of images whose ledger names none.
        claim: Random ID of this run; its lines carry it.
        failed: Hears of what is left for the next run.
        change: Hears of each image that is deprecated or deleted, with its ledger.
    """

    settings: Settings
    api: Callable[[str], RetentionApi]
    store: LedgerStore
    clock: OssClock
    retry: RetryPolicy
    region_id: str
    claim: str
    fc_request_id: str
    failed: Callable[[ImageImportError], None]
    change: Callable[[LedgerEntry, Snapshot], None]

    def make_room(self, snapshot: Snapshot, line: LedgerEntry) -> None:
        """Take a new image into its group, and let older ones of it make room.

        Args:
            line: The ledger's word that the image is Available.

        Raises:
            ServiceError: Something was left for the next run.
        """
        for image in self._images(snapshot):
            if image.line.version == line.version and image.deprecated is None:
                self.enter(image)
                images = self._group(image.group)
                older = replaced(images, keep_last=self.settings.keep_last)
                self._retire(older)

    def delete_due(self) -> None:
        """Delete what has been deprecated for long enough.

        Raises:
            ServiceError: Something was left for the next run.
        """
        after = timedelta(days=self.settings.delete_deprecated_after)
        prefix = self.settings.ledger_prefix
        due: list[str] = []
        for item in self.store.list_all(f"{prefix}{DEPRECATED}"):
            since = deprecated_since(item.object_key, prefix=prefix)
            if since is None or self.clock.earliest() - since < after:
                break  # the listing is in the order of time
            due.append(item.object_key)
        turn = in_turn(due, now=self.clock.earliest())
        images = [image for image in self._noted(turn) if image.deprecated]
        self._retire(images)

    def _retire(self, images: Iterable[KeptImage]) -> None:
        """Decide and do it; what could not be asked now is left for the next run."""
        unanswered: list[ServiceError] = []
        decisions = self.decide(images, failed=unanswered.append)
        self.carry_out(decisions)
        for exc in unanswered:
            if isinstance(exc, ServiceUnavailable):
                raise exc
            self.failed(exc)

    def decide(
        self, images: Iterable[KeptImage], *, failed: Callable[[ServiceError], None]
    ) -> list[Decision]:
        """Return what is to be done with images that newer ones replace.

        Args:
            failed: Hears of what could not be asked; such images are kept.
        """
        days = self.settings.delete_deprecated_after
        judge = Judge(
            api=self.api,
            retry=self.retry,
            now=self.clock.earliest(),
            delete_after=timedelta(days=days) if days else None,
            failed=failed,
        )
        return judge.decide(images)

    def carry_out(self, decisions: Iterable[Decision]) -> None:
        """Do what was decided, image by image.

        Raises:
            ServiceError: Something was left for the next run; the rest is done.
        """
        left: ServiceError | None = None
        for _, some in groupby(decisions, lambda d: id(d.image)):
            try:
                self._carry_out(list(some))
            except Overtaken:
                continue  # another run is at this image
            except ServiceError as exc:
                left = exc
        if left is not None:
            raise left

    def _carry_out(self, decisions: Sequence[Decision]) -> None:
        image = decisions[0].image
        snapshot, fates = image.snapshot, []
        for decision in decisions:
            snapshot, fate = self._do(decision, snapshot)
            fates.append(fate)
        if all(fate is Fate.GONE for fate in fates):
            if image.deprecated:
                self._conclude(image, snapshot, State.DELETED, decisions[0].reason)
                self._forget(image)
        elif set(fates) <= {Fate.DEPRECATED, Fate.GONE}:
            if image.deprecated is None:
                reason = "newer images replace it"
                line = self._conclude(image, snapshot, State.DEPRECATED, reason)
                image = replace(image, deprecated=line.at)
            self._move_note(image)

    def _do(self, decision: Decision, snapshot: Snapshot) -> tuple[Snapshot, Fate]:
        """Do one thing in one region, between two lines of the image's ledger."""
        if decision.fate not in {Fate.DEPRECATE, Fate.DELETE}:
            return snapshot, decision.fate
        api, image_id = self.api(decision.region_id), decision.image_id
        snapshot = self._write(snapshot, decision, "begun", decision.reason)
        try:
            if decision.fate is Fate.DEPRECATE:
                self.retry.repeat(lambda: api.modify_image(image_id, DEPRECATE))
            else:
                self.retry.repeat(lambda: api.delete_image(image_id))
        except ServiceRejected as exc:
            self.failed(exc)
            return self._write(snapshot, decision, "failed", str(exc)), Fate.KEEP
        done = Fate.DEPRECATED if decision.fate is Fate.DEPRECATE else Fate.GONE
        return self._write(snapshot, decision, "done", ""), done

    def _conclude(
        self, image: KeptImage, snapshot: Snapshot, state: State, reason: str
    ) -> LedgerEntry:
        line = replace(self._line(image), state=state, reason=reason)
        self.change(line, self.store.write(snapshot, line))
        return line

    def _write(
        self, snapshot: Snapshot, decision: Decision, state: str, reason: str
    ) -> Snapshot:
        line = replace(
            self._line(decision.image),
            step=f"{decision.fate.value} {decision.region_id}",
            step_state=state,
            step_image_id=decision.image_id,
            reason=reason,
        )
        last = snapshot.entries[-1]
        is_said = (last.step, last.step_state, last.reason) == (
            line.step,
            state,
            reason,
        )
        return snapshot if is_said else self.store.write(snapshot, line)

    def _line(self, image: KeptImage) -> LedgerEntry:
        now = self.clock.earliest()
        line = image.line.on_its_image(State.RETIRING, at=now, claim=self.claim)
        return replace(line, fc_request_id=self.fc_request_id)

    def _images(self, snapshot: Snapshot) -> list[KeptImage]:
        return kept_images(snapshot, self.settings, region_id=self.region_id)

    def _group(self, group: str) -> list[KeptImage]:
        """Return the images of a group, those that are deprecated already aside."""
        folder = group_folder(group, prefix=self.settings.ledger_prefix)
        keys = [item.object_key for item in self.store.list_all(folder)]
        found = []
        for image in self._noted(keys):
            if image.deprecated:
                self._move_note(image)
            elif image.group == group:
                found.append(image)
        return found

    def _noted(self, keys: Iterable[str]) -> Iterator[KeptImage]:
        """Yield the images that notes point at; a note of nothing is deleted."""
        prefix = self.settings.ledger_prefix
        for key in keys:
            data = self.store.read_note(key)
            if data is None:
                continue  # another run has deleted it
            try:
                told = _read_note(data)
                snapshot = self.store.read_by_key(told["ledger"], prefix=prefix)
            except EvidenceError as exc:
                self.failed(exc)
                continue
            images = self._images(snapshot) if snapshot else []
            found = [i for i in images if i.line.version == told["version"]]
            if not found:
                self.store.delete_note(key)
            yield from found

    def enter(self, image: KeptImage) -> None:
        """Note that an image belongs to its group."""
        self.store.put_note(self._group_key(image), self._note(image))

    def _move_note(self, image: KeptImage) -> None:
        """Leave the note by which a deprecated image is found when it is due."""
        self.store.put_note(self._deprecated_key(image), self._note(image))
        self.store.delete_note(self._group_key(image))

    def _forget(self, image: KeptImage) -> None:
        self.store.delete_note(self._group_key(image))
        if image.deprecated:
            self.store.delete_note(self._deprecated_key(image))

    def _group_key(self, image: KeptImage) -> str:
        folder = group_folder(image.group, prefix=self.settings.ledger_prefix)
        return kept_note_key(image.ledger_key, image.line.version, folder=folder)

    def _deprecated_key(self, image: KeptImage) -> str:
        return deprecated_note_key(
            image.ledger_key,
            image.line.version,
            since=image.deprecated or self.clock.earliest(),
            prefix=self.settings.ledger_prefix,
        )

    def _note(self, image: KeptImage) -> bytes:
        note = {"ledger": image.ledger_key, "version": image.line.version}
        return to_json_bytes(note)


def in_turn(due: Sequence[str], *, now: datetime) -> Sequence[str]:
    """Return the notes that are this run's to look at.

    Some stay for long, as an instance was made from their image; without turns they
    would keep the others from being looked at.
    """
    if len(due) <= MOST_DELETED_AT_ONCE:
        return due
    first = int(now.timestamp() // A_RUN) * MOST_DELETED_AT_ONCE % len(due)
    return [*due[first:], *due[:first]][:MOST_DELETED_AT_ONCE]


def _read_note(data: bytes) -> dict[str, str]:
    """Return the ledger's key and the version that a note tells.

    Raises:
        EvidenceError: It is none of ours.
    """
    try:
        told = json.loads(data)
        return {name: str(told[name]) for name in ("ledger", "version")}
    except (ValueError, KeyError, TypeError) as exc:
        raise EvidenceError(
            f"a note under kept/ is not one that we write ({exc}); delete it"
        ) from exc
