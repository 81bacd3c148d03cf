"""Drivers choose one action per step; that choice is the only source of nondeterminism (ARCHITECTURE §1).

One file each: the default driver (always the first enabled action), the seeded random one, PCT, swarm, replay of labels, and one for Hypothesis, which is
loaded only when somebody asks for it. A person at the CLI is a driver too (cli/step.py).
"""

from __future__ import annotations

from typing import Any, Final

from ...core.budget import NO_FAULTS, FaultBudget
from ...core.errors import Refk8sError
from .adversary import LENGTH, Adversary
from .default import DefaultDriver
from .driver import Driver
from .pct import PctDriver
from .random import RandomDriver
from .replay import ReplayDriver
from .swarm import SwarmDriver

__all__ = [
    "LENGTH",
    "NAMES",
    "Adversary",
    "DefaultDriver",
    "Driver",
    "PctDriver",
    "RandomDriver",
    "ReplayDriver",
    "SwarmDriver",
    "driver_of",
]

NAMES: Final = ("default", "random", "pct", "swarm", "hypothesis")
"""The drivers that `driver_of` makes."""


def driver_of(
    name: str, seed: Any = None, *, faults: FaultBudget = NO_FAULTS, length: int = LENGTH, depth: int = 3
) -> Driver:
    """A driver by name; its `faults` are the budget to begin its World with. Raises Refk8sError for a name that is none, or one without the seed that it needs.

    `length`: how many steps the run is expected to take (faults are spread over it); `depth`: of PCT. For "hypothesis", `seed` is what it draws from.
    """
    if name not in NAMES:
        raise Refk8sError(f"no driver {name!r}; there are {', '.join(NAMES)}")
    if name == "default":
        if faults.total:
            raise Refk8sError("the default driver makes no faults; take --driver random, pct or swarm")
        return DefaultDriver()
    if seed is None:
        raise Refk8sError(f"driver {name} needs a seed")
    if name == "pct":
        return PctDriver(seed, depth, faults=faults, length=length)
    if name == "swarm":
        return SwarmDriver(seed, faults=faults, length=length)
    if name == "random":
        return RandomDriver(seed, faults=faults, length=length)
    from .hypothesis import HypothesisDriver

    return HypothesisDriver(seed, faults=faults, length=length)
