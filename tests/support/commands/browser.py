"""Debian's Chromium without a window, driven over the DevTools protocol."""

import base64
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import requests
import websocket
from waiting import PATIENCE_SECONDS

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)

# Text whose colour stands out less than 4.5 to 1 from what is behind it (WCAG 2.1,
# success criterion 1.4.3).
POOR_CONTRASTS = """
(() => {
  const parse = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const channel = (c) => c <= 0.04045 * 255 ? c / 255 / 12.92
    : ((c / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) =>
    0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (node) => {
    const [r, g, b, a = 1] = parse(getComputedStyle(node).backgroundColor);
    return a ? [r, g, b] : behind(node.parentElement);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const poor = [];
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !node.checkVisibility()) continue;
    const pair = [light(parse(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) poor.push([texts.currentNode.data, ratio]);
  }
  return poor;
})()
"""


class Tab:
    """One page of the browser."""

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._connection = connection
        self._numbers = count(1)
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Log"):
            self.command(f"{domain}.enable")
        self.command("Emulation.setScrollbarsHidden", hidden=True)

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return what the browser answers to a command."""
        number = next(self._numbers)
        text = json.dumps({"id": number, "method": method, "params": parameters})
        self._connection.send(text)
        while True:
            said = json.loads(self._connection.recv())
            self._note(said)
            if said.get("id") == number:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result

    def _note(self, said: dict[str, Any]) -> None:
        """Keep what the page complains of: refusals of its policy, too."""
        method, parameters = said.get("method"), said.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"]))
        if method == "Log.entryAdded":
            self.complaints.append(parameters["entry"]["text"])
        if method == "Runtime.consoleAPICalled" and parameters["type"] == "error":
            self.complaints.append(json.dumps(parameters["args"]))

    def open(self, url: str, *, width: int = 1280, dark: bool = False) -> None:
        """Show a page, as wide as a window and in a colour scheme."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])
        self.command("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression, awaited if it is a promise."""
        said = self.command(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Return once an expression is true, or something.

        Meanwhile the page may be loaded anew, and what was asked of the old one fails.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        seen = ""
        while True:
            try:
                if self.evaluate(f"Boolean({expression})"):
                    return
                seen = self.evaluate("document.body?.innerText ?? ''")
            except AssertionError as gone:
                if "navigated or closed" not in str(gone):
                    raise
            assert time.monotonic() < deadline, f"never: {expression}\n{seen}"
            time.sleep(0.05)

    def drop(self, files: list[Path], selector: str) -> None:
        """Drag files over an element and let them go there."""
        x, y = self.evaluate(
            f"(() => {{ const box = document.querySelector({selector!r})"
            ".getBoundingClientRect(); return [box.x + box.width / 2,"
            " box.y + box.height / 2]; })()"
        )
        data = {
            "items": [],
            "files": [str(file) for file in files],
            "dragOperationsMask": 1,
        }
        for kind in ("dragEnter", "dragOver", "drop"):
            self.command("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def press(self, key: str) -> None:
        """Press one key."""
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        text = {"Enter": "\r", " ": " "}.get(key, "")
        told = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        self.command("Input.dispatchKeyEvent", type="keyDown", text=text, **told)
        self.command("Input.dispatchKeyEvent", type="keyUp", **told)

    def screenshot(self) -> bytes:
        """Return the whole page as a PNG."""
        said = self.command(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True
        )
        return base64.b64decode(said["data"])


@contextmanager
def chromium(program: str) -> Iterator[Tab]:
    """Yield the only tab of a browser that knows nothing yet."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            connection = websocket.create_connection(
                _address(Path(profile)),
                timeout=PATIENCE_SECONDS,
                suppress_origin=True,
            )
            try:
                yield Tab(connection)
            finally:
                connection.close()
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _address(profile: Path) -> str:
    """Return where the tab is driven from, once the browser has said its port."""
    port_file = profile / "DevToolsActivePort"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (port_file.exists() and len(port_file.read_text().split()) == 2):
        assert time.monotonic() < deadline, "the browser did not start"
        time.sleep(0.05)
    port = port_file.read_text().split()[0]
    return _first_page(f"http://127.0.0.1:{port}/json/list", deadline)


def _first_page(url: str, deadline: float) -> str:
    while True:
        for target in requests.get(url, timeout=PATIENCE_SECONDS).json():
            if target["type"] == "page":
                return str(target["webSocketDebuggerUrl"])
        assert time.monotonic() < deadline, "the browser has no page"
