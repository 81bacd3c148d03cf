"""Running mutants: the default driver first, then seeds of the random one, until an invariant catches the bug."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ..core.invariant import Invariant, Monitor
from ..explore.cluster import Parts, build
from ..explore.drivers import DefaultDriver, RandomDriver
from ..explore.run import Outcome, run
from .mutant import Mutant

NEVER_QUIET = "CONV-04"
"""The invariant that a run without an end violates."""


@attrs.frozen
class Caught:
    """How a mutant was caught: by which invariant, under which seed (None: the default driver), at which step, after `seeds` seeds in all.

    `finding` is the invariant's sentence.
    """

    invariant: str
    seed: int | None
    step: int
    seeds: int
    finding: str


def run_mutant(
    mutant: Mutant, seeds: int | None = None, *, invariants: Iterable[Invariant] | None = None
) -> Caught | None:
    """The first violation that the mutant causes, None if none of `invariants` (all of them) sees it under the default driver and `seeds` seeds.

    `seeds` is the mutant's own number if none is given.
    """
    watched = tuple(_suite() if invariants is None else invariants)
    count = mutant.seeds if seeds is None else seeds
    for seed in (None, *range(count)):
        outcome = run_once(mutant, mutant.parts(), seed, watched)
        tried = 0 if seed is None else seed + 1
        if outcome.violation is not None:
            found = outcome.violation
            return Caught(found.invariant.id, seed, found.step, tried, found.finding)
        if outcome.verdict in ("limit", "hot loop") and any(one.id == NEVER_QUIET for one in watched):
            return Caught(NEVER_QUIET, seed, outcome.world.index, tried, f"not quiet after {outcome.steps} steps")
    return None


def run_unmutated(mutant: Mutant, seed: int | None) -> Outcome:
    """The same scenario without the bug."""
    return run_once(mutant, mutant.control(), seed, tuple(_suite()))


def run_once(mutant: Mutant, parts: Parts, seed: int | None, invariants: tuple[Invariant, ...]) -> Outcome:
    """One run of the mutant's scenario with these parts."""
    model, world = build(mutant.load().cluster, parts)
    driver = DefaultDriver() if seed is None else RandomDriver(seed)
    return run(model, world, driver, monitor=Monitor(invariants), max_steps=mutant.steps)


def _suite() -> tuple[Invariant, ...]:
    from refk8s.invariants import suite

    return suite().all()
