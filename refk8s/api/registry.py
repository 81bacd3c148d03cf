"""The registry: one row per resource. A further kind is one row here and one file in `refk8s/kinds/`.

A row says where a resource lives (group, version, scope), what it answers to (verbs, subresources) and how its strategy differs from the common one.
What happens to its documents: `refk8s.api.{default,admission,strategy,validate}`. Source: pkg/registry/*/*/strategy.go and storage/storage.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

ALL_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
NAMESPACE_VERBS: Final = ("create", "delete", "get", "list", "patch", "update", "watch")

STATUS: Final = "status"
SCALE: Final = "scale"


@attrs.frozen(eq=False)
class Resource:
    """One resource of the API.

    `subresources` maps a name to its verbs; `create_on_update`: a PUT may create; `unconditional_update`: a PUT without resourceVersion is last-writer-wins;
    `graceful`: deletion has a grace period; `returns_deleted`: a delete that removes at once answers with the object; `collects`: the garbage collector looks
    after dependents (if not, the propagation policy is ignored); `orphans`: a deletion without a policy leaves them behind; `fields`: the labels of field
    selectors and the paths that they mean, None for those two that every kind has; `storage_key`: under which name the store keeps it ("" for the plural's),
    `storage_version`: in which version ("" for the row's own), where these differ; `custom`: defined by a CustomResourceDefinition; `printer`: (columns, cells)
    of its tables, if they are not those of its kind; `deprecation`: the warning that every answer carries; `list_kind_name`: the kind of a list, if that is not
    the kind and "List"; `definition`: of a custom resource, its version (refk8s.api.crd.serving.Version); `also`: a further version of what another row stores.
    """

    plural: str
    kind: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    create_on_update: bool = False
    unconditional_update: bool = True
    graceful: bool = False
    returns_deleted: bool = False
    collects: bool = True
    orphans: bool = False
    fields: Mapping[str, str] | None = None
    storage_key: str = ""
    storage_version: str = ""
    custom: bool = False
    printer: Any = None
    deprecation: str = ""
    list_kind_name: str = ""
    definition: Any = None
    also: bool = False

    @property
    def address(self) -> str:
        """The name under which a request asks for the resource."""
        return f"{self.plural}.{self.group}" if self.also else self.key

    @property
    def converts(self) -> bool:
        """Whether documents of the row may differ from what is stored."""
        return self.custom or self.also

    @property
    def key(self) -> str:
        """The name under which the store keeps the resource, which tells it from all others."""
        return self.storage_key or self.plural

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1` …"""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def list_kind(self) -> str:
        """The kind of a list of these."""
        return self.list_kind_name or f"{self.kind}List"


_RBAC = "rbac.authorization.k8s.io"
_STATUS = {STATUS: ("get", "patch", "update")}
_SCALED = {**_STATUS, SCALE: ("get", "patch", "update")}

_META_FIELDS = {"metadata.name": "metadata.name", "metadata.namespace": "metadata.namespace"}
_POD_FIELDS = {
    **_META_FIELDS,
    "spec.host": "spec.nodeName",
    "status.podIPs": "",
    "spec.nodeName": "spec.nodeName",
    "spec.restartPolicy": "spec.restartPolicy",
    "spec.schedulerName": "spec.schedulerName",
    "spec.serviceAccountName": "spec.serviceAccountName",
    "spec.hostNetwork": "spec.hostNetwork",
    "status.phase": "status.phase",
    "status.podIP": "status.podIP",
    "status.nominatedNodeName": "status.nominatedNodeName",
}
_EVENT_FIELDS = {
    **_META_FIELDS,
    "involvedObject.kind": "involvedObject.kind",
    "involvedObject.namespace": "involvedObject.namespace",
    "involvedObject.name": "involvedObject.name",
    "involvedObject.uid": "involvedObject.uid",
    "involvedObject.apiVersion": "involvedObject.apiVersion",
    "involvedObject.resourceVersion": "involvedObject.resourceVersion",
    "involvedObject.fieldPath": "involvedObject.fieldPath",
    "reason": "reason",
    "reportingComponent": "reportingComponent",
    "source": "source.component",
    "type": "type",
}

_ABOUT = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_NEWER_EVENT_FIELDS = {
    **_META_FIELDS,
    **{f"regarding.{name}": f"involvedObject.{name}" for name in _ABOUT},
    "reason": "reason",
    "reportingController": "reportingComponent",
    "type": "type",
}

ROWS: Final = (
    Resource(
        "pods",
        "Pod",
        singular="pod",
        short_names=("po",),
        categories=("all",),
        subresources={
            **_STATUS,
            "binding": ("create",),
            "eviction": ("create",),
            "ephemeralcontainers": ("get", "patch", "update"),
        },
        graceful=True,
        returns_deleted=True,
        fields=_POD_FIELDS,
    ),
    Resource(
        "nodes",
        "Node",
        namespaced=False,
        singular="node",
        short_names=("no",),
        subresources=_STATUS,
        fields={"metadata.name": "metadata.name", "spec.unschedulable": "spec.unschedulable"},
    ),
    Resource(
        "namespaces",
        "Namespace",
        namespaced=False,
        singular="namespace",
        short_names=("ns",),
        verbs=NAMESPACE_VERBS,
        subresources={**_STATUS, "finalize": ("update",)},
        returns_deleted=True,
        fields={"metadata.name": "metadata.name", "status.phase": "status.phase"},
    ),
    Resource(
        "replicasets",
        "ReplicaSet",
        "apps",
        singular="replicaset",
        short_names=("rs",),
        categories=("all",),
        subresources=_SCALED,
    ),
    Resource(
        "deployments",
        "Deployment",
        "apps",
        singular="deployment",
        short_names=("deploy",),
        categories=("all",),
        subresources=_SCALED,
    ),
    Resource("configmaps", "ConfigMap", singular="configmap", short_names=("cm",)),
    Resource("secrets", "Secret", singular="secret", fields={**_META_FIELDS, "type": "type"}),
    Resource(
        "services",
        "Service",
        singular="service",
        short_names=("svc",),
        categories=("all",),
        subresources=_STATUS,
        create_on_update=True,
        returns_deleted=True,
        fields={**_META_FIELDS, "spec.clusterIP": "spec.clusterIP", "spec.type": "spec.type"},
    ),
    Resource("serviceaccounts", "ServiceAccount", singular="serviceaccount", short_names=("sa",), returns_deleted=True),
    Resource(
        "leases",
        "Lease",
        "coordination.k8s.io",
        singular="lease",
        create_on_update=True,
        unconditional_update=False,
    ),
    Resource(
        "events",
        "Event",
        singular="event",
        short_names=("ev",),
        create_on_update=True,
        collects=False,
        fields=_EVENT_FIELDS,
    ),
    Resource(
        "priorityclasses",
        "PriorityClass",
        "scheduling.k8s.io",
        namespaced=False,
        singular="priorityclass",
        short_names=("pc",),
    ),
    Resource(
        "statefulsets",
        "StatefulSet",
        "apps",
        singular="statefulset",
        short_names=("sts",),
        categories=("all",),
        subresources=_SCALED,
    ),
    Resource(
        "daemonsets",
        "DaemonSet",
        "apps",
        singular="daemonset",
        short_names=("ds",),
        categories=("all",),
        subresources=_STATUS,
    ),
    Resource("controllerrevisions", "ControllerRevision", "apps", singular="controllerrevision"),
    Resource(
        "jobs",
        "Job",
        "batch",
        singular="job",
        categories=("all",),
        subresources=_STATUS,
        orphans=True,
        fields={**_META_FIELDS, "status.successful": "status.succeeded"},
    ),
    Resource(
        "cronjobs",
        "CronJob",
        "batch",
        singular="cronjob",
        short_names=("cj",),
        categories=("all",),
        subresources=_STATUS,
    ),
    Resource(
        "poddisruptionbudgets",
        "PodDisruptionBudget",
        "policy",
        singular="poddisruptionbudget",
        short_names=("pdb",),
        subresources=_STATUS,
        unconditional_update=False,
    ),
    Resource(
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "autoscaling",
        "v2",
        singular="horizontalpodautoscaler",
        short_names=("hpa",),
        categories=("all",),
        subresources=_STATUS,
    ),
    Resource(
        "replicationcontrollers",
        "ReplicationController",
        singular="replicationcontroller",
        short_names=("rc",),
        categories=("all",),
        subresources=_SCALED,
        orphans=True,
        fields={**_META_FIELDS, "status.replicas": "status.replicas"},
    ),
    Resource("podtemplates", "PodTemplate", singular="podtemplate", returns_deleted=True),
    Resource(
        "endpoints",
        "Endpoints",
        singular="endpoints",
        short_names=("ep",),
        create_on_update=True,
        deprecation="v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ),
    Resource("endpointslices", "EndpointSlice", "discovery.k8s.io", singular="endpointslice"),
    Resource(
        "persistentvolumes",
        "PersistentVolume",
        namespaced=False,
        singular="persistentvolume",
        short_names=("pv",),
        subresources=_STATUS,
        returns_deleted=True,
    ),
    Resource(
        "persistentvolumeclaims",
        "PersistentVolumeClaim",
        singular="persistentvolumeclaim",
        short_names=("pvc",),
        subresources=_STATUS,
        returns_deleted=True,
    ),
    Resource(
        "storageclasses",
        "StorageClass",
        "storage.k8s.io",
        namespaced=False,
        singular="storageclass",
        short_names=("sc",),
        returns_deleted=True,
    ),
    Resource(
        "ingresses",
        "Ingress",
        "networking.k8s.io",
        singular="ingress",
        short_names=("ing",),
        subresources=_STATUS,
    ),
    Resource("ingressclasses", "IngressClass", "networking.k8s.io", namespaced=False, singular="ingressclass"),
    Resource(
        "networkpolicies", "NetworkPolicy", "networking.k8s.io", singular="networkpolicy", short_names=("netpol",)
    ),
    Resource("roles", "Role", _RBAC, singular="role", create_on_update=True),
    Resource("rolebindings", "RoleBinding", _RBAC, singular="rolebinding", create_on_update=True),
    Resource("clusterroles", "ClusterRole", _RBAC, namespaced=False, singular="clusterrole", create_on_update=True),
    Resource(
        "clusterrolebindings",
        "ClusterRoleBinding",
        _RBAC,
        namespaced=False,
        singular="clusterrolebinding",
        create_on_update=True,
    ),
    Resource(
        "resourcequotas",
        "ResourceQuota",
        singular="resourcequota",
        short_names=("quota",),
        subresources=_STATUS,
        returns_deleted=True,
    ),
    Resource("limitranges", "LimitRange", singular="limitrange", short_names=("limits",), create_on_update=True),
    Resource(
        "customresourcedefinitions",
        "CustomResourceDefinition",
        "apiextensions.k8s.io",
        namespaced=False,
        singular="customresourcedefinition",
        short_names=("crd", "crds"),
        categories=("api-extensions",),
        subresources=_STATUS,
        unconditional_update=False,
        returns_deleted=False,
    ),
)

ALSO: Final = (
    Resource(
        "events",
        "Event",
        "events.k8s.io",
        singular="event",
        short_names=("ev",),
        create_on_update=True,
        collects=False,
        fields=_NEWER_EVENT_FIELDS,
        storage_key="events",
        also=True,
    ),
)
"""Further versions of what is stored already: selectors and storage are those of the stored version, all else is their own."""

SERVED: Final = (*ROWS, *ALSO)
ALSO_BY_ADDRESS: Final[Mapping[str, Resource]] = {row.address: row for row in ALSO}
RESOURCES: Final[Mapping[str, Resource]] = {row.plural: row for row in ROWS}
KINDS: Final[Mapping[str, Resource]] = {row.kind: row for row in ROWS}


def resource_of(kind: str, api_version: str = "") -> Resource | None:
    """The resource whose objects have this kind (and apiVersion, if given), or None."""
    row = KINDS.get(kind)
    return row if row is not None and (not api_version or api_version == row.api_version) else None
