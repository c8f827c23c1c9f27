"""ImportImage, called until it is known what became of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from image_import.aliyun.ecs.import_response import ImportReply
from image_import.aliyun.error_catalogue import explain
from image_import.aliyun.oss.client import ObjectChanged, ObjectMissing
from image_import.errors import ServiceError, ServiceRejected, ServiceUnavailable
from image_import.importing import results
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import LedgerEntry, State
from image_import.model.ownership import ExistingImage
from image_import.retry import RetryPolicy

CALL = timedelta(seconds=45)
"""What must be left of a lease to call ImportImage: its time-outs, and some."""

VISIBLE_AFTER = timedelta(minutes=2)
"""How long an image that ECS has accepted may be missing from DescribeImages."""

TAKEN = {"invalidimagename.duplicated", "imageisimporting"}

OVERWRITTEN = (
    "the object was overwritten or deleted before its import began; the newer upload, "
    "if there is one, has an event of its own"
)


class ImportApi(Protocol):
    """What is asked of ECS here."""

    has_client_token: bool
    has_lookup: bool

    def import_image(self, parameters: Mapping[str, str]) -> ImportReply:
        """Start an import."""

    def find_images(self, image_name: str) -> list[ExistingImage]:
        """Return the images of exactly this name, whatever their status."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallResult:
    """What became of a call, before it is written down.

    Attributes:
        perhaps_started: ECS may have begun an import that we cannot see.
    """

    state: State
    reason: str = ""
    reply: ImportReply | None = None
    error: ServiceError | None = None
    perhaps_started: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Asks ECS for an image, and finds out what came of it where no answer did.

    Attributes:
        check_etag: Returns if the object of a key is still the upload with an ETag.
        on_call: Is told the parameters of each call before it is made.
    """

    ecs: ImportApi
    clock: OssClock
    retry: RetryPolicy
    check_etag: Callable[[str, str], None]
    on_call: Callable[[Mapping[str, str]], None] = field(default=lambda _: None)

    @property
    def has_client_token(self) -> bool:
        """Whether ECS tells a repeated call by its token."""
        return self.ecs.has_client_token

    def call(self, intent: LedgerEntry, *, is_takeover: bool) -> CallResult:
        """Call ImportImage until there is an answer, or no more time for one.

        Args:
            intent: What is sent, as it was written down.
            is_takeover: An earlier holder may have called already.
        """
        return _result_or_doubt(lambda: self._call(intent, is_takeover=is_takeover))

    def look_up(
        self, intent: LedgerEntry, *, asked_at: datetime, otherwise: str
    ) -> CallResult:
        """Find out what became of an intent that is not sent again.

        Args:
            asked_at: When an earlier holder may have called, by OSS's clock.
            otherwise: Why it failed, if ECS shows no image of it.
        """
        is_late = self.clock.earliest() - asked_at > VISIBLE_AFTER
        return _result_or_doubt(
            lambda: self._look_up(intent, otherwise, is_late=is_late)
        )

    def _call(self, intent: LedgerEntry, *, is_takeover: bool) -> CallResult:
        is_lost = is_takeover
        last: ServiceUnavailable | None = None
        for attempt in range(self.retry.attempts):
            if is_lost and not intent.client_token:
                settled = self._look_up_lost(intent, last)
                if settled:
                    return settled
            if ended := self._why_not_now(intent, attempt, is_lost=is_lost):
                return ended
            try:
                return self._import(intent)
            except ServiceRejected as exc:
                return self._rejected(intent, exc, is_lost=is_lost)
            except ServiceUnavailable as exc:
                is_lost = is_lost or exc.perhaps_done
                last = exc
                if not self.retry.pause(attempt, exc):
                    break
        if is_lost and not intent.client_token and not self.ecs.has_lookup:
            return _doubtful(intent, last)
        return CallResult(
            state=State.RETRYING, reason=str(last), error=last, perhaps_started=is_lost
        )

    def _import(self, intent: LedgerEntry) -> CallResult:
        parameters = dict(intent.parameters)
        if intent.client_token:
            parameters["ClientToken"] = intent.client_token
        self.on_call(parameters)
        reply = self.ecs.import_image(parameters)
        return CallResult(state=State.SUBMITTED, reply=reply)

    def _why_not_now(
        self, intent: LedgerEntry, attempt: int, *, is_lost: bool
    ) -> CallResult | None:
        """Return how this ends without another call, None if it may be made."""
        ended = self._check_objects(intent, is_lost=is_lost) if attempt else None
        if ended is None and self.clock.latest() + CALL > (
            intent.lease_until or intent.at
        ):
            return CallResult(
                state=State.RETRYING,
                reason="too little is left of the lease to call ImportImage",
                perhaps_started=is_lost,
            )
        return ended

    def _check_objects(
        self, intent: LedgerEntry, *, is_lost: bool
    ) -> CallResult | None:
        """Look before a repeat whether the objects are still what was examined.

        Returns:
            How this ends if they are not; None if they are.
        """
        try:
            for object_key, etag in intent.disks:
                self.check_etag(object_key, etag)
        except (ObjectMissing, ObjectChanged):
            if is_lost:
                return self._look_up(intent, OVERWRITTEN, is_late=False)
            return CallResult(state=State.FAILED, reason=OVERWRITTEN)
        except ServiceUnavailable as exc:
            return CallResult(
                state=State.RETRYING, reason=str(exc), perhaps_started=is_lost
            )
        return None

    def _look_up_lost(
        self, intent: LedgerEntry, last: ServiceUnavailable | None
    ) -> CallResult | None:
        """Return how a call without an answer ended; None if ECS shows no effect."""
        if not self.ecs.has_lookup:
            return _doubtful(intent, last)
        own = _own(self._images(intent), intent)
        return (
            _adopted(own, "found by its name after an answer was lost") if own else None
        )

    def _look_up(
        self, intent: LedgerEntry, otherwise: str, *, is_late: bool
    ) -> CallResult:
        if not self.ecs.has_lookup:
            return _doubtful(intent, None)
        if own := _own(self._images(intent), intent):
            return _adopted(own, "found by its name; its bytes are gone since")
        if not is_late:
            return _not_visible_yet(intent, None)
        return CallResult(state=State.FAILED, reason=otherwise)

    def _images(self, intent: LedgerEntry) -> list[ExistingImage]:
        return self.retry.repeat(lambda: self.ecs.find_images(intent.image_name))

    def _rejected(
        self, intent: LedgerEntry, exc: ServiceRejected, *, is_lost: bool
    ) -> CallResult:
        if exc.code.lower() in TAKEN:
            return self._name_is_taken(intent, exc, is_lost=is_lost)
        entry = explain("ECS", exc.code, exc.http_status)
        if exc.perhaps_done:
            # Somebody else answered, who may have passed the call on.
            return CallResult(
                state=State.RETRYING,
                reason=results.explained(exc, entry),
                error=exc,
                perhaps_started=True,
            )
        if entry.kind in {"transient", "perhaps-already-done"}:
            return CallResult(
                state=State.RETRYING,
                reason=f"{exc}. {entry.cause}",
                error=exc,
                perhaps_started=entry.kind == "perhaps-already-done",
            )
        return CallResult(
            state=State.FAILED, reason=results.explained(exc, entry), error=exc
        )

    def _name_is_taken(
        self, intent: LedgerEntry, exc: ServiceRejected, *, is_lost: bool
    ) -> CallResult:
        """An image of this name exists: ours from a lost call, or somebody else's."""
        images = self._images(intent) if self.ecs.has_lookup else []
        if own := _own(images, intent):
            return _adopted(own, f"{exc.code}: it was imported before, by this claim")
        if not images and is_lost:
            return _not_visible_yet(intent, exc)
        return CallResult(
            state=State.FAILED,
            reason=_clash(intent, images[0]) if images else _unknown_clash(intent),
            error=exc,
        )


def not_called(exc: ServiceError, *, perhaps_started: bool) -> CallResult:
    """Return the end of a claim that has not come to ask ECS.

    Args:
        perhaps_started: An earlier holder of the claim may have asked. Then this is no
            end for good, whatever was refused: the claim is handed back, so that the
            next delivery finds out.
    """
    ended = results.of_error(exc)
    state = State.RETRYING if perhaps_started else State(ended.outcome.value)
    return CallResult(
        state=state,
        reason=ended.reason,
        error=exc,
        perhaps_started=perhaps_started,
    )


def _own(images: list[ExistingImage], intent: LedgerEntry) -> ExistingImage | None:
    """Return the image that carries the nonce of this claim."""
    return next((image for image in images if intent.proof.holds_for(image)), None)


def _adopted(image: ExistingImage, reason: str) -> CallResult:
    reply = ImportReply(image_id=image.image_id)
    return CallResult(state=State.SUBMITTED, reply=reply, reason=reason)


def _result_or_doubt(act: Callable[[], CallResult]) -> CallResult:
    try:
        return act()
    except ServiceUnavailable as exc:
        return CallResult(
            state=State.RETRYING, reason=str(exc), error=exc, perhaps_started=True
        )


def _doubtful(intent: LedgerEntry, exc: ServiceUnavailable | None) -> CallResult:
    said = str(exc) if exc else "an earlier invocation ended without an outcome"
    return CallResult(
        state=State.FAILED,
        reason=f"perhaps already started: {said}; this service has no look-up to tell, "
        "so it is not sent again. Look for an image named "
        f"{intent.image_name!r} in the console",
        error=exc,
        perhaps_started=True,
    )


def _not_visible_yet(intent: LedgerEntry, exc: ServiceRejected | None) -> CallResult:
    said = f"{exc}. " if exc else ""
    return CallResult(
        state=State.RETRYING,
        reason=f"{said}An earlier call may have had effect, and ECS shows no image "
        f"named {intent.image_name!r} yet",
        error=exc,
        perhaps_started=True,
    )


def _clash(intent: LedgerEntry, other: ExistingImage) -> str:
    source = other.import_object_key or "an unknown object"
    return (
        f"the image name {intent.image_name!r} is held by {other.image_id}, imported "
        f"from {source}, and not by this claim on {intent.disks[0][0]}; give this one "
        "another ImageName, or rename or delete that image"
    )


def _unknown_clash(intent: LedgerEntry) -> str:
    return (
        f"an image named {intent.image_name!r} exists, and nothing here proves whose "
        "it is; look at it in the console, and give this image another ImageName, or "
        "rename or delete that one"
    )
