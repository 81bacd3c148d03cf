"""The scheduler's profile lacks TaintToleration and NodeUnschedulable.

Pods land on nodes that are drained, broken or reserved; those that the kubelet rejects are made again by their controller, again and again.
"""

from __future__ import annotations

import attrs

from ..scheduler.framework import Profile
from ..scheduler.plugins import default_profile
from ..scheduler.program import Cycle
from ..scheduler.rules import Profiles
from .mutant import Mutant, with_scheduler
from .scenes import apply, pod, scene


def _without(*names: str) -> Profile:
    profile = default_profile()
    return attrs.evolve(profile, plugins=tuple(plugin for plugin in profile.plugins if plugin.name not in names))


MUTANT = Mutant(
    id="taints-ignored",
    title="a scheduler that ignores taints and cordons",
    story=__doc__,
    change=with_scheduler(cycle=Cycle(profiles=Profiles.of(_without("TaintToleration", "NodeUnschedulable")))),
    catches=("SCHED-02", "SCHED-03"),
    scenario=scene(
        {"cordon": {"name": "node-1"}},
        *(apply(pod(f"web-{n}")) for n in range(4)),
        nodes=2,
        node={"taints": [{"key": "reserved", "effect": "NoSchedule"}]},
    ),
)
