"""A stage on which several invocations run one exchange at a time.

Each invocation is a thread that stops before every exchange that others can see. A
script says who goes on, whose exchange takes effect without an answer, who is killed
and how time passes; so every interleaving can be played, and played again.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

from image_import.aliyun.ecs.import_response import ImportReply
from image_import.aliyun.oss.client import (
    Listed,
    Listing,
    NotAppendable,
    ObjectMissing,
    ObjectPiece,
    PositionTaken,
)
from image_import.errors import ServiceRejected, ServiceUnavailable
from image_import.importing.call import CALL
from image_import.ledger.entries import State, read_lines
from image_import.model.ownership import ExistingImage

Answer = TypeVar("Answer")
START = datetime(2026, 11, 23, 3, 0, tzinfo=timezone.utc)


class Killed(BaseException):
    """The platform ended the invocation."""


class Inline(Executor):
    """A pool that does at once, in the caller's thread, what it is given."""

    def submit(
        self, fn: Callable[..., Answer], /, *args: Any, **kwargs: Any
    ) -> Future[Answer]:
        future: Future[Answer] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as exc:  # noqa: BLE001 - it is the future's to raise
            future.set_exception(exc)
        return future


@dataclass
class Actor:
    """One invocation on the stage."""

    thread: threading.Thread
    may_go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    is_done: bool = False
    fate: str = "answer"


class Stage:
    """Lets one actor at a time go on by one exchange."""

    def __init__(self) -> None:
        self.now = START
        self.actors: list[Actor] = []
        self._waits = threading.Semaphore(0)
        self._here = threading.local()

    def enter(self, work: Callable[[], None]) -> Actor:
        """Bring an invocation on stage; it stops before its first exchange."""

        def run() -> None:
            self._here.actor = actor
            try:
                work()
            except Killed:
                pass
            finally:
                actor.is_done = True
                self._waits.release()

        actor = Actor(threading.Thread(target=run, daemon=True))
        self.actors.append(actor)
        actor.thread.start()
        self._waits.acquire()
        return actor

    def go(self, actor: Actor, fate: str = "answer") -> None:
        """Let an actor make its next exchange.

        Args:
            actor: Who.
            fate: `answer`; `lost`, the exchange takes effect and the answer does not
                come; `refused`, neither; `killed`, the actor ends before it, and
                `killed-after`, right after its effect.
        """
        actor.fate = fate
        actor.may_go.release()
        self._waits.acquire()

    def living(self) -> list[Actor]:
        return [actor for actor in self.actors if not actor.is_done]

    def exchange(
        self,
        service: str,
        effect: Callable[[], Answer],
        *,
        timeout: timedelta = timedelta.max,
    ) -> Answer:
        """Wait for our turn, then do what the script says.

        Whoever has waited longer than the time-out has not been heard.
        """
        actor = getattr(self._here, "actor", None)
        if actor is None:
            return effect()
        entered = self.now
        self._waits.release()
        actor.may_go.acquire()
        fate, actor.fate = actor.fate, "answer"
        if self.now - entered > timeout:
            raise _no_answer(service, perhaps_done=True)
        if fate == "killed":
            raise Killed
        if fate == "refused":
            raise _no_answer(service, perhaps_done=False)
        answer = effect()
        if fate == "killed-after":
            raise Killed
        if fate == "lost":
            raise _no_answer(service, perhaps_done=True)
        return answer

    def monotonic(self) -> float:
        return (self.now - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def _no_answer(service: str, *, perhaps_done: bool) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"{service}: no answer", service=service, action="", perhaps_done=perhaps_done
    )


class BucketOnStage:
    """OSS in memory; only exchanges under the ledger's prefix take a turn."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.objects: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.appendable: set[str] = set()

    def upload(self, object_key: str, data: bytes, etag: str) -> None:
        self.objects[object_key] = data
        self.etags[object_key] = etag

    def ledger_lines(self, etag: str) -> Sequence[Any]:
        for key, data in self.objects.items():
            if key.endswith(f"/{etag}.jsonl"):
                return read_lines(data)
        return []

    def read_range(self, bucket: str, object_key: str, **said: Any) -> ObjectPiece:
        return self._read(bucket, object_key, said.get("etag", ""))

    def read_tail(self, bucket: str, object_key: str, **said: Any) -> ObjectPiece:
        return self._read(bucket, object_key, said.get("etag", ""))

    def read_whole(self, bucket: str, object_key: str, **said: Any) -> ObjectPiece:
        return self._turn(object_key, lambda: self._read(bucket, object_key, ""))

    def check_etag(self, bucket: str, object_key: str, *, etag: str) -> None:
        self._read(bucket, object_key, etag)

    def append(self, _: str, object_key: str, *, position: int, data: bytes) -> int:
        def effect() -> int:
            held = self.objects.get(object_key, b"")
            if held and object_key not in self.appendable:
                raise NotAppendable("no", service="OSS", action="AppendObject")
            if len(held) != position:
                raise PositionTaken("no", service="OSS", action="AppendObject")
            self.objects[object_key] = held + data
            self.appendable.add(object_key)
            return len(held) + len(data)

        return self._turn(object_key, effect)

    def put(self, _: str, object_key: str, data: bytes) -> None:
        def effect() -> None:
            self.objects[object_key] = data

        self._turn(object_key, effect)

    def delete(self, _: str, object_key: str) -> None:
        def effect() -> None:
            self.objects.pop(object_key, None)

        self._turn(object_key, effect)

    def list_page(self, _: str, prefix: str, **__: Any) -> Listing:
        def effect() -> Listing:
            found = [key for key in sorted(self.objects) if key.startswith(prefix)]
            listed = tuple(
                Listed(
                    object_key=k,
                    etag="",
                    object_size_bytes=0,
                    object_type="",
                    last_modified=self.stage.now,
                )
                for k in found
            )
            return Listing(objects=listed, next_token="", date=self.stage.now)

        return self._turn(prefix, effect)

    def _read(self, _: str, object_key: str, etag: str) -> ObjectPiece:
        data = self.objects.get(object_key)
        if data is None:
            raise ObjectMissing("no", service="OSS", action="GetObject")
        held = self.etags.get(object_key, "")
        assert not etag or etag == held, "no script here overwrites an image"
        return ObjectPiece(
            data=data,
            etag=held,
            object_size_bytes=len(data),
            user_metadata={},
            storage_class="",
            encryption="",
            object_type="",
            date=self.stage.now,
        )

    def _turn(self, object_key: str, effect: Callable[[], Answer]) -> Answer:
        if object_key.startswith(".image-import/"):
            return self.stage.exchange("OSS", effect)
        return effect()


class EcsOnStage:
    """ECS in memory; unless told, it does not mind a name that is taken.

    So whatever keeps an image from being imported twice is the protocol alone: the
    token on public Alibaba Cloud, the look-up where there is no token.
    """

    def __init__(self, stage: Stage, *, token: bool, lookup: bool) -> None:
        self.stage = stage
        self.minds_names = False
        self.timeout = CALL
        self.has_client_token = token
        self.has_lookup = lookup
        self.images: list[tuple[str, Mapping[str, str]]] = []

    def import_image(self, parameters: Mapping[str, str]) -> ImportReply:
        def effect() -> ImportReply:
            token = parameters.get("ClientToken")
            for image_id, earlier in self.images:
                if token and earlier.get("ClientToken") == token:
                    return ImportReply(request_id="r-again", image_id=image_id)
            names = [earlier["ImageName"] for _, earlier in self.images]
            if self.minds_names and parameters["ImageName"] in names:
                raise ServiceRejected(
                    "taken",
                    service="ECS",
                    action="ImportImage",
                    code="InvalidImageName.Duplicated",
                    http_status=400,
                )
            image_id = f"m-{len(self.images) + 1}"
            self.images.append((image_id, dict(parameters)))
            return ImportReply(request_id=f"r-{image_id}", image_id=image_id)

        return self.stage.exchange("ECS", effect, timeout=self.timeout)

    def find_images(self, image_name: str) -> list[ExistingImage]:
        if not self.has_lookup:
            raise ServiceRejected("no look-up", service="ECS", action="DescribeImages")

        def effect() -> list[ExistingImage]:
            return [
                ExistingImage(
                    image_id=image_id,
                    image_name=image_name,
                    status="Waiting",
                    description=parameters["Description"],
                )
                for image_id, parameters in self.images
                if parameters["ImageName"] == image_name
            ]

        return self.stage.exchange("ECS", effect)


def accepted(lines: Sequence[Any]) -> list[Any]:
    return [line for line in lines if line.state is State.SUBMITTED]
