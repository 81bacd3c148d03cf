"""The scheduler's cache keeps a node that has been deleted.

k#56261, k#94437: a deletion of a node was missed, and pods went on being bound to a node that was not there (catalogue K1).
"""

from __future__ import annotations

from ..scheduler.cache import Cache
from ..scheduler.program import Cycle
from .mutant import Mutant, with_scheduler
from .scenes import apply, pod, scene, sleep


class Haunted(Cycle):
    """Never lets a node go."""

    def node_gone(self, cache: Cache, name: str) -> Cache:
        """The cache as it is."""
        return cache


MUTANT = Mutant(
    id="ghost-nodes",
    title="pods are bound to a node that was deleted",
    story=__doc__,
    rows=("K1",),
    change=with_scheduler(cycle=Haunted()),
    catches=("SCHED-01",),
    scenario=scene(
        sleep("2s"),
        {"delete": {"resource": "nodes", "name": "node-2"}},
        sleep("1s"),
        *(apply(pod(name)) for name in "abc"),
        nodes=2,
    ),
)
