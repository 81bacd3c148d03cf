"""Pod and what it is made of (containers: container.py; affinity: affinity.py).

Source: staging/src/k8s.io/api/core/v1/types.go, Pod.
"""

from collections.abc import Mapping

import attrs

from refk8s.kinds.affinity import Affinity, TopologySpreadConstraint
from refk8s.kinds.codec import EMPTY, Document, ResourceList
from refk8s.kinds.container import Container, ContainerStatus, ResourceRequirements
from refk8s.kinds.meta import NO_METADATA, Condition, LocalObjectReference, ObjectMeta
from refk8s.kinds.toleration import Toleration

__all__ = [
    "Pod",
    "PodIP",
    "PodOS",
    "PodReadinessGate",
    "PodResourceClaim",
    "PodResourceClaimStatus",
    "PodSchedulingGate",
    "PodSchedulingGroup",
    "PodSpec",
    "PodStatus",
    "PodTemplateSpec",
    "Volume",
]


@attrs.frozen(weakref_slot=False)
class Volume:
    """A volume; the sources that scheduler and kubelet look into are the document's own maps, empty when absent."""

    name: str = ""
    persistent_volume_claim: Document = EMPTY
    config_map: Document = EMPTY
    secret: Document = EMPTY
    projected: Document = EMPTY
    ephemeral: Document = EMPTY
    host_path: Document = EMPTY
    image: Document = EMPTY
    gce_persistent_disk: Document = attrs.field(default=EMPTY, metadata={"json": "gcePersistentDisk"})
    aws_elastic_block_store: Document = EMPTY
    rbd: Document = EMPTY
    iscsi: Document = EMPTY


@attrs.frozen(weakref_slot=False)
class PodReadinessGate:
    condition_type: str = ""


@attrs.frozen(weakref_slot=False)
class PodSchedulingGate:
    name: str = ""


@attrs.frozen(weakref_slot=False)
class PodSchedulingGroup:
    pod_group_name: str = ""


@attrs.frozen(weakref_slot=False)
class PodOS:
    name: str = ""


@attrs.frozen(weakref_slot=False)
class PodResourceClaim:
    name: str = ""
    resource_claim_name: str = ""
    resource_claim_template_name: str = ""


@attrs.frozen(weakref_slot=False)
class PodSpec:
    volumes: tuple[Volume, ...] = ()
    init_containers: tuple[Container, ...] = ()
    containers: tuple[Container, ...] = ()
    ephemeral_containers: tuple[Container, ...] = ()
    restart_policy: str = ""
    termination_grace_period_seconds: int | None = None
    active_deadline_seconds: int | None = None
    dns_policy: str = ""
    node_selector: Mapping[str, str] = EMPTY
    service_account_name: str = ""
    node_name: str = ""
    host_network: bool = False
    host_pid: bool = False
    host_ipc: bool = False
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    hostname: str = ""
    subdomain: str = ""
    affinity: Affinity | None = None
    scheduler_name: str = ""
    tolerations: tuple[Toleration, ...] = ()
    priority_class_name: str = ""
    priority: int | None = None
    readiness_gates: tuple[PodReadinessGate, ...] = ()
    runtime_class_name: str = ""
    preemption_policy: str = ""
    overhead: ResourceList = EMPTY
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] = ()
    os: PodOS | None = None
    scheduling_gates: tuple[PodSchedulingGate, ...] = ()
    resource_claims: tuple[PodResourceClaim, ...] = ()
    resources: ResourceRequirements | None = None
    scheduling_group: PodSchedulingGroup | None = None


@attrs.frozen(weakref_slot=False)
class PodIP:
    ip: str = ""


@attrs.frozen(weakref_slot=False)
class PodResourceClaimStatus:
    name: str = ""
    resource_claim_name: str | None = None


@attrs.frozen(weakref_slot=False)
class PodStatus:
    observed_generation: int = 0
    phase: str = ""
    conditions: tuple[Condition, ...] = ()
    message: str = ""
    reason: str = ""
    nominated_node_name: str = ""
    host_ip: str = ""
    host_ips: tuple[PodIP, ...] = ()
    pod_ip: str = ""
    pod_ips: tuple[PodIP, ...] = ()
    start_time: str = ""
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    ephemeral_container_statuses: tuple[ContainerStatus, ...] = ()
    qos_class: str = ""
    resize: str = ""
    resource_claim_statuses: tuple[PodResourceClaimStatus, ...] = ()
    allocated_resources: ResourceList = EMPTY
    resources: ResourceRequirements | None = None


@attrs.frozen(weakref_slot=False)
class Pod:
    metadata: ObjectMeta = NO_METADATA
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


@attrs.frozen(weakref_slot=False)
class PodTemplateSpec:
    """A pod template. Owners keep it as a Document, since it is copied whole: `view(PodTemplateSpec, …)` reads it."""

    metadata: ObjectMeta = NO_METADATA
    spec: PodSpec = PodSpec()
