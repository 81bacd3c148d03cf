"""A run as a story: who did what to which object, at which logical time, and which earlier change made them do it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from ..api.store import ADDED, DELETED, Change
from ..core.action import Action
from ..core.delta import Delta
from ..core.world import World

MAX_FIELDS: Final = 4
# Fields that change along with something that says more.
DULL: Final = (
    "metadata.resourceVersion",
    "metadata.managedFields",
    "metadata.generation",
    "status.observedGeneration",
    "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
)


@attrs.frozen
class Line:
    """One sentence of the story. `because` is the step of the change (or user's act) that led to it, -1 if nothing did."""

    step: int
    at_ms: int
    actor: str
    text: str
    subject: str
    because: int
    heartbeat: bool = False


class Storyteller:
    """Collects the lines of a run; it is an observer for `refk8s.explore.run.run`. `causes[i]` is the step that enabled step i."""

    def __init__(self, epoch_ms: int, is_heartbeat: Any) -> None:
        self.lines: list[Line] = []
        self.causes: dict[int, int] = {}
        self._told: set[int] = set()
        self._epoch_ms = epoch_ms
        self._is_heartbeat = is_heartbeat

    def __call__(self, before: World, action: Action, after: World, delta: Delta) -> None:
        """Note what one step did."""
        self.causes[before.index] = delta.cause
        for p, kind, data in delta.notes:
            if kind == "user":
                verb, _, outcome = data
                self._tell(before, before.pids[p], f"{verb}: {outcome}", "", heartbeat=False)
        for change in delta.commits:
            subject = f"{change.resource}/{change.key}"
            self._tell(before, actor_of(change, delta), describe(change), subject, heartbeat=self._is_heartbeat(change))

    def _tell(self, world: World, actor: str, text: str, subject: str, *, heartbeat: bool) -> None:
        because = self.root(world.index)
        self._told.add(world.index)
        self.lines.append(Line(world.index, world.now_ms - self._epoch_ms, actor, text, subject, because, heartbeat))

    def root(self, step: int) -> int:
        """The nearest earlier step in the chain of causes that the story tells of, or -1."""
        step = self.causes.get(step, -1)
        while step >= 0 and step not in self._told:
            step = self.causes.get(step, -1)
        return step


def actor_of(change: Change, delta: Delta) -> str:
    """The process that asked for a commit and, where a reconcile did, its controller: `kube-controller-manager/replicaset`."""
    if delta.served is None or delta.served[0].flight is None or change.actor.startswith("user/"):
        return change.actor
    return delta.served[0].rid.partition(":")[0]


def describe(change: Change) -> str:
    """What a commit did, in one phrase."""
    kind = str(change.obj.document.get("kind", change.resource))
    name = f"{kind} {change.key}"
    if kind == "Event":
        document = change.obj.document
        about = document.get("involvedObject") or {}
        count = document.get("count") or 1
        times = f" (x{count})" if count > 1 else ""
        return f"event {document.get('reason')} on {about.get('kind')} {about.get('name')}: {document.get('message')}{times}"
    if change.type == ADDED:
        return f"created {name}"
    if change.type == DELETED or change.prev is None:
        return f"removed {name}"
    was, now = change.prev.document, change.obj.document
    if kind == "Pod" and not was["spec"].get("nodeName") and now["spec"].get("nodeName"):
        return f"bound {name} to {now['spec']['nodeName']}"
    if not was["metadata"].get("deletionTimestamp") and now["metadata"].get("deletionTimestamp"):
        grace_s = now["metadata"].get("deletionGracePeriodSeconds")
        return f"marked {name} for deletion" + (f" (grace {grace_s} s)" if grace_s is not None else "")
    fields = [f"{path} {_shown(old)}→{_shown(new)}" for path, old, new in differences(was, now) if path not in DULL]
    more = f", {len(fields) - MAX_FIELDS} more" if len(fields) > MAX_FIELDS else ""
    return f"changed {name}: {', '.join(fields[:MAX_FIELDS]) or 'bookkeeping'}{more}"


def differences(was: Any, now: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """(path, old, new) of every leaf that differs; what is shared is not looked into. Lists of named things and of conditions are compared by name."""
    if was is now or was == now:
        return []
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        found = []
        for key in sorted({*was, *now}):
            found += differences(was.get(key), now.get(key), f"{path}.{key}" if path else key)
        return found
    old, new = _by_name(was), _by_name(now)
    if old is not None and new is not None:
        return [item for key in sorted({*old, *new}) for item in _element(old.get(key), new.get(key), f"{path}[{key}]")]
    return [(path, was, now)]


def _element(was: Any, now: Any, path: str) -> list[tuple[str, Any, Any]]:
    """The differences of one element: of a condition, only its status counts as news if that changed."""
    if isinstance(was or now, Mapping) and {"type", "status"} <= set(was or now):
        old, new = (was or {}).get("status"), (now or {}).get("status")
        if old != new:
            return [(path, old, new)]
    return differences(was, now, path)


def _by_name(value: Any) -> dict[str, Any] | None:
    """A list of named (or typed) things as a map, None for anything else; an absent list is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, list) or not value or not all(isinstance(item, Mapping) for item in value):
        return None
    for key in ("name", "type", "uid"):
        if all(key in item for item in value):
            return {str(item[key]): item for item in value}
    return None


def _shown(value: Any) -> str:
    if value is None:
        return "∅"
    if isinstance(value, Mapping):
        if len(value) == 1:
            return str(next(iter(value)))
        return "{…}"
    if isinstance(value, list):
        return "[…]" if value else "[]"
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
