"""The process in which Function Compute runs a Python function, in one file.

`fc_runtime` starts it with the interpreter to be tried (3.10 to 3.12) and speaks
JSON lines with it over two pipes. It needs the standard library alone, imports no
sibling, and does what the vendor's bootstrap does: where it looks for modules, what
it leaves in the environment, how it logs, what becomes of results and exceptions.

Sources:
    "Context", "Error handling", "Environment variables" and "Logging" of the Python
    runtime, Function Compute documentation, read 2026-11; the behaviour of the
    bootstrap for Python 3.6 and 3.9 as found on live instances
    (github.com/cheless/fc-runtime, 2023-09), observed on CPython 3.9 to 3.11.
"""

import base64
import datetime as dt
import decimal
import errno
import importlib.util
import json
import logging
import os
import signal
import sys
import time
import traceback
import types
from collections.abc import Callable
from typing import IO, Any

KEPT_VARIABLES = frozenset(
    f"FC_{name}"
    for name in (
        "ACCOUNT_ID", "FUNCTION_HANDLER", "FUNCTION_MEMORY_SIZE", "FUNCTION_NAME",
        "FUNC_CODE_PATH", "INSTANCE_ID", "QUALIFIER", "REGION", "RUNTIME_VERSION",
        "SERVICE_NAME", "SNAPSHOT_FLAG", "VER_ID",
    )
)  # fmt: skip
MAX_LOG_BYTES = 128 * 1024
EXIT_AT_TIMEOUT = 143
PIPES_VARIABLE = "_FC_PIPES"

# Audit events that change a file, and which of their arguments are paths.
WRITING_EVENTS = {
    "os.chmod": (0,),
    "os.link": (1,),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.utime": (0,),
}
WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

Json = dict[str, Any]
Handler = Callable[..., object]
Outcome = tuple[bool, bytes]


def seal(folder: str) -> None:
    """Make a folder read-only for this process, also where it runs as root."""
    root = os.path.realpath(folder)

    def refuse(path: object) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        real = os.path.realpath(os.fsdecode(path))
        if real == root or real.startswith(root + os.sep):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), os.fsdecode(path))

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and args[2] & WRITING_FLAGS:
            refuse(args[0])
        for position in WRITING_EVENTS.get(event, ()):
            refuse(args[position])

    sys.addaudithook(hook)


class FlushingStream:
    """A text stream that holds nothing back and cuts what is too long."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write at most 128 Ki characters, at once."""
        written = self._stream.write(text[:MAX_LOG_BYTES])
        self._stream.flush()
        return written


class RequestIdFilter(logging.Filter):
    """Adds the ID of the request under way to each record."""

    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.fc_request_id = self.request_id
        return True


class CutFormatter(logging.Formatter):
    """Keeps records as short as the runtime sends them."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line, cut."""
        return super().format(record)[: MAX_LOG_BYTES - 2]


def set_up_logging(level: str) -> RequestIdFilter:
    """Replace the root logger's handlers; return what stamps the request ID."""
    stamp = RequestIdFilter()
    handler = logging.StreamHandler(sys.stdout)
    line = "%(asctime)s.%(msecs)03dZ %(fc_request_id)s [%(levelname)s] %(message)s"
    formatter = CutFormatter(line, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(stamp)
    logging.root.handlers = [handler]
    logging.root.setLevel(level)
    return stamp


def exit_at_sigterm(stamp: RequestIdFilter) -> None:
    """At a time-out say where every thread is, then leave the main thread."""

    def dump_and_exit(_signal: int, _frame: object) -> None:
        logging.root.error("Dumping stack trace after function timeout")
        for thread_id, frame in sys._current_frames().items():  # noqa: SLF001 - no other way to see the other threads
            request = stamp.request_id
            logging.root.error("request id = %s, thread id = %s", request, thread_id)
            logging.root.error(traceback.format_stack(frame))
        sys.exit(EXIT_AT_TIMEOUT)

    signal.signal(signal.SIGTERM, dump_and_exit)


class RoleKeys:
    """Keys of the function's role, good for some hours."""

    def __init__(self, given: Json) -> None:
        self.access_key_id = self.accessKeyId = given["access_key_id"]
        self.access_key_secret = self.accessKeySecret = given["access_key_secret"]
        self.security_token = self.securityToken = given["security_token"]


class RuntimeContext:
    """What a handler gets beside the event; `contract` is the runtime's name."""

    def __init__(self, request: Json, *, contract: str) -> None:
        self.request_id: str = request["request_id"]
        self.account_id: str = request["account_id"]
        self.region: str = request["region"]
        self.logger: logging.Logger | None = None
        self.function = types.SimpleNamespace(**request["function"])
        if contract == "python3.12":
            self._as_on_312(request["service"])
        else:
            self._as_on_310(request)

    def _as_on_310(self, request: Json) -> None:
        """Context of 3.6 to 3.10: keys and a service, and both request ID names."""
        self.requestId = self.request_id
        self.credentials = RoleKeys(request["credentials"])
        self.service = types.SimpleNamespace(**request["service"])
        self.retry_count: str | None = request["retry_count"]
        self.tracing = types.SimpleNamespace(
            span_context=None, jaeger_endpoint=None, span_baggages={}
        )

    def _as_on_312(self, service: Json) -> None:
        """Context of 3.12: no keys, no service; what was the service's moved."""
        self.function.version_id = service["version_id"]
        self.function.qualifier = service["qualifier"]
        self.log_project = service["log_project"]
        self.log_store = service["log_store"]

    def getLogger(self) -> logging.Logger:  # noqa: N802 - the runtime's name
        """Return the logger whose records carry the request ID."""
        return self.logger or logging.getLogger()

    def to_json(self) -> str:
        """Return everything, keys included: never to be logged, as on the cloud."""
        return json.dumps(vars(self), default=vars)


def spell(value: object) -> object:
    """Return what json can write in place of a value that it cannot."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if hasattr(value, "to_json"):
        return value.to_json()
    raise TypeError(f"{value!r} is not JSON serializable")


def to_json(value: object) -> bytes:
    """Return a value as the runtime sends it."""
    return json.dumps(value, default=spell, indent=4, sort_keys=True).encode()


def to_error(kind: str, message: str, trace: list[Any]) -> bytes:
    """Return the answer to a request that failed."""
    answer: Json = {"errorMessage": message, "errorType": kind}
    return to_json({**answer, "stackTrace": trace} if trace else answer)


def load_error(failure: Exception, module: str) -> bytes:
    """Return the answer to a request whose handler's module cannot be loaded."""
    lines = "".join(traceback.format_exception_only(type(failure), failure)).split("\n")
    trace = [text for line in lines if (text := line.replace("^", "").strip())]
    if isinstance(failure, ImportError):
        return to_error(
            "ImportModuleError", f"Unable to import module '{module}'", trace
        )
    if isinstance(failure, SyntaxError):
        return to_error(
            "UserCodeSyntaxError", f"Syntax error in module '{module}'", trace
        )
    if isinstance(failure, ValueError):
        return to_error("InvalidHandleName", f"Invalid handler '{module}'", trace)
    return to_error("UserCodeError", f"Module initialization error: '{failure}'", trace)


def call_error(error: Exception, *, skip_frames: int) -> bytes:
    """Return the answer to a request whose handler raised."""
    frames = traceback.extract_tb(error.__traceback__)[skip_frames:]
    trace = [
        [f'File "{f.filename}"', f"line {f.lineno}", f"in {f.name}", f.line or ""]
        for f in frames
    ]
    return to_error(type(error).__name__, str(error), trace)


def find_module(segment: str, folder: str) -> str:
    """Return the file of a module or package; a folder without __init__ is neither."""
    for name in (f"{segment}/__init__.py", f"{segment}.py", f"{segment}.pyc"):
        if os.path.isfile(path := os.path.join(folder, name)):
            return path
    raise ImportError(f"No module named {segment!r}", name=segment)


def import_module(name: str, code_folder: str) -> types.ModuleType:
    """Import `package.module` or `folder/module` from the code folder alone."""
    if name in sys.modules:
        return sys.modules[name]
    subfolder, _, dotted = name.rpartition("/")
    folder, path = os.path.join(code_folder, subfolder), ""
    for segment in dotted.split("."):
        path = find_module(segment, folder)
        folder = os.path.dirname(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}", name=name)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def call(handler: Handler, *args: object) -> Outcome:
    """Return whether the handler returned, and what is sent for it.

    Only `Exception` is caught: sys.exit() in a handler ends the instance.
    """
    try:
        result = handler(*args)
    except Exception as error:  # noqa: BLE001 - whatever user code raises
        return False, call_error(error, skip_frames=1)
    if isinstance(result, (str, bytes)):
        return True, result.encode() if isinstance(result, str) else result
    try:
        return True, to_json(result)
    except TypeError as error:
        return False, call_error(error, skip_frames=0)


class FcRuntime:
    """One instance: a request in, an answer out, one at a time."""

    def __init__(self, code_folder: str, *, contract: str) -> None:
        self._code_folder = code_folder
        self._contract = contract
        self._handlers: dict[str, Handler] = {}

    def _load(self, handler: str) -> Handler | bytes:
        """Return the handler, or the answer that says why there is none."""
        module_name, dot, function = handler.rpartition(".")
        if not dot:
            return load_error(ValueError("not module.function"), handler)
        try:
            module = import_module(module_name, self._code_folder)
        except Exception as failure:  # noqa: BLE001 - whatever user code raises
            return load_error(failure, module_name)
        found = getattr(module, function, None)
        if found is None:
            text = f"Handler '{function}' is missing on module '{module_name}'"
            return to_error("HandlerNotFound", text, [])
        self._handlers[handler] = found
        return self._handlers[handler]

    def _run(self, request: Json) -> Outcome:
        name = request["function"]["handler"]
        handler = self._handlers.get(name) or self._load(name)
        if isinstance(handler, bytes):
            return False, handler
        context = RuntimeContext(request, contract=self._contract)
        if request["kind"] == "Initialize":
            return call(handler, context)
        return call(handler, base64.b64decode(request["event"]), context)

    def answer(self, request: Json) -> Outcome:
        """Handle one request between its start and end lines in the log."""
        kind, request_id = request["kind"], request["request_id"]
        if self._contract == "python3.12":
            os.environ.update(request["environment"])
        print(f"FC {kind} Start RequestId: {request_id}")
        returned, payload = self._run(request)
        if not returned:
            logging.root.error(payload.decode())
        suffix = "" if returned else ", Error: Unhandled function error"
        print(f"FC {kind} End RequestId: {request_id}{suffix}")
        return returned, payload


def clean_environment() -> None:
    """Delete what the platform told the runtime and functions do not get to see."""
    for name in list(os.environ):
        if name.startswith(("FC_", "_FC_")) and name not in KEPT_VARIABLES:
            del os.environ[name]


def search_path(code_folder: str, layers: list[str] | None) -> list[str]:
    """Return what stands before everything else on sys.path."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    default = [f"/opt/python/lib/python{version}/site-packages", "/opt/python"]
    return [code_folder, *(default if layers is None else layers)]


def set_up(start: Json) -> tuple[FcRuntime, RequestIdFilter]:
    """Make this process what a function finds around itself."""
    code_folder = os.environ["FC_FUNC_CODE_PATH"]
    # In place of the folder of this file, which is on no function's path.
    sys.path[:1] = search_path(code_folder, start["layers"])
    sys.stdout = FlushingStream(sys.stdout)
    sys.stderr = FlushingStream(sys.stderr)
    stamp = set_up_logging(os.environ.get("FC_SERVER_LOG_LEVEL") or "INFO")
    exit_at_sigterm(stamp)
    clean_environment()
    seal(code_folder)
    print("FunctionCompute python3 runtime inited.")
    by_version = "python3.12" if sys.version_info >= (3, 12) else "python3.10"
    return FcRuntime(code_folder, contract=start["contract"] or by_version), stamp


def main() -> None:
    """Serve requests until the pipe is closed."""
    read_fd, write_fd = map(int, os.environ[PIPES_VARIABLE].split(","))
    for descriptor in (read_fd, write_fd):
        os.set_inheritable(descriptor, False)
    with os.fdopen(read_fd, "rb") as requests, os.fdopen(write_fd, "wb") as replies:
        runtime, stamp = set_up(json.loads(requests.readline()))
        for line in requests:
            request = json.loads(line)
            stamp.request_id = request["request_id"]
            returned, payload = runtime.answer(request)
            reply = {
                "returned": returned,
                "payload": base64.b64encode(payload).decode(),
            }
            replies.write(json.dumps(reply).encode() + b"\n")
            replies.flush()


if __name__ == "__main__":
    main()
