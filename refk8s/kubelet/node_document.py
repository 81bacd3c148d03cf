"""The Node object as the kubelet makes it and keeps it up to date.

Source: pkg/kubelet/kubelet_node_status.go (initialNode, updateNode), nodestatus/setters.go.

DEVIATES: a node that runs is healthy: pressure on memory, disk or process ids, a broken runtime and swap are not simulated. Fields that only a real machine
has (declared features, runtime handlers) are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from ..core.digest import cell
from ..kinds.codec import view
from ..kinds.node import Node
from .runtime import Runtime
from .spec import ARCH, KUBELET_VERSION, OS, NodeSpec

Document = dict[str, Any]

ATTACH: Final = "volumes.kubernetes.io/controller-managed-attach-detach"
RUNTIME_VERSION: Final = "containerd://2.1.4"
MAX_IMAGES: Final = 50

CONDITIONS: Final = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)
"""Type, status, reason and message of the conditions of a healthy node, in upstream's order. A pressure is not simulated."""

EVENTS: Final = {
    "MemoryPressure": "NodeHasSufficientMemory",
    "DiskPressure": "NodeHasNoDiskPressure",
    "PIDPressure": "NodeHasSufficientPID",
    "Ready": "NodeReady",
}
"""The event of a condition that has become good."""


def initial_document(spec: NodeSpec, now: str) -> Document:
    """The Node that the kubelet registers."""
    made: Document = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": spec.name, "labels": spec.all_labels(), "annotations": {ATTACH: "true"}},
        "spec": {"taints": [dict(taint) for taint in spec.taints]} if spec.taints else {},
    }
    made["status"] = node_status(spec, {}, now)
    return made


@lru_cache(maxsize=1 << 13)
def initial_node(spec: NodeSpec) -> Node:
    """The same as a view, for when the API server has not answered yet."""
    return view(Node, initial_document(spec, ""))


def node_status(spec: NodeSpec, old: Mapping[str, Any], now: str, runtime: Runtime | None = None) -> Document:
    """The node's status, made from the one that the API server has. `runtime`: report its images."""
    made: Document = {
        **old,
        "capacity": {**(old.get("capacity") or {}), **spec.all_capacity()},
        "allocatable": {**(old.get("allocatable") or {}), **spec.all_allocatable()},
        "conditions": conditions(old.get("conditions") or (), now),
        "addresses": [{"type": "InternalIP", "address": spec.ip}, {"type": "Hostname", "address": spec.name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": _node_info(spec.name),
    }
    if runtime is not None and len(runtime.images):
        made["images"] = images(runtime)
    return made


def conditions(old: Any, now: str) -> list[Document]:
    """The conditions of a healthy node; those of others stay, and a transition time changes with the status only."""
    found = {condition["type"]: condition for condition in old}
    made: dict[str, Document] = dict(found)
    for kind, status, reason, message in CONDITIONS:
        before = found.get(kind)
        same = before is not None and before["status"] == status
        made[kind] = {
            "type": kind,
            "status": status,
            "lastHeartbeatTime": now,
            "lastTransitionTime": before["lastTransitionTime"] if before is not None and same else now,
            "reason": reason if not same or kind == "Ready" or before is None else before["reason"],
            "message": message if not same or kind == "Ready" or before is None else before["message"],
        }
    return list(made.values())


def transitions(old: Any, new: Any) -> list[str]:
    """The events of the conditions that have become good between two lists of conditions. Source: setters.go (recordEventFunc).

    A Ready condition that is new says nothing.
    """
    before = {condition["type"]: condition["status"] for condition in old}
    return [
        EVENTS[condition["type"]]
        for condition in new
        if condition["type"] in EVENTS
        and before.get(condition["type"]) != condition["status"]
        and (condition["type"] != "Ready" or "Ready" in before)
    ]


def images(runtime: Runtime) -> list[Document]:
    """The images on the node, the largest first. Source: setters.go, Images."""
    found = sorted(runtime.images.items(), key=lambda item: (-item[1], item[0]))
    return [{"names": [name], "sizeBytes": size} for name, size in found[:MAX_IMAGES]]


def has_changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether two statuses differ in more than heartbeat times. Source: nodeStatusHasChanged."""
    return bool(_without_heartbeats(old) != _without_heartbeats(new))


def _without_heartbeats(status: Mapping[str, Any]) -> Any:
    found = sorted((status.get("conditions") or ()), key=lambda condition: str(condition["type"]))
    bare = [{name: value for name, value in c.items() if name != "lastHeartbeatTime"} for c in found]
    return {**status, "conditions": bare}


@lru_cache(maxsize=1 << 13)
def _node_info(name: str) -> Document:
    identity = f"{cell('machine', name):032x}"
    return {
        "machineID": identity,
        "systemUUID": f"{identity[:8]}-{identity[8:12]}-{identity[12:16]}-{identity[16:20]}-{identity[20:]}",
        "bootID": f"{cell('boot', name):032x}",
        "kernelVersion": "6.1.0",
        "osImage": "refk8s simulated node",
        "containerRuntimeVersion": RUNTIME_VERSION,
        "kubeletVersion": KUBELET_VERSION,
        "kubeProxyVersion": "",
        "operatingSystem": OS,
        "architecture": ARCH,
    }
