"""When faults happen and which: spread over the expected length of a run, and over when they are spent.

Every driver that makes faults asks an Adversary first at each step. What it draws comes from the driver's own source of choices.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Final

from ...core.action import Action, Crash, Heal, Hold, Partition, Release, Restart, StopFaults, StopNode
from ...core.budget import KINDS, NO_FAULTS
from ...core.enabled import is_idle
from ...core.faults import possible_of
from ...core.model import Model
from ...core.world import World

LENGTH: Final = 1_500
"""How many steps a run is expected to take, if nobody knows better."""
MOST_OPTIONS: Final = 256
"""More faults of one kind are not looked at: they are alike."""

Below = Callable[[int], int]
"""Draws an integer in 0 … bound-1."""


class Adversary:
    """Spends the budget of a World. `below` draws; `length` is how many steps the run is expected to take.

    The moments of all faults are drawn in the beginning, evenly over the length; at each, first a kind is drawn, then a fault of that kind. Lasting faults
    end after a number of steps whose magnitude is drawn. When all is spent (or nothing more happens in the cluster), StopFaults ends the rest; from then on
    `over` is True.
    """

    def __init__(self, below: Below, length: int = LENGTH) -> None:
        self.over = False
        self._below = below
        self._length = max(length, 2)
        self._moments: list[int] | None = None
        self._ends: list[tuple[int, Action]] = []

    def strike(self, model: Model, world: World) -> Action | None:
        """The fault, or end of one, that happens now; None if the cluster goes on as it likes."""
        if world.faults is NO_FAULTS:
            return None
        if self._moments is None:
            self._moments = sorted(world.index + self._below(self._length) for _ in range(world.faults.total))
        moments = self._moments
        stuck = world.timers.next_deadline() is None and is_idle(world)
        calm = stuck or (not world.timers.goals and is_idle(world))
        if self._ends:
            end = self._end_of_a_fault(world, at_once=stuck)
            if end is not None:
                return end
        lasting = world.down or world.holds or world.cuts
        if moments and (world.index >= moments[0] or (calm and not lasting)):
            fault = self._fault(model, world)
            if fault is not None:
                del moments[0]
                self._remember_end(world, fault)
                return fault
            if world.faults.total and not calm:
                return None  # nothing of what is left is possible now
            moments.clear()
        if not moments and (calm or not lasting):
            self.over = True
            return StopFaults()
        return None

    def _fault(self, model: Model, world: World) -> Action | None:
        """A fault of a kind that is drawn, or of the next one that is possible."""
        kinds = [kind for kind in KINDS if world.faults.left(kind)]
        if not kinds:
            return None
        first = self._below(len(kinds))
        for kind in (*kinds[first:], *kinds[:first]):
            options = list(islice(possible_of(model, world, kind), MOST_OPTIONS))
            if options:
                return options[self._below(len(options))]
        return None

    def _remember_end(self, world: World, fault: Action) -> None:
        end: Action
        match fault:
            case Crash(p) | StopNode(p, _):
                end = Restart(p)
            case Hold(iid):
                end = Release(iid)
            case Partition(p, server):
                end = Heal(p, server)
            case _:
                return
        magnitude = self._below(self._length.bit_length())
        self._ends.append((world.index + 1 + self._below(1 << magnitude), end))

    def _end_of_a_fault(self, world: World, *, at_once: bool) -> Action | None:
        """An end that is due and still makes sense: somebody else may have restarted a process meanwhile."""
        for step, end in sorted(self._ends, key=lambda pair: pair[0]):
            if step > world.index and not at_once:
                break
            self._ends.remove((step, end))
            match end:
                case Restart(p) if p in world.down:
                    return end
                case Release(iid) if iid in world.holds:
                    return end
                case Heal(p, server) if (p, server) in world.cuts:
                    return end
        return None
