"""NodeAffinity: a pod's nodeSelector and required node affinity must match the node's labels; preferred terms make nodes better.

Source: pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from refk8s.kinds.affinity import NodeAffinity as Affinity
from refk8s.kinds.affinity import NodeSelector
from refk8s.kinds.codec import view
from refk8s.kinds.node import Node
from refk8s.kinds.nodeselector import (
    ANY_NODE,
    NodeMatcher,
    NodeTerm,
    matches_terms,
    preferred_terms,
    required_nodes,
    score_terms,
    selected_nodes,
)
from refk8s.scheduler.events import ActionType, ClusterEvent, EventHint, EventResource, QueueingHint
from refk8s.scheduler.framework import SKIP, Code, CycleState, Plugin, Point, PreFilterResult, Skip, Status
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
from refk8s.scheduler.plugins.normalize import by_maximum

__all__ = ["NodeAffinity"]

_NAME: Final = "NodeAffinity"
_NO: Final = Code.UNSCHEDULABLE_AND_UNRESOLVABLE
_POD: Final = Status(_NO, _NAME, ("node(s) didn't match Pod's node affinity/selector",))
_ENFORCED: Final = Status(_NO, _NAME, ("node(s) didn't match scheduler-enforced node affinity",))
_CONFLICT: Final = Status(_NO, _NAME, ("pod affinity terms conflict",))


@attrs.frozen
class NodeAffinity(Plugin):
    """Filters and scores by the node's labels and name; `added_*` are terms that the configuration adds to those of every pod."""

    added_required: tuple[NodeTerm, ...] | None = None
    added_preferred: tuple[tuple[int, NodeTerm], ...] | None = None

    name = _NAME
    points = frozenset({Point.PRE_FILTER, Point.FILTER, Point.PRE_SCORE, Point.SCORE})
    local = True

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> PreFilterResult | Status | Skip:
        matcher = required_nodes(pod.pod)
        if matcher is ANY_NODE and self.added_required is None:
            return SKIP
        names = _named_nodes(_required(pod))
        if names is not None and not names:
            return _CONFLICT
        return PreFilterResult(matcher, names)

    def filter(self, state: NodeMatcher, pod: PodInfo, node: NodeInfo) -> Status | None:
        if self.added_required is not None and not matches_terms(self.added_required, node.name, node.labels):
            return _ENFORCED
        return None if state.matches(node.name, node.labels) else _POD

    def pre_score(
        self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]
    ) -> tuple[tuple[int, NodeTerm], ...] | Skip:
        affinity = _affinity(pod)
        preferred = affinity.preferred_during_scheduling_ignored_during_execution if affinity else ()
        if not preferred and self.added_preferred is None:
            return SKIP
        return (*(self.added_preferred or ()), *preferred_terms(preferred))

    def score(self, state: tuple[tuple[int, NodeTerm], ...], pod: PodInfo, node: NodeInfo) -> int:
        return score_terms(state, node.name, node.labels)

    def normalize(self, state: Any, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        return by_maximum(scores)

    def events(self) -> tuple[EventHint, ...]:
        event = ClusterEvent(EventResource.NODE, ActionType.ADD | ActionType.UPDATE_NODE_LABEL)
        return (EventHint(event, self._node_matches_now),)

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> NodeAffinity:
        added = view(Affinity, args.get("addedAffinity") or {})
        required = added.required_during_scheduling_ignored_during_execution
        preferred = added.preferred_during_scheduling_ignored_during_execution
        return cls(
            None if required is None else selected_nodes(required), preferred_terms(preferred) if preferred else None
        )

    def _node_matches_now(self, pod: PodInfo, old: Node | None, new: Node, listers: Listers) -> QueueingHint:
        name, labels = new.metadata.name, new.metadata.labels
        if self.added_required is not None and not matches_terms(self.added_required, name, labels):
            return QueueingHint.SKIP
        matcher = required_nodes(pod.pod)
        matched = old is not None and matcher.matches(old.metadata.name, old.metadata.labels)
        return QueueingHint.QUEUE if matcher.matches(name, labels) and not matched else QueueingHint.SKIP


def _affinity(pod: PodInfo) -> Affinity | None:
    affinity = pod.pod.spec.affinity
    return affinity.node_affinity if affinity else None


def _required(pod: PodInfo) -> NodeSelector | None:
    affinity = _affinity(pod)
    return affinity.required_during_scheduling_ignored_during_execution if affinity else None


def _named_nodes(required: NodeSelector | None) -> tuple[str, ...] | None:
    """Return the only nodes that the terms can match because all of them name nodes; None if any node could match, () if none can."""
    if required is None or not required.node_selector_terms:
        return None
    names: set[str] = set()
    for term in required.node_selector_terms:
        of_term: set[str] | None = None
        for field in term.match_fields:
            if field.key == "metadata.name" and field.operator == "In":
                values = set(field.values)
                of_term = values if of_term is None else of_term & values
        if of_term is None:
            return None
        names |= of_term
    return tuple(sorted(names))
