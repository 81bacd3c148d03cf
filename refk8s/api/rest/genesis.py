"""Genesis: the store as kube-apiserver leaves it after its first start.

Source: pkg/controlplane/controller/systemnamespaces; pkg/registry/scheduling/rest/storage_scheduling.go; controller/kubernetesservice.
"""

from __future__ import annotations

from typing import Any, Final

from ...core.model import Occasion
from ...core.wire import Request
from ..store import Collection, Store
from .api import Api

SYSTEM_NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
_PRIORITY_CLASSES: Final = (
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
)


_KUBERNETES: Final[dict[str, Any]] = {
    "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
    "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]},
}


def bootstrap() -> tuple[Request, ...]:
    """The requests that kube-apiserver makes to itself when it starts on an empty store."""
    namespaces = tuple(_create("namespaces", {"metadata": {"name": name}}) for name in SYSTEM_NAMESPACES)
    classes = tuple(
        _create("priorityclasses", {"metadata": {"name": name}, "value": value, "description": description})
        for name, value, description in _PRIORITY_CLASSES
    )
    return (*namespaces, *classes, Request("create", "services", "default", body=_KUBERNETES))


def genesis(api: Api, now_ms: int) -> Store:
    """The store of a fresh cluster at `now_ms` (Unix time in ms): system namespaces, priority classes, the service of the API."""
    store = Store()

    def cached(resource: str) -> Collection:
        return store.collection(resource)

    occasion = Occasion(now_ms, "kube-apiserver", "kube-apiserver", "kube-apiserver", -1, cached)
    for request in bootstrap():
        store, response, _ = api.serve(store, request, occasion)
        assert response.ok, response.message
    return store


def _create(resource: str, document: dict[str, Any]) -> Request:
    return Request("create", resource, body=document)
