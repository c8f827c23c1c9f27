"""The cloud in a process of its own, so that its work is nobody else's CPU time.

It answers no sooner than it is told to, counts exchanges and bytes, and fills its
bucket on request.
"""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "functions"))

from fake_aliyun import FakeAliyun
from fake_aliyun.core.http import Response
from fake_aliyun.transport.server import Server
from image_import_cli.commands.demo import IMAGE, asset

BUCKET = "images"
GIB = 1024**3
DISKS = 17
PATH = "/_bench/"


class Desk:
    """What the parent may ask for: each public method is one request."""

    def __init__(self):
        self._cloud = FakeAliyun()
        self._delay_seconds = 0.0
        self._handle, self._cloud.handle = self._cloud.handle, self._weighed
        self._lock = threading.Lock()
        self._made = 0
        self.counters()

    def serve(self):
        """Answer until standard input ends."""
        with Server(self._cloud) as server:
            server.add_front(self._answer)
            print(server.url, flush=True)
            sys.stdin.read()

    def clear(self):
        """Empty the cloud."""
        self._cloud.reset()
        self._cloud.oss.create_bucket(BUCKET)

    def delay(self, seconds):
        """Let each answer leave so long after its request came, from now on."""
        self._delay_seconds = seconds

    def counters(self):
        """Return exchanges and bytes since the last call."""
        seen = getattr(self, "_seen", None)
        self._seen = {"exchanges": 0, "image_bytes": 0, "bytes": 0}
        return seen

    def upload(self, scene, size_gib=40):
        """Put what a scene has; return the events for ours and for a rival."""
        self._made += 1
        key = f"in/{self._made}/disk1.qcow2"
        oss = self._cloud.oss
        head = asset(IMAGE)
        oss.put(BUCKET, key, head=head, size_bytes=size_gib * GIB)
        event = oss.event(BUCKET, key).decode()
        told = {"ImageName": f"web-{self._made}"}
        if scene == "sidecar":
            oss.put(BUCKET, f"{key}.json", json.dumps(told).encode())
        if scene != "manifest":
            return {"key": key, "ours": event, "rival": event}
        names = [f"disk{n}.qcow2" for n in range(1, DISKS + 1)]
        for name in names[1:]:
            other = f"in/{self._made}/{name}"
            oss.put(BUCKET, other, head=head, size_bytes=size_gib * GIB)
        told["DiskDeviceMapping"] = [{"OSSObject": name} for name in names]
        oss.put(BUCKET, f"{key}.json", json.dumps(told).encode())
        own = oss.event(BUCKET, f"{key}.json").decode()
        return {"key": key, "ours": own, "rival": event}

    def crowd(self, keys):
        """Put so many other objects beside the images."""
        for number in range(keys):
            self._cloud.oss.put(BUCKET, f"in/old-{number}.qcow2", b"x")

    def etag(self, key):
        """Return the ETag of an object."""
        return self._cloud.oss.get(BUCKET, key).etag

    def imported(self):
        """Return how many images there are, and from how many objects."""
        images = self._cloud.ecs.images.values()
        sources = {i.parameters["DiskDeviceMapping.1.OSSObject"] for i in images}
        return [len(images), len(sources)]

    def _weighed(self, request):
        """Answer, but not before the answer is due: our own work is no latency on top.

        Of many requests at once some are answered later all the same, for this is one
        Python process.
        """
        due = time.monotonic() + self._delay_seconds
        response = self._handle(request)
        size = len(response.content)
        with self._lock:
            self._seen["exchanges"] += 1
            self._seen["bytes"] += size + len(request.body)
            if request.method == "GET" and request.path.endswith(".qcow2"):
                self._seen["image_bytes"] += size
        early = due - time.monotonic()
        return replace(response, delay_seconds=early) if early > 0 else response

    def _answer(self, request):
        if not request.path.startswith(PATH):
            return None
        said = getattr(self, request.path.removeprefix(PATH))(
            **json.loads(request.body)
        )
        return Response(status=200, body=json.dumps(said).encode())


class Cloud:
    """The parent's end of it; as a context manager it ends with the block."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.url = self._process.stdout.readline().decode().strip()
        self.key_id, self.key_secret = "fake-access-key-id", "fake-access-key-secret"

    def __enter__(self):
        self.ask("clear")
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()

    def ask(self, name, **said):
        """Return what the desk answers."""
        request = urllib.request.Request(
            f"{self.url}{PATH}{name}", data=json.dumps(said).encode()
        )
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)


if __name__ == "__main__":
    Desk().serve()
