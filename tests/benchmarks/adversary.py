"""Shrinking, campaigns over processes, the zoo."""

from __future__ import annotations

import multiprocessing
import time
from functools import partial
from statistics import median

from refk8s.cli.campaign import campaign, job_of
from refk8s.cli.hunting import hunted
from refk8s.cli.workers import Workers
from refk8s.explore.drivers import driver_of
from refk8s.explore.shrunk import fails, shrunk
from refk8s.invariants import suite
from refk8s.scenarios import resolve
from refk8s.zoo import MUTANTS

from .measure import Figure, Size, benchmark, interleaved, ratio

SHRUNK = "no-expectations"


@benchmark("shrink")
def shrink(size: Size) -> list[Figure]:
    """CPU seconds to shrink the first failing run of at least 300 steps of the mutant no-expectations under the random driver, with all invariants on."""
    mutant = next(each for each in MUTANTS if each.id == (SHRUNK if size == "full" else "blind-put"))
    invariants = suite().all()
    least = 300 if size == "full" else 0
    runs = (
        fails(mutant.load(), driver_of("random", seed), parts=mutant.parts(), invariants=invariants)
        for seed in range(50)
    )
    whole = next(run for run in runs if run is not None and len(run.taken) >= least)
    began = time.process_time()
    small = shrunk(whole, parts=mutant.parts(), control=mutant.control(), invariants=invariants)
    took_s = time.process_time() - began
    return [
        Figure("shrinking a failing run of at least 300 steps", took_s, "s", 10.0),
        Figure("steps before", len(whole.taken), "steps"),
        Figure("steps after", len(small.taken), "steps"),
    ]


def _loop(count: int) -> int:
    total = 0
    for number in range(count):
        total += number * number % 7
    return total


def _bare(processes: int, count: int) -> float:
    """Loops per second of so many bare Python processes at once."""
    began = time.monotonic()
    running = [multiprocessing.Process(target=_loop, args=(count,)) for _ in range(processes)]
    for process in running:
        process.start()
    for process in running:
        process.join()
    return processes / (time.monotonic() - began)


def _fuzz(processes: int, seeds: int) -> float:
    """Seeds per second of a campaign over so many processes."""
    began = time.monotonic()
    campaign([job_of(resolve("rollout"))], 0, seeds, processes)
    return seeds / (time.monotonic() - began)


@benchmark("fuzz")
def fuzz(size: Size) -> list[Figure]:
    """How much faster a campaign of rollout is on two processes than on one, against the same of bare Python loops, in the same rounds."""
    seeds, count, rounds = (120, 30_000_000, 5) if size == "full" else (2, 100_000, 1)
    subjects = (
        partial(_fuzz, 1, seeds),
        partial(_fuzz, 2, seeds),
        partial(_bare, 1, count),
        partial(_bare, 2, count),
    )
    one, two, loop, loops = interleaved(rounds, *subjects)
    gained = [(b / a) / (d / c) for a, b, c, d in zip(one, two, loop, loops, strict=True)]
    return [
        Figure("gain of fuzz by a second process / that of bare loops", median(gained), "", 0.95, at_least=True),
        Figure("seeds of rollout per second on two processes", median(two), "/s"),
        Figure("gain of fuzz by a second process", ratio(two, one), "times"),
    ]


@benchmark("zoo")
def zoo(size: Size) -> list[Figure]:
    """Seconds to hunt 20 mutants that are rows of the catalogue of real bugs from scratch in five ranges of seeds each and to shrink them, on two processes."""
    ids = [mutant.id for mutant in MUTANTS if any(not row.startswith("zero") for row in mutant.rows)]
    wanted = ids[:20] if size == "full" else ["blind-put"]
    began = time.monotonic()
    orders = iter(wanted)
    work = partial(hunted, ranges=5 if size == "full" else 1, shrink=True, traces=None)
    rows = [row for _, row in Workers(work, 2).results(lambda: next(orders, None))]
    took_s = time.monotonic() - began
    return [
        Figure("hunting and shrinking 20 rows of the zoo", took_s, "s", 240.0),
        Figure("steps of the median shrunk trace", median(row["steps"] for row in rows), "steps", 12.0),
    ]
