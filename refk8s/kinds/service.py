"""Service. Source: staging/src/k8s.io/api/core/v1/types.go, Service."""

from collections.abc import Mapping

import attrs

from refk8s.kinds.codec import EMPTY, IntOrString
from refk8s.kinds.meta import NO_METADATA, Condition, ObjectMeta

__all__ = ["Service", "ServicePort", "ServiceSpec", "ServiceStatus"]


@attrs.frozen(weakref_slot=False)
class ServicePort:
    name: str = ""
    protocol: str = ""
    port: int = 0
    target_port: IntOrString | None = None
    node_port: int = 0


@attrs.frozen(weakref_slot=False)
class ServiceSpec:
    ports: tuple[ServicePort, ...] = ()
    selector: Mapping[str, str] = EMPTY
    cluster_ip: str = ""
    cluster_ips: tuple[str, ...] = ()
    type: str = ""
    external_ips: tuple[str, ...] = attrs.field(default=(), metadata={"json": "externalIPs"})
    session_affinity: str = ""
    external_name: str = ""
    external_traffic_policy: str = ""
    internal_traffic_policy: str = ""
    publish_not_ready_addresses: bool = False
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str = ""


@attrs.frozen(weakref_slot=False)
class ServiceStatus:
    conditions: tuple[Condition, ...] = ()


@attrs.frozen(weakref_slot=False)
class Service:
    metadata: ObjectMeta = NO_METADATA
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()
