"""Many seeds of many scenarios over processes, with progress on stderr. Chunks are pure functions of (scenario, lo, hi)."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from typing import Any, cast

import attrs

from ..core.errors import Refk8sError

CHUNK = 10


@attrs.frozen
class Chunk:
    """What one chunk of seeds gave."""

    scenario: str
    runs: int
    steps: int
    cpu_s: float
    logical_ms: int
    failures: tuple[tuple[int | None, str], ...]


@attrs.frozen
class Summary:
    """What a scenario's seeds gave altogether."""

    scenario: str
    runs: int
    steps: int
    cpu_s: float
    logical_ms: int
    failures: tuple[tuple[int | None, str], ...]

    @property
    def steps_per_s(self) -> int:
        """Steps per CPU second of one core."""
        return round(self.steps / self.cpu_s) if self.cpu_s else 0

    @property
    def logical(self) -> str:
        """How much logical time all schedules together covered."""
        minutes = self.logical_ms / 60_000
        return f"{minutes:.1f}m" if minutes < 60 else f"{minutes / 60:.1f}h"

    def data(self) -> dict[str, Any]:
        """The summary as data."""
        return {
            "scenario": self.scenario,
            "schedules": self.runs,
            "held": not self.failures,
            "steps": self.steps,
            "cpuSeconds": round(self.cpu_s, 3),
            "logicalSeconds": self.logical_ms / 1000,
            "failures": [{"seed": seed, "why": why} for seed, why in self.failures],
        }


def run_chunk(name: str, lo: int, hi: int) -> Chunk:
    """Check the seeds lo ≤ seed < hi of a scenario; seed -1 stands for the default driver."""
    from refk8s.invariants import suite

    from ..core.invariant import Monitor
    from ..explore.check import check
    from ..scenarios import resolve

    scenario = resolve(name)
    invariants = suite().all()
    began = time.process_time()
    steps = logical_ms = 0
    failures: list[tuple[int | None, str]] = []
    for number in range(lo, hi):
        seed = None if number < 0 else number
        result = check(scenario, seed, monitor=Monitor(invariants))
        steps += result.steps
        logical_ms += result.at_ms
        if not result.held:
            failures.append((seed, result.why()))
    return Chunk(name, hi - lo, steps, time.process_time() - began, logical_ms, tuple(failures))


def campaign(names: Sequence[str], seeds: int, jobs: int | None) -> list[Summary]:
    """Check every scenario under the default driver and seeds 0 … seeds-1, over `jobs` processes."""
    work = [(name, lo, min(lo + CHUNK, seeds)) for name in names for lo in range(-1, max(seeds, 0), CHUNK)]
    work = [(name, lo, hi if hi > lo else lo + 1) for name, lo, hi in work]
    found: list[Chunk] = []
    with _Progress(sum(hi - lo for _, lo, hi in work)) as advance:
        for chunk in _spread(work, jobs or os.cpu_count() or 1):
            found.append(chunk)
            advance(chunk.runs)
    return [_sum(name, [chunk for chunk in found if chunk.scenario == name]) for name in names]


def _spread(work: Sequence[tuple[str, int, int]], jobs: int) -> Iterator[Chunk]:
    """The chunks as they get done by `jobs` processes. They end with whoever asks, at once, when it is interrupted."""
    waiting = list(reversed(work))
    # Ctrl-C reaches the whole group of processes; it is for this one to end the others, so they never hear of it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    workers: dict[Any, Any] = {}
    try:
        for _ in range(min(jobs, len(work))):
            ends: tuple[Any, Any] = multiprocessing.Pipe()
            ours, theirs = ends
            process = multiprocessing.Process(target=_work, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            workers[ours] = process
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for pipe in workers:
            pipe.send(waiting.pop())
        busy = set(workers)
        while busy:
            ready: list[Any] = wait(list(busy))
            for pipe in ready:
                yield _result(pipe)
                if waiting:
                    pipe.send(waiting.pop())
                else:
                    busy.discard(pipe)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for process in workers.values():
            process.kill()
            process.join()


def _work(pipe: Any) -> None:
    """What a worker does: chunks, until it is killed, or nobody is there any more to ask for one."""
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        if not pipe.poll(5):
            continue
        order = pipe.recv()
        try:
            pipe.send(run_chunk(*order))
        except Exception as error:  # told to the one who asked, who raises it
            pipe.send(error)


def _result(pipe: Any) -> Chunk:
    try:
        result = pipe.recv()
    except EOFError:
        raise Refk8sError("a worker process was killed (out of memory?); try fewer with --jobs") from None
    if isinstance(result, Exception):
        raise result
    return cast(Chunk, result)


def _sum(name: str, chunks: list[Chunk]) -> Summary:
    failures = sorted(
        (failure for chunk in chunks for failure in chunk.failures), key=lambda f: -1 if f[0] is None else f[0]
    )
    return Summary(
        name,
        sum(chunk.runs for chunk in chunks),
        sum(chunk.steps for chunk in chunks),
        sum(chunk.cpu_s for chunk in chunks),
        sum(chunk.logical_ms for chunk in chunks),
        tuple(failures),
    )


class _Progress:
    """A progress bar on stderr if that is a terminal, else nothing."""

    def __init__(self, total: int) -> None:
        self._bar: Any = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True))
            self._task = self._bar.add_task("schedules", total=total)

    def __enter__(self) -> Any:
        if self._bar is None:
            return lambda runs: None
        self._bar.start()
        return lambda runs: self._bar.advance(self._task, runs)

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.stop()
