"""A scheduler that takes the nodes in turn and asks nothing else.

k8s-lite-go's scheduler: capacity, taints and selectors do not count (catalogue, mutant zero).
"""

from __future__ import annotations

import attrs

from ..kinds.codec import EMPTY
from ..scheduler.cache import Cache
from ..scheduler.cycle import Decision
from ..scheduler.filters import Nominated
from ..scheduler.program import Cycle
from ..scheduler.queue import Queued
from .mutant import Mutant, with_scheduler
from .scenes import apply, pod, scene


class RoundRobin(Cycle):
    """Deals pods out."""

    def decide(self, entry: Queued, cache: Cache, nominated: Nominated = EMPTY) -> Decision:
        """The next node."""
        nodes = cache.snapshot.nodes()
        return attrs.evolve(Decision(), chosen=nodes[len(cache.placed) % len(nodes)].name) if nodes else Decision()


MUTANT = Mutant(
    id="round-robin",
    title="a scheduler that ignores capacity",
    story=__doc__,
    rows=("zero g",),
    change=with_scheduler(cycle=RoundRobin()),
    catches=("SCHED-02", "SCHED-04"),
    scenario=scene(*(apply(pod(f"web-{n}", cpu="1500m")) for n in range(6)), nodes=2),
)
