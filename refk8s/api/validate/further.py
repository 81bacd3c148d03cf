"""The checks of the kinds beyond those that a running cluster always has; loaded when one of them is first asked for."""

from __future__ import annotations

from typing import Final

from refk8s.api.crd import definition
from refk8s.api.validate import (
    autoscaler,
    controllerrevision,
    cronjob,
    daemonset,
    disruptionbudget,
    endpoints,
    ingress,
    job,
    job_status,
    networkpolicy,
    quota,
    rbac,
    replicationcontroller,
    statefulset,
    storageclass,
    volume,
)
from refk8s.api.validate.rules import Rules

RULES: Final = {
    "StatefulSet": Rules(statefulset.create, statefulset.update, statefulset.update_status),
    "DaemonSet": Rules(daemonset.create, daemonset.update, daemonset.update_status),
    "ControllerRevision": Rules(controllerrevision.create, controllerrevision.update),
    "Job": Rules(job.create, job.update, job_status.update),
    "CronJob": Rules(cronjob.create, cronjob.update, cronjob.update_status),
    "PodDisruptionBudget": Rules(disruptionbudget.create, disruptionbudget.update, disruptionbudget.update_status),
    "HorizontalPodAutoscaler": Rules(autoscaler.create, autoscaler.update, autoscaler.update_status),
    "ReplicationController": Rules(
        replicationcontroller.create, replicationcontroller.update, replicationcontroller.update_status
    ),
    "PodTemplate": Rules(replicationcontroller.create_template, replicationcontroller.update_template),
    "Endpoints": Rules(endpoints.create, endpoints.update),
    "EndpointSlice": Rules(endpoints.create_slice, endpoints.update_slice),
    "PersistentVolume": Rules(volume.create, volume.update, volume.update_status, namespaced=False),
    "PersistentVolumeClaim": Rules(volume.create_claim, volume.update_claim, volume.update_claim_status),
    "StorageClass": Rules(storageclass.create, storageclass.update, namespaced=False),
    "Ingress": Rules(ingress.create, ingress.update, ingress.update_status),
    "IngressClass": Rules(ingress.create_class, ingress.update_class, namespaced=False),
    "NetworkPolicy": Rules(networkpolicy.create, networkpolicy.update),
    "Role": Rules(rbac.create_role, rbac.update_role),
    "ClusterRole": Rules(rbac.create_cluster_role, rbac.update_cluster_role, namespaced=False),
    "RoleBinding": Rules(rbac.create_binding, rbac.update_binding),
    "ClusterRoleBinding": Rules(rbac.create_cluster_binding, rbac.update_cluster_binding, namespaced=False),
    "ResourceQuota": Rules(quota.create, quota.update, quota.update_status),
    "LimitRange": Rules(quota.create_limits, quota.update_limits),
    "CustomResourceDefinition": Rules(
        definition.validate_create, definition.validate_update, definition.validate_status_update, namespaced=False
    ),
}
