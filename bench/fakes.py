"""How fast the fakes start, and how fast they take uploads.

PYTHONPATH=functions python bench/fakes.py
"""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import oss2
from fake_aliyun import FakeAliyun

FUNCTIONS = Path(__file__).parents[1] / "functions"
RUNS = 7
CLIENTS, UPLOADS = 8, 500


def median_seconds(measured: Callable[[], float]) -> float:
    return statistics.median(measured() for _ in range(RUNS))


def command_to_url() -> float:
    """Return how long `python -m fake_aliyun` takes to print its URL."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "fake_aliyun"], stdout=subprocess.PIPE, cwd=FUNCTIONS
    )
    assert process.stdout
    process.stdout.readline()
    seconds = time.perf_counter() - began
    process.terminate()
    process.wait()
    return seconds


def cloud_in_process() -> float:
    began = time.perf_counter()
    with FakeAliyun():
        return time.perf_counter() - began


def uploads_at_once() -> float:
    """Return how long 8 clients take to put 500 objects of 64 KiB, without an error."""
    cloud = FakeAliyun()
    cloud.oss.create_bucket("bench")
    keys = cloud.credentials

    def upload(url: str, client: int) -> None:
        auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
        bucket = oss2.Bucket(auth, url, "bench", region="cn-hangzhou")
        for number in range(client, UPLOADS, CLIENTS):
            bucket.put_object(f"{number}", bytes(65536))

    with cloud.serve() as server:
        began = time.perf_counter()
        threads = [
            threading.Thread(target=upload, args=(server.url, client))
            for client in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
    assert len(cloud.oss.keys("bench")) == UPLOADS
    return seconds


if __name__ == "__main__":
    for name, measured in (
        ("python -m fake_aliyun, to its URL", command_to_url),
        ("with FakeAliyun(), in process", cloud_in_process),
        ("500 uploads by 8 clients, over HTTP", uploads_at_once),
    ):
        print(f"{name}: {median_seconds(measured):.3f} s (median of {RUNS})")
