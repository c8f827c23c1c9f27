"""One claim: the intent is written, ImportImage is called, the outcome is written.

Room: shell.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from image_import import endings
from image_import.catalogue import explain
from image_import.clock import OssClock
from image_import.errors import ServiceError, ServiceRejected, ServiceUnavailable
from image_import.ledger import Entry, State, to_json_bytes
from image_import.ledger_store import Book, LedgerStore, Overtaken
from image_import.marks import ExistingImage, is_marked
from image_import.open_imports import waits_for_room
from image_import.outcome import Outcome, Result
from image_import.patience import Patience
from image_import.replies import ImportReply
from image_import.version import MARK_LENGTH, ImageVersion

CALL = timedelta(seconds=45)
"""What must be left of a lease to call ImportImage: its time-outs, and some."""

TAKEN = {"invalidimagename.duplicated", "imageisimporting"}


def _nothing() -> None:
    """Stand for what does not have to be waited for."""


class Service(Protocol):
    """What is asked of ECS here."""

    has_client_token: bool
    has_lookup: bool

    def import_image(self, parameters: Mapping[str, str]) -> ImportReply:
        """Start an import."""

    def find_images(self, image_name: str) -> list[ExistingImage]:
        """Return the images of exactly this name, whatever their status."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What became of a call, before it is written down."""

    state: State
    reason: str = ""
    reply: ImportReply | None = None
    error: ServiceError | None = None
    perhaps_started: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitter:
    """Carries claims through, for one record of one invocation.

    Attributes:
        claim: Random ID; every line of this record carries it.
        lease: How long an intent keeps others out; longer than the function may run.
        pool: For exchanges that do not depend on each other.
    """

    ecs: Service
    store: LedgerStore
    clock: OssClock
    patience: Patience
    pool: Executor
    lease: timedelta
    claim: str
    fc_request_id: str = ""
    on_call: Callable[[Mapping[str, str]], None] = field(default=lambda _: None)

    def submit(
        self,
        book: Book,
        intent: Entry,
        *,
        is_takeover: bool,
        beside: Callable[[], None] = _nothing,
    ) -> Result:
        """Claim, call, and write the outcome.

        Args:
            book: The ledger as it was read; nobody may have written since.
            intent: From `new_intent` or `take_over`.
            is_takeover: An earlier holder may have called already.
            beside: Returns when everything stands that must stand before the call.

        Raises:
            Overtaken: Somebody else wrote first; nothing was called.
        """
        return self._carry_out(
            book,
            intent,
            lambda: self._call(intent, is_takeover=is_takeover),
            beside=beside,
            was_held=is_takeover,
        )

    def settle(self, book: Book, intent: Entry) -> Result:
        """Find out how an abandoned claim ended whose bytes are gone by now.

        It cannot be sent again: ECS would read whatever stands at the key today.
        """
        return self._carry_out(
            book, intent, lambda: self._look_up_settled(intent), was_held=True
        )

    def new_intent(
        self,
        version: ImageVersion,
        *,
        image_name: str,
        parameters: Mapping[str, str],
        sidecar_key: str,
    ) -> Entry:
        """Return the line that freezes what will be sent."""
        token = version.client_token(dict(parameters))
        return Entry(
            state=State.INTENT,
            at=self.clock.earliest(),
            claim=self.claim,
            version=version.version_hash,
            disks=version.pairs,
            attempt=version.attempt,
            lease_until=self.clock.latest() + self.lease,
            image_name=image_name,
            client_token=token if self.ecs.has_client_token else "",
            parameters=parameters,
            sidecar_key=sidecar_key,
            fc_request_id=self.fc_request_id,
        )

    def take_over(self, abandoned: Entry) -> Entry:
        """Return the line by which this invocation goes on with another's claim.

        What was frozen stays frozen: a newly planned request could be another one.
        """
        return Entry(
            state=State.INTENT,
            at=self.clock.earliest(),
            claim=self.claim,
            version=abandoned.version,
            disks=abandoned.disks,
            attempt=abandoned.attempt,
            lease_until=self.clock.latest() + self.lease,
            image_name=abandoned.image_name,
            client_token=abandoned.client_token,
            parameters=abandoned.parameters,
            sidecar_key=abandoned.sidecar_key,
            reason=f"takes over from claim {abandoned.claim}",
            fc_request_id=self.fc_request_id,
        )

    def _carry_out(
        self,
        book: Book,
        intent: Entry,
        act: Callable[[], Answer],
        *,
        was_held: bool,
        beside: Callable[[], None] = _nothing,
    ) -> Result:
        """Write the intent, act when all else stands, and write how it ended.

        What cannot be written beside the intent ends it before ECS is asked, and the
        claim is handed back.
        """
        noted = self._start_note(book, intent)
        claimed = self.store.write(book, intent)
        try:
            noted.result()
            beside()
        except ServiceError as exc:
            answer = _not_begun(exc, perhaps_started=was_held)
        else:
            answer = _answer_or_doubt(act)
        return self._conclude(claimed, intent, answer)

    def _start_note(self, book: Book, intent: Entry) -> Future[None]:
        """Start to write the note that an import is under way."""
        key = book.place.open_key(book.etag, self.claim)
        note = {
            "bucket": book.place.bucket,
            "object_key": book.place.object_key,
            "etag": book.etag,
            "image_name": intent.image_name,
            "ledger": book.key,
            "claim": self.claim,
        }
        return self.pool.submit(self.store.put_note, key, to_json_bytes(note))

    def _call(self, intent: Entry, *, is_takeover: bool) -> Answer:
        """Call ImportImage until there is an answer, or no more time for one."""
        is_lost = is_takeover
        last: ServiceUnavailable | None = None
        for attempt in range(self.patience.attempts):
            if is_lost and not intent.client_token:
                settled = self._look_up_lost(intent, last)
                if settled:
                    return settled
            if self.clock.latest() + CALL > (intent.lease_until or intent.at):
                return Answer(
                    state=State.RETRYING,
                    reason="too little is left of the lease to call ImportImage",
                    perhaps_started=is_lost,
                )
            try:
                return self._import(intent)
            except ServiceRejected as exc:
                return self._rejected(intent, exc)
            except ServiceUnavailable as exc:
                is_lost = is_lost or exc.perhaps_done
                last = exc
                if not self.patience.pause(attempt, exc):
                    break
        if is_lost and not intent.client_token and not self.ecs.has_lookup:
            return _doubtful(intent, last)
        return Answer(
            state=State.RETRYING, reason=str(last), error=last, perhaps_started=is_lost
        )

    def _import(self, intent: Entry) -> Answer:
        parameters = dict(intent.parameters)
        if intent.client_token:
            parameters["ClientToken"] = intent.client_token
        self.on_call(parameters)
        reply = self.ecs.import_image(parameters)
        return Answer(state=State.SUBMITTED, reply=reply)

    def _look_up_lost(
        self, intent: Entry, last: ServiceUnavailable | None
    ) -> Answer | None:
        """Return how a call without an answer ended; None if it had no effect."""
        if not self.ecs.has_lookup:
            return _doubtful(intent, last)
        own = self._own(self._images(intent), intent)
        return (
            _adopted(own, "found by its name after an answer was lost") if own else None
        )

    def _look_up_settled(self, intent: Entry) -> Answer:
        if not self.ecs.has_lookup:
            return _doubtful(intent, None)
        own = self._own(self._images(intent), intent)
        if own:
            return _adopted(own, "found by its name; its bytes are gone since")
        return Answer(
            state=State.FAILED,
            reason="the object was overwritten or deleted before its import began; "
            "the newer upload, if there is one, has an event of its own",
        )

    def _images(self, intent: Entry) -> list[ExistingImage]:
        return self.patience.repeat(lambda: self.ecs.find_images(intent.image_name))

    def _own(self, images: list[ExistingImage], intent: Entry) -> ExistingImage | None:
        mark = intent.version[:MARK_LENGTH]
        return next((image for image in images if is_marked(image, mark)), None)

    def _rejected(self, intent: Entry, exc: ServiceRejected) -> Answer:
        if exc.code.lower() in TAKEN:
            return self._name_is_taken(intent, exc)
        entry = explain("ECS", exc.code, exc.http_status)
        if entry.kind in {"transient", "perhaps-already-done"}:
            return Answer(
                state=State.RETRYING,
                reason=f"{exc}. {entry.cause}",
                error=exc,
                perhaps_started=entry.kind == "perhaps-already-done",
            )
        return Answer(
            state=State.FAILED, reason=endings.explained(exc, entry), error=exc
        )

    def _name_is_taken(self, intent: Entry, exc: ServiceRejected) -> Answer:
        """An image of this name exists: ours from a lost call, or somebody else's."""
        images = self._images(intent) if self.ecs.has_lookup else []
        if own := self._own(images, intent):
            return _adopted(own, f"{exc.code}: it was imported before, by this version")
        if images:
            return Answer(
                state=State.FAILED, reason=_clash(intent, images[0]), error=exc
            )
        if intent.version[:MARK_LENGTH] in intent.image_name:
            reason = f"{exc.code}: an image with this version's mark in its name exists"
            reply = ImportReply(request_id=exc.request_id or "")
            return Answer(state=State.SUBMITTED, reply=reply, reason=reason)
        return Answer(
            state=State.FAILED,
            reason=f"an image named {intent.image_name!r} exists and nothing here "
            "tells whose it is; look at it in the console, and give this image another "
            "ImageName if it is not this one",
            error=exc,
        )

    def _conclude(self, book: Book, intent: Entry, answer: Answer) -> Result:
        """Write the outcome where the ledger ends now, and say it."""
        if answer.state is State.FAILED and answer.perhaps_started:
            step = f"; if there is none, delete {book.key} and invoke again"
            answer = replace(answer, reason=answer.reason + step)
        entry = self._outcome_entry(intent, answer)
        try:
            self._write_at_end(book, entry)
            if entry.state is State.FAILED and not waits_for_room(entry):
                self.store.delete_note(book.place.open_key(book.etag, self.claim))
        except ServiceError as exc:
            return _result(intent, entry, unwritten=exc)
        return _result(intent, entry)

    def _write_at_end(self, book: Book, entry: Entry) -> None:
        """Append even behind another's line: what has happened stays true."""
        for _ in range(self.patience.attempts):
            try:
                self.store.write(book, entry)
            except Overtaken as exc:
                book = exc.book
            else:
                return
        self.store.write(book, entry)

    def _outcome_entry(self, intent: Entry, answer: Answer) -> Entry:
        reply = answer.reply or ImportReply()
        error = answer.error
        return Entry(
            state=answer.state,
            at=self.clock.earliest(),
            claim=self.claim,
            version=intent.version,
            disks=intent.disks,
            attempt=intent.attempt,
            image_name=intent.image_name,
            reason=answer.reason,
            error_code=error.code if error else "",
            error_message=str(error) if error else "",
            perhaps_started=answer.perhaps_started,
            ecs_request_id=reply.request_id
            or (error.request_id if error else "")
            or "",
            image_id=reply.image_id or "",
            task_id=reply.task_id or "",
            fc_request_id=self.fc_request_id,
        )


def _adopted(image: ExistingImage, reason: str) -> Answer:
    reply = ImportReply(image_id=image.image_id)
    return Answer(state=State.SUBMITTED, reply=reply, reason=reason)


def _not_begun(exc: ServiceError, *, perhaps_started: bool) -> Answer:
    """Return the answer of a claim that has not come to ask ECS."""
    ended = endings.of_error(exc)
    return Answer(
        state=State(ended.outcome.value),
        reason=ended.reason,
        error=exc,
        perhaps_started=perhaps_started,
    )


def _answer_or_doubt(act: Callable[[], Answer]) -> Answer:
    try:
        return act()
    except ServiceUnavailable as exc:
        return Answer(
            state=State.RETRYING, reason=str(exc), error=exc, perhaps_started=True
        )


def _doubtful(intent: Entry, exc: ServiceUnavailable | None) -> Answer:
    said = str(exc) if exc else "an earlier invocation ended without an outcome"
    return Answer(
        state=State.FAILED,
        reason=f"perhaps already started: {said}; this service has no look-up to tell, "
        "so it is not sent again. Look for an image named "
        f"{intent.image_name!r} in the console",
        error=exc,
        perhaps_started=True,
    )


def _clash(intent: Entry, other: ExistingImage) -> str:
    source = other.import_object_key or "an unknown object"
    return (
        f"the image name {intent.image_name!r} is held by {other.image_id}, imported "
        f"from {source}, which is not this version of {intent.disks[0][0]}; give this "
        "one another ImageName, or rename or delete that image"
    )


def _result(
    intent: Entry, entry: Entry, *, unwritten: ServiceError | None = None
) -> Result:
    reason = entry.reason
    outcome = Outcome(entry.state.value)
    if unwritten:
        outcome = Outcome.RETRYING
        reason = (
            f"ImportImage ended as {entry.state.value!r}, but the ledger could not be "
            f"written: {unwritten}. {entry.reason}".rstrip()
        )
    return Result(
        outcome=outcome,
        reason=reason,
        image_name=entry.image_name,
        ecs_request_id=entry.ecs_request_id,
        image_id=entry.image_id,
        task_id=entry.task_id,
        parameters=intent.parameters,
        error_code=entry.error_code,
        error_message=entry.error_message,
    )
