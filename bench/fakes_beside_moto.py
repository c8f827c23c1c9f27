"""The fake OSS beside moto's S3: the same work for both, in turns, in one run.

PYTHONPATH=functions python bench/fakes_beside_moto.py [--share 0.1]

oss2 works against `python -m fake_aliyun`, boto3 against moto's server, which is put
into build/moto once and is nothing that the project depends on. `wall` is what a client
waits in seconds, its own work included; `cpu` is what the server alone uses; `peak` is
the server's largest resident memory so far, in MiB.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MOTO = ROOT / "build/moto"
MIB = 1024**2
PART = 8 * MIB
SCENES = ("put", "get", "multipart", "fill", "list")
ONCE = frozenset({"multipart", "fill"})
"""Scenes that a second round would find in another state."""
Client = dict[str, Callable[[int], None]]


def oss(url: str) -> Client:
    """Return what each scene does through oss2."""
    import oss2  # noqa: PLC0415 - in one of the two environments only

    auth = oss2.AuthV4("fake-access-key-id", "fake-access-key-secret")
    bucket = oss2.Bucket(auth, url, "bench", region="cn-hangzhou")

    def multipart(count: int) -> None:
        upload_id = bucket.init_multipart_upload("whole").upload_id
        parts = []
        for number in range(1, count + 1):
            etag = bucket.upload_part("whole", upload_id, number, bytes(PART)).etag
            parts.append(oss2.models.PartInfo(number, etag))
        bucket.complete_multipart_upload("whole", upload_id, parts)

    def listed(count: int) -> None:
        found = oss2.ObjectIteratorV2(bucket, "fill/", max_keys=1000)
        assert sum(1 for _ in found) == count

    return {
        "put": lambda n: _each(n, lambda k: bucket.put_object(f"put/{k}", bytes(1024))),
        "get": lambda n: _each(n, lambda k: bucket.get_object(f"put/{k}").read()),
        "multipart": multipart,
        "fill": lambda n: _each(n, lambda k: bucket.put_object(f"fill/{k}", b"")),
        "list": listed,
    }


def s3(url: str) -> Client:
    """Return what each scene does through boto3."""
    import boto3  # noqa: PLC0415 - in one of the two environments only

    named = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **named)
    at = {"Bucket": "bench"}
    client.create_bucket(**at)

    def multipart(count: int) -> None:
        whole: dict[str, Any] = {**at, "Key": "whole"}
        whole["UploadId"] = client.create_multipart_upload(**whole)["UploadId"]
        parts = []
        for number in range(1, count + 1):
            done = client.upload_part(**whole, PartNumber=number, Body=bytes(PART))
            parts.append({"PartNumber": number, "ETag": done["ETag"]})
        client.complete_multipart_upload(**whole, MultipartUpload={"Parts": parts})

    def put(key: str, body: bytes) -> None:
        client.put_object(**at, Key=key, Body=body)

    def listed(count: int) -> None:
        pages = client.get_paginator("list_objects_v2").paginate(**at, Prefix="fill/")
        assert sum(len(page["Contents"]) for page in pages) == count

    return {
        "put": lambda n: _each(n, lambda k: put(f"put/{k}", bytes(1024))),
        "get": lambda n: _each(
            n, lambda k: client.get_object(**at, Key=f"put/{k}")["Body"].read()
        ),
        "multipart": multipart,
        "fill": lambda n: _each(n, lambda k: put(f"fill/{k}", b"")),
        "list": listed,
    }


def _each(count: int, act: Callable[[int], object]) -> None:
    for number in range(count):
        act(number)


def be_client(kind: str, url: str) -> None:
    """Do scenes as asked for on standard input; answer with the seconds of each."""
    client = {"oss": oss, "s3": s3}[kind](url)
    print(0, flush=True)
    for line in sys.stdin:
        scene, count = json.loads(line)
        began = time.perf_counter()
        client[scene](count)
        print(json.dumps(time.perf_counter() - began), flush=True)


class Side:
    """A server and its client."""

    def __init__(self, kind: str, python: str, server: int, url: str) -> None:
        self.server = server
        self.client = subprocess.Popen(
            [python, __file__, "--client", kind, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def _answer(self) -> float:
        """Return the seconds that the client took, 0 to begin with."""
        assert self.client.stdout
        return float(json.loads(self.client.stdout.readline()))

    def measure(self, scene: str, count: int) -> dict[str, float]:
        before = self._cpu()
        assert self.client.stdin
        print(json.dumps([scene, count]), file=self.client.stdin, flush=True)
        wall = self._answer()
        return {"wall": wall, "cpu": self._cpu() - before, "peak": self._peak()}

    def _cpu(self) -> float:
        fields = Path(f"/proc/{self.server}/stat").read_text().rpartition(")")[2]
        ticks = sum(int(field) for field in fields.split()[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")

    def _peak(self) -> float:
        lines = Path(f"/proc/{self.server}/status").read_text().splitlines()
        return next(int(s.split()[1]) for s in lines if s.startswith("VmHWM")) / 1024


@contextmanager
def fake_aliyun() -> Iterator[Side]:
    command = [sys.executable, "-m", "fake_aliyun", "--bucket", "bench"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    side = Side("oss", sys.executable, server.pid, server.stdout.readline().strip())
    yield side
    _end(side, server)


@contextmanager
def moto() -> Iterator[Side]:
    python = str(MOTO / "bin/python")
    if not Path(python).exists():
        subprocess.run([sys.executable, "-m", "venv", MOTO], check=True)
        install = [python, "-m", "pip", "install", "-q", "moto[s3,server]", "boto3"]
        subprocess.run(install, check=True)
    server = subprocess.Popen(
        [python, "-m", "moto.server", "-p", "0"], stderr=subprocess.PIPE, text=True
    )
    assert server.stderr
    url = next(line.split()[-1] for line in server.stderr if "Running on http" in line)
    drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
    side = Side("s3", python, server.pid, url)
    yield side
    _end(side, server)
    drain.wait()


def _end(side: Side, server: subprocess.Popen[str]) -> None:
    for process in (side.client, server):
        process.terminate()
        process.wait()


def main() -> None:
    command = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    command.add_argument(
        "--share", type=float, default=1.0, help="of the 100,000 objects"
    )
    command.add_argument("--rounds", type=int, default=3)
    command.add_argument("--client", nargs=2, help=argparse.SUPPRESS)
    options = command.parse_args()
    if options.client:
        be_client(*options.client)
        return
    counts = {
        "put": 1000,
        "get": 1000,
        "multipart": 1024 * MIB // PART,
        "fill": int(100_000 * options.share),
        "list": int(100_000 * options.share),
    }
    with fake_aliyun() as ours, moto() as theirs:
        for scene in SCENES:
            kept: dict[Side, list[dict[str, float]]] = {ours: [], theirs: []}
            for number in range(1 if scene in ONCE else options.rounds):
                for side in (ours, theirs) if number % 2 == 0 else (theirs, ours):
                    kept[side].append(side.measure(scene, counts[scene]))
            told = []
            for metric in ("wall", "cpu", "peak"):
                a, b = (statistics.median(m[metric] for m in kept[s]) for s in kept)
                told.append(f"{metric} {a:.2f} : {b:.2f} = {a / max(b, 0.01):.2f}")
            print(f"{scene} {counts[scene]}: {'; '.join(told)}", flush=True)


if __name__ == "__main__":
    main()
