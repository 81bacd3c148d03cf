"""What a node's conditions, taints and labels say about its health. Pure functions on documents.

Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go; component-helpers/node/topology/helpers.go; pkg/util/taints/taints.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

Document = Mapping[str, Any]
Taint = Mapping[str, Any]
Condition = Mapping[str, Any]

READY: Final = "Ready"
TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"

NOT_READY: Final = "node.kubernetes.io/not-ready"
UNREACHABLE: Final = "node.kubernetes.io/unreachable"
UNSCHEDULABLE: Final = "node.kubernetes.io/unschedulable"

CONDITION_TAINTS: Final[Mapping[str, Mapping[str, str]]] = {
    "Ready": {FALSE: NOT_READY, UNKNOWN: UNREACHABLE},
    "MemoryPressure": {TRUE: "node.kubernetes.io/memory-pressure"},
    "DiskPressure": {TRUE: "node.kubernetes.io/disk-pressure"},
    "NetworkUnavailable": {TRUE: "node.kubernetes.io/network-unavailable"},
    "PIDPressure": {TRUE: "node.kubernetes.io/pid-pressure"},
}
"""The key of the NoSchedule taint by condition and its status."""

OWNED_TAINTS: Final = frozenset(key for keys in CONDITION_TAINTS.values() for key in keys.values()) | {UNSCHEDULABLE}
KUBELET_CONDITIONS: Final = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
"""The conditions that become Unknown with the kubelet; NetworkUnavailable is managed by the control plane."""

EXCLUDED: Final = "node.kubernetes.io/exclude-disruption"
NO_ZONE: Final = "none"

MIRRORED_LABELS: Final = (
    ("kubernetes.io/os", "beta.kubernetes.io/os"),
    ("kubernetes.io/arch", "beta.kubernetes.io/arch"),
)


# ---- conditions


def condition(document: Document, kind: str) -> Condition | None:
    """The condition of this type, or None."""
    conditions: Sequence[Condition] = document.get("status", {}).get("conditions") or ()
    for found in conditions:
        if found["type"] == kind:
            return found
    return None


def ready_status(document: Document) -> str:
    """The status of the condition Ready, "" if there is none."""
    ready = condition(document, READY)
    return str(ready["status"]) if ready is not None else ""


def unknown_conditions(document: Document, now: str) -> list[Condition]:
    """The node's conditions when its kubelet has been silent for too long. `now` is an RFC 3339 time."""
    made = list(document.get("status", {}).get("conditions") or ())
    for kind in KUBELET_CONDITIONS:
        place = next((i for i, found in enumerate(made) if found["type"] == kind), None)
        if place is None:
            made.append(
                {
                    "type": kind,
                    "status": UNKNOWN,
                    "lastHeartbeatTime": document["metadata"].get("creationTimestamp"),
                    "lastTransitionTime": now,
                    "reason": "NodeStatusNeverUpdated",
                    "message": "Kubelet never posted node status.",
                }
            )
        elif made[place]["status"] != UNKNOWN:
            made[place] = {
                **made[place],
                "status": UNKNOWN,
                "lastTransitionTime": now,
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
            }
    return made


# ---- taints


def taints_of(document: Document) -> tuple[Taint, ...]:
    """The node's taints."""
    return tuple(document.get("spec", {}).get("taints") or ())


def same_taint(a: Taint, b: Taint) -> bool:
    """Whether two taints have the same key and effect."""
    return bool(a["key"] == b["key"] and a["effect"] == b["effect"])


def has_taint(taints: Sequence[Taint], wanted: Taint) -> bool:
    """Whether a taint of the same key and effect is there."""
    return any(same_taint(taint, wanted) for taint in taints)


def no_execute(key: str) -> Taint:
    """The taint that evicts."""
    return {"key": key, "effect": "NoExecute"}


def with_taint(taints: Sequence[Taint], taint: Taint) -> tuple[Taint, ...]:
    """The taints with this one, in the place of the one of the same key and effect."""
    if not has_taint(taints, taint):
        return (*taints, taint)
    return tuple(taint if same_taint(old, taint) else old for old in taints)


def without_taint(taints: Sequence[Taint], taint: Taint) -> tuple[Taint, ...]:
    """The taints without those of this key and effect."""
    return tuple(old for old in taints if not same_taint(old, taint))


def no_schedule_diff(document: Document) -> tuple[list[Taint], list[Taint]]:
    """(NoSchedule taints to add, to remove) so that they say what conditions and `spec.unschedulable` say."""
    wanted: list[Taint] = []
    for found in document.get("status", {}).get("conditions") or ():
        key = CONDITION_TAINTS.get(found["type"], {}).get(found["status"])
        if key is not None:
            wanted.append({"key": key, "effect": "NoSchedule"})
    if document.get("spec", {}).get("unschedulable"):
        wanted.append({"key": UNSCHEDULABLE, "effect": "NoSchedule"})
    owned = [taint for taint in taints_of(document) if taint["effect"] == "NoSchedule" and taint["key"] in OWNED_TAINTS]
    return [taint for taint in wanted if not has_taint(owned, taint)], [
        {"key": taint["key"], "effect": taint["effect"]} for taint in owned if not has_taint(wanted, taint)
    ]


# ---- labels


def label_changes(document: Document) -> dict[str, str]:
    """The old names of the os and arch labels whose value is not that of the new ones."""
    labels = document["metadata"].get("labels") or {}
    return {
        mirror: labels[name]
        for name, mirror in MIRRORED_LABELS
        if name in labels and labels.get(mirror) != labels[name]
    }


def zone_of(document: Document) -> str:
    """The failure zone as "region:zone", NO_ZONE if the node says neither. (Upstream has a NUL around the colon; label values have no colon.)"""
    labels = document["metadata"].get("labels") or {}
    zone = labels.get("failure-domain.beta.kubernetes.io/zone", labels.get("topology.kubernetes.io/zone", ""))
    region = labels.get("failure-domain.beta.kubernetes.io/region", labels.get("topology.kubernetes.io/region", ""))
    return f"{region}:{zone}" if region or zone else NO_ZONE


def is_excluded(document: Document) -> bool:
    """Whether the node does not count for the state of its zone."""
    return EXCLUDED in (document["metadata"].get("labels") or {})
