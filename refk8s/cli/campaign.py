"""Many seeds of many scenarios over processes, with a ledger and progress. A chunk is a pure function of (job, lo, hi)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import attrs
import orjson

from ..core.budget import FaultBudget
from ..core.digest import digest_bytes, text
from ..core.errors import Refk8sError
from .ledger import ANEW, Ledger
from .output import note
from .progress import Progress
from .workers import Workers

LARGEST: Final = 25
"""Seeds in the largest chunk; towards the end they get smaller, so that no worker is left alone with much."""
CHUNK_S: Final = 2.0
"""About how long a chunk may take: so much is lost when a worker is killed, and so late may --time be."""
CHUNKS_LEFT: Final = 6
DEFAULT: Final = -1
"""The seed that stands for the default driver."""


@attrs.frozen
class Job:
    """What is done under each seed. `data`: the scenario as JSON; `length`: how many steps it usually takes; `mutant`: the id of one, "" for none."""

    name: str
    data: bytes
    driver: str = "random"
    faults: str = ""
    mutant: str = ""
    length: int = 0

    @property
    def digest(self) -> str:
        """What identifies it in a ledger."""
        return text(digest_bytes(self.data))


@attrs.frozen
class Failed:
    """A seed that failed, and how."""

    seed: int
    id: str
    about: str
    finding: str
    step: int


@attrs.frozen
class Chunk:
    """What a chunk of seeds lo ≤ seed < hi gave; `coverage` are counts (refk8s.explore.coverage)."""

    lo: int
    hi: int
    steps: int
    cpu_s: float
    logical_ms: int
    failures: tuple[Failed, ...]
    coverage: dict[str, dict[str, int]]

    @classmethod
    def of(cls, data: dict[str, Any]) -> Chunk:
        """A chunk from its data in a ledger."""
        return cls(**{**data, "failures": tuple(Failed(**each) for each in data["failures"])})


@attrs.frozen
class Summary:
    """What a scenario's seeds gave altogether.

    `wall_s` is how long this campaign took for those of its chunks that it did itself, `ran` how many seeds; `left` how many of the wanted ones are not done.
    """

    job: Job
    chunks: tuple[Chunk, ...]
    ran: int = 0
    wall_s: float = 0.0
    left: int = 0

    @property
    def scenario(self) -> str:
        """The name of the scenario."""
        return self.job.name

    @property
    def runs(self) -> int:
        """How many seeds are done."""
        return sum(chunk.hi - chunk.lo for chunk in self.chunks)

    @property
    def steps(self) -> int:
        """How many steps they took."""
        return sum(chunk.steps for chunk in self.chunks)

    @property
    def failures(self) -> tuple[Failed, ...]:
        """The failures, by seed."""
        return tuple(failure for chunk in sorted(self.chunks, key=lambda chunk: chunk.lo) for failure in chunk.failures)

    @property
    def steps_per_s(self) -> int:
        """Steps per CPU second of one core."""
        cpu_s = sum(chunk.cpu_s for chunk in self.chunks)
        return round(self.steps / cpu_s) if cpu_s else 0

    @property
    def logical(self) -> str:
        """How much logical time all schedules together covered."""
        minutes = sum(chunk.logical_ms for chunk in self.chunks) / 60_000
        return f"{minutes:.1f}m" if minutes < 60 else f"{minutes / 60:.1f}h"

    @property
    def seeds_per_s(self) -> float:
        """Seeds per second of this campaign, over all its processes."""
        return round(self.ran / self.wall_s, 1) if self.wall_s else 0.0


def _known(book: Ledger, job: Job) -> list[Chunk]:
    """The chunks of a job that are done. Raises Refk8sError for a ledger that somebody has changed."""
    done, found = book.done(_key(job)), []
    for (lo, hi), result in zip(done, book.results(_key(job)), strict=True):
        try:
            chunk = Chunk.of(result)
        except (TypeError, KeyError):
            chunk = None
        if chunk is None or (chunk.lo, chunk.hi) != (lo, hi):
            raise Refk8sError(f"{book.path}: what seeds {lo} to {hi - 1} of {job.name} gave cannot be read; {ANEW}")
        found.append(chunk)
    return found


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in a campaign: with what was done until then."""

    def __init__(self, summaries: list[Summary]) -> None:
        super().__init__()
        self.summaries = summaries


def run_chunk(job: Job, lo: int, hi: int) -> Chunk:
    """Check the seeds lo ≤ seed < hi of a job; DEFAULT stands for the default driver. A run that the model cannot carry out counts as failed."""
    from ..core.invariant import Monitor
    from ..explore.coverage import Coverage

    began = time.process_time()
    steps = logical_ms = 0
    failures: list[Failed] = []
    coverage = Coverage()
    for seed in range(lo, hi):
        monitor = Monitor(_invariants())
        done, at_ms, failed = _run(job, seed, monitor, coverage)
        steps += done
        logical_ms += at_ms
        coverage.add({"invariants": monitor.asked})
        if failed is not None:
            failures.append(failed)
    return Chunk(lo, hi, steps, time.process_time() - began, logical_ms, tuple(failures), coverage.counts())


def _run(job: Job, seed: int, monitor: Any, coverage: Any) -> tuple[int, int, Failed | None]:
    """(steps, logical ms, failure) of one seed."""
    from ..explore.cluster import build
    from ..explore.due import Witness, usual
    from ..explore.failure import failure_of
    from ..explore.run import run

    driver, scenario, parts, witness = driver_for(job, seed), scenario_of(job.data), parts_for(job), Witness()
    model, world = build(scenario.cluster, parts, driver.faults)
    try:
        outcome = run(model, world, driver, monitor=monitor, max_steps=most_steps(job), observers=(coverage, witness))
        excused = witness.excuse(outcome.world, usual(scenario, parts)) if driver.faults.total else ""
    except Refk8sError:
        raise
    except Exception as error:  # the model is wrong: that is for a campaign to find, not to die of
        finding = f"{type(error).__name__}: {error}"
        return 0, 0, Failed(seed, CRASHED, type(error).__name__, finding, -1)
    failure = failure_of(scenario, outcome, excused=excused)
    failed = None if failure is None else Failed(seed, failure.id, failure.about, failure.finding, failure.step)
    return outcome.steps, outcome.world.now_ms - model.epoch_ms, failed


MOST_STEPS: Final = 200_000
CRASHED: Final = "CRASH"


def driver_for(job: Job, seed: int) -> Any:
    """The driver of a seed of a job."""
    from ..explore.drivers import DefaultDriver, driver_of

    if seed == DEFAULT:
        return DefaultDriver()
    return driver_of(job.driver, seed, faults=FaultBudget.parse(job.faults), length=job.length or 1)


def most_steps(job: Job) -> int:
    """After so many steps a schedule counts as one without an end: a mutant says it itself."""
    from .session import mutant_named

    return mutant_named(job.mutant).steps if job.mutant else MOST_STEPS


def parts_for(job: Job) -> Any:
    """The parts of a job's cluster: a mutant's, or None."""
    return _mutated(job.mutant) if job.mutant else None


@lru_cache(maxsize=8)
def _mutated(mutant: str) -> Any:
    from .session import mutant_named

    return mutant_named(mutant).parts()


@lru_cache(maxsize=64)
def scenario_of(data: bytes) -> Any:
    """The scenario in a job's data."""
    from ..scenarios import from_data

    return from_data(orjson.loads(data))


@lru_cache(maxsize=1)
def _invariants() -> Any:
    from .session import invariants

    return invariants().all()


def job_of(scenario: Any, driver: str = "random", faults: str = "", mutant: str = "") -> Job:
    """The job of checking a scenario. Raises Refk8sError for a driver or faults that are none."""
    from ..explore.drivers import driver_of
    from ..explore.due import usual

    budget = FaultBudget.parse(faults)
    driver_of(driver, 0, faults=budget)
    length = usual(scenario).steps if budget.total else 0
    return Job(scenario.name, orjson.dumps(scenario.data, option=orjson.OPT_SORT_KEYS), driver, faults, mutant, length)


def campaign(
    jobs: Sequence[Job],
    first: int,
    seeds: int,
    processes: int | None,
    *,
    ledger: Path | None = None,
    seconds: float | None = None,
) -> list[Summary]:
    """Check every job under the seeds first … seeds-1, over `processes` processes (None: one per core), for about `seconds` at most.

    With a ledger what is in it already is not done again. Raises Refk8sError, and Interrupted on Ctrl-C.
    """
    book = Ledger(ledger, about(jobs)) if ledger is not None else None
    try:
        return _campaign(jobs, first, seeds, processes or os.cpu_count() or 1, book, seconds)
    finally:
        if book is not None:
            book.close()


def about(jobs: Sequence[Job]) -> dict[str, str]:
    """What a campaign's ledger is about."""
    from importlib.metadata import version

    from ..trace.format import KUBERNETES

    return {
        "refk8s": version("refk8s"),
        "kubernetes": KUBERNETES,
        "scenario": ", ".join(job.name for job in jobs),
        "scenario's content": ", ".join(job.digest for job in jobs),
        "driver": ", ".join(sorted({job.driver for job in jobs})),
        "budget of faults": "; ".join(sorted({job.faults for job in jobs})),
        "mutant": ", ".join(job.mutant for job in jobs),
    }


def _campaign(
    jobs: Sequence[Job], first: int, seeds: int, processes: int, book: Ledger | None, seconds: float | None
) -> list[Summary]:
    known = {n: _known(book, job) if book else [] for n, job in enumerate(jobs)}
    gaps = [(n, lo, hi) for n in known for lo, hi in missing([(c.lo, c.hi) for c in known[n]], first, seeds)]
    total = sum(hi - lo for _, lo, hi in gaps)
    if book is not None and any(known.values()):
        note(f"{len(jobs) * (seeds - first) - total} of these seeds are in {book.path} already")
    spent = dict.fromkeys(known, 0.0)
    ran = dict.fromkeys(known, 0)
    orders = _orders(gaps, total, processes, lambda n: chunk_size(ran[n], spent[n]))
    began = time.monotonic()

    def following() -> tuple[int, int, int] | None:
        late = seconds is not None and time.monotonic() - began > seconds
        return None if late else next(orders, None)

    def summaries() -> list[Summary]:
        wall_s, whole = time.monotonic() - began, sum(spent.values()) or 1.0
        left = [sum(hi - lo for m, lo, hi in gaps if m == n) - ran[n] for n in known]
        return [Summary(job, tuple(known[n]), ran[n], wall_s * spent[n] / whole, left[n]) for n, job in enumerate(jobs)]

    workers = Workers(partial(_ordered, tuple(jobs)), processes, lambda order: _seeds_of(jobs, order))
    try:
        with Progress(total) as progress:
            for (n, lo, hi), chunk in workers.results(following):
                known[n].append(chunk)
                ran[n] += hi - lo
                spent[n] += chunk.cpu_s
                if book is not None:
                    book.add(_key(jobs[n]), lo, hi, attrs.asdict(chunk))
                progress(hi - lo, len(chunk.failures))
    except KeyboardInterrupt:
        raise Interrupted(summaries()) from None
    return summaries()


def chunk_size(ran: int, spent_s: float) -> int:
    """How many seeds a chunk may have, after `ran` seeds of the same job took so long."""
    return max(1, min(LARGEST, int(CHUNK_S * ran / spent_s))) if spent_s else 1


def _seeds_of(jobs: Sequence[Job], order: tuple[int, int, int]) -> str:
    n, lo, hi = order
    return f"seed{f's {lo} to {hi - 1}' if hi - lo > 1 else f' {lo}'} of {jobs[n].name}"


def _ordered(jobs: tuple[Job, ...], order: tuple[int, int, int]) -> Chunk:
    n, lo, hi = order
    return run_chunk(jobs[n], lo, hi)


def _key(job: Job) -> str:
    return f"{job.name} {job.digest}"


def missing(done: Sequence[tuple[int, int]], first: int, seeds: int) -> Iterator[tuple[int, int]]:
    """The intervals of first ≤ seed < seeds that are in none of those that are done."""
    at = first
    for lo, hi in sorted(done):
        if lo > at:
            yield at, min(lo, seeds)
        at = max(at, hi)
        if at >= seeds:
            return
    if at < seeds:
        yield at, seeds


def _orders(
    gaps: Sequence[tuple[int, int, int]], total: int, processes: int, most: Callable[[int], int] = lambda n: LARGEST
) -> Iterator[tuple[int, int, int]]:
    """Chunks that cover the gaps, smaller ones towards the end; of job n at most `most(n)` seeds."""
    left = total
    for n, lo, hi in gaps:
        at = lo
        while at < hi:
            size = max(1, min(most(n), left // (CHUNKS_LEFT * processes), hi - at))
            yield n, at, at + size
            at += size
            left -= size
