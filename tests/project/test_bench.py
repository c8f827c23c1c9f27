"""That the bench compares like with like; how fast anything is, no test says."""

import os
import subprocess
import sys
from collections import Counter

import pytest
from fake_aliyun import FakeAliyun
from repository import ROOT
from uploads import QCOW2, manifest

GIB = 1024**3
NAMES = [f"db-disk{number}.qcow2" for number in range(1, 18)]
OURS = "image_import.handler:on_object_created"


def exchanges(handler: str, *, disks: int, by_manifest: bool) -> Counter[str]:
    """Return what a handler asks of the cloud, in the bench's own instance."""
    cloud = FakeAliyun()
    with cloud.serve() as server:
        for name in NAMES[:disks]:
            cloud.oss.put("images", name, head=QCOW2, size_bytes=40 * GIB)
        event = cloud.oss.event("images", NAMES[0])
        if disks > 1:
            sidecar_key = f"{NAMES[0]}.json"
            sidecar = manifest(*NAMES[:disks], ImageName="db")
            cloud.oss.put("images", sidecar_key, sidecar)
            if by_manifest:
                event = cloud.oss.event("images", sidecar_key)
        code = f"{ROOT / 'functions'}:{ROOT / 'bench' / 'rivals'}"
        keys = cloud.credentials
        given = (code, handler, keys.access_key_id, keys.access_key_secret)
        run = subprocess.run(
            [sys.executable, str(ROOT / "bench" / "instance.py"), "0", *given],
            input=event.replace(b"\n", b" ") + b"\n",
            capture_output=True,
            check=False,
            env={**os.environ, "OSS_ENDPOINT": server.url, "ECS_ENDPOINT": server.url},
        )
    assert run.returncode == 0, run.stderr.decode()
    assert b"submitted" in run.stdout
    assert len(cloud.ecs.images) == 1
    return Counter(request.action for request in cloud.requests)


@pytest.mark.parametrize("disks", [1, 17])
def test_a_rival_makes_the_same_exchanges_as_we_do(disks: int) -> None:
    rival = exchanges("same:handler", disks=disks, by_manifest=False)
    assert rival == exchanges(OURS, disks=disks, by_manifest=True)


def test_the_official_rival_makes_three_exchanges() -> None:
    asked = exchanges("official:handler", disks=1, by_manifest=False)
    assert asked == {"HeadObject": 1, "GetObject": 1, "ImportImage": 1}
