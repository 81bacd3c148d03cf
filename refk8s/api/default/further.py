"""The defaults of the kinds beyond those that a running cluster always has; loaded when one of them is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from refk8s.api.default import batch, claim, definition, network, plain, workload
from refk8s.api.default.sharing import Doc

DEFAULTS: Final[dict[str, Callable[[Doc], Doc]]] = {
    "StatefulSet": workload.default_stateful_set,
    "DaemonSet": workload.default_daemon_set,
    "Job": batch.default_job,
    "CronJob": batch.default_cron_job,
    "HorizontalPodAutoscaler": plain.default_autoscaler,
    "ReplicationController": workload.default_replication_controller,
    "PodTemplate": workload.default_pod_template,
    "Endpoints": network.default_endpoints,
    "EndpointSlice": network.default_endpoint_slice,
    "PersistentVolume": claim.default_volume,
    "PersistentVolumeClaim": claim.default_claim,
    "StorageClass": plain.default_storage_class,
    "IngressClass": network.default_ingress_class,
    "NetworkPolicy": network.default_network_policy,
    "RoleBinding": plain.default_role_binding,
    "ClusterRoleBinding": plain.default_role_binding,
    "LimitRange": plain.default_limit_range,
    "CustomResourceDefinition": definition.default_definition,
}
