"""The room that preemption has made goes to whoever comes first.

Without nominations (the reason why nominatedNodeName exists): victims are evicted for an important pod, and while they terminate another pod
takes what was free beside them, so that they die in vain (k#54501, catalogue K4).
"""

from __future__ import annotations

from ..kinds.codec import EMPTY
from ..scheduler.cache import Cache
from ..scheduler.cycle import Decision
from ..scheduler.filters import Nominated
from ..scheduler.program import Cycle
from ..scheduler.queue import Queued
from .mutant import Mutant, with_scheduler
from .scenes import apply, pod, preemption_scene


class Inattentive(Cycle):
    """Does not look at nominations."""

    def decide(self, entry: Queued, cache: Cache, nominated: Nominated = EMPTY) -> Decision:
        """The decision as if nobody were nominated anywhere."""
        return super().decide(entry, cache)


MUTANT = Mutant(
    id="taken-seat",
    rows=("K4",),
    title="a scheduler that gives nominated pods' room away",
    story=__doc__,
    change=with_scheduler(cycle=Inattentive()),
    catches=("SCHED-10",),
    scenario=preemption_scene(apply(pod("late", cpu="150m"))),
)
