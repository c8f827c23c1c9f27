"""What one call of the function works with, and what outlives it."""

import logging
import math
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from image_import.aliyun.ecs.client import Ecs
from image_import.aliyun.ecs.client import make_session as make_ecs_session
from image_import.aliyun.oss.client import Oss
from image_import.aliyun.oss.client import make_session as make_oss_session
from image_import.config.credentials import Credentials, read_credentials
from image_import.config.endpoints import oss_endpoint
from image_import.config.settings import Settings
from image_import.importing.call import ImportApi
from image_import.model.ownership import NONCE_BYTES
from image_import.model.result import BAD, Result, log_json
from image_import.retry import RetryPolicy

if TYPE_CHECKING:
    from image_import.importing.conversion.jobs import ConversionJob

DEFAULT_TIMEOUT_SECONDS = 120.0
"""Where no context tells the function's time-out."""

LEASE_MARGIN = timedelta(seconds=60)
"""By which a lease outlasts the invocation's hard deadline."""

POOL_SIZE = 56
"""Exchanges at once: a set of 17 disks has up to two reads and a note for each."""

log = logging.getLogger("image_import")


class Clients:
    """Makes clients; keeps connections, never credentials."""

    def __init__(self, *, pool_size: int) -> None:
        self._oss_session = make_oss_session(pool_size)
        self._ecs_session = make_ecs_session(pool_size)

    def oss(
        self,
        settings: Settings,
        credentials: Credentials,
        region_id: str,
        *,
        remaining: Callable[[], float] = lambda: math.inf,
    ) -> Oss:
        """Return OSS of one region.

        Args:
            remaining: Returns the seconds until the function is killed.
        """
        self._oss_session.verify = settings.ca_file or not settings.tls_insecure
        return Oss(
            self._oss_session,
            credentials,
            endpoint=oss_endpoint(settings, region_id),
            region_id=region_id,
            signature_version=settings.target.oss_signature_version,
            addressing=settings.oss_addressing,
            remaining=remaining,
        )

    def ecs(
        self,
        settings: Settings,
        credentials: Credentials,
        region_id: str,
        *,
        remaining: Callable[[], float] = lambda: math.inf,
    ) -> Ecs:
        """Return ECS of one region; `remaining` is as above."""
        session = self._ecs_session
        return Ecs(session, settings, credentials, region_id, remaining=remaining)


class Runtime:
    """What outlives an invocation: connections and threads, never credentials."""

    def __init__(self) -> None:
        self.clients = Clients(pool_size=POOL_SIZE)
        self.pool = ThreadPoolExecutor(POOL_SIZE, thread_name_prefix="exchange")


class Exchanges(Executor):
    """The exchanges of one invocation, on threads that outlive it.

    As a context manager it ends when the last of them has: Function Compute freezes an
    instance between invocations, and what is still on its way then goes on in the next.

    Source: "Function instance lifecycle", Function Compute documentation, read 2026-12.
    """

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._open: set[Future[Any]] = set()

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - Executor's
        """Start one."""
        future = self._threads.submit(*args, **kwargs)
        self._open.add(future)
        future.add_done_callback(self._open.discard)
        return future

    def shutdown(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - Executor's
        """Wait for what has begun; what has not never will."""
        wait([future for future in list(self._open) if not future.cancel()])


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """What one call of the function works with.

    Attributes:
        oss: Makes the OSS client of a region.
        ecs: Makes the ECS client of a region.
        timeout_seconds: Of the function; after that it is killed.
        fc_request_id: Function Compute's ID of this call.
        job: The part of a conversion that it was started for, if it was for one.
        on_call: Is told the parameters of each ImportImage before it is sent.
    """

    settings: Settings
    oss: Callable[[str], Oss]
    ecs: Callable[[str], ImportApi]
    pool: Executor
    timeout_seconds: float
    fc_request_id: str = ""
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = secrets.SystemRandom().random
    new_claim: Callable[[], str] = lambda: secrets.token_hex(8)
    new_nonce: Callable[[], str] = lambda: secrets.token_hex(NONCE_BYTES)
    on_call: Callable[[Mapping[str, str]], None] = lambda _: None
    started: float = field(default_factory=time.monotonic)
    job: "ConversionJob | None" = None

    def remaining(self) -> float:
        """Return the seconds until the function is killed."""
        return self.timeout_seconds - (self.monotonic() - self.started)

    @property
    def lease(self) -> timedelta:
        """How long a claim keeps others out: longer than its holder may run.

        Who converts may run for hours, and claims only when that is done; nothing is
        sent with too little left of a lease.
        """
        asked_for = timedelta(seconds=self.settings.lease_seconds)
        if self.job:
            return asked_for
        needed = timedelta(seconds=self.timeout_seconds) + LEASE_MARGIN
        return max(asked_for, needed)

    @property
    def retry(self) -> RetryPolicy:
        """How an exchange is repeated within this call."""
        return RetryPolicy(
            remaining=self.remaining, sleep=self.sleep, random=self.random
        )


def make_invocation(
    settings: Settings,
    context: object,
    *,
    environ: Mapping[str, str],
    runtime: Runtime,
) -> Invocation:
    """Return what one call works with; credentials are read now, and only now."""
    credentials = read_credentials(getattr(context, "credentials", None), environ)
    seconds, started = _timeout_seconds(context), time.monotonic()
    clients = runtime.clients

    def remaining() -> float:
        return seconds - (time.monotonic() - started)

    return Invocation(
        settings=settings,
        oss=lambda region_id: clients.oss(
            settings, credentials, region_id, remaining=remaining
        ),
        ecs=lambda region_id: clients.ecs(
            settings, credentials, region_id, remaining=remaining
        ),
        pool=Exchanges(runtime.pool),
        timeout_seconds=seconds,
        started=started,
        fc_request_id=str(getattr(context, "request_id", "") or ""),
    )


def prepare_logging(settings: Settings) -> None:
    """Set our level, and keep oss2 from writing headers and signed strings.

    oss2 logs each failed request at INFO, with the answer's StringToSign, and at
    DEBUG the request's headers with the security token. urllib3 writes whole URLs,
    which may be secrets, also where it warns of an odd answer.

    A level is set only where it differs, for that empties the caches of all loggers.
    """
    for name, level in (
        ("image_import", settings.log_level),
        ("oss2", "CRITICAL"),
        ("urllib3", "CRITICAL"),
    ):
        logger = logging.getLogger(name)
        if logging.getLevelName(logger.level) != level:
            logger.setLevel(level)


def log_result(result: Result, fc_request_id: str) -> None:
    """Log the one line of a record or a change."""
    level = logging.WARNING if result.outcome in BAD else logging.INFO
    log.log(level, "%s", log_json(result, fc_request_id=fc_request_id))


def _timeout_seconds(context: object) -> float:
    """Return the function's time-out; the runtime gives it as text."""
    told = getattr(getattr(context, "function", None), "timeout", None)
    try:
        return float(told) if told else DEFAULT_TIMEOUT_SECONDS
    except (TypeError, ValueError):
        return DEFAULT_TIMEOUT_SECONDS
