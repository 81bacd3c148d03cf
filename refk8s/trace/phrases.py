"""A commit in one phrase: what matters of the change first, long lists cut, and whether it is a detail that stories leave out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..api.store import ADDED, DELETED, Change
from .differences import Difference, differences, short

MOST: Final = 4
"""So many parts of a change are told; the others are counted."""

# Leaves that change along with something that says more.
DULL: Final = (
    "metadata.resourceVersion",
    "metadata.managedFields",
    "metadata.generation",
    "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
    "metadata.annotations.deployment.kubernetes.io/desired-replicas",
    "metadata.annotations.deployment.kubernetes.io/max-replicas",
    "status.observedGeneration",
)
DULL_ENDS: Final = (
    ".lastTransitionTime",
    ".lastUpdateTime",
    ".lastHeartbeatTime",
    ".lastProbeTime",
    ".observedGeneration",
)
# Events of a node that joins; they say nothing that its first line does not.
DULL_EVENTS: Final = (
    "Starting",
    "NodeHasSufficientMemory",
    "NodeHasNoDiskPressure",
    "NodeHasSufficientPID",
    "RegisteredNode",
)


def describe(change: Change) -> tuple[str, bool]:
    """(what a commit did, whether it is a detail)."""
    kind = str(change.obj.document.get("kind", change.resource))
    name = f"{kind} {change.key}"
    if kind == "Event":
        return _event(change.obj.document)
    if change.type == ADDED:
        return f"created {name}", kind == "Lease"
    if change.type == DELETED or change.prev is None:
        return f"removed {name}", False
    was, now = change.prev.document, change.obj.document
    if kind == "Pod" and not was["spec"].get("nodeName") and now["spec"].get("nodeName"):
        return f"bound {name} to {now['spec']['nodeName']}", False
    before, after = was["metadata"], now["metadata"]
    if not before.get("deletionTimestamp") and after.get("deletionTimestamp"):
        grace_s = after.get("deletionGracePeriodSeconds")
        return f"marked {name} for deletion" + (f" (grace {grace_s}s)" if grace_s is not None else ""), False
    if before.get("deletionGracePeriodSeconds") and after.get("deletionGracePeriodSeconds") == 0:
        return f"said that {name} has ended: nothing is left to wait for", False
    parts = [*_parts(kind, was, now)]
    if not parts:
        return f"changed {name}: bookkeeping", True
    more = f", {len(parts) - MOST} more" if len(parts) > MOST else ""
    return f"changed {name}: {', '.join(parts[:MOST])}{more}", False


def _event(document: Mapping[str, Any]) -> tuple[str, bool]:
    about = document.get("involvedObject") or {}
    count = document.get("count") or 1
    times = f" (x{count})" if count > 1 else ""
    where = f"{about['namespace']}/" if about.get("namespace") else ""
    reason = str(document.get("reason"))
    text = f"event {reason} on {about.get('kind')} {where}{about.get('name')}: {document.get('message')}{times}"
    return text, reason in DULL_EVENTS


def _parts(kind: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """The parts of a change, those that matter most first; none if it is bookkeeping."""
    old, new = was.get("status") or {}, now.get("status") or {}
    if kind == "Pod":
        yield from _pod(old, new)
    leaves = [leaf for leaf in differences({**was, "status": old}, {**now, "status": new}) if not _is_dull(leaf)]
    told = ("status.conditions", "spec.taints", *(_POD_TOLD if kind == "Pod" else ()))
    yield from _taints(was, now)
    yield from (str(leaf) for leaf in leaves if not leaf.path.startswith(("status.", *told)))
    yield from _conditions(old, new, skip=_POD_CONDITIONS if kind == "Pod" else ())
    yield from (
        str(leaf).removeprefix("status.")
        for leaf in leaves
        if leaf.path.startswith("status.") and not leaf.path.startswith(told)
    )


_POD_CONDITIONS: Final = ("Ready", "ContainersReady", "Initialized", "PodReadyToStartContainers")
_POD_TOLD: Final = (
    "status.phase",
    "status.reason",
    "status.message",
    "status.containerStatuses",
    "status.initContainerStatuses",
    "status.allocatedResources",
    "status.resources",
    "status.qosClass",
    "status.startTime",
    "status.hostIP",
    "status.podIPs",
)


def _is_dull(leaf: Difference) -> bool:
    return leaf.path in DULL or leaf.path.endswith(DULL_ENDS)


def _pod(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Phase, readiness and what the containers do."""
    if was.get("phase") != now.get("phase"):
        why = f" ({now['reason']})" if now.get("reason") else ""
        yield f"{was.get('phase') or '∅'}→{now.get('phase')}{why}"
    ready, was_ready = _is_ready(now), _is_ready(was)
    if ready != was_ready:
        yield "Ready" if ready else "not Ready any more"
    for field in ("initContainerStatuses", "containerStatuses"):
        before = {status["name"]: status for status in was.get(field) or ()}
        for status in now.get(field) or ():
            old = before.get(status["name"]) or {}
            if _state(status) != _state(old):
                yield f"{status['name']} {_state(status)}"
            if status.get("restartCount", 0) != old.get("restartCount", 0):
                yield f"{status['name']} restarted {status['restartCount']}x"


def _state(status: Mapping[str, Any]) -> str:
    state = status.get("state") or {}
    if "running" in state:
        return "running"
    if "terminated" in state:
        ended = state["terminated"]
        return f"exited {ended.get('exitCode', 0)} ({ended.get('reason') or 'without a reason'})"
    if "waiting" in state:
        return f"waiting ({state['waiting'].get('reason') or 'without a reason'})"
    return ""


def _conditions(was: Mapping[str, Any], now: Mapping[str, Any], skip: tuple[str, ...]) -> Iterator[str]:
    """The conditions whose status or reason changed."""
    before = {str(c.get("type")): c for c in was.get("conditions") or ()}
    after = {str(c.get("type")): c for c in now.get("conditions") or ()}
    for name in sorted({*before, *after} - {*skip}):
        old, new = before.get(name) or {}, after.get(name) or {}
        if (old.get("status"), old.get("reason")) == (new.get("status"), new.get("reason")):
            continue
        reason = f" ({new['reason']})" if new.get("reason") else ""
        same = old.get("status") == new.get("status")
        yield f"{name} {new.get('status') if same else short(old.get('status')) + '→' + short(new.get('status'))}{reason}"


def _is_ready(status: Mapping[str, Any]) -> bool:
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ())


def _taints(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """The taints that came and went."""
    old, new = (
        {f"{t.get('key')}:{t.get('effect')}": t for t in (part.get("spec") or {}).get("taints") or ()}
        for part in (was, now)
    )
    yield from (f"taint {name} {'changed' if name in old else 'added'}" for name in new if new[name] != old.get(name))
    yield from (f"taint {name} removed" for name in old if name not in new)
