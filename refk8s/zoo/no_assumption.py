"""The scheduler forgets its decision until the cache shows the pod bound.

Everything that it decides in between goes to the same room: the reason why the scheduler's cache has assumed pods.
"""

from __future__ import annotations

from ..scheduler.cache import Cache
from ..scheduler.nodeinfo import PodInfo
from ..scheduler.program import Cycle
from .mutant import Mutant, with_scheduler
from .scenes import apply, pod, scene


class Absentminded(Cycle):
    """Does not assume."""

    def assume(self, cache: Cache, pod: PodInfo, node: str) -> Cache:
        """The cache as it is."""
        return cache


MUTANT = Mutant(
    id="no-assumption",
    title="a scheduler that does not remember its decisions",
    story=__doc__,
    change=with_scheduler(cycle=Absentminded()),
    catches=("SCHED-04",),
    scenario=scene(apply(*(pod(f"web-{n}", cpu="1500m") for n in range(6))), nodes=2),
)
