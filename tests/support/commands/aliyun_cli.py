"""The Aliyun CLI for scripts that are run here: `aliyun ram ...` on a fake account.

What is put on PATH hands its words to this process, where the official SDK's generic
client makes a signed call of them, so that each call costs no start of an SDK.

Source: cli/command.go of github.com/aliyun/aliyun-cli for how refusals are printed,
read 2026-11.
"""

import json
import socketserver
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from calling_ram import Ram, ram_at
from fake_aliyun import FakeAliyun

_PROGRAM = r"""#!/bin/bash
cat >/dev/null
exec 3<>/dev/tcp/127.0.0.1/{port}
printf '%d\n' $# >&3
printf '%s\0' "$@" >&3
read -r status <&3
[ "$status" = 0 ] || exec >&2
cat <&3
exit "$status"
"""
"""It eats its input, as a program may that shares it with the shell that reads it.

It is no Python, as a script makes dozens of calls and each would start one.
"""


class Shell:
    """A shell with `aliyun` on its PATH."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, script: str) -> tuple[int, str, str]:
        """Return exit status, output and errors of a script that sh reads."""
        ran = subprocess.run(
            ["sh"],
            input=script,
            capture_output=True,
            check=False,
            text=True,
            env={"PATH": f"{self._folder}:/usr/bin:/bin"},
        )
        return ran.returncode, ran.stdout, ran.stderr


@contextmanager
def aliyun_at(cloud: FakeAliyun, url: str, folder: Path) -> Iterator[Shell]:
    """Yield a shell whose `aliyun` has the keys of an account.

    Args:
        cloud: Whose account.
        url: Where it is served.
        folder: For the program.
    """
    with socketserver.ThreadingTCPServer(
        ("127.0.0.1", 0), _handler(ram_at(url, cloud.credentials))
    ) as server:
        server.daemon_threads = True
        port = server.server_address[1]
        program = folder / "aliyun"
        program.write_text(_PROGRAM.format(port=port), "utf-8")
        program.chmod(0o755)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield Shell(folder)
        finally:
            server.shutdown()


def _handler(ram: Ram) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            count = int(self.rfile.readline())
            words = [_word(self.rfile) for _ in range(count)]
            status, said = _answer(ram, words)
            self.wfile.write(f"{status}\n{said}\n".encode())

    return Handler


def _word(stream: BufferedIOBase) -> str:
    """Return what comes before the next NUL."""
    return b"".join(iter(lambda: stream.read(1), b"\0")).decode()


def _answer(ram: Ram, words: Sequence[str]) -> tuple[int, str]:
    """Return the exit status of a command, and what it prints."""
    program, action, *options = words
    assert program == "ram"
    names = [word.removeprefix("--") for word in options[::2]]
    try:
        answer = ram(action, **dict(zip(names, options[1::2], strict=True)))
    except AlibabaCloudException as exc:
        return 1, f"ERROR: SDK.ServerError\nErrorCode: {exc.code}\n{exc.message}"
    return 0, json.dumps(answer, indent="\t")
