"""The six measurements. Each takes its arms in turns, A B C, C B A, and so on.

So whatever else the machine does meanwhile falls on all of them alike, and a ratio is
taken between neighbours in time. Results are in ms and MiB.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import oss2
from arms import Arm, Instance
from cloud import Cloud
from image_import.ledger.layout import LedgerKeys

SCENES = ("single", "sidecar", "manifest")
DELAYS_MS = (0, 10, 50)
WARM_ARMS = ("ours", "same", "official")
BURST_ARMS = ("ours", "official")
LEDGER_LINE = {"state": "refused", "at": "2026-11-01T00:00:00.000000Z", "claim": "c"}

Samples = dict[str, dict[str, list[float]]]
Say = Callable[[str], None]


def turns(names: list[str], rounds: int) -> Iterator[str]:
    """Yield names round by round, each other round backwards."""
    for number in range(rounds):
        yield from names if number % 2 == 0 else reversed(names)


def event_for(arm: str, uploaded: dict[str, str]) -> str:
    """Return the event that an arm gets of what was uploaded."""
    return uploaded["ours" if arm.startswith("ours") else "rival"]


def checked(told: dict, outcome: str = "submitted") -> dict:
    """Return what an instance told, if it did what it should."""
    if f'"outcome": "{outcome}"' not in told["result"]:
        raise RuntimeError(f"expected {outcome}, got {told['result'][:600]}")
    return told


def cold(arms: dict[str, Arm], cloud: Cloud, rounds: int, say: Say) -> Samples:
    """Start each arm anew for one event, and measure up to its handler's return."""
    kept: Samples = {n: {"wall": [], "cpu": [], "rss": []} for n in arms}
    cloud.ask("clear")
    for done, name in enumerate(turns(list(arms), rounds), 1):
        say(f"cold start {done}/{rounds * len(arms)}: {name}")
        event = event_for(name, cloud.ask("upload", scene="single"))
        instance = Instance(arms[name], cloud)
        outcome = "nothing" if name == "floor" else "submitted"
        told = checked(instance.invoke(event), outcome)
        instance.close()
        kept[name]["wall"].append(told["since_start"] * 1000)
        kept[name]["cpu"].append(told["cpu_since_start"] * 1000)
        kept[name]["rss"].append(told["rss_mib"])
    return kept


def warm(arms: dict[str, Arm], cloud: Cloud, rounds: int, say: Say) -> dict:
    """Send event after event to an instance of each arm."""
    kept = {}
    for scene in SCENES:
        for delay in DELAYS_MS:
            cloud.ask("clear")
            instances = {n: Instance(arms[n], cloud) for n in WARM_ARMS}
            for name, instance in instances.items():  # cold, and not counted
                uploaded = cloud.ask("upload", scene=scene)
                checked(instance.invoke(event_for(name, uploaded)))
            cloud.ask("delay", seconds=delay / 1000)
            say(f"warm: {scene}, {delay} ms")
            kept[f"{scene}, {delay} ms"] = _in_turns(instances, cloud, scene, rounds)
            cloud.ask("delay", seconds=0)
            for instance in instances.values():
                instance.close()
    return kept


def _in_turns(
    instances: dict[str, Instance], cloud: Cloud, scene: str, rounds: int
) -> Samples:
    metrics = ("wall", "cpu", "cpu_per_exchange", "exchanges", "bytes", "image_bytes")
    kept: Samples = {n: {m: [] for m in (*metrics, "rss")} for n in instances}
    for name in turns(list(instances), rounds):
        event = event_for(name, cloud.ask("upload", scene=scene))
        cloud.ask("counters")
        told = checked(instances[name].invoke(event))
        seen = cloud.ask("counters")
        cpu = told["cpu"] * 1000
        values = {
            **seen,
            "wall": told["wall"] * 1000,
            "cpu": cpu,
            "cpu_per_exchange": cpu / seen["exchanges"],
            "rss": told["rss_mib"],
        }
        for metric, value in values.items():
            kept[name][metric].append(value)
    return kept


def burst(arms: dict[str, Arm], cloud: Cloud, events: int, say: Say) -> dict:
    """Hand many events to several instances of each arm, a portion at a time."""
    workers = 2 * (os.cpu_count() or 1)
    portion = max(workers, events // 10)
    kept = {n: {"seconds": 0.0, "cpu": 0.0, "events": 0.0} for n in BURST_ARMS}
    crowds = {n: [Instance(arms[n], cloud) for _ in range(workers)] for n in BURST_ARMS}
    for name in turns(list(BURST_ARMS), -(-events // portion)):
        cloud.ask("clear")
        uploads = [cloud.ask("upload", scene="single") for _ in range(portion)]
        queue = iter([event_for(name, uploaded) for uploaded in uploads])
        said = _drained(queue, crowds[name])
        kept[name]["seconds"] += said["seconds"]
        kept[name]["cpu"] += said["cpu"] * 1000
        kept[name]["events"] += portion
        if cloud.ask("imported") != [portion, portion]:
            raise RuntimeError(f"{name}: not each of {portion} was imported once")
        say(f"burst: {name} {kept[name]['events']:.0f}/{events}")
    for crowd in crowds.values():
        for instance in crowd:
            instance.close()
    return {"workers": workers, "arms": kept}


def _drained(queue: Iterator[str], crowd: list[Instance]) -> dict[str, float]:
    def work(instance: Instance) -> float:
        cpu = 0.0
        while (event := next(queue, None)) is not None:
            cpu += checked(instance.invoke(event))["cpu"]
        return cpu

    began = time.monotonic()
    with ThreadPoolExecutor(len(crowd)) as pool:
        cpu = sum(pool.map(work, crowd))
    return {"seconds": time.monotonic() - began, "cpu": cpu}


def growth(arms: dict[str, Arm], cloud: Cloud, rounds: int, crowd: int, say: Say):
    """Measure ours against what could make it slower: four ladders."""
    return {
        "object size, GiB": _ladder(arms, cloud, rounds, say, "size", (1, 64, 2048)),
        "keys in the bucket": _ladder(arms, cloud, rounds, say, "keys", (0, crowd)),
        "ledger lines": _ladder(arms, cloud, rounds, say, "lines", (1, 10, 100)),
        "records in the event": _ladder(arms, cloud, rounds, say, "records", (1, 10)),
    }


def _ladder(arms, cloud, rounds, say, what, steps) -> dict:
    kept = {str(s): {"wall": [], "cpu": [], "rss": [], "bytes": []} for s in steps}
    for step in steps:
        say(f"growth: {what} {step}")
        cloud.ask("clear")
        if what == "keys":
            cloud.ask("crowd", keys=step)
        instance = Instance(arms["ours"], cloud)
        instance.invoke(cloud.ask("upload", scene="single")["ours"])
        for _ in range(rounds):
            event, records = _grown(cloud, what, step)
            cloud.ask("counters")
            told = checked(instance.invoke(event))
            seen = cloud.ask("counters")
            kept[str(step)]["wall"].append(told["wall"] * 1000 / records)
            kept[str(step)]["cpu"].append(told["cpu"] * 1000 / records)
            kept[str(step)]["rss"].append(told["rss_mib"])
            kept[str(step)]["bytes"].append(seen["bytes"] / records)
        instance.close()
    return kept


def _grown(cloud: Cloud, what: str, step: int) -> tuple[str, int]:
    """Return an event of that size, and its number of records."""
    if what == "records":
        uploads = [cloud.ask("upload", scene="single")["ours"] for _ in range(step)]
        records = [record for e in uploads for record in json.loads(e)["events"]]
        return json.dumps({"events": records}), step
    size_gib = step if what == "size" else 40
    uploaded = cloud.ask("upload", scene="single", size_gib=size_gib)
    if what == "lines":
        _write_ledger(cloud, uploaded["key"], step)
    return uploaded["ours"], 1


def _write_ledger(cloud: Cloud, key: str, lines: int) -> None:
    etag = cloud.ask("etag", key=key)
    place = LedgerKeys(prefix=".image-import/", bucket="images", object_key=key)
    line = json.dumps({**LEDGER_LINE, "version": "0" * 64, "disks": [[key, etag]]})
    auth = oss2.AuthV4(cloud.key_id, cloud.key_secret)
    bucket = oss2.Bucket(auth, cloud.url, "images", region="cn-hangzhou")
    bucket.append_object(place.ledger_key(etag), 0, (line + "\n").encode() * lines)
