"""Swarm testing: every seed is another kind of adversary.

Source: Groce et al., "Swarm Testing" (ISSTA 2012): configurations that leave features out find more than one that has all of them.
"""

from __future__ import annotations

from ...core.action import Action
from ...core.budget import KINDS, NO_FAULTS, FaultBudget
from ...core.model import Model
from ...core.rng import SplitMix64
from ...core.world import World
from .adversary import LENGTH
from .pct import PctDriver
from .random import RandomDriver

_OTHER = 0x9E3779B9


def thinned(seed: int, most: FaultBudget) -> FaultBudget:
    """A budget within `most` that a seed picks: half of the kinds at most, of each between one and what there is; never nothing, if there is something."""
    rng = SplitMix64(seed ^ _OTHER)
    kinds = [kind for kind in KINDS if most.left(kind)]
    if not kinds:
        return NO_FAULTS
    kept = [kind for kind in kinds if rng.chance(1, 2)] or [kinds[rng.below(len(kinds))]]
    counts = {kind: 1 + rng.below(most.left(kind)) for kind in kept}
    return FaultBudget(**counts, total=min(sum(counts.values()), most.total))


class SwarmDriver:
    """Takes a part of the budget and one of the other drivers, as the seed says: random, or PCT of a depth up to 4."""

    name = "swarm"

    def __init__(self, seed: int, *, faults: FaultBudget = NO_FAULTS, length: int = LENGTH) -> None:
        self.seed: int | None = seed
        self.faults = thinned(seed, faults)
        rng = SplitMix64(seed)
        self._inner: RandomDriver | PctDriver
        if rng.chance(2, 3):
            self._inner = RandomDriver(rng.next(), faults=self.faults, length=length)
        else:
            self._inner = PctDriver(rng.next(), 1 + rng.below(4), faults=self.faults, length=length)

    def choose(self, model: Model, world: World) -> Action | None:
        """What the driver that this seed has picked chooses."""
        return self._inner.choose(model, world)
