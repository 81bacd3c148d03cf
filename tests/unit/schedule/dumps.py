"""Small dumps, and a large one as kubectl prints it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]


def node(
    name: str, *, cpu: str = "4", taints: Any = (), labels: Mapping[str, str] | None = None, **spec: Any
) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": {**({"taints": list(taints)} if taints else {}), **spec},
        "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "110"}},
    }


def pod(name: str, on: str = "", *, cpu: str = "1", owner: str = "ReplicaSet", **spec: Any) -> Document:
    references = (
        [{"apiVersion": "apps/v1", "kind": owner, "name": "o", "uid": "o", "controller": True}] if owner else []
    )
    container = {"name": "c", "image": "app:1", "resources": {"requests": {"cpu": cpu}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": name, "ownerReferences": references},
        "spec": {"containers": [container], **({"nodeName": on} if on else {}), **spec},
        "status": {"phase": "Running" if on else "Pending", "startTime": "2026-01-01T00:00:00Z"},
    }


def priority_class(name: str, value: int) -> Document:
    return {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value}


def listed(*objects: Document) -> Document:
    return {"apiVersion": "v1", "items": list(objects), "kind": "List", "metadata": {"resourceVersion": ""}}


def large(nodes: int, pods: int) -> Document:
    """So many nodes and pods with all the fields that real ones have."""
    return listed(*(_real_node(i) for i in range(nodes)), *(_real_pod(i, nodes) for i in range(pods)))


def _real_node(i: int) -> Document:
    made = node(f"node-{i}", labels={"topology.kubernetes.io/zone": f"zone-{i % 3}", "env": "prod"})
    made["metadata"] |= {"annotations": {"note": "a: b\n\n- c"}, "resourceVersion": str(i), "uid": f"n-{i}"}
    conditions = [
        {
            "lastHeartbeatTime": "2026-01-01T00:00:00Z",
            "message": "kubelet has it: enough # of it",
            "status": "False",
            "type": kind,
        }
        for kind in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
    ]
    images = [
        {"names": [f"r.example.com/web@sha256:{j:064d}", f"r.example.com/web:{j}"], "sizeBytes": 50_000_000 + j}
        for j in range(20)
    ]
    made["status"] |= {
        "addresses": [{"address": "10.0.0.1", "type": "InternalIP"}],
        "conditions": conditions,
        "images": images,
    }
    return made


def _real_pod(i: int, nodes: int) -> Document:
    made = pod(f"web-{i}", f"node-{i % nodes}", cpu="250m", priority=0, schedulerName="default-scheduler")
    made["metadata"] |= {"labels": {"app": f"web-{i // 50}", "env": "prod"}, "namespace": f"ns-{i % 20}"}
    probe = {"failureThreshold": 3, "httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
    made["spec"]["containers"][0] |= {
        "args": ["--flag=a b", "- x: y"],
        "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "readinessProbe": probe,
        "livenessProbe": probe,
        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        "volumeMounts": [{"mountPath": "/var/run/secrets", "name": "kube-api-access", "readOnly": True}],
    }
    made["spec"]["tolerations"] = [
        {"effect": "NoExecute", "key": f"node.kubernetes.io/{key}", "operator": "Exists", "tolerationSeconds": 300}
        for key in ("not-ready", "unreachable")
    ]
    made["spec"]["volumes"] = [{"name": "kube-api-access", "projected": {"sources": [{"configMap": {"name": "ca"}}]}}]
    made["status"] |= {
        "conditions": [
            {"lastProbeTime": None, "lastTransitionTime": "2026-01-01T00:00:01Z", "status": "True", "type": kind}
            for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
        ],
        "containerStatuses": [
            {
                "containerID": f"containerd://{i:064d}",
                "image": "app:1",
                "imageID": "app@sha256:" + "a" * 64,
                "lastState": {},
                "name": "c",
                "ready": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": "2026-01-01T00:00:01Z"}},
            }
        ],
        "podIP": "10.1.0.1",
        "podIPs": [{"ip": "10.1.0.1"}],
    }
    return made
