"""When a Job may replace failed pods: the record of failures since the last success, and the time still to wait.

Source: pkg/controller/job/backoff_utils.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from refk8s.controllers.decisions_time import SECOND_NS, parse_time_ns
from refk8s.controllers.ranking import ready_condition
from refk8s.kinds.container import ContainerStatus
from refk8s.kinds.pod import Pod

DEFAULT_BACKOFF_NS = 10 * SECOND_NS
MAX_BACKOFF_NS = 600 * SECOND_NS


@attrs.frozen
class JobBackoff:
    """What the Job controller remembers of a Job's failures; times in ns since the Unix epoch."""

    failures_after_last_success: int = 0
    last_failure_ns: int | None = None

    def record(self, succeeded: Sequence[Pod], failed: Sequence[Pod]) -> JobBackoff:
        """The record after one sync has newly seen these pods finish.

        A success forgets everything up to the last one of them; failures after it count. Source: newBackoffRecord.
        """
        if not succeeded and not failed:
            return self
        failures = sorted(finished_ns(pod) for pod in failed)
        if not succeeded:
            return JobBackoff(self.failures_after_last_success + len(failures), failures[-1])
        last_success = max(finished_ns(pod) for pod in succeeded)
        later = [time for time in failures if time > last_success]
        return JobBackoff(len(later), later[-1] if later else None)

    def remaining_ns(self, now_ns: int, default_ns: int = DEFAULT_BACKOFF_NS, max_ns: int = MAX_BACKOFF_NS) -> int:
        """How long the next pod still has to wait."""
        return remaining_backoff_ns(
            self.failures_after_last_success, now_ns - (self.last_failure_ns or 0), default_ns, max_ns
        )


def remaining_backoff_ns(failures: int, elapsed_ns: int, default_ns: int, max_ns: int) -> int:
    """default · 2^(failures - 1), at most `max_ns`, less the time since the last failure; 0 without failures.

    The first failure waits `default_ns` even where that is more than the maximum. Source:
    getRemainingTimeForFailuresCount.
    """
    if failures == 0:
        return 0
    backoff = default_ns
    for _ in range(1, failures):
        backoff = _int64(backoff * 2)
        if backoff >= max_ns:
            backoff = max_ns
            break
        if backoff == 0:
            break
    return 0 if backoff < elapsed_ns else backoff - elapsed_ns


def finished_ns(pod: Pod) -> int:
    """When a pod finished, in ns since the Unix epoch.

    That is when its last container terminated, if all have; else when it became unready; else when its deletion
    began; else its creation. Source: getFinishedTime.
    """
    from_containers = _last_termination_ns(pod)
    if from_containers is not None:
        return from_containers
    condition = ready_condition(pod)
    if condition is not None and condition.status == "False":
        unready = parse_time_ns(condition.last_transition_time)
        if unready is not None:
            return unready
    deleted = parse_time_ns(pod.metadata.deletion_timestamp)
    if deleted is not None:
        return deleted - (pod.metadata.deletion_grace_period_seconds or 0) * SECOND_NS
    return parse_time_ns(pod.metadata.creation_timestamp) or 0


def _last_termination_ns(pod: Pod) -> int | None:
    """When the last main container or sidecar terminated; None if any of the sidecars, or of what is left, still runs."""
    latest = _latest(None, pod.status.container_statuses)
    sidecars = [container.name for container in pod.spec.init_containers if container.restart_policy == "Always"]
    return _latest(latest, [status for status in pod.status.init_container_statuses if status.name in sidecars])


def _latest(latest: int | None, statuses: Iterable[ContainerStatus]) -> int | None:
    for status in statuses:
        terminated = status.state.terminated
        finished = parse_time_ns(terminated.finished_at) if terminated is not None else None
        if finished is None:
            return None
        latest = finished if latest is None else max(latest, finished)
    return latest


def _int64(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63
