"""A storm: many images, each delivered several times, by processes that get killed.

Every worker is a process that handles one event with the function's own code against
fakes over HTTP. One request in ten fails, in one of many ways, or meets a proxy that
strips, weakens, redirects or answers in the cloud's place; now and then a worker is
killed in the middle. Time runs faster for all of them alike, so that leases end
soon. In the end each image must have been imported exactly once.

    python bench/storm.py [--images 2000] [--processes 16] [--seed N]
"""

import argparse
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))

from fake_aliyun import FakeAliyun, Fault
from fake_aliyun.core.faults import Faults
from fake_aliyun.transport.server import Server
from image_import.config.settings import read_settings
from image_import.importing.pipeline import import_event
from image_import.importing.runtime import Invocation, Runtime, make_invocation
from image_import.model.result import Outcome
from image_import_cli.commands.demo import IMAGE, asset

BUCKET = "images"
HASTE = 10.0
"""How much faster time runs, for the cloud and for the workers alike."""

TIMEOUT_SECONDS = 120
ENDS = {Outcome.SUBMITTED.value, Outcome.DUPLICATE.value}
FAULTS: list[dict[str, Any]] = [
    {"reset": True},
    {"reset": True, "after_effect": True},
    {"code": "InternalError"},
    {"code": "InternalError", "after_effect": True},
    {"code": "ServiceUnavailable"},
    {"cut_at": 3},
    {"html": True},
    {"html": True, "after_effect": True},
    {"html": True, "http_status": 200},
    {"html": True, "http_status": 404},
    {"html": True, "http_status": 412},
    {"html": True, "http_status": 403, "after_effect": True},
    {"proxy": "strips-etag"},
    {"proxy": "weakens-etag"},
    {"proxy": "strips-request-id"},
    {"proxy": "doubles-headers"},
    {"proxy": "gzips"},
    {"proxy": "lengthens"},
    {"proxy": "redirects"},
    {"proxy": "redirects", "after_effect": True},
    {"proxy": "answers"},
    {"proxy": "answers", "after_effect": True},
]
SENT_ELSEWHERE = "Redirected"
"""What a redirected delivery has failed with; a person delivers it again."""
EPOCH = datetime(2026, 11, 23, tzinfo=timezone.utc)


def hasty() -> float:
    """Return seconds on the clock that all processes of this machine share."""
    return time.monotonic() * HASTE


def one_line(event: bytes) -> bytes:
    """Return an event as one line of JSON."""
    return json.dumps(json.loads(event)).encode()


class RandomFaults(Faults):
    """Fails a share of all requests, by a generator of its own."""

    def __init__(self, seed: int, rate: float) -> None:
        super().__init__()
        self._random = random.Random(seed)
        self._rate = rate
        self.count = 0

    def take(self, *, service: str, action: str, key: str) -> Fault | None:
        """Return a fault for one request in so many."""
        if self._random.random() >= self._rate:
            return None
        self.count += 1
        return Fault(**self._random.choice(FAULTS))


@dataclass
class Report:
    """What came of it."""

    seed: int
    images: int
    kill_rate: float
    deliveries: int = 0
    killed: int = 0
    redirected: int = 0
    faults: int = 0
    requests: int = 0
    seconds: float = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    def as_text(self) -> str:
        """Return the report in a line for each fact."""
        return (
            f"seed {self.seed}: {self.images} images, {self.deliveries} deliveries, "
            f"{self.killed} workers killed, {self.redirected} ended as redirected, "
            f"{self.faults} faults in {self.requests} requests, "
            f"{self.seconds:.0f} s: {len(self.lost)} lost, "
            f"{len(self.doubled)} doubled"
        )


def storm(
    *, images: int, processes: int, seed: int, fault_rate: float, kill_rate: float
) -> Report:
    """Play one storm and count what is in ECS afterwards."""
    rng = random.Random(seed)
    report = Report(seed=seed, images=images, kill_rate=kill_rate)
    start = hasty()
    cloud = FakeAliyun(clock=lambda: EPOCH + timedelta(seconds=hasty() - start))
    faults = RandomFaults(seed, fault_rate)
    cloud.faults = faults
    cloud.reset()
    keys = [f"storm/web-{n:05}.qcow2" for n in range(images)]
    for n, key in enumerate(keys):
        cloud.oss.put(BUCKET, key, asset(IMAGE) + n.to_bytes(4, "big"))
    events = {key: one_line(cloud.oss.event(BUCKET, key)) for key in keys}
    todo = [key for key in keys for _ in range(rng.randint(1, 5))]
    rng.shuffle(todo)
    began = time.monotonic()
    with Server(cloud, port=0) as server:
        crowd = Crowd(server.url, cloud, events, report)
        with ThreadPoolExecutor(processes) as pool:
            list(pool.map(crowd.deliver_until_it_ends, todo))
    report.seconds = time.monotonic() - began
    report.faults, report.requests = faults.count, len(cloud.requests)
    sources = Counter(
        image.parameters["DiskDeviceMapping.1.OSSObject"]
        for image in cloud.ecs.images.values()
    )
    report.lost = [key for key in keys if not sources[key]]
    report.doubled = [key for key in keys if sources[key] > 1]
    return report


class Crowd:
    """Hands events to worker processes, as Function Compute would."""

    def __init__(
        self, url: str, cloud: FakeAliyun, events: dict[str, bytes], report: Report
    ) -> None:
        self._url = url
        self._cloud = cloud
        self._events = events
        self._report = report
        self._random = random.Random(report.seed + 1)
        self._lock = threading.Lock()
        self._local = threading.local()

    def deliver_until_it_ends(self, key: str) -> None:
        """Deliver one event, and again as long as its handler raises or dies."""
        for _ in range(40):
            with self._lock:
                self._report.deliveries += 1
                dies = self._random.random() < self._report.kill_rate
                after = self._random.random() * 0.5
            said = self._worker().handle(self._events[key], after if dies else None)
            outcome, _, reason = said.partition("\t") if said else (None, "", "")
            if outcome in ENDS:
                return
            if outcome == Outcome.FAILED.value and SENT_ELSEWHERE in reason:
                with self._lock:
                    self._report.redirected += 1
            elif outcome not in {None, Outcome.RETRYING.value}:
                raise RuntimeError(f"{key} ended as {outcome}: {reason}")
            if outcome is None:
                self._local.worker = None
                with self._lock:
                    self._report.killed += 1
            time.sleep(20 / HASTE)

    def _worker(self) -> "Worker":
        if getattr(self._local, "worker", None) is None:
            self._local.worker = Worker(self._url, self._cloud)
        worker: Worker = self._local.worker
        return worker


class Worker:
    """One process of the function: an instance that serves event after event."""

    def __init__(self, url: str, cloud: FakeAliyun) -> None:
        to_child, from_child = os.pipe(), os.pipe()
        self._pid = os.posix_spawn(
            sys.executable,
            [sys.executable, __file__, "--worker", url],
            {
                **os.environ,
                "ALIBABA_CLOUD_ACCESS_KEY_ID": cloud.credentials.access_key_id,
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET": cloud.credentials.access_key_secret,
            },
            file_actions=[
                (os.POSIX_SPAWN_DUP2, to_child[0], 0),
                (os.POSIX_SPAWN_DUP2, from_child[1], 1),
            ],
        )
        os.close(to_child[0])
        os.close(from_child[1])
        self._to = os.fdopen(to_child[1], "wb")
        self._from = os.fdopen(from_child[0], "rb")

    def handle(self, event: bytes, killed_after: float | None) -> str | None:
        """Return outcome and reason; None if the process was killed on the way."""
        self._to.write(event + b"\n")
        self._to.flush()
        if killed_after is not None:
            time.sleep(killed_after)
            os.kill(self._pid, signal.SIGKILL)
        answer = self._from.readline()
        if killed_after is None and answer:
            return answer.decode().strip()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._to.close()
        self._from.close()
        return None


def work(url: str) -> None:
    """Handle the events on standard input, one per line."""
    runtime = Runtime()
    settings = read_settings(
        {"OSS_ENDPOINT": url, "ECS_ENDPOINT": url, "LEASE_SECONDS": "60"}
    )
    for line in sys.stdin.buffer:
        made = make_invocation(settings, None, environ=os.environ, runtime=runtime)
        invocation = Invocation(
            settings=settings,
            oss=made.oss,
            ecs=made.ecs,
            pool=made.pool,
            timeout_seconds=TIMEOUT_SECONDS,
            monotonic=hasty,
            sleep=lambda seconds: time.sleep(seconds / HASTE),
            started=hasty(),
        )
        results, bugs = import_event(line, invocation)
        if bugs:
            raise bugs[0]
        said = results[0].outcome.value, results[0].reason.replace("\n", " ")
        print(*said, sep="\t", flush=True)


def main() -> int:
    """Play a storm as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(9999)
    )
    parser.add_argument("--fault-rate", type=float, default=0.1)
    parser.add_argument("--kill-rate", type=float, default=0.02)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.worker)
        return 0
    report = storm(
        images=arguments.images,
        processes=arguments.processes,
        seed=arguments.seed,
        fault_rate=arguments.fault_rate,
        kill_rate=arguments.kill_rate,
    )
    print(json.dumps(vars(report)) if arguments.json else report.as_text())
    return int(bool(report.lost or report.doubled))


if __name__ == "__main__":
    sys.exit(main())
