"""One instance of a function, in a process of its own: it measures itself.

    python -S -W ignore bench/instance.py STARTED CODE HANDLER

STARTED is when the parent began to start it, on the clock that both share. Each line
on standard input is an event; the answer is a line of JSON: wall and CPU of the call,
and the wall, CPU and peak memory since the start of the process. Nothing is imported
here that every Python function does not import anyway.
"""

import json
import resource
import sys
import time
from importlib import import_module
from types import SimpleNamespace

KIB_PER_MIB = 1024


def peak_memory_mib():
    """Return the peak of this program; ru_maxrss is at first that of the parent."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - not paid for
        peak = next(line for line in status if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / KIB_PER_MIB


def used():
    """Return seconds of CPU, user and system, that this process took."""
    told = resource.getrusage(resource.RUSAGE_SELF)
    return told.ru_utime + told.ru_stime


def main():
    """Serve until standard input ends."""
    started, code, name, key_id, secret = sys.argv[1:]
    sys.path[:1] = code.split(":")
    module_name, _, function = name.partition(":")
    module = import_module(module_name)
    handler = getattr(module, function)
    if hasattr(module, "initialize"):
        module.initialize(None)
    keys = {"access_key_id": key_id, "access_key_secret": secret, "security_token": ""}
    context = SimpleNamespace(
        credentials=SimpleNamespace(**keys),
        function=SimpleNamespace(timeout="120"),
        request_id="bench",
    )
    for line in sys.stdin.buffer:
        wall, cpu = time.monotonic(), used()
        result = handler(line, context)
        now, total = time.monotonic(), used()
        told = {
            "result": result,
            "wall": now - wall,
            "cpu": total - cpu,
            "since_start": now - float(started),
            "cpu_since_start": total,
            "rss_mib": peak_memory_mib(),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
