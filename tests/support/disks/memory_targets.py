"""Conversions in memory: a file's bytes in, the target's bytes out."""

from disk_images.blocks.source import Fetched
from disk_images.convert.choose import ConversionOrder, TwoPasses, choose
from disk_images.convert.execute import run, run_stream
from disk_images.convert.parts import ConversionPlan


class MemoryTarget:
    """Parts at their offsets."""

    def __init__(self, source: bytes) -> None:
        self.data = bytearray()
        self._source = source

    def parts_there(self) -> frozenset[int]:
        return frozenset()

    def write(self, number: int, offset: int, data: bytes) -> None:
        del number
        self.data.extend(bytes(max(0, offset + len(data) - len(self.data))))
        self.data[offset : offset + len(data)] = data

    def copy(self, number: int, offset: int, source_offset: int, count: int) -> None:
        self.write(number, offset, self._source[source_offset : source_offset + count])


def source_of(data: bytes) -> Fetched:
    return Fetched(fetch=lambda at, n: data[at : at + n], size_bytes=len(data))


def converted(data: bytes, order: ConversionOrder | None = None) -> tuple[bytes, str]:
    """Return what a file becomes, and by which lane."""
    order = order or ConversionOrder()
    plan = choose(source_of(data), order)
    assert not isinstance(plan, TwoPasses)
    target = MemoryTarget(data)
    if isinstance(plan, ConversionPlan):
        run(plan, target, on_part=lambda _: None)
    else:
        run_stream(plan, target, order.limits, on_part=lambda _: None)
    return bytes(target.data), plan.lane
