"""Preemption evicts all pods of lower priority on the node, not only those that have to go.

The dry run without its second half, in which pods are given back one by one (k#59158 and its like).
"""

from __future__ import annotations

import attrs

from ..kinds.codec import EMPTY
from ..scheduler.cache import Cache
from ..scheduler.cycle import Decision
from ..scheduler.filters import Nominated
from ..scheduler.preemption import Candidate
from ..scheduler.program import Cycle
from ..scheduler.queue import Queued
from .mutant import Mutant, with_scheduler
from .scenes import preemption_scene


class Sweep(Cycle):
    """Gives nobody back."""

    def decide(self, entry: Queued, cache: Cache, nominated: Nominated = EMPTY) -> Decision:
        """The decision, with all that could be victims."""
        found = super().decide(entry, cache, nominated)
        made = found.post_filter
        node = cache.snapshot.node(made.nominated_node_name or "") if made is not None else None
        if made is None or node is None:
            return found
        below = tuple(other for other in node.pods if other.priority < entry.pod.priority)
        details = attrs.evolve(made.details, candidates={**made.details.candidates, node.name: Candidate(below)})
        return attrs.evolve(found, post_filter=attrs.evolve(made, details=details))


MUTANT = Mutant(
    id="clean-sweep",
    title="preemption evicts more pods than it must",
    story=__doc__,
    change=with_scheduler(cycle=Sweep()),
    catches=("SCHED-09",),
    scenario=preemption_scene(),
)
