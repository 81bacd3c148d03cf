"""The scheduler looks at the node only, and not at the pods that keep away from each other or are to be spread.

k#96020 and its like: two replicas that must not share a node do, and one machine's end is the end of both.
"""

from __future__ import annotations

import attrs

from ..scheduler.framework import Profile
from ..scheduler.plugins import default_profile
from ..scheduler.program import Cycle
from ..scheduler.rules import Profiles
from .mutant import Mutant, with_scheduler
from .scenes import apply, pod, scene


def _alone() -> Profile:
    profile = default_profile()
    return attrs.evolve(profile, plugins=tuple(p for p in profile.plugins if p.name != "InterPodAffinity"))


TERM = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}
AWAY = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [TERM]}}


def _web(name: str) -> dict[str, object]:
    made = pod(name, affinity=AWAY)
    return {**made, "metadata": {**made["metadata"], "labels": {"app": "web"}}}


MUTANT = Mutant(
    id="lonely-hearts",
    title="a scheduler without InterPodAffinity",
    story=__doc__,
    change=with_scheduler(cycle=Cycle(profiles=Profiles.of(_alone()))),
    catches=("SCHED-07",),
    scenario=scene(apply(_web("web-0"), _web("web-1"), _web("web-2")), nodes=2),
)
