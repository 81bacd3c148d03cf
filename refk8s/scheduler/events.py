"""Cluster events: what changed, and whether a change may make a rejected pod schedulable (queueing hints).

Source: staging/src/k8s.io/kube-scheduler/framework/types.go, ActionType, ClusterEvent; pkg/scheduler/framework/events.go and types.go;
pkg/scheduler/backend/queue/scheduling_queue.go, isPodWorthRequeuing.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod
from refk8s.kinds.resources import pod_requests
from refk8s.scheduler.framework import Profile
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import PodInfo

__all__ = [
    "ActionType",
    "ClusterEvent",
    "EventHint",
    "EventResource",
    "QueueingHint",
    "node_events",
    "pod_events",
    "worth_requeuing",
]


class ActionType(enum.IntFlag):
    """Kinds of change, to be or-ed. The order of the bits is upstream's: matching compares them as numbers."""

    ADD = enum.auto()
    DELETE = enum.auto()
    UPDATE_NODE_ALLOCATABLE = enum.auto()
    UPDATE_NODE_LABEL = enum.auto()
    UPDATE_NODE_TAINT = enum.auto()
    UPDATE_NODE_CONDITION = enum.auto()
    UPDATE_NODE_ANNOTATION = enum.auto()
    UPDATE_NODE_DECLARED_FEATURE = enum.auto()
    UPDATE_POD_LABEL = enum.auto()
    UPDATE_POD_SCALE_DOWN = enum.auto()
    UPDATE_POD_TOLERATION = enum.auto()
    UPDATE_POD_SCHEDULING_GATES_ELIMINATED = enum.auto()
    UPDATE_POD_GENERATED_RESOURCE_CLAIM = enum.auto()
    UPDATE = (
        UPDATE_NODE_ALLOCATABLE
        | UPDATE_NODE_LABEL
        | UPDATE_NODE_TAINT
        | UPDATE_NODE_CONDITION
        | UPDATE_NODE_ANNOTATION
        | UPDATE_NODE_DECLARED_FEATURE
        | UPDATE_POD_LABEL
        | UPDATE_POD_SCALE_DOWN
        | UPDATE_POD_TOLERATION
        | UPDATE_POD_SCHEDULING_GATES_ELIMINATED
        | UPDATE_POD_GENERATED_RESOURCE_CLAIM
    )
    ALL = ADD | DELETE | UPDATE


class EventResource(enum.Enum):
    """What changed. Plugins register POD; an event that happened says whether the pod is assigned to a node."""

    POD = "Pod"
    ASSIGNED_POD = "AssignedPod"
    UNSCHEDULED_POD = "UnschedulablePod"
    NODE = "Node"
    WILDCARD = "*"


@attrs.frozen
class ClusterEvent:
    """Changes of one resource: those that happened, or those that a plugin waits for."""

    resource: EventResource
    action: ActionType

    def matches(self, happened: ClusterEvent) -> bool:
        """Tell whether this registration covers what `happened` (the same or something more specific)."""
        if self.resource is EventResource.WILDCARD and self.action == ActionType.ALL:
            return True
        return (
            _same_resource(self.resource, happened.resource)
            and bool(self.action & happened.action)
            and int(happened.action) <= int(self.action)
        )


class QueueingHint(enum.Enum):
    """A plugin's opinion of an event: QUEUE = the pod may fit now, SKIP = the event changes nothing for it."""

    SKIP = "QueueSkip"
    QUEUE = "Queue"


Hint = Callable[[PodInfo, Any, Any, Listers], QueueingHint]
"""(pending pod, object before or None, object after or None, listers) → hint; a pure function of these."""


@attrs.frozen
class EventHint:
    """A registration: on `event`, ask `hint`; without one the answer is QUEUE."""

    event: ClusterEvent
    hint: Hint | None = None


def worth_requeuing(
    profile: Profile,
    pod: PodInfo,
    rejectors: Iterable[str],
    event: ClusterEvent,
    old: object,
    new: object,
    listers: Listers,
) -> bool:
    """Tell whether `event` may make a pod schedulable that the plugins `rejectors` rejected.

    Without any rejector (an error, not a verdict) every event is worth a try, and so is the wildcard event (with a pod as `new`: for that pod only).
    """
    names = sorted(rejectors)
    if not names:
        return True
    if event.resource is EventResource.WILDCARD and event.action == ActionType.ALL:
        return not isinstance(new, Pod) or new.metadata.uid == pod.uid
    for name in names:
        for row in profile.hints(name, event):
            if row.hint is None or row.hint(pod, old, new, listers) is QueueingHint.QUEUE:
                return True
    return False


def node_events(old: Node, new: Node) -> tuple[ClusterEvent, ...]:
    """Return the events that the update of a node amounts to; () if nothing that scheduling looks at changed.

    Source: pkg/scheduler/framework/events.go, NodeSchedulingPropertiesChange.
    """
    changes = (
        (ActionType.UPDATE_NODE_TAINT, old.spec.unschedulable and not new.spec.unschedulable),
        (ActionType.UPDATE_NODE_ALLOCATABLE, dict(old.status.allocatable) != dict(new.status.allocatable)),
        (ActionType.UPDATE_NODE_LABEL, dict(old.metadata.labels) != dict(new.metadata.labels)),
        (ActionType.UPDATE_NODE_TAINT, old.spec.taints != new.spec.taints),
        (ActionType.UPDATE_NODE_CONDITION, _condition_statuses(old) != _condition_statuses(new)),
        (ActionType.UPDATE_NODE_ANNOTATION, dict(old.metadata.annotations) != dict(new.metadata.annotations)),
        (ActionType.UPDATE_NODE_DECLARED_FEATURE, old.status.declared_features != new.status.declared_features),
    )
    return tuple(ClusterEvent(EventResource.NODE, action) for action, changed in changes if changed)


def pod_events(old: Pod, new: Pod) -> tuple[ClusterEvent, ...]:
    """Return the events that the update of a pod amounts to; a general UPDATE if none of the specific ones.

    Source: pkg/scheduler/framework/events.go, PodSchedulingPropertiesChange.
    """
    resource = EventResource.ASSIGNED_POD if new.spec.node_name else EventResource.UNSCHEDULED_POD
    changes = (
        (ActionType.UPDATE_POD_LABEL, dict(old.metadata.labels) != dict(new.metadata.labels)),
        (ActionType.UPDATE_POD_SCALE_DOWN, _scaled_down(old, new)),
        (
            ActionType.UPDATE_POD_SCHEDULING_GATES_ELIMINATED,
            bool(old.spec.scheduling_gates and not new.spec.scheduling_gates),
        ),
        (ActionType.UPDATE_POD_TOLERATION, len(old.spec.tolerations) != len(new.spec.tolerations)),
        (
            ActionType.UPDATE_POD_GENERATED_RESOURCE_CLAIM,
            old.status.resource_claim_statuses != new.status.resource_claim_statuses,
        ),
    )
    events = tuple(ClusterEvent(resource, action) for action, changed in changes if changed)
    return events or (ClusterEvent(resource, ActionType.UPDATE),)


def _same_resource(registered: EventResource, happened: EventResource) -> bool:
    if registered is EventResource.WILDCARD or registered is happened:
        return True
    return registered is EventResource.POD and happened in (EventResource.ASSIGNED_POD, EventResource.UNSCHEDULED_POD)


def _condition_statuses(node: Node) -> dict[str, str]:
    return {condition.type: condition.status for condition in node.status.conditions}


def _scaled_down(old: Pod, new: Pod) -> bool:
    after = pod_requests(new, use_status=True)
    before = pod_requests(old, use_status=True)
    return any(name not in after or amount.milli_value() > after[name].milli_value() for name, amount in before.items())
