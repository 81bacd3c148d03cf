"""The scheduler's cache keeps a pod that the informer has shown to be gone, as if the event had been missed.

k#55587: the cache drifted from the API server until the scheduler was restarted;
comparing both (the cache comparer) was added to find such things (catalogue K2).
"""

from __future__ import annotations

from ..scheduler.cache import Cache
from ..scheduler.program import Cycle
from .mutant import Mutant, with_scheduler
from .scenes import apply, delete, pod, scene, wait_running


class Yesterday(Cycle):
    """Misses that pods go."""

    def release(self, cache: Cache, key: str) -> Cache:
        """The cache as it is."""
        return cache


MUTANT = Mutant(
    id="cache-of-yesterday",
    rows=("K2",),
    title="a scheduler's cache that drifts from the store",
    story=__doc__,
    change=with_scheduler(cycle=Yesterday()),
    catches=("SCHED-08",),
    scenario=scene(apply(pod("web")), wait_running("web"), delete("pods", "web")),
)
