"""One instance of a function: a process, two pipes to it, and what it prints."""

import base64
import json
import os
import re
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fake_aliyun.fc.runtime import bootstrap as fc_bootstrap

# How long a process may go on after SIGTERM. What the cloud grants is not known.
GRACE_SECONDS = 2.0
KIB_PER_MIB = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessAnswer:
    """What came of one request to the process.

    Attributes:
        returned: The handler returned; `payload` is its result.
        payload: Otherwise the error it raised; None if the process ended instead.
        exit_code: Of a process that ended; negative is a signal.
        timed_out: It was ended, since it took too long.
    """

    returned: bool = False
    payload: bytes | None = None
    exit_code: int | None = None
    timed_out: bool = False
    duration_ms: int
    max_memory_mib: float


class Instance:
    """A process that answers requests until it is closed or dies.

    Args:
        environment: The whole environment; nothing is inherited.
        start: What `fc_bootstrap` wants to know first: `contract` and `layers`.
    """

    def __init__(
        self,
        interpreter: str,
        *,
        code_folder: Path,
        environment: Mapping[str, str],
        start: Mapping[str, Any],
    ) -> None:
        with ExitStack() as stack:
            self._log = stack.enter_context(tempfile.TemporaryFile())
            child_reads, parent_writes = os.pipe()
            parent_reads, child_writes = os.pipe()
            self._requests = stack.enter_context(os.fdopen(parent_writes, "wb", 0))
            self._replies = stack.enter_context(os.fdopen(parent_reads, "rb", 0))
            pipes = {fc_bootstrap.PIPES_VARIABLE: f"{child_reads},{child_writes}"}
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the caller's choice of interpreter
                    [interpreter, "-S", "-W", "ignore", fc_bootstrap.__file__],
                    cwd=code_folder,
                    env={**environment, **pipes},
                    stdin=subprocess.DEVNULL,
                    stdout=self._log,
                    stderr=subprocess.STDOUT,
                    pass_fds=(child_reads, child_writes),
                )
            finally:
                os.close(child_reads)
                os.close(child_writes)
            self._open = stack.pop_all()
        self._log_start = 0
        self._send(start)

    def ask(
        self, request: Mapping[str, Any], *, timeout_seconds: float
    ) -> ProcessAnswer:
        """Return the answer to one request, or how the process ended without one."""
        started = time.monotonic()
        self._send(request)
        line = self._read_line(started + timeout_seconds)
        memory_mib = self._peak_memory_mib()
        replied = line is not None and line.endswith(b"\n")
        reply = json.loads(line or b"null") if replied else {}
        return ProcessAnswer(
            returned=reply.get("returned", False),
            payload=base64.b64decode(reply["payload"]) if replied else None,
            exit_code=None if replied else self._end(at_once=line is None),
            timed_out=line is None,
            duration_ms=int((time.monotonic() - started) * 1000),
            max_memory_mib=memory_mib,
        )

    def new_output(self) -> bytes:
        """Return what was printed and logged since the last look."""
        descriptor = self._log.fileno()
        size = os.fstat(descriptor).st_size
        output = os.pread(descriptor, size - self._log_start, self._log_start)
        self._log_start = size
        return output

    def close(self) -> None:
        """End the process if it still runs, by closing what it reads from."""
        with self._open:
            self._requests.close()
            self._end(at_once=False)

    def _send(self, message: Mapping[str, Any]) -> None:
        with suppress(BrokenPipeError):  # the process is gone: reading will say so
            self._requests.write(json.dumps(message).encode() + b"\n")

    def _read_line(self, deadline: float) -> bytes | None:
        """Return a line, less than that if the process ended, None if time is up."""
        received = b""
        poll = select.poll()
        poll.register(self._replies, select.POLLIN)
        while not received.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                return None
            if not (chunk := os.read(self._replies.fileno(), 1 << 16)):
                break
            received += chunk
        return received

    def _peak_memory_mib(self) -> float:
        """Return the most memory the process held so far; 0 once it has ended."""
        with suppress(OSError):
            status = Path(f"/proc/{self._process.pid}/status").read_text("ascii")
            if peak := re.search(r"VmHWM:\s+(\d+) kB", status):
                return int(peak[1]) / KIB_PER_MIB
        return 0.0

    def _end(self, *, at_once: bool) -> int:
        if at_once:
            self._process.terminate()
        try:
            return self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
