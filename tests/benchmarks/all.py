"""All benchmarks: importing their modules registers them."""

from __future__ import annotations

from . import memory, scale, startup, throughput
from .measure import BENCHMARKS

__all__ = ["BENCHMARKS", "memory", "scale", "startup", "throughput"]
