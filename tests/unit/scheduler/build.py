"""Small nodes and pods for the scheduler's tests."""

from collections.abc import Iterable, Mapping
from typing import Any

from refk8s.kinds.codec import view
from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod
from refk8s.scheduler.framework import PreFilterResult, Status
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
from refk8s.scheduler.snapshot import Snapshot

ZONE = "topology.kubernetes.io/zone"
HOSTNAME = "kubernetes.io/hostname"


def node(
    name: str,
    labels: Mapping[str, str] | None = None,
    *,
    cpu: str = "4",
    memory: str = "8Gi",
    pods: str = "110",
    allocatable: Mapping[str, str] | None = None,
    images: Mapping[str, int] | None = None,
    annotations: Mapping[str, str] | None = None,
    **spec: Any,
) -> Node:
    """A node with 4 CPU and 8 GiB, labelled with its host name."""
    return view(
        Node,
        {
            "metadata": {"name": name, "labels": {HOSTNAME: name, **(labels or {})}, "annotations": annotations or {}},
            "spec": spec,
            "status": {
                "allocatable": {"cpu": cpu, "memory": memory, "pods": pods, **(allocatable or {})},
                "images": [{"names": [image], "sizeBytes": size} for image, size in (images or {}).items()],
            },
        },
    )


def pod_view(
    name: str = "web",
    *,
    namespace: str = "default",
    labels: Mapping[str, str] | None = None,
    requests: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    status: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Pod:
    """A pod of one container; its uid is its name."""
    container: dict[str, Any] = {"name": "c", "image": "app", "resources": {"requests": dict(requests or {})}}
    return view(
        Pod,
        {
            "metadata": {"name": name, "namespace": namespace, "uid": name, "labels": labels or {}, **(metadata or {})},
            "spec": {"containers": [container], **spec},
            "status": status or {},
        },
    )


def pod(name: str = "web", **fields: Any) -> PodInfo:
    """The PodInfo of pod_view(name, …)."""
    return PodInfo.of(pod_view(name, **fields))


def info(of: Node, *pods: PodInfo) -> NodeInfo:
    """The NodeInfo of a node with pods on it."""
    made = NodeInfo.of(of)
    for each in pods:
        made = made.with_pod(each)
    return made


def snapshot(nodes: Mapping[str, Iterable[PodInfo]] | Iterable[Node], *, listers: Listers | None = None) -> Snapshot:
    """The snapshot of nodes, plain ones by name with the pods on them, or these nodes."""
    made = Snapshot(listers=listers or Listers())
    if isinstance(nodes, Mapping):
        for name, pods in nodes.items():
            made = made.with_node(node(name))
            for each in pods:
                made = made.with_pod(each, name)
        return made
    for each_node in nodes:
        made = made.with_node(each_node)
    return made


def prepared(result: Any) -> Any:
    """The state in a PreFilterResult that a plugin returned."""
    assert isinstance(result, PreFilterResult), result
    return result.state


def reasons(status: Status | None) -> tuple[str, tuple[str, ...]] | None:
    """Code and reasons of a status, None for success."""
    return None if status is None else (status.code.value, status.reasons)


def affinity(*terms: Mapping[str, Any], anti: bool = False) -> dict[str, Any]:
    """spec.affinity with required terms to (or against) pods."""
    return {
        "podAntiAffinity" if anti else "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}
    }


def wishes(weight: int, term: Mapping[str, Any], *, anti: bool = False) -> dict[str, Any]:
    """spec.affinity with one preferred term to (or against) pods."""
    preferred = [{"weight": weight, "podAffinityTerm": dict(term)}]
    return {
        "podAntiAffinity" if anti else "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}
    }


def term(key: str, labels: Mapping[str, str], **fields: Any) -> dict[str, Any]:
    """A pod affinity term over topology `key`."""
    return {"topologyKey": key, "labelSelector": {"matchLabels": dict(labels)}, **fields}
