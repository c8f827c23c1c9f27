"""What was measured, laid out for reading: medians, spread, ratios, goals."""

import statistics
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Goal:
    """What we aim at, and where we are; `value` is to be at most `limit`."""

    name: str
    value: float
    limit: float
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether we are there."""
        return self.value <= self.limit


def spread(values: list[float]) -> dict[str, float]:
    """Return the median and both quartiles."""
    if len(values) < 2:
        return dict.fromkeys(("low", "median", "high"), values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"low": low, "median": median, "high": high}


def ratio(above: list[float], below: list[float]) -> dict[str, float]:
    """Return the spread of the ratios of neighbours in time."""
    return spread([a / b for a, b in zip(above, below, strict=True)])


def summary(raw: dict) -> dict:
    """Return everything but the single samples."""
    cold, warm = raw["cold"], raw["warm"]
    told = {
        "cold": {n: {m: spread(v) for m, v in c.items()} for n, c in cold.items()},
        "warm": {
            scene: {n: {m: spread(v) for m, v in c.items()} for n, c in told.items()}
            for scene, told in warm.items()
        },
        "burst": raw["burst"],
        "growth": {
            what: {
                step: {m: spread(v) for m, v in s.items()} for step, s in steps.items()
            }
            for what, steps in raw["growth"].items()
        },
        "ratios": _ratios(cold, warm),
    }
    told["goals"] = [{**asdict(g), "is_met": g.is_met} for g in goals(told)]
    return told


def _ratios(cold: dict, warm: dict) -> dict:
    pairs = [
        ("ours", "official"), ("ours", "same"), ("ours", "floor"),
        ("ours", "ours, no .pyc"), ("official", "official, no .pyc"),
    ]  # fmt: skip
    return {
        **{
            f"cold: {a} / {b}, {m}": ratio(cold[a][m], cold[b][m])
            for a, b in pairs
            for m in ("cpu", "wall", "rss")
        },
        **{
            f"warm: {scene}: ours / {other}, {metric}": ratio(
                told["ours"][metric], told[other][metric]
            )
            for scene, told in warm.items()
            for other in ("same", "official")
            for metric in ("cpu_per_exchange", "wall")
        },
    }


def goals(told: dict) -> list[Goal]:
    """Return each goal with what was measured; times of start go by CPU and wall."""
    ratios, warm, cold = told["ratios"], told["warm"], told["cold"]
    single, late = warm["single, 0 ms"]["ours"], warm["single, 50 ms"]["ours"]
    found = []
    for metric in ("cpu", "wall"):
        for other, limit in (
            ("official", 0.45), ("floor", 1.6), ("ours, no .pyc", 0.5)
        ):  # fmt: skip
            name = f"cold: ours / {other}, {metric}"
            found.append(Goal(name, ratios[name]["median"], limit))
    per_exchange = "warm: single, 0 ms: ours / {}, cpu_per_exchange"
    for other in ("official", "same"):
        name = per_exchange.format(other)
        found.append(Goal(name, ratios[name]["median"], 1.0))
    rss = max(cold["ours"]["rss"]["high"], *_all(warm, "rss"))
    disk = single["image_bytes"]["high"] / 1024
    sets = warm["manifest, 50 ms"]["ours"]["wall"]["median"]
    return [
        *found,
        Goal("peak memory", rss, 64, "MiB"),
        Goal("CPU of a warm single event", single["cpu"]["median"], 15, "ms"),
        Goal("wall at 50 ms: single", late["wall"]["median"], 230, "ms"),
        Goal("wall at 50 ms: manifest of 17 disks", sets, 310, "ms"),
        Goal("head and tail of an image", disk, 132, "KiB"),
    ]


def _all(warm: dict, metric: str) -> list[float]:
    return [scene["ours"][metric]["high"] for scene in warm.values()]


def show(told: dict, console: Console) -> None:
    """Print it."""
    _show_arms("Cold start to the handler's return", told["cold"], console)
    for scene, arms in told["warm"].items():
        _show_arms(f"Warm: {scene} of latency", arms, console)
    _show_burst(told["burst"], console)
    for what, steps in told["growth"].items():
        _show_arms(f"Growth, per record: {what}", steps, console)
    table = Table("ratio", "median", "quartiles", title="Ratios, of neighbours in time")
    for name, value in told["ratios"].items():
        table.add_row(name, f"{value['median']:.2f}", _quartiles(value))
    console.print(table)
    table = Table("goal", "measured", "at most", "", title="Goals")
    for goal in told["goals"]:
        value, limit = f"{goal['value']:.2f} {goal['unit']}", f"{goal['limit']:g}"
        said = "[green]met[/]" if goal["is_met"] else "[red]missed[/]"
        table.add_row(goal["name"], value, limit, said)
    console.print(table)


def _show_arms(title: str, arms: dict, console: Console) -> None:
    """Print a table: a row for each arm, a column for each metric."""
    metrics = list(next(iter(arms.values())))
    table = Table("", *metrics, title=title)
    for name, told in arms.items():
        cells = (f"{t['median']:.1f} ({_quartiles(t, 1)})" for t in told.values())
        table.add_row(name, *cells)
    console.print(table)


def _show_burst(told: dict, console: Console) -> None:
    title = f"Burst over {told['workers']} worker processes, each image imported once"
    table = Table("", "events", "events/s", "CPU ms/event", title=title)
    for name, arm in told["arms"].items():
        rate, cpu = arm["events"] / arm["seconds"], arm["cpu"] / arm["events"]
        table.add_row(name, f"{arm['events']:.0f}", f"{rate:.1f}", f"{cpu:.1f}")
    console.print(table)


def _quartiles(value: dict, digits: int = 2) -> str:
    return f"{value['low']:.{digits}f}-{value['high']:.{digits}f}"
