"""The condition DisruptionTarget, with which controllers say why they are about to delete a pod. Pure functions on documents.

Source: pkg/api/v1/pod/util.go, UpdatePodCondition; pkg/util/pod/pod.go, PatchPodStatus.
"""

from __future__ import annotations

from typing import Any, Final

Document = dict[str, Any]

DISRUPTION_TARGET: Final = "DisruptionTarget"
_COMPARED: Final = ("status", "reason", "message", "lastProbeTime")


def with_condition(pod: Document, condition: Document, now: str) -> Document | None:
    """The pod's status with this condition, None if it has it. `now` (RFC 3339) is its transition time if its status changes."""
    status = pod.get("status", {})
    conditions = list(status.get("conditions") or ())
    made = {**condition, "lastProbeTime": None, "lastTransitionTime": now}
    generation = pod["metadata"].get("generation")
    if generation:
        made["observedGeneration"] = generation
    place = next((i for i, old in enumerate(conditions) if old["type"] == condition["type"]), None)
    if place is None:
        return {**status, "conditions": [*conditions, made]}
    old = conditions[place]
    if old.get("status") == made["status"]:
        made["lastTransitionTime"] = old.get("lastTransitionTime")
    if all(old.get(name) == made.get(name) for name in (*_COMPARED, "lastTransitionTime")):
        return None
    conditions[place] = made
    return {**status, "conditions": conditions}


def status_patch(pod: Document, status: Document) -> Document:
    """The strategic merge patch that changes the pod's status to `status` in the fields that controllers set; the uid is a precondition."""
    old = pod.get("status", {})
    changed: Document = {
        name: status[name]
        for name in ("phase", "reason", "message", "observedGeneration")
        if name in status and status.get(name) != old.get(name)
    }
    before = {condition["type"]: condition for condition in old.get("conditions") or ()}
    conditions = [
        condition for condition in status.get("conditions") or () if before.get(condition["type"]) != condition
    ]
    if conditions:
        order = [{"type": condition["type"]} for condition in status["conditions"]]
        changed["$setElementOrder/conditions"] = order
        changed["conditions"] = conditions
    return {"metadata": {"uid": pod["metadata"]["uid"]}, **({"status": changed} if changed else {})}
