"""All benchmarks: importing their modules registers them."""

from __future__ import annotations

from . import adversary, api, faults, memory, scale, schedule, scheduling, searching, serving, startup, throughput
from .measure import BENCHMARKS

__all__ = [
    "BENCHMARKS",
    "adversary",
    "api",
    "faults",
    "memory",
    "scale",
    "schedule",
    "scheduling",
    "searching",
    "serving",
    "startup",
    "throughput",
]
