"""A pod that the informer has shown bound is assumed once more.

Assumed for ever after: nothing confirms it a second time (the cache's own comment: "no pod would be assumed twice").
"""

from __future__ import annotations

import attrs

from ..scheduler.cache import Cache
from ..scheduler.nodeinfo import PodInfo
from ..scheduler.program import Cycle
from .mutant import Mutant, with_scheduler
from .scenes import apply, pod, scene


class Doubtful(Cycle):
    """Takes a confirmation for an assumption."""

    def confirm(self, cache: Cache, pod: PodInfo, node: str) -> Cache:
        """The cache in which the pod is assumed again."""
        confirmed = super().confirm(cache, pod, node)
        bare = attrs.evolve(confirmed, snapshot=confirmed.snapshot.without_pod(pod.key, node))
        return bare.assume(pod, node)


MUTANT = Mutant(
    id="assumed-again",
    title="a confirmed pod is assumed again",
    story=__doc__,
    change=with_scheduler(cycle=Doubtful()),
    catches=("SCHED-16", "SCHED-08"),
    scenario=scene(apply(pod("web"))),
)
