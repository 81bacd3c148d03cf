"""The seeded random driver: delays, reorderings and faults."""

from __future__ import annotations

from ...core.action import Action, AdvanceTo
from ...core.budget import NO_FAULTS, FaultBudget
from ...core.enabled import CLOCK, acting, first, pick
from ...core.model import Model
from ...core.ready import nth
from ...core.rng import SplitMix64
from ...core.world import World
from .adversary import LENGTH, Adversary

_OTHER = 0x5DEECE66D
"""Faults are drawn from a stream of their own, so that the same seed without faults is the same schedule as ever."""


class RandomDriver:
    """Fault or not first (spread over the expected `length`), then the process, then one of its actions.

    Now and then a process is slow for a while (others go first), and now and then time passes while work is waiting, up to `delay_budget_ms` in all, so that a
    run without faults stays one in which nobody misses a deadline by the driver's fault. When the faults are over, it goes on as the default driver does.
    """

    name = "random"

    def __init__(
        self, seed: int, delay_budget_ms: int = 5_000, *, faults: FaultBudget = NO_FAULTS, length: int = LENGTH
    ) -> None:
        self.seed: int | None = seed
        self.faults = faults
        self._adversary = Adversary(SplitMix64(seed ^ _OTHER).below, length)
        self._rng = SplitMix64(seed)
        self._delay_left_ms = delay_budget_ms
        self._slow = CLOCK
        self._slow_until = 0

    def choose(self, model: Model, world: World) -> Action | None:
        """A random enabled action, or a fault."""
        if self._adversary.over:
            return first(world)
        return self._adversary.strike(model, world) or self._usual(world)

    def _usual(self, world: World) -> Action | None:
        rng, who = self._rng, acting(world)
        deadline = world.timers.next_deadline()
        if not who and deadline is None:
            return None
        if who and deadline is not None and rng.chance(1, 48) and deadline - world.now_ms <= self._delay_left_ms:
            self._delay_left_ms -= deadline - world.now_ms
            return AdvanceTo(deadline)
        count = who.bit_count() or 1  # the clock alone
        if world.index >= self._slow_until and rng.chance(1, 64):
            chosen = rng.below(count)
            self._slow = nth(who, chosen) if who else CLOCK
            self._slow_until = world.index + 16 + rng.below(112)
        if count > 1 and world.index < self._slow_until and self._slow != CLOCK and who >> self._slow & 1:
            who ^= 1 << self._slow
            count -= 1
        chosen = rng.below(count)
        if who:
            return pick(world, nth(who, chosen), rng.below)
        rng.next()  # the choice among the clock's actions, of which there is one
        return None if deadline is None else AdvanceTo(deadline)
