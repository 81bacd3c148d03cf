"""PCT over processes: probabilistic concurrency testing.

Source: Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs" (ASPLOS 2010): a bug that takes d ordering constraints among n
processes and k steps is found with a probability of at least 1 / (n · k^(d-1)).
"""

from __future__ import annotations

from ...core.action import Action
from ...core.budget import NO_FAULTS, FaultBudget
from ...core.enabled import CLOCK, actions_of, actors, first
from ...core.model import Model
from ...core.rng import SplitMix64
from ...core.world import World
from .adversary import LENGTH, Adversary


class PctDriver:
    """Each process has a priority; the one with the highest that can act does its first action. At `depth` - 1 steps, drawn over the expected `length`, the
    one that would act gets the lowest priority. Time passes when nobody can act. When the faults are over, it goes on as the default driver does.
    """

    name = "pct"

    def __init__(self, seed: int, depth: int = 3, *, faults: FaultBudget = NO_FAULTS, length: int = LENGTH) -> None:
        self.seed: int | None = seed
        self.faults = faults
        self._rng = SplitMix64(seed)
        self._adversary = Adversary(self._rng.below, length)
        self._changes = sorted(self._rng.below(max(length, 1)) for _ in range(depth - 1))
        self._priority: dict[int, int] = {}

    def choose(self, model: Model, world: World) -> Action | None:
        """The first action of the process with the highest priority, or a fault."""
        if self._adversary.over:
            return first(world)
        fault = self._adversary.strike(model, world)
        if fault is not None:
            return fault
        who = [p for p in actors(world) if p != CLOCK]
        if not who:
            return first(world)
        chosen = max(who, key=self._rank)
        if self._changes and world.index >= self._changes[0]:
            self._priority[chosen] = -self._changes.pop(0) - 1
            chosen = max(who, key=self._rank)
        return actions_of(world, chosen)[0]

    def _rank(self, p: int) -> tuple[int, int]:
        """Drawn when the process acts for the first time."""
        if p not in self._priority:
            self._priority[p] = self._rng.below(1 << 32)
        return self._priority[p], -p
