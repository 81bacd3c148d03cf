"""Objects as `kubectl get` shows them: the columns that matter per kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..api.store import Stored
from ..core.clock import unix_ms
from ..core.world import World

Columns = tuple[str, ...]
HEADS: Final[Mapping[str, Columns]] = {
    "pods": ("NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "NODE"),
    "deployments": ("NAMESPACE", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"),
    "replicasets": ("NAMESPACE", "NAME", "DESIRED", "CURRENT", "READY", "AGE"),
    "nodes": ("NAME", "STATUS", "AGE", "TAINTS"),
    "namespaces": ("NAME", "STATUS", "AGE"),
}
STORY_KINDS: Final = ("deployments", "replicasets", "pods", "nodes")
"""What a run shows at its end."""


def head_of(resource: str) -> Columns:
    """The column titles of a resource."""
    return HEADS.get(resource, ("NAMESPACE", "NAME", "AGE"))


def row_of(resource: str, stored: Stored, now_ms: int) -> tuple[str, ...]:
    """The cells of one object."""
    document = stored.document
    spec, status = document.get("spec") or {}, document.get("status") or {}
    age = _age(now_ms - unix_ms(document["metadata"]["creationTimestamp"]))
    where = (stored.namespace, stored.name)
    if resource == "pods":
        statuses = status.get("containerStatuses") or ()
        ready = sum(1 for container in statuses if container.get("ready"))
        restarts = sum(container.get("restartCount", 0) for container in statuses)
        return (
            *where,
            f"{ready}/{len(spec.get('containers') or ())}",
            pod_status(document),
            str(restarts),
            age,
            spec.get("nodeName") or "<none>",
        )
    if resource == "deployments":
        wanted = spec.get("replicas", 1)
        return (
            *where,
            f"{status.get('readyReplicas', 0)}/{wanted}",
            str(status.get("updatedReplicas", 0)),
            str(status.get("availableReplicas", 0)),
            age,
        )
    if resource == "replicasets":
        return (
            *where,
            str(spec.get("replicas", 1)),
            str(status.get("replicas", 0)),
            str(status.get("readyReplicas", 0)),
            age,
        )
    if resource == "nodes":
        healthy = any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ())
        text = "Ready" if healthy else "NotReady"
        text += ",SchedulingDisabled" if spec.get("unschedulable") else ""
        return (
            stored.name,
            text,
            age,
            ",".join(f"{t['key']}:{t['effect']}" for t in spec.get("taints") or ()) or "<none>",
        )
    if resource == "namespaces":
        return (stored.name, str(status.get("phase", "")), age)
    return (stored.namespace or "<none>", stored.name, age)


def pod_status(document: Mapping[str, Any]) -> str:
    """kubectl's STATUS column of a pod. Source: pkg/printers/internalversion/printers.go, printPod."""
    status = document.get("status") or {}
    shown = str(status.get("reason") or status.get("phase") or "Unknown")
    initializing = False
    total = len((document.get("spec") or {}).get("initContainers") or ())
    for place, container in enumerate(status.get("initContainerStatuses") or ()):
        state = container.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting")
        if (terminated and terminated.get("exitCode") == 0) or container.get("started"):
            continue
        if terminated:
            shown = "Init:" + (terminated.get("reason") or f"ExitCode:{terminated.get('exitCode')}")
        elif waiting and waiting.get("reason") not in (None, "PodInitializing"):
            shown = f"Init:{waiting['reason']}"
        else:
            shown = f"Init:{place}/{total}"
        initializing = True
        break
    if not initializing:
        for container in reversed(status.get("containerStatuses") or ()):
            state = container.get("state") or {}
            waiting, terminated = state.get("waiting"), state.get("terminated")
            if waiting and waiting.get("reason"):
                shown = str(waiting["reason"])
            elif terminated:
                shown = str(terminated.get("reason") or f"ExitCode:{terminated.get('exitCode')}")
    if document["metadata"].get("deletionTimestamp") and status.get("phase") not in ("Succeeded", "Failed"):
        return "Terminating"
    return shown


def rows(world: World, resource: str, namespace: str = "") -> list[tuple[str, ...]]:
    """The rows of all objects of a resource (in a namespace)."""
    stored = world.store.collection(resource).cache(resource).all(namespace)
    return [row_of(resource, one, world.now_ms) for one in stored]


def _age(ms: int) -> str:
    seconds = ms // 1_000
    if seconds < 120:
        return f"{seconds}s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 10:
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    return f"{minutes}m" if minutes < 180 else f"{minutes // 60}h"
