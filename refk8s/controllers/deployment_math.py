"""How a Deployment distributes its replicas over its ReplicaSets: plans of resizes, from views alone.

A plan lists the writes in upstream's order; the controller stops at the first one that fails.
Source: pkg/controller/deployment/sync.go (scale, scaleReplicaSet), rolling.go, recreate.go; util/deployment_util.go.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

import attrs

from refk8s.controllers.decisions_time import parse_time_ns
from refk8s.controllers.rolling import (
    desired_replicas,
    int32,
    is_rolling_update,
    max_surge,
    max_unavailable,
    new_replica_set_size,
    size_of,
    total_size,
)
from refk8s.kinds.deployment import Deployment
from refk8s.kinds.replicaset import ReplicaSet

REVISION = "deployment.kubernetes.io/revision"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"

_UNSIGNED = re.compile(r"[0-9]+\Z", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]+\Z", re.ASCII)


@attrs.frozen(eq=False)
class Resize:
    """One write to a ReplicaSet: its new size and its replica annotations, which may be all that changes."""

    replica_set: ReplicaSet
    before: int
    after: int
    annotations: Mapping[str, str]
    """The two replica annotations, to be merged into those it has."""

    @property
    def name(self) -> str:
        return self.replica_set.metadata.name

    @property
    def scaled(self) -> bool:
        """Whether the size changes: only then is there an event."""
        return self.before != self.after

    @property
    def message(self) -> str:
        """The message of the event ScalingReplicaSet."""
        direction = "up" if self.before < self.after else "down"
        return f"Scaled {direction} replica set {self.name} from {self.before} to {self.after}"


@attrs.frozen(eq=False)
class ScaleDown:
    """The writes that scale old ReplicaSets down, up to the one at which upstream gives up, if it does."""

    steps: tuple[Resize, ...]
    problem: str = ""
    """Why the step ends after these writes, in upstream's words; nobody but the log gets to read it.

    It happens when a ReplicaSet still reports more available replicas than it wants, because its status lags.
    """

    @property
    def scaled(self) -> bool:
        """Whether the step counts as having scaled anything."""
        return bool(self.steps) and not self.problem


def scale(deployment: Deployment, new: ReplicaSet | None, old: Sequence[ReplicaSet]) -> tuple[Resize, ...]:
    """The proportional scaling step of a scaling event, or of a paused Deployment. `new` is the new ReplicaSet, if any.

    A single active ReplicaSet (or with none active the newest) takes all; a saturated new one sends the others to 0;
    else a rolling update spreads what is to be added or removed by size. Source: DeploymentController.scale.
    """
    desired = desired_replicas(deployment)
    only = active_or_latest(new, old)
    if only is not None:
        return resize(deployment, only, desired)
    if new is not None and is_saturated(deployment, new):
        return tuple(step for each in newest_first(old) if size_of(each) > 0 for step in resize(deployment, each, 0))
    if not is_rolling_update(deployment):
        return ()
    return _spread(deployment, [each for each in [*newest_first(old), *([new] if new else [])] if size_of(each) > 0])


def reconcile_new(deployment: Deployment, replica_sets: Sequence[ReplicaSet], new: ReplicaSet) -> tuple[Resize, ...]:
    """The step of a rolling update that scales the new ReplicaSet; `replica_sets` are all, the new one too.

    Raises InvalidSize for an unresolvable maxSurge. Source: reconcileNewReplicaSet.
    """
    desired = desired_replicas(deployment)
    size = size_of(new)
    if size == desired:
        return ()
    if size > desired:
        return resize(deployment, new, desired)
    return resize(deployment, new, new_replica_set_size(deployment, replica_sets, size))


def reconcile_old(deployment: Deployment, new: ReplicaSet, old: Sequence[ReplicaSet]) -> ScaleDown:
    """The step of a rolling update that scales the old ReplicaSets down, as if every write succeeded.

    First the unhealthy replicas, then healthy ones as far as availability allows; a ReplicaSet may be written twice.
    Source: reconcileOldReplicaSets.
    """
    active = [each for each in old if size_of(each) > 0]
    budget = max_cleanup(deployment, new, old)
    if budget <= 0:
        return ScaleDown(())
    unhealthy = cleanup_unhealthy(deployment, active, budget)
    if unhealthy.problem:
        return unhealthy
    sizes = {step.name: step.after for step in unhealthy.steps}
    cleaned = [_with_size(each, sizes.get(each.metadata.name, size_of(each))) for each in active]
    return ScaleDown(unhealthy.steps + scale_down_old(deployment, new, cleaned))


def max_cleanup(deployment: Deployment, new: ReplicaSet, old: Sequence[ReplicaSet]) -> int:
    """How many pods the old ReplicaSets may lose: those beyond the minimum, less the new one's unavailable ones.

    0 or less: none, neither unhealthy nor healthy ones. Source: reconcileOldReplicaSets, maxScaledDown.
    """
    if total_size(old) == 0:
        return 0
    minimum = int32(desired_replicas(deployment) - max_unavailable(deployment))
    return int32(total_size([*old, new]) - minimum - (size_of(new) - new.status.available_replicas))


def cleanup_unhealthy(deployment: Deployment, old: Sequence[ReplicaSet], budget: int) -> ScaleDown:
    """Remove the unavailable replicas of the old ReplicaSets, oldest first, at most `budget`.

    Source: cleanupUnhealthyReplicas.
    """
    steps: list[Resize] = []
    removed = 0
    for each in oldest_first(old):
        if removed >= budget:
            break
        size = size_of(each)
        if size in (0, each.status.available_replicas):
            continue
        count = min(budget - removed, size - each.status.available_replicas)
        if count < 0:
            meta = each.metadata
            request = f"{meta.namespace}/{meta.name} {size} -> {size - count}"
            problem = f"when cleaning up unhealthy replicas, got invalid request to scale down {request}"
            return ScaleDown(tuple(steps), problem)
        steps.extend(resize(deployment, each, size - count))
        removed += count
    return ScaleDown(tuple(steps))


def scale_down_old(deployment: Deployment, new: ReplicaSet, old: Sequence[ReplicaSet]) -> tuple[Resize, ...]:
    """Scale the old ReplicaSets down, oldest first, by as many as are available beyond the minimum.

    Source: scaleDownOldReplicaSetsForRollingUpdate.
    """
    minimum = int32(desired_replicas(deployment) - max_unavailable(deployment))
    budget = sum(each.status.available_replicas for each in [*old, new]) - minimum
    steps: list[Resize] = []
    removed = 0
    for each in oldest_first(old):
        if removed >= budget:
            break
        count = min(size_of(each), budget - removed)
        if count > 0:
            steps.extend(resize(deployment, each, size_of(each) - count))
            removed += count
    return tuple(steps)


def scale_down_for_recreate(deployment: Deployment, old: Sequence[ReplicaSet]) -> tuple[Resize, ...]:
    """Scale every active old ReplicaSet to 0. Source: scaleDownOldReplicaSetsForRecreate."""
    return tuple(step for each in old if size_of(each) > 0 for step in resize(deployment, each, 0))


def resize(
    deployment: Deployment, replica_set: ReplicaSet, after: int, *, even_if_same: bool = False
) -> tuple[Resize, ...]:
    """The write that gives a ReplicaSet its size, or none.

    Same size: no write, or with `even_if_same` one if its replica annotations are out of date. Source: scaleReplicaSet.
    """
    before = size_of(replica_set)
    if before == after and not even_if_same:
        return ()
    annotations = replica_annotations(deployment)
    if before == after and annotations.items() <= replica_set.metadata.annotations.items():
        return ()
    return (Resize(replica_set, before, after, annotations),)


def replica_annotations(deployment: Deployment) -> dict[str, str]:
    """The annotations by which a ReplicaSet remembers the size of its Deployment. Source: SetReplicasAnnotations."""
    desired = desired_replicas(deployment)
    return {DESIRED_REPLICAS: str(desired), MAX_REPLICAS: str(int32(desired + max_surge(deployment)))}


def active_or_latest(new: ReplicaSet | None, old: Sequence[ReplicaSet]) -> ReplicaSet | None:
    """The only active ReplicaSet, or with none active the newest; None if several are active.

    Source: FindActiveOrLatest.
    """
    everything = [*newest_first(old), *([new] if new else [])]
    active = [each for each in everything if size_of(each) > 0]
    if len(active) > 1 or not everything:
        return None
    return active[0] if active else new or everything[0]


def is_saturated(deployment: Deployment, replica_set: ReplicaSet) -> bool:
    """Whether a ReplicaSet has, knows of and offers all desired replicas. Source: IsSaturated."""
    desired = desired_replicas(deployment)
    noted = replica_set.metadata.annotations.get(DESIRED_REPLICAS, "")
    if not _INTEGER.match(noted) or not -(2**63) <= int(noted) < 2**63 or int32(int(noted)) != desired:
        return False
    return size_of(replica_set) == desired and replica_set.status.available_replicas == desired


def is_scaling_event(deployment: Deployment, replica_sets: Iterable[ReplicaSet]) -> bool:
    """Whether an active ReplicaSet remembers another size of its Deployment. Source: isScalingEvent."""
    desired = desired_replicas(deployment)
    noted = (_noted_size(each, DESIRED_REPLICAS) for each in replica_sets if size_of(each) > 0)
    return any(size is not None and size != desired for size in noted)


def oldest_first(replica_sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """By creation time, then name. Source: ReplicaSetsByCreationTimestamp."""
    return sorted(replica_sets, key=creation_key)


def newest_first(replica_sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """The reverse of oldest_first."""
    return sorted(replica_sets, key=creation_key, reverse=True)


def creation_key(replica_set: ReplicaSet) -> tuple[int, str]:
    """Sort key: creation time, then name; no creation time (not stored yet) is the earliest."""
    created = parse_time_ns(replica_set.metadata.creation_timestamp)
    return (-(2**63) if created is None else created, replica_set.metadata.name)


def _spread(deployment: Deployment, active: list[ReplicaSet]) -> tuple[Resize, ...]:
    """Spread what the Deployment may grow or must shrink over its active ReplicaSets, in proportion to their sizes.

    Largest first; among equals growth goes to the newest, shrinkage to the oldest. The largest takes what rounding
    leaves.
    """
    desired = desired_replicas(deployment)
    allowed = int32(desired + max_surge(deployment)) if desired > 0 else 0
    to_add = int32(allowed - total_size(active))
    if to_add > 0:
        active = sorted(newest_first(active), key=lambda each: -size_of(each))
    elif to_add < 0:
        active = sorted(oldest_first(active), key=lambda each: -size_of(each))
    added = 0
    sizes = []
    for each in active:
        share = _proportion(each, deployment, to_add, added) if to_add else 0
        sizes.append(size_of(each) + share)
        added += share
    if sizes and to_add:
        sizes[0] = max(0, sizes[0] + to_add - added)
    return tuple(
        step
        for each, size in zip(active, sizes, strict=True)
        for step in resize(deployment, each, size, even_if_same=True)
    )


def _proportion(replica_set: ReplicaSet, deployment: Deployment, to_add: int, added: int) -> int:
    """The share of one ReplicaSet, within what is still to be added or removed. Source: GetReplicaSetProportion."""
    if size_of(replica_set) == 0 or to_add == added:
        return 0
    fraction = _fraction(replica_set, deployment)
    allowed = to_add - added
    return min(fraction, allowed) if to_add > 0 else max(fraction, allowed)


def _fraction(replica_set: ReplicaSet, deployment: Deployment) -> int:
    """What a ReplicaSet gains if it keeps its part of the whole. Source: getReplicaSetFraction."""
    size = size_of(replica_set)
    desired = desired_replicas(deployment)
    if desired == 0:
        return -size
    most = int32(desired + max_surge(deployment))
    before = _noted_size(replica_set, MAX_REPLICAS) or deployment.status.replicas
    if before == 0:
        return 0
    return int32(_round_half_away(float(int32(size * most)) / float(before)) - size)


def _noted_size(replica_set: ReplicaSet, annotation: str) -> int | None:
    """A replica annotation as a number; None if absent, or no int32 from 0 upwards."""
    text = replica_set.metadata.annotations.get(annotation, "")
    if not _UNSIGNED.match(text) or int(text) >= 2**31:
        return None
    return int(text)


def _round_half_away(number: float) -> int:
    """Go's math.Round: halves go away from zero."""
    whole = math.floor(abs(number))
    rounded = whole + (abs(number) - whole >= 0.5)
    return rounded if number >= 0 else -rounded


def _with_size(replica_set: ReplicaSet, size: int) -> ReplicaSet:
    if size_of(replica_set) == size:
        return replica_set
    return attrs.evolve(replica_set, spec=attrs.evolve(replica_set.spec, replicas=size))
