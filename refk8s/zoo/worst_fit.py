"""The node with the lowest score is chosen.

A sign turned round (a less function that was meant for a heap of the other kind): everything runs, and is packed where it fits worst.
"""

from __future__ import annotations

import attrs

from ..kinds.codec import EMPTY
from ..scheduler.cache import Cache
from ..scheduler.cycle import Decision, schedule
from ..scheduler.filters import Nominated
from ..scheduler.program import Cycle
from ..scheduler.queue import Queued
from ..scheduler.rules import scheduler_of
from .mutant import Mutant, with_scheduler
from .scenes import apply, pod, scene


class Pessimist(Cycle):
    """Takes the worst of the nodes that fit."""

    def decide(self, entry: Queued, cache: Cache, nominated: Nominated = EMPTY) -> Decision:
        """The decision, turned round."""
        profile = self.profiles[scheduler_of(entry.pod)]
        found = schedule(profile, entry.pod, cache.snapshot, nominated=nominated, explain=True)
        if not found.chosen:
            return found
        worst = min(found.totals, key=lambda name: (found.totals[name], name))
        return attrs.evolve(found, chosen=worst, best=(worst,))


MUTANT = Mutant(
    id="worst-fit",
    title="a scheduler that takes the worst node",
    story=__doc__,
    change=with_scheduler(cycle=Pessimist()),
    catches=("SCHED-13",),
    scenario=scene(*(apply(pod(f"web-{n}", cpu="300m")) for n in range(10)), nodes=2),
)
