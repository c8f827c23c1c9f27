"""A terminal of somebody else's: tmux, in which our command runs and is looked at."""

import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from repository import FUNCTIONS, ROOT
from waiting import wait_until

PROMPT = "ready>"
HEIGHT = 220


class Tmux:
    """One screen with a shell on it, on a server of its own."""

    def __init__(self, width: int, environ: Mapping[str, str], home: Path) -> None:
        self._server = f"image-import-{secrets.token_hex(4)}"
        told = {
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": str(FUNCTIONS),
            "PS1": PROMPT,
            "LC_ALL": "C.UTF-8",
            "TERM": "screen",
            **environ,
        }
        settings = [f"{name}={value}" for name, value in told.items()]
        bash = shutil.which("bash") or "bash"
        self._tmux(
            *("new-session", "-d", "-s", "test", "-x", str(width), "-y", str(HEIGHT)),
            shlex.join(["env", "-i", *settings, bash, "--norc", "--noprofile"]),
            cwd=ROOT,
        )

    def close(self) -> None:
        """End the shell, and the server with it."""
        self._tmux("kill-server")

    def type(self, line: str) -> None:
        """Type a line of a command of ours."""
        self.wait_for(lambda text: text.rstrip().endswith(PROMPT))
        if self.screen().strip() != PROMPT:
            self._tmux("send-keys", "-t", "test", "TERM=screen clear", "Enter")
            self.wait_for(lambda text: text.strip() == PROMPT)
        command = f"python -m image_import_cli {line}"
        self._tmux("send-keys", "-t", "test", "-l", command)
        self._tmux("send-keys", "-t", "test", "Enter")

    def press(self, key: str) -> None:
        """Press a key, such as C-c."""
        self._tmux("send-keys", "-t", "test", key)

    def screen(self, *options: str) -> str:
        """Return what is on the screen; `-J` joins lines that the terminal wrapped."""
        return self._tmux("capture-pane", "-p", "-t", "test", *options)

    def lines(self, *options: str) -> list[str]:
        """Return what our command printed, without the command and the prompt."""
        *lines, last = self.screen(*options).rstrip().splitlines()
        assert last.strip() == PROMPT, last
        begun = max(n for n, line in enumerate(lines) if line.startswith(PROMPT))
        return [line.rstrip() for line in lines[begun + 1 :]]

    def result(self) -> list[str]:
        """Return what our command printed, once it has ended."""
        self.wait_for(lambda text: text.rstrip().endswith(f"\n{PROMPT}"))
        return self.lines("-J")

    def wait_for(self, is_there: Callable[[str], bool]) -> None:
        """Return once it is on the screen."""
        wait_until(lambda: is_there(self.screen()))

    def _tmux(self, *arguments: str, cwd: Path | None = None) -> str:
        command = ["tmux", "-L", self._server, "-f", "/dev/null", *arguments]
        run = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=cwd
        )
        return run.stdout
