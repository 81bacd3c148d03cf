"""ReplicaSet. Source: staging/src/k8s.io/api/apps/v1/types.go, ReplicaSet."""

import attrs

from refk8s.kinds.codec import EMPTY, Document
from refk8s.kinds.meta import NO_METADATA, Condition, LabelSelector, ObjectMeta

__all__ = ["ReplicaSet", "ReplicaSetSpec", "ReplicaSetStatus"]


@attrs.frozen(weakref_slot=False)
class ReplicaSetSpec:
    replicas: int | None = None
    min_ready_seconds: int = 0
    selector: LabelSelector | None = None
    template: Document = EMPTY


@attrs.frozen(weakref_slot=False)
class ReplicaSetStatus:
    replicas: int = 0
    fully_labeled_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    terminating_replicas: int | None = None
    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()


@attrs.frozen(weakref_slot=False)
class ReplicaSet:
    metadata: ObjectMeta = NO_METADATA
    spec: ReplicaSetSpec = ReplicaSetSpec()
    status: ReplicaSetStatus = ReplicaSetStatus()
