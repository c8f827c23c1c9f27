"""Run a Python handler as Function Compute would, with an interpreter of your choice.

::

    with FcFunction(Path("function.zip"), config, interpreter="python3.10") as function:
        invocation = function.invoke(event, credentials=credentials)

The code, a folder or a zip, runs in a process of its own whose environment, module
search path, logging, context and answers are those of the real runtime (the other
half is `fc_bootstrap`). An instance serves one request at a time and is kept for the
next one; after a time-out, an exit or a failed initializer the next request gets a
new one.

Stricter than the cloud: packages of the interpreter and those that the vendor's
runtime brings along are not visible (`layer_paths` may name some), and on the 3.10
contract the keys in the environment stay those of the instance's start, as only the
context is known to carry fresh ones.

Not imitated: limits of memory and disk, HTTP triggers, PreStop and PreFreeze,
concurrent requests in one instance, snapshots, frames around log records.

Source: "Configure environment variables", "Lifecycle hooks for function instances"
and "Error handling", Function Compute documentation, read 2026-11; the texts of
time-outs and exits as users quote them (dyc87112/OpenAIProxy issue 3,
aliyun/fc-go-sdk issue 5 on GitHub). See `fc_bootstrap` for what happens within.
"""

import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
import zipfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from fake_aliyun.fc.runtime.instance import Instance, ProcessAnswer
from fake_aliyun.ram.models import KeyPair

Contract = Literal["python3.10", "python3.12"]

MAX_ENVIRONMENT_BYTES = 4096
LOG_TAIL_BYTES = 4096
ERROR_TYPE = "UnhandledInvocationError"
VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
RESERVED_VARIABLES = frozenset({"accessKeyID", "accessKeySecret", "securityToken"})


def variables(credentials: KeyPair) -> dict[str, str]:
    """Return the environment variables with the keys, FC 2.0's older three included."""
    key_id, secret = credentials.access_key_id, credentials.access_key_secret
    return {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": credentials.security_token,
        "accessKeyID": key_id,
        "accessKeySecret": secret,
        "securityToken": credentials.security_token,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionConfig:
    """A function's settings on Function Compute.

    Attributes:
        environment: Variables of the function; together 4 KB, no reserved names.
        contract: Which runtime's context is given; None goes by the interpreter.
        layer_paths: What stands on sys.path behind the code, in place of /opt/python.
    """

    handler: str
    initializer: str | None = None
    name: str = "importer"
    service_name: str = "image-import"
    memory_mb: int = 512
    timeout_seconds: float = 60
    initialization_timeout_seconds: float = 30
    region_id: str = "cn-hangzhou"
    account_id: str = "1234567890123456"
    log_project: str = "image-import-logs"
    log_store: str = "functions"
    log_level: str = "INFO"
    environment: Mapping[str, str] = field(default_factory=dict)
    contract: Contract | None = None
    layer_paths: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in self.environment:
            if not VARIABLE.fullmatch(name):
                raise ValueError(f"{name!r} is no name for a variable")
            if name.startswith("FC_") or name in RESERVED_VARIABLES:
                raise ValueError(f"the variable {name} is reserved")
        size = sum(len(f"{k}{v}".encode()) for k, v in self.environment.items())
        if size > MAX_ENVIRONMENT_BYTES:
            raise ValueError(f"variables take {size} bytes; all together may take 4096")

    def request(self) -> dict[str, Any]:
        """Return what the context of every request says alike."""
        return {
            "kind": "Invoke",
            "account_id": self.account_id,
            "region": self.region_id,
            "function": {
                "name": self.name,
                "handler": self.handler,
                "memory": self.memory_mb,
                "timeout": f"{self.timeout_seconds:g}",
            },
            "service": {
                "name": self.service_name,
                "log_project": self.log_project,
                "log_store": self.log_store,
                "qualifier": "LATEST",
                "version_id": "",
            },
        }

    def process_environment(
        self, code_folder: Path, credentials: KeyPair
    ) -> dict[str, str]:
        """Return all that the process starts with, before the runtime cleans up."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONIOENCODING": "utf-8:surrogateescape",
            **self.environment,
            **variables(credentials),
            "FC_ACCOUNT_ID": self.account_id,
            "FC_FUNC_CODE_PATH": str(code_folder),
            "FC_FUNCTION_HANDLER": self.handler,
            "FC_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
            "FC_FUNCTION_NAME": self.name,
            "FC_INSTANCE_ID": f"c-{uuid.uuid4().hex[:20]}",
            "FC_QUALIFIER": "LATEST",
            "FC_REGION": self.region_id,
            "FC_RUNTIME_API": "127.0.0.1:9000",
            "FC_SERVER_LOG_LEVEL": self.log_level,
            "FC_SERVICE_NAME": self.service_name,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class HandlerRun:
    """What came of one request.

    Attributes:
        payload: The handler's result, or the error as JSON.
        error_type: The X-Fc-Error-Type header; "" if the handler returned.
        log: All that was printed and logged meanwhile, platform lines included.
        exit_code: Set if the process ended instead of answering; negative: a signal.
    """

    request_id: str
    payload: bytes
    error_type: str
    log: str
    duration_ms: int
    max_memory_mib: float
    exit_code: int | None = None

    @property
    def log_tail(self) -> bytes:
        """What X-Fc-Log-Result carries: the end of the log, in Base64."""
        return base64.b64encode(self.log.encode()[-LOG_TAIL_BYTES:])


@lru_cache
def real_interpreter(name: str) -> str:
    """Return the file behind a name on PATH, behind a link or a version manager's shim.

    A shim asks the caller's environment, which the function's process does not get.
    """
    command = [name, "-c", "import sys; print(sys.executable)"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - the caller's choice of interpreter
    return answer.stdout.strip()


class FcFunction(AbstractContextManager["FcFunction"]):
    """A deployed function: its code, its settings and at most one instance."""

    def __init__(
        self, code: Path, config: FunctionConfig, *, interpreter: str = sys.executable
    ) -> None:
        self._config = config
        self._interpreter = real_interpreter(interpreter)
        self._instance: Instance | None = None
        self._unpacked = Path(tempfile.mkdtemp()) if code.is_file() else None
        if self._unpacked:
            with zipfile.ZipFile(code) as archive:
                archive.extractall(self._unpacked)
        self._code_folder = (self._unpacked or code).resolve()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the instance and remove what was unpacked."""
        self._drop()
        if self._unpacked:
            shutil.rmtree(self._unpacked)

    def invoke(
        self,
        event: bytes,
        *,
        credentials: KeyPair,
        request_id: str | None = None,
        retry_count: int = 0,
    ) -> HandlerRun:
        """Return what came of one event, in a new instance if there is none."""
        request = {
            **self._config.request(),
            "request_id": request_id or str(uuid.uuid4()),
            "credentials": {
                "access_key_id": credentials.access_key_id,
                "access_key_secret": credentials.access_key_secret,
                "security_token": credentials.security_token,
            },
            "environment": variables(credentials),
            "retry_count": str(retry_count),
            "event": base64.b64encode(event).decode(),
        }
        answer, log = self._run(request, credentials)
        return HandlerRun(
            request_id=request["request_id"],
            payload=self._payload(answer),
            error_type="" if answer.returned else ERROR_TYPE,
            log=log.decode("utf-8", "replace"),
            duration_ms=answer.duration_ms,
            max_memory_mib=answer.max_memory_mib,
            exit_code=answer.exit_code,
        )

    def _run(
        self, request: Mapping[str, Any], credentials: KeyPair
    ) -> tuple[ProcessAnswer, bytes]:
        fresh = self._instance is None
        instance = self._instance = self._instance or self._start(credentials)
        failed = self._initialize(instance, request) if fresh else None
        seconds = self._config.timeout_seconds
        answer = failed or instance.ask(request, timeout_seconds=seconds)
        log = instance.new_output()
        if failed or answer.exit_code is not None:
            self._drop()
        return answer, log

    def _start(self, credentials: KeyPair) -> Instance:
        config = self._config
        return Instance(
            self._interpreter,
            code_folder=self._code_folder,
            environment=config.process_environment(self._code_folder, credentials),
            start={"contract": config.contract, "layers": config.layer_paths},
        )

    def _drop(self) -> None:
        if self._instance is not None:
            self._instance.close()
            self._instance = None

    def _initialize(
        self, instance: Instance, request: Mapping[str, Any]
    ) -> ProcessAnswer | None:
        """Return what went wrong with the initializer, if anything did."""
        if self._config.initializer is None:
            return None
        function = {**request["function"], "handler": self._config.initializer}
        answer = instance.ask(
            {**request, "kind": "Initialize", "function": function},
            timeout_seconds=self._config.initialization_timeout_seconds,
        )
        return None if answer.returned else answer

    def _payload(self, answer: ProcessAnswer) -> bytes:
        """Return the answer, or what the platform says of a process without one."""
        if answer.payload is not None:
            return answer.payload
        memory = f"maxMemoryUsage: {answer.max_memory_mib:.2f}MB"
        seconds = f"{self._config.timeout_seconds:g} seconds"
        message = (
            f"Function timed out after {seconds} ({memory})"
            if answer.timed_out
            else "Process exited unexpectedly before completing request "
            f"(duration: {answer.duration_ms}ms, {memory})"
        )
        return json.dumps({"errorMessage": message}).encode()
