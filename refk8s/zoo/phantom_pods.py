"""The scheduler's cache keeps a pod that has ended or gone.

k#55587, k#51313: a missed deletion left phantom usage, and pods waited for room that was there (catalogue K2).
"""

from __future__ import annotations

from ..scheduler.cache import Cache
from ..scheduler.program import Cycle
from .mutant import Mutant, with_scheduler
from .scenes import apply, delete, pod, scene, sleep, wait_running


class Haunted(Cycle):
    """Never gives room back."""

    def release(self, cache: Cache, key: str) -> Cache:
        """The cache as it is."""
        return cache


MUTANT = Mutant(
    id="phantom-pods",
    title="a scheduler that counts pods which are gone",
    story=__doc__,
    rows=("K2",),
    change=with_scheduler(cycle=Haunted()),
    catches=("SCHED-01", "SCHED-06"),
    scenario=scene(
        apply(pod("a", cpu="500m"), pod("b", cpu="500m")),
        wait_running("a"),
        delete("pods", "a"),
        sleep("40s"),
        apply(pod("c", cpu="500m")),
        apply(pod("d", cpu="1")),
        node={"cpu": "2"},
    ),
)
