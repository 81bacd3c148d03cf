"""The queue goes by the time of arrival; priorities do not count.

A queue sort plugin that forgets PrioritySort's first half: system pods wait behind a batch of thousands.
"""

from __future__ import annotations

import attrs

from ..scheduler.framework import Plugin, Profile
from ..scheduler.nodeinfo import PodInfo
from ..scheduler.plugins import default_profile
from ..scheduler.plugins.priority_sort import PrioritySort
from ..scheduler.program import Cycle
from ..scheduler.rules import Profiles
from .mutant import Mutant, with_scheduler
from .scenes import apply, pod, priority_class, scene


class FirstCome(PrioritySort):
    """Sorts by time."""

    def queue_key(self, pod: PodInfo, since_ms: int) -> tuple[int, ...]:
        """The time."""
        return (0, since_ms)


def _profile() -> Profile:
    def swapped(plugin: Plugin) -> Plugin:
        return FirstCome() if plugin.name == "PrioritySort" else plugin

    profile = default_profile()
    return attrs.evolve(profile, plugins=tuple(map(swapped, profile.plugins)))


MUTANT = Mutant(
    id="first-come",
    title="a scheduling queue without priorities",
    story=__doc__,
    change=with_scheduler(cycle=Cycle(profiles=Profiles.of(_profile()))),
    catches=("SCHED-12",),
    scenario=scene(
        apply(priority_class("high", 1000)),
        apply(*(pod(f"low-{n}") for n in range(6)), pod("vip", priorityClassName="high")),
        nodes=2,
    ),
    seeds=40,
)
