"""The scheduler does not know of scheduling gates.

A scheduler older than v1.26 beside a newer API server: quota and topology controllers that hold a pod back get no say; only the API server's binding refuses.
"""

from __future__ import annotations

import attrs

from ..scheduler.framework import Profile
from ..scheduler.plugins import default_profile
from ..scheduler.program import Cycle
from ..scheduler.rules import Profiles
from .mutant import Mutant, with_scheduler
from .scenes import apply, pod, scene


def _ungated() -> Profile:
    profile = default_profile()
    return attrs.evolve(profile, plugins=tuple(p for p in profile.plugins if p.name != "SchedulingGates"))


MUTANT = Mutant(
    id="open-gates",
    title="a scheduler that ignores scheduling gates",
    story=__doc__,
    change=with_scheduler(cycle=Cycle(profiles=Profiles.of(_ungated()))),
    catches=("SCHED-14",),
    scenario=scene(apply(pod("web", schedulingGates=[{"name": "example.com/quota"}]))),
)
