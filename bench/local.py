"""How fast `image-import local` is up, and what many uploads at once do to it.

    python bench/local.py [--starts 5] [--uploads 500] [--clients 8]

Each start is a process of its own, timed from its launch to its page's first byte.
The uploads go to another one, from clients with a session each, while two pages look
on; every one of them must end as an image.
"""

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import oss2
import requests

FUNCTIONS = Path(__file__).parent.parent / "functions"
IMAGE = FUNCTIONS / "image_import_cli/assets/noble-server-cloudimg-amd64.img"
AUTH = oss2.AuthV4("fake-access-key-id", "fake-access-key-secret")
HTML = {"Accept": "text/html"}


@contextmanager
def local() -> Iterator[str]:
    """Yield the URL of a desk of its own."""
    command = [sys.executable, "-m", "image_import_cli", "local"]
    process = subprocess.Popen(
        [*command, "--import-seconds", "1"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=FUNCTIONS,
    )
    with process:
        assert process.stdout
        url = process.stdout.readline().strip()
        threading.Thread(target=process.stdout.read, daemon=True).start()
        try:
            yield url
        finally:
            process.kill()


def start_seconds() -> float:
    """Return how long one start takes, to the page's last byte."""
    began = time.monotonic()
    with local() as url:
        assert requests.get(url, headers=HTML, timeout=30).ok
        return time.monotonic() - began


def first_image_seconds() -> float:
    """Return how long it takes from a launch to an accepted import."""
    began = time.monotonic()
    with local() as url:
        upload(url, ["first.qcow2"])
        while not state(url)["images"]["count"]:
            time.sleep(0.01)
        return time.monotonic() - began


def state(url: str, seen: str = "") -> dict[str, Any]:
    """Return what a page is told."""
    answer = requests.get(f"{url}/_local/state?seen={seen}", timeout=60)
    told: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
    return told


def upload(url: str, keys: list[str]) -> int:
    """Return how many uploads of one client failed."""
    bucket = oss2.Bucket(AUTH, url, "images", region="cn-hangzhou")
    data, failed = IMAGE.read_bytes(), 0
    for key in keys:
        try:
            bucket.put_object(key, data + key.encode())
        except oss2.exceptions.OssError as exc:
            print(key, exc)
            failed += 1
    return failed


def look_on(url: str, stop: threading.Event) -> int:
    """Return how often a page was told something new."""
    seen, told = "", 0
    while not stop.is_set():
        if said := state(url, seen):
            seen, told = said["version"], told + 1
        time.sleep(0.1)
    return told


def storm(uploads: int, clients: int) -> dict[str, object]:
    """Return what came of many uploads."""
    keys = [f"{n:04}/debian-12.qcow2" for n in range(uploads)]
    stop = threading.Event()
    with local() as url, ThreadPoolExecutor(clients + 2) as pool:
        pages = [pool.submit(look_on, url, stop) for _ in range(2)]
        began = time.monotonic()
        jobs = [pool.submit(upload, url, keys[c::clients]) for c in range(clients)]
        failed = sum(job.result() for job in jobs)
        uploaded = time.monotonic() - began
        while any(i["status"] != "Available" for i in images(url)) or (
            state(url)["images"]["count"] < uploads
        ):
            time.sleep(0.2)
        ended = time.monotonic() - began
        everything = requests.get(f"{url}/_fake/state", timeout=60).json()
        stop.set()
        looks = [page.result() for page in pages]
    statuses = {image["status"] for image in everything["images"]}
    # A request without a status is one of the tracker's that is not answered yet.
    errors = [r["code"] for r in everything["requests"] if (r["status"] or 0) >= 500]
    return {
        "uploads": uploads,
        "clients": clients,
        "failed uploads": failed,
        "images": len(everything["images"]),
        "statuses": sorted(statuses),
        "server errors": errors,
        "seconds to the last upload": round(uploaded, 1),
        "seconds to the last image": round(ended, 1),
        "page updates": looks,
    }


def images(url: str) -> list[dict[str, Any]]:
    """Return the newest images."""
    newest: list[dict[str, Any]] = state(url)["images"]["newest"]
    return newest


def main() -> int:
    """Print the measurements as JSON; fail if anything got lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--uploads", type=int, default=500)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    starts = [start_seconds() for _ in range(options.starts)]
    told: dict[str, object] = {
        "seconds to the page": [round(s, 2) for s in sorted(starts)],
        "median": round(statistics.median(starts), 2),
        "seconds to the first import": round(first_image_seconds(), 2),
    }
    result = storm(options.uploads, options.clients)
    print(json.dumps({**told, **result}, indent=2))
    return int(
        bool(result["failed uploads"] or result["server errors"])
        or result["images"] != options.uploads
    )


if __name__ == "__main__":
    sys.exit(main())
