"""What a benchmark is: a function from a size to figures, each with its target."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from typing import Literal

import attrs

Size = Literal["full", "smoke"]
"""`full` is what the targets speak of; `smoke` is the smallest run that goes through the same code."""


@attrs.frozen
class Figure:
    """One measured value. `limit` is the target: at most (or, with `at_least`, at least) so much; None for figures that only explain others."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def target(self) -> str:
        """The target as text."""
        if self.limit is None:
            return ""
        return f"{'≥' if self.at_least else '≤'} {number(self.limit)} {self.unit}"


class Missing(Exception):
    """Something that a benchmark is about is not installed: what it measured would be something else."""


Run = Callable[[Size], list[Figure]]


@attrs.frozen
class Benchmark:
    """A named measurement; `about` says what is counted."""

    name: str
    about: str
    run: Run


BENCHMARKS: dict[str, Benchmark] = {}


def benchmark(name: str) -> Callable[[Run], Run]:
    """Register a benchmark; its docstring says what is counted."""

    def register(run: Run) -> Run:
        BENCHMARKS[name] = Benchmark(name, " ".join((run.__doc__ or "").split()), run)
        return run

    return register


def number(value: float) -> str:
    """A value with about three digits."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def interleaved(rounds: int, *subjects: Callable[[], float]) -> list[list[float]]:
    """The values of each subject, measured in turns, so that a noisy minute of the machine hits all of them alike."""
    found: list[list[float]] = [[] for _ in subjects]
    for _ in range(rounds):
        for values, subject in zip(found, subjects, strict=True):
            values.append(subject())
    return found


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios of values measured in the same round."""
    return median(a / b for a, b in zip(above, below, strict=True))


def command_cpu_s(*command: str) -> float:
    """User and system CPU seconds of a command. Raises CalledProcessError if it fails."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextmanager
def no_collector() -> Iterator[None]:
    """As runs do: no cyclic garbage collection."""
    from refk8s.explore.run import no_cyclic_gc

    with no_cyclic_gc():
        yield
