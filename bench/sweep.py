"""A sweep of a large old bucket, interrupted and resumed: nothing twice, no memory.

The command itself runs as a process against fakes over HTTP. Some of the images were
imported before; Ctrl-C comes at random moments, and the same command goes on. In the
end each image must have been imported exactly once.

    python bench/sweep.py [--keys 100000] [--images 5000] [--known 1000] [--seed N]
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))

from fake_aliyun import FakeAliyun
from fake_aliyun.transport.server import Server
from image_import.config.settings import read_settings
from image_import.importing.pipeline import import_event
from image_import.importing.runtime import Runtime, make_invocation
from image_import.model.result import Outcome
from image_import_cli.commands.demo import IMAGE, asset

FUNCTIONS = Path(__file__).parent.parent / "functions"
BUCKET = "images"
POLL_SECONDS = 0.01


@dataclass
class Report:
    """What came of it.

    Attributes:
        told: Images that the sweep itself said it has imported.
    """

    seed: int
    keys: int
    images: int
    known: int
    runs: int = 0
    interruptions: int = 0
    seconds: float = 0
    peak_mib: float = 0
    lists: int = 0
    told: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    def as_text(self) -> str:
        """Return the report in a line."""
        return (
            f"seed {self.seed}: {self.keys:,} keys, {self.images:,} images, "
            f"{self.known:,} known; interrupted {self.interruptions} times; "
            f"{len(self.told):,} imported in {self.seconds:.0f} s, "
            f"{self.lists:,} listings, peak {self.peak_mib:.0f} MiB; "
            f"{len(self.lost)} lost, {len(self.doubled)} doubled"
        )


def fill(cloud: FakeAliyun, report: Report, rng: random.Random) -> list[str]:
    """Fill the bucket, import what is known, and return the keys of the images."""
    places = set(rng.sample(range(report.keys), report.images))
    images = []
    for n in range(report.keys):
        folder = f"{n // 1000:04}"
        if n not in places:
            cloud.oss.put(BUCKET, f"{folder}/notes-{n:07}.txt", b"no image")
            continue
        key = f"{folder}/web-{n:07}.qcow2"
        cloud.oss.put(BUCKET, key, asset(IMAGE) + n.to_bytes(4, "big"))
        images.append(key)
    runtime, settings = Runtime(), read_settings({})
    with cloud:
        for key in rng.sample(images, report.known):
            invocation = make_invocation(
                settings, cloud.context(), environ={}, runtime=runtime
            )
            results, bugs = import_event(cloud.oss.event(BUCKET, key), invocation)
            assert not bugs
            assert results[0].outcome is Outcome.SUBMITTED, results
    return images


def sweep(
    *, keys: int, images: int, known: int, interruptions: int, seed: int
) -> Report:
    """Sweep one bucket and count what is in ECS afterwards."""
    rng = random.Random(seed)
    report = Report(seed=seed, keys=keys, images=images, known=known)
    cloud = FakeAliyun()
    cloud.oss.create_bucket(BUCKET)
    image_keys = fill(cloud, report, rng)
    cloud.requests.clear()
    moments = sorted(rng.sample(range(known + 1, images - 1), interruptions))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Server(cloud) as server:
        for moment in [*moments, None]:
            run_once(cloud, server.url, Path(folder), moment, report)
    report.seconds = time.monotonic() - began
    report.lists = sum(r.action == "ListObjectsV2" for r in cloud.requests)
    sources = Counter(
        image.parameters["DiskDeviceMapping.1.OSSObject"]
        for image in cloud.ecs.images.values()
    )
    report.lost = [key for key in image_keys if not sources[key]]
    report.doubled = [key for key in image_keys if sources[key] > 1]
    return report


def run_once(
    cloud: FakeAliyun, url: str, folder: Path, moment: int | None, report: Report
) -> None:
    """Run the command once; press Ctrl-C when there are so many images."""
    output = folder / f"run-{report.runs}.jsonl"
    position = str(folder / "position.json")
    options = ["--json", "--rate", "0", "--position", position]
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "image_import_cli", "sweep", BUCKET, *options],
            env=environ(cloud, url),
            stdout=file,
        )
        while process.poll() is None:
            report.peak_mib = max(report.peak_mib, resident_peak_mib(process.pid))
            if moment is not None and len(cloud.ecs.images) >= moment:
                process.send_signal(signal.SIGINT)
                moment = None
            time.sleep(POLL_SECONDS)
    *news, last = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    is_whole = last["sweep"]["ended"] == "through"
    assert process.returncode == (0 if is_whole else 130), (process.returncode, last)
    report.runs += 1
    report.interruptions += not is_whole
    report.told += [r["object_key"] for r in news if r["outcome"] == "submitted"]


def resident_peak_mib(pid: int) -> float:
    """Return the most memory that a process has had since it began; 0 at its end.

    What wait4 tells would count the memory of this process before its exec.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0.0
    lines = [line.split() for line in status.splitlines()]
    return next((int(w[1]) / 1024 for w in lines if w[0] == "VmHWM:"), 0.0)


def environ(cloud: FakeAliyun, url: str) -> dict[str, str]:
    """Return the environment of an operator whose cloud is on this machine."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(FUNCTIONS),
        "ALIBABA_CLOUD_ACCESS_KEY_ID": cloud.credentials.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": cloud.credentials.access_key_secret,
        "REGION_ID": cloud.region_id,
        "OSS_ENDPOINT": url,
        "ECS_ENDPOINT": url,
    }


def main() -> int:
    """Sweep as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--images", type=int, default=5_000)
    parser.add_argument("--known", type=int, default=1_000)
    parser.add_argument("--interruptions", type=int, default=3)
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(9999)
    )
    parser.add_argument("--json", action="store_true")
    given = vars(parser.parse_args())
    as_json = given.pop("json")
    report = sweep(**given)
    print(json.dumps(vars(report)) if as_json else report.as_text())
    return int(bool(report.lost or report.doubled))


if __name__ == "__main__":
    sys.exit(main())
