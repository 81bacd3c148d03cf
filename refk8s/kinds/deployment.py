"""Deployment. Source: staging/src/k8s.io/api/apps/v1/types.go, Deployment."""

import attrs

from refk8s.kinds.codec import EMPTY, Document, IntOrString
from refk8s.kinds.meta import NO_METADATA, Condition, LabelSelector, ObjectMeta

__all__ = ["Deployment", "DeploymentSpec", "DeploymentStatus", "DeploymentStrategy", "RollingUpdateDeployment"]


@attrs.frozen(weakref_slot=False)
class RollingUpdateDeployment:
    max_unavailable: IntOrString | None = None
    max_surge: IntOrString | None = None


@attrs.frozen(weakref_slot=False)
class DeploymentStrategy:
    type: str = ""
    rolling_update: RollingUpdateDeployment | None = None


@attrs.frozen(weakref_slot=False)
class DeploymentSpec:
    replicas: int | None = None
    selector: LabelSelector | None = None
    template: Document = EMPTY
    strategy: DeploymentStrategy = DeploymentStrategy()
    min_ready_seconds: int = 0
    revision_history_limit: int | None = None
    paused: bool = False
    progress_deadline_seconds: int | None = None


@attrs.frozen(weakref_slot=False)
class DeploymentStatus:
    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    unavailable_replicas: int = 0
    terminating_replicas: int | None = None
    conditions: tuple[Condition, ...] = ()
    collision_count: int | None = None


@attrs.frozen(weakref_slot=False)
class Deployment:
    metadata: ObjectMeta = NO_METADATA
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()
