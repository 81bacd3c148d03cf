"""What the queue asks about its pods, answered by the plugins of their profiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs

from .events import ClusterEvent, worth_requeuing
from .framework import Profile, Status
from .listers import NO_LISTERS, Listers
from .nodeinfo import PodInfo

__all__ = ["DEFAULT_SCHEDULER", "NO_PROFILES", "ProfileRules", "Profiles", "scheduler_of"]

DEFAULT_SCHEDULER: Final = "default-scheduler"


def scheduler_of(pod: PodInfo) -> str:
    """The name of the scheduler that the pod asks for."""
    return pod.pod.spec.scheduler_name or DEFAULT_SCHEDULER


@attrs.frozen(eq=False)
class Profiles:
    """The profiles of a scheduler by its names, and the limits of back-off in ms."""

    by_name: Mapping[str, Profile]
    initial_backoff_ms: int = 1_000
    max_backoff_ms: int = 10_000

    @classmethod
    def of(cls, *profiles: Profile, initial_backoff_ms: int = 1_000, max_backoff_ms: int = 10_000) -> Profiles:
        """These profiles."""
        return cls({profile.scheduler_name: profile for profile in profiles}, initial_backoff_ms, max_backoff_ms)

    def __getitem__(self, name: str) -> Profile:
        return self.by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name


NO_PROFILES: Final = Profiles({})


def _nobody(key: str) -> bool:
    return False


@attrs.frozen(eq=False)
class ProfileRules:
    """The rules of `profiles` (by scheduler name), with what the scheduler knows at the moment.

    `preempts` says whether the preemption for a pod is under way.
    """

    profiles: Profiles
    listers: Listers = NO_LISTERS
    preempts: Callable[[str], bool] = _nobody

    def key(self, pod: PodInfo, since_ms: int) -> tuple[int, ...]:
        """The place of a pod in the order of the queue."""
        return self._profile(pod).queue_key(pod, since_ms)

    def gate(self, pod: PodInfo) -> Status | None:
        """Which plugin keeps the pod out of the queue."""
        return self._profile(pod).pre_enqueue(pod, self.preempts)

    def opens(self, pod: PodInfo, gate: str, event: ClusterEvent) -> bool:
        """Whether the plugin `gate` waits for events of this kind."""
        return bool(self._profile(pod).hints(gate, event))

    def backoff_ms(self, attempts: int) -> int:
        """How long a pod has to wait after so many failed attempts: the first back-off doubled each time. Source: calculateBackoffDuration."""
        initial, most = self.profiles.initial_backoff_ms, self.profiles.max_backoff_ms
        return min(initial << min(attempts - 1, 32), most)

    def worth(self, pod: PodInfo, rejectors: Sequence[str], event: ClusterEvent, old: object, new: object) -> bool:
        """Whether the event may make a pod schedulable that was rejected by these plugins."""
        return worth_requeuing(self._profile(pod), pod, rejectors, event, old, new, self.listers)

    def _profile(self, pod: PodInfo) -> Profile:
        return self.profiles.by_name[scheduler_of(pod)]
