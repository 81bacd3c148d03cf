"""The status of a Deployment: counters, conditions, progress and its deadline.

Source: pkg/controller/deployment/sync.go (calculateStatus), progress.go; util/deployment_util.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from refk8s.controllers.decisions_conditions import (
    condition_document,
    find_condition,
    new_deployment_condition,
    set_deployment_condition,
    without_condition,
)
from refk8s.controllers.decisions_deployment import PROGRESSING, has_progress_deadline
from refk8s.controllers.decisions_time import parse_time_ms
from refk8s.controllers.rolling import desired_replicas, int32, max_unavailable, total_size
from refk8s.kinds.deployment import Deployment, DeploymentStatus
from refk8s.kinds.meta import Condition
from refk8s.kinds.replicaset import ReplicaSet

AVAILABLE = "Available"
REPLICA_FAILURE = "ReplicaFailure"
NEW_REPLICA_SET_AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"


def calculate_status(
    deployment: Deployment, replica_sets: Sequence[ReplicaSet], new: ReplicaSet | None, now_ms: int
) -> DeploymentStatus:
    """The counters and the Available condition that all ReplicaSets of a Deployment (`new` among them) give.

    Source: calculateStatus.
    """
    available = int32(sum(each.status.available_replicas for each in replica_sets))
    enough = available >= desired_replicas(deployment) - max_unavailable(deployment)
    condition = new_deployment_condition(
        AVAILABLE,
        "True" if enough else "False",
        "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        f"Deployment {'has' if enough else 'does not have'} minimum availability.",
        now_ms,
    )
    return DeploymentStatus(
        observed_generation=deployment.metadata.generation,
        replicas=int32(sum(each.status.replicas for each in replica_sets)),
        updated_replicas=new.status.replicas if new is not None else 0,
        ready_replicas=int32(sum(each.status.ready_replicas for each in replica_sets)),
        available_replicas=available,
        unavailable_replicas=max(0, total_size(replica_sets) - available),
        terminating_replicas=_terminating(replica_sets),
        conditions=set_deployment_condition(deployment.status.conditions, condition),
        collision_count=deployment.status.collision_count,
    )


def rollout_status(
    deployment: Deployment, replica_sets: Sequence[ReplicaSet], new: ReplicaSet | None, now_ms: int
) -> DeploymentStatus:
    """calculate_status with the verdict on the rollout's progress, and the failures of ReplicaSets.

    Source: syncRolloutStatus.
    """
    status = calculate_status(deployment, replica_sets, new, now_ms)
    if not has_progress_deadline(deployment):
        status = _with_conditions(status, without_condition(status.conditions, PROGRESSING))
    elif not _was_complete(deployment, status):
        status = _with_conditions(status, _progress_conditions(deployment, status, new, now_ms))
    failure = replica_failure(replica_sets, new)
    if failure is None:
        return _with_conditions(status, without_condition(status.conditions, REPLICA_FAILURE))
    return _with_conditions(status, set_deployment_condition(status.conditions, failure))


def _with_conditions(status: DeploymentStatus, conditions: tuple[Condition, ...]) -> DeploymentStatus:
    """The status with these conditions; itself if it has them."""
    return status if conditions == status.conditions else attrs.evolve(status, conditions=conditions)


def is_complete(deployment: Deployment, status: DeploymentStatus) -> bool:
    """Whether all desired replicas are updated and available, and no others are left. Source: DeploymentComplete."""
    desired = desired_replicas(deployment)
    counts = (status.updated_replicas, status.replicas, status.available_replicas)
    return counts == (desired, desired, desired) and status.observed_generation >= deployment.metadata.generation


def is_progressing(deployment: Deployment, status: DeploymentStatus) -> bool:
    """Whether the new status is better than the old one in any respect. Source: DeploymentProgressing."""
    old = deployment.status
    return (
        status.updated_replicas > old.updated_replicas
        or status.replicas - status.updated_replicas < old.replicas - old.updated_replicas
        or status.ready_replicas > old.ready_replicas
        or status.available_replicas > old.available_replicas
    )


def is_timed_out(deployment: Deployment, status: DeploymentStatus, now_ms: int) -> bool:
    """Whether the last progress is longer ago than the deadline allows. Source: DeploymentTimedOut."""
    condition = find_condition(status.conditions, PROGRESSING)
    if not has_progress_deadline(deployment) or condition is None or condition.reason == NEW_REPLICA_SET_AVAILABLE:
        return False
    return condition.reason == TIMED_OUT or _deadline_ms(deployment, condition) < now_ms


def stuck_check_after_ms(deployment: Deployment, status: DeploymentStatus, now_ms: int) -> int | None:
    """When to look again whether the rollout is stuck: None for never, 0 for at once (but rate limited).

    To be asked when there is nothing to write. Source: requeueStuckDeployment, which adds a second to what it waits.
    """
    condition = find_condition(deployment.status.conditions, PROGRESSING)
    if not has_progress_deadline(deployment) or condition is None:
        return None
    if is_complete(deployment, status) or condition.reason == TIMED_OUT:
        return None
    after = _deadline_ms(deployment, condition) - now_ms
    return 0 if after < 1000 else after + 1000


def replica_failure(replica_sets: Iterable[ReplicaSet], new: ReplicaSet | None) -> Condition | None:
    """The ReplicaFailure of the new ReplicaSet, else of any, as a condition of the Deployment; None without failures.

    Source: getReplicaFailures, of which only the first counts.
    """
    for each in [*([new] if new is not None else []), *replica_sets]:
        condition = find_condition(each.status.conditions, REPLICA_FAILURE)
        if condition is not None:
            return attrs.evolve(condition, last_update_time=condition.last_transition_time)
    return None


def status_document(status: DeploymentStatus) -> dict[str, Any]:
    """The status as JSON: zeros left out."""
    counts = {
        "observedGeneration": status.observed_generation,
        "replicas": status.replicas,
        "updatedReplicas": status.updated_replicas,
        "readyReplicas": status.ready_replicas,
        "availableReplicas": status.available_replicas,
        "unavailableReplicas": status.unavailable_replicas,
    }
    document: dict[str, Any] = {name: count for name, count in counts.items() if count}
    if status.terminating_replicas is not None:
        document["terminatingReplicas"] = status.terminating_replicas
    if status.conditions:
        document["conditions"] = [condition_document(condition) for condition in status.conditions]
    if status.collision_count is not None:
        document["collisionCount"] = status.collision_count
    return document


def _was_complete(deployment: Deployment, status: DeploymentStatus) -> bool:
    """Whether the rollout had ended already, so that nothing is to be estimated."""
    condition = find_condition(deployment.status.conditions, PROGRESSING)
    ended = condition is not None and condition.reason == NEW_REPLICA_SET_AVAILABLE
    return ended and status.replicas == status.updated_replicas


def _progress_conditions(
    deployment: Deployment, status: DeploymentStatus, new: ReplicaSet | None, now_ms: int
) -> tuple[Condition, ...]:
    """The conditions after success, progress or time-out; without any of these as they are."""
    conditions = status.conditions
    who = f'ReplicaSet "{new.metadata.name}"' if new is not None else f'Deployment "{deployment.metadata.name}"'
    if is_complete(deployment, status):
        message = f"{who} has successfully progressed."
        done = new_deployment_condition(PROGRESSING, "True", NEW_REPLICA_SET_AVAILABLE, message, now_ms)
        return set_deployment_condition(conditions, done)
    if is_progressing(deployment, status):
        # Progress is noted anew each time, though status and reason stay: the deadline counts from here.
        going = new_deployment_condition(PROGRESSING, "True", "ReplicaSetUpdated", f"{who} is progressing.", now_ms)
        current = find_condition(deployment.status.conditions, PROGRESSING)
        if current is not None and current.status == "True":
            going = attrs.evolve(going, last_transition_time=current.last_transition_time)
        if current is not None:
            conditions = without_condition(conditions, PROGRESSING)
        return set_deployment_condition(conditions, going)
    if is_timed_out(deployment, status, now_ms):
        late = new_deployment_condition(PROGRESSING, "False", TIMED_OUT, f"{who} has timed out progressing.", now_ms)
        return set_deployment_condition(conditions, late)
    return conditions


def _terminating(replica_sets: Iterable[ReplicaSet]) -> int | None:
    """The terminating pods of all ReplicaSets; None if one that was synced does not tell."""
    total = 0
    for each in replica_sets:
        count = each.status.terminating_replicas
        if count is None and each.status.observed_generation != 0:
            return None
        total += count or 0
    return int32(total)


def _deadline_ms(deployment: Deployment, condition: Condition) -> int:
    """When the rollout is late, in Unix ms."""
    updated = parse_time_ms(condition.last_update_time)
    return (updated if updated is not None else -(2**62)) + (deployment.spec.progress_deadline_seconds or 0) * 1000
