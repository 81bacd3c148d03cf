"""The filters of one cycle, bound to what they prepared: who is asked about a node, in which order, and with which nominated pods.

Source: pkg/scheduler/framework/runtime/framework.go, RunFilterPluginsWithNominatedPods, addGENominatedPods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refk8s.scheduler.framework import SUCCESS, CycleState, Plugin, Point, Profile, Status
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo, question, remember

__all__ = ["Filters", "Nominated", "first_rejection"]

Nominated = Mapping[str, Sequence[PodInfo]]
"""Node → the pending pods that are nominated to run there."""

States = Sequence[Any]


class Filters:
    """The filters that have something to say about the pod.

    The verdict of the `local` ones that come first is asked of each version of a node once, and so is all that follows from it if there are no others; with
    `explain`, of every node anew.
    """

    __slots__ = ("active", "asked", "asked_beside", "first", "nominated", "pod", "rest", "run")

    def __init__(
        self, profile: Profile, cycle: CycleState, pod: PodInfo, nominated: Nominated, *, explain: bool
    ) -> None:
        states = cycle.filtering
        self.pod = pod
        self.active: list[tuple[Plugin, Any]] = [
            (p, states[p.name]) for p in profile.at(Point.FILTER) if p.name in states
        ]
        local = 0 if explain else next((i for i, (p, _) in enumerate(self.active) if not p.local), len(self.active))
        self.run = [(plugin.filter, state) for plugin, state in self.active]
        self.first, self.rest = self.run[:local], self.run[local:]
        self.asked = question("filter", *self.active[:local]) if local else None
        self.nominated = nominated
        self.asked_beside = self.about("beside")

    def about(self, *parts: Any) -> object | None:
        """Return a key of NodeInfo.memo for what depends on the filters, these parts, the node and the nominated pods there; None if more matters."""
        return None if self.asked is None or self.rest else question(self.asked, *parts)

    def beside(self, node: NodeInfo) -> tuple[PodInfo, ...]:
        """Return the pods nominated to the node beside which the pod has to fit: those of at least its priority."""
        pod, others = self.pod, self.nominated.get(node.name) if self.nominated else None
        if not others:
            return ()
        return tuple([other for other in others if other.priority >= pod.priority and other.key != pod.key])

    @property
    def states(self) -> States:
        """What the filters prepared, in their order: the beginning of a dry run."""
        return [state for _, state in self.active]

    def on(self, node: NodeInfo) -> Status | None:
        """Return the first rejection of the node, None if the pod fits."""
        others = self.beside(node) if self.nominated else ()
        if others:
            asked = self.asked_beside
            if asked is None:
                return self.with_states(node, self.states)
            known = node.memo.get(asked)
            if known is None or known[0] != others:
                known = remember(node, asked, (others, self.with_states(node, self.states)))
            return known[1]  # type: ignore[no-any-return]  # what is remembered with a node is Any
        if self.asked is not None:
            status: Status | None = node.memo.get(self.asked, SUCCESS)
            if status is SUCCESS:
                status = remember(node, self.asked, first_rejection(self.first, self.pod, node))
            if status is not None:
                return status
        return first_rejection(self.rest, self.pod, node) if self.rest else None

    def with_states(self, node: NodeInfo, states: States) -> Status | None:
        """Return the first rejection of a node on which other pods run than in the snapshot; `states` are the filters' states for that.

        The pod has to fit beside the nominated pods of at least its priority, and also without them.
        """
        pod, with_others, states_with = self.pod, node, states
        for other in self.beside(node):
            with_others = with_others.with_pod(other)
            states_with = self.added(states_with, other, with_others)
        if with_others is not node:
            status = first_rejection(self._bound(states_with), pod, with_others)
            if status is not None:
                return status
        return first_rejection(self._bound(states), pod, node)

    def added(self, states: States, other: PodInfo, node: NodeInfo) -> States:
        """Return the states as if `other` ran on `node`."""
        return [p.add_pod(state, self.pod, other, node) for (p, _), state in zip(self.active, states, strict=True)]

    def removed(self, states: States, other: PodInfo, node: NodeInfo) -> States:
        """Return the states as if `other` no longer ran on `node`."""
        return [p.remove_pod(state, self.pod, other, node) for (p, _), state in zip(self.active, states, strict=True)]

    def _bound(self, states: States) -> list[tuple[Callable[..., Status | None], Any]]:
        return [(plugin.filter, state) for (plugin, _), state in zip(self.active, states, strict=True)]


def first_rejection(
    checks: list[tuple[Callable[..., Status | None], Any]], pod: PodInfo, node: NodeInfo
) -> Status | None:
    """Return the first rejection of the node by these filters, None if the pod fits."""
    for check, state in checks:
        status = check(state, pod, node)
        if status is not None:
            return status
    return None
