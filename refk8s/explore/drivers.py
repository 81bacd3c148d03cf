"""Drivers choose one action per step; that choice is the only source of nondeterminism (ARCHITECTURE §1).

Here: the default driver (always the first enabled action: a fault-free run), the seeded random one, and replay of labels. A person at the CLI is a
driver too (cli/step.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..core.action import Action
from ..core.enabled import CLOCK, actions_of, actors, find, first
from ..core.model import Model
from ..core.rng import SplitMix64
from ..core.world import World


class Driver(Protocol):
    """Chooses the next action. `name` and `seed` go into the header of a trace."""

    @property
    def name(self) -> str: ...
    @property
    def seed(self) -> int | None: ...
    def choose(self, model: Model, world: World) -> Action | None:
        """The next action, or None to stop."""
        ...


class DefaultDriver:
    """The sane scheduler: everything as early as possible, time last."""

    name = "default"
    seed: int | None = None

    def choose(self, model: Model, world: World) -> Action | None:
        """The first enabled action."""
        return first(world)


class RandomDriver:
    """Seeded delays and reorderings without faults.

    Each step draws a process, then one of its actions. Now and then a process is slow for a while (others go first), and now and then time passes while work is
    waiting, up to `delay_budget_ms` in all, so that a run without faults stays one in which nobody misses a deadline by the driver's fault.
    """

    name = "random"

    def __init__(self, seed: int, delay_budget_ms: int = 5_000) -> None:
        self.seed: int | None = seed
        self._rng = SplitMix64(seed)
        self._delay_left_ms = delay_budget_ms
        self._slow = -2
        self._slow_until = 0

    def choose(self, model: Model, world: World) -> Action | None:
        """A random enabled action."""
        who = actors(world)
        if not who:
            return None
        rng = self._rng
        clock = who[-1] == CLOCK
        if clock and len(who) > 1:
            who.pop()
            if rng.chance(1, 48):
                deadline = world.timers.next_deadline()
                if deadline is not None and deadline - world.now_ms <= self._delay_left_ms:
                    self._delay_left_ms -= deadline - world.now_ms
                    return actions_of(world, CLOCK)[0]
        if world.index >= self._slow_until and rng.chance(1, 64):
            self._slow = who[rng.below(len(who))]
            self._slow_until = world.index + 16 + rng.below(112)
        if world.index < self._slow_until and len(who) > 1 and self._slow in who:
            who.remove(self._slow)
        options = actions_of(world, who[rng.below(len(who))])
        return options[rng.below(len(options))]


class ReplayDriver:
    """Takes the actions with these labels, one per step. Raises ReplayDivergence where one is not enabled."""

    name = "replay"
    seed: int | None = None

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self._next = 0

    def choose(self, model: Model, world: World) -> Action | None:
        """The action of the next label, or None after the last."""
        if self._next == len(self._labels):
            return None
        wanted = self._labels[self._next]
        self._next += 1
        return find(model, world, wanted)
