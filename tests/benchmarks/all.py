"""All benchmarks: importing their modules registers them."""

from __future__ import annotations

from . import adversary, api, faults, memory, scale, schedule, scheduling, searching, serving, startup, throughput
from .measure import BENCHMARKS, Figure, Size

__all__ = [
    "BENCHMARKS",
    "adversary",
    "api",
    "faults",
    "figures",
    "memory",
    "scale",
    "schedule",
    "scheduling",
    "searching",
    "serving",
    "startup",
    "throughput",
]


def figures(name: str, size: Size) -> list[Figure]:
    """The figures of a benchmark."""
    return BENCHMARKS[name].run(size)
