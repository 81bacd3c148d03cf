"""Small scenarios for mutants: manifests and users' steps, as scenario files have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]
Step = dict[str, Any]


def pod(name: str, cpu: str = "100m", **spec: Any) -> Document:
    """A Pod of one container, with more fields of its spec."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [container(cpu)], **spec},
    }


def container(cpu: str = "100m", **fields: Any) -> Document:
    """A container named web."""
    return {"name": "web", "image": "web:1", "resources": {"requests": {"cpu": cpu}}, **fields}


def deployment(name: str = "web", replicas: int = 3, cpu: str = "100m", **spec: Any) -> Document:
    """A Deployment of pods of one container, with more fields of its spec."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container(cpu)], "terminationGracePeriodSeconds": 2},
            },
            **spec,
        },
    }


def replica_set(name: str = "web", replicas: int = 3, cpu: str = "100m") -> Document:
    """A ReplicaSet of pods of one container."""
    made = deployment(name, replicas, cpu)
    return {**made, "kind": "ReplicaSet"}


def annotated(document: Document, **annotations: str) -> Document:
    """The object with annotations; `behaviour` is short for what its containers do."""
    named = {("refk8s.dev/behaviour" if name == "behaviour" else name): text for name, text in annotations.items()}
    return {**document, "metadata": {**document["metadata"], "annotations": named}}


def config_map(name: str = "settings", **metadata: Any) -> Document:
    """A ConfigMap, with more fields of its metadata."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": {"n": "0"}}


def apply(*documents: Document, **arguments: Any) -> Step:
    """`kubectl apply -f`."""
    return {"apply": {"documents": list(documents), **arguments}}


def delete(resource: str, name: str, **arguments: Any) -> Step:
    """`kubectl delete`."""
    return {"delete": {"resource": resource, "name": name, **arguments}}


def patch(resource: str, name: str, body: Any, **arguments: Any) -> Step:
    """`kubectl patch`."""
    return {"patch": {"resource": resource, "name": name, "patch": body, **arguments}}


def wait(resource: str, name: str, field: str, value: Any) -> Step:
    """Until a field has a value, at most two minutes."""
    return {"wait": {"resource": resource, "name": name, "field": field, "value": value, "timeout": "120s"}}


def wait_running(name: str) -> Step:
    """Until a pod runs."""
    return wait("pods", name, "status.phase", "Running")


def sleep(duration: str) -> Step:
    """Do nothing for a while."""
    return {"sleep": duration}


def scene(*script: Step, nodes: int = 1, **spec: Any) -> Mapping[str, Any]:
    """The spec of a scenario with one user ann who does `script`, on `nodes` nodes; more users as `users={name: steps}`."""
    users = {"ann": list(script), **spec.pop("users", {})}
    groups = [{"name": "node", "count": nodes, **spec.pop("node", {})}]
    return {"nodes": groups, "users": users, **spec}


def priority_class(name: str, value: int) -> Document:
    """A PriorityClass."""
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
    }


def preemption_scene(*more: Step) -> Mapping[str, Any]:
    """A full node of 2 CPU, and then an important pod for which some of its three pods have to go; then `more` steps."""
    return scene(
        apply(priority_class("high", 1000)),
        apply(*(pod(f"low-{n}", cpu="600m", terminationGracePeriodSeconds=2) for n in range(3))),
        wait_running("low-2"),
        apply(pod("vip", cpu="700m", priorityClassName="high")),
        *more,
        node={"cpu": "2"},
    )
