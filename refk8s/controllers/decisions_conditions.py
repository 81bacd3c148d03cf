"""Conditions of ReplicaSets and Deployments: look up, set, remove, write.

Source: pkg/controller/deployment/util/deployment_util.go, pkg/controller/replicaset/replica_set_utils.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from refk8s.core.clock import rfc3339
from refk8s.kinds.meta import Condition


def find_condition(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The first condition of this type."""
    for condition in conditions:
        if condition.type == kind:
            return condition
    return None


def without_condition(conditions: Iterable[Condition], kind: str) -> tuple[Condition, ...]:
    """The conditions of all other types."""
    return tuple(condition for condition in conditions if condition.type != kind)


def set_replica_set_condition(conditions: tuple[Condition, ...], new: Condition) -> tuple[Condition, ...]:
    """The conditions with `new` at the end in place of its predecessor, unless status and reason are the same."""
    old = find_condition(conditions, new.type)
    if old is not None and old.status == new.status and old.reason == new.reason:
        return conditions
    return (*without_condition(conditions, new.type), new)


def set_deployment_condition(conditions: tuple[Condition, ...], new: Condition) -> tuple[Condition, ...]:
    """As set_replica_set_condition, but a status that stays keeps its transition time."""
    old = find_condition(conditions, new.type)
    if old is not None and old.status == new.status:
        if old.reason == new.reason:
            return conditions
        new = attrs.evolve(new, last_transition_time=old.last_transition_time)
    return set_replica_set_condition(conditions, new)


def new_deployment_condition(kind: str, status: str, reason: str, message: str, now_ms: int) -> Condition:
    """A condition that was updated and changed now (Unix time in ms)."""
    now = rfc3339(now_ms)
    return Condition(
        type=kind, status=status, reason=reason, message=message, last_update_time=now, last_transition_time=now
    )


def condition_document(condition: Condition) -> dict[str, Any]:
    """The condition as JSON, empty fields left out."""
    fields = {
        "type": condition.type,
        "status": condition.status,
        "lastUpdateTime": condition.last_update_time,
        "lastTransitionTime": condition.last_transition_time,
        "reason": condition.reason,
        "message": condition.message,
    }
    return {name: value for name, value in fields.items() if value}
