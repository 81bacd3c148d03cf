"""Hunting a mutant: it is found from scratch by seeds of a driver, and the run that shows it is shrunk. Pure functions of the mutant."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Final

import attrs

from ..core.budget import FaultBudget
from ..core.invariant import Invariant, Monitor
from ..explore.cluster import build
from ..explore.drivers import DefaultDriver, Driver, driver_of
from ..explore.due import usual
from ..explore.run import Outcome, run
from ..explore.shrink import Failing
from ..explore.shrunk import fails, shrunk
from .mutant import Mutant

RANGES: Final = (0, 1000, 2000, 3000, 4000)
"""The first seeds of the ranges in which a mutant is hunted, so that a lucky seed does not count for much."""
EFFORT: Final = 250_000
"""How many steps may be taken to shrink the run that shows a mutant."""


@attrs.frozen(eq=False)
class Hunt:
    """How a hunt ended: after `seeds` seeds, with a failing run or (None) with nothing."""

    mutant: Mutant
    seeds: int
    failing: Failing | None

    @property
    def caught_by(self) -> str:
        """The id of the invariant that caught it; "" if none did."""
        return "" if self.failing is None else self.failing.failure.id


def hunt(mutant: Mutant, first: int, invariants: Iterable[Invariant], *, default_first: bool = False) -> Hunt:
    """Seeds first, first + 1, … until one shows the mutant, or its budget is spent. `default_first`: before them the default driver.

    What counts is an invariant: neither what the scenario expects, nor that a run came to no end within so many steps (an invariant has to say why).
    """
    suite = tuple(invariants)
    counts = {each.id for each in suite}
    parts, scenario = mutant.parts(), mutant.load()
    length = usual(scenario, mutant.control()).steps if mutant.faults else 1
    drivers = (driver(mutant, seed, length) for seed in range(first, first + mutant.seeds))
    for number, each in enumerate(chain([DefaultDriver()] if default_first else [], drivers), 1):
        found = fails(scenario, each, parts=parts, invariants=suite, max_steps=mutant.steps)
        if found is not None and found.failure.id in counts:
            return Hunt(mutant, number, found)
    return Hunt(mutant, mutant.seeds, None)


def unmutated(mutant: Mutant, seed: int | None, invariants: Iterable[Invariant]) -> Outcome:
    """The mutant's scenario without the bug, under the default driver or a seed of its own."""
    scenario, control = mutant.load(), mutant.control()
    length = usual(scenario, control).steps if mutant.faults else 1
    chosen = DefaultDriver() if seed is None else driver(mutant, seed, length)
    model, world = build(scenario.cluster, control, chosen.faults)
    return run(model, world, chosen, monitor=Monitor(tuple(invariants)), max_steps=mutant.steps)


def driver(mutant: Mutant, seed: int, length: int) -> Driver:
    """The driver that hunts a mutant."""
    return driver_of(mutant.driver, seed, faults=FaultBudget.parse(mutant.faults), length=length)


def smallest(mutant: Mutant, failing: Failing, invariants: Iterable[Invariant]) -> Failing:
    """The shrunk run: with the bug it fails, without it does not."""
    return shrunk(failing, parts=mutant.parts(), control=mutant.control(), invariants=tuple(invariants), effort=EFFORT)
