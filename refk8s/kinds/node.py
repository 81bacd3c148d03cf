"""Node. Source: staging/src/k8s.io/api/core/v1/types.go, Node."""

import attrs

from refk8s.kinds.codec import EMPTY, ResourceList
from refk8s.kinds.meta import NO_METADATA, Condition, ObjectMeta
from refk8s.kinds.toleration import Taint

__all__ = ["ContainerImage", "Node", "NodeAddress", "NodeSpec", "NodeStatus", "NodeSystemInfo"]


@attrs.frozen(weakref_slot=False)
class NodeSpec:
    pod_cidr: str = ""
    pod_cidrs: tuple[str, ...] = ()
    provider_id: str = ""
    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


@attrs.frozen(weakref_slot=False)
class NodeAddress:
    type: str = ""
    address: str = ""


@attrs.frozen(weakref_slot=False)
class ContainerImage:
    names: tuple[str, ...] = ()
    size_bytes: int = 0


@attrs.frozen(weakref_slot=False)
class NodeSystemInfo:
    machine_id: str = ""
    system_uuid: str = ""
    boot_id: str = ""
    kernel_version: str = ""
    os_image: str = ""
    container_runtime_version: str = ""
    kubelet_version: str = ""
    operating_system: str = ""
    architecture: str = ""


@attrs.frozen(weakref_slot=False)
class NodeStatus:
    capacity: ResourceList = EMPTY
    allocatable: ResourceList = EMPTY
    phase: str = ""
    conditions: tuple[Condition, ...] = ()
    addresses: tuple[NodeAddress, ...] = ()
    node_info: NodeSystemInfo = NodeSystemInfo()
    images: tuple[ContainerImage, ...] = ()
    volumes_in_use: tuple[str, ...] = ()
    declared_features: tuple[str, ...] = ()


@attrs.frozen(weakref_slot=False)
class Node:
    metadata: ObjectMeta = NO_METADATA
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()
