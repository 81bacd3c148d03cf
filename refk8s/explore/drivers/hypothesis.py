"""A driver whose choices Hypothesis makes, and so can shrink: simplest first. The only module here that needs Hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies

from ...core.action import Action
from ...core.budget import NO_FAULTS, FaultBudget
from ...core.enabled import actions_of, actors, first
from ...core.model import Model
from ...core.world import World
from .adversary import LENGTH, Adversary

SANE = 12
"""So many of 16 choices are what the default driver does."""


class HypothesisDriver:
    """Draws from `source`: a `st.data()`, or a Random of `st.randoms(use_true_random=False)`, which is faster. Zeros are a run without faults and reorderings.

    At most about 2,500 draws fit into an example, so only the first `most_draws` steps draw; then the default driver goes on.
    """

    name = "hypothesis"
    seed: int | None = None

    def __init__(
        self, source: Any, *, faults: FaultBudget = NO_FAULTS, length: int = LENGTH, most_draws: int = 800
    ) -> None:
        self.faults = faults
        self._source = source
        self._random = hasattr(source, "randrange")
        self._left = most_draws
        self._adversary = Adversary(self._below, length)

    def choose(self, model: Model, world: World) -> Action | None:
        """A fault, an enabled action that is drawn, or the default one."""
        if self._adversary.over:
            return first(world)
        fault = self._adversary.strike(model, world)
        if fault is not None or self._left <= 0 or self._below(16) < SANE:
            return fault or first(world)
        who = actors(world)
        if not who:
            return None
        options = actions_of(world, who[self._below(len(who))])
        return options[self._below(len(options))]

    def _below(self, bound: int) -> int:
        self._left -= 1
        if bound <= 1:
            return 0
        if self._random:
            return int(self._source.randrange(bound))
        return int(self._source.draw(strategies.integers(0, bound - 1)))
