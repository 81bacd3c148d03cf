"""Small documents and views for the tests of controllers."""

from typing import Any

from refk8s.kinds.codec import view
from refk8s.kinds.deployment import Deployment
from refk8s.kinds.pod import Pod
from refk8s.kinds.replicaset import ReplicaSet

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
REVISION = "deployment.kubernetes.io/revision"


def pod_doc(
    name: str = "p", *, ready: bool | None = True, ready_since: str = "2026-01-01T00:00:00Z", **over: Any
) -> dict[str, Any]:
    """A running pod on node n1; keyword arguments replace parts of metadata, spec or status."""
    conditions = []
    if ready is not None:
        conditions = [{"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": ready_since}]
    meta = {"name": name, "namespace": "default", "uid": f"uid-{name}", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {
        "metadata": meta | over.get("metadata", {}),
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]} | over.get("spec", {}),
        "status": {"phase": "Running", "conditions": conditions} | over.get("status", {}),
    }


def pod(name: str = "p", **over: Any) -> Pod:
    return view(Pod, pod_doc(name, **over))


def template(image: str = "i", pod_hash: str = "") -> dict[str, Any]:
    labels = {"app": "web"} | ({"pod-template-hash": pod_hash} if pod_hash else {})
    return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}}


def replica_set_doc(name: str, replicas: int, available: int | None = None, **over: Any) -> dict[str, Any]:
    """A ReplicaSet of Deployment web whose status agrees with its spec; all replicas available by default."""
    available = replicas if available is None else available
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "uid-web", "controller": True}
    meta = {"name": name, "namespace": "default", "uid": f"uid-{name}", "labels": {"app": "web"}, "generation": 1}
    counts = {"replicas": replicas, "readyReplicas": available, "availableReplicas": available}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template()}
    return {
        "metadata": meta | {"ownerReferences": [reference]} | over.get("metadata", {}),
        "spec": spec | over.get("spec", {}),
        "status": counts | {"observedGeneration": 1, "terminatingReplicas": 0} | over.get("status", {}),
    }


def replica_set(name: str, replicas: int, available: int | None = None, **over: Any) -> ReplicaSet:
    return view(ReplicaSet, replica_set_doc(name, replicas, available, **over))


def deployment_doc(
    replicas: int = 3, max_surge: int | str = 1, max_unavailable: int | str = 0, **over: Any
) -> dict[str, Any]:
    """Deployment web with a rolling update."""
    rolling = {"maxSurge": max_surge, "maxUnavailable": max_unavailable}
    meta = {"name": "web", "namespace": "default", "uid": "uid-web", "generation": 1}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": "web"}},
        "template": template(),
        "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
        "progressDeadlineSeconds": 600,
        "revisionHistoryLimit": 10,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta | over.get("metadata", {}),
        "spec": spec | over.get("spec", {}),
        "status": over.get("status", {}),
    }


def deployment(replicas: int = 3, max_surge: int | str = 1, max_unavailable: int | str = 0, **over: Any) -> Deployment:
    return view(Deployment, deployment_doc(replicas, max_surge, max_unavailable, **over))
