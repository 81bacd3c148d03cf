"""Which pods would have to go so that a pod fits somewhere: the dry run of preemption. Nothing is deleted here.

On each node that is tried, all pods of lower priority are taken away; if the pod fits then, they are given back one by one as long as it still fits: first
those whose eviction exceeds a disruption budget, then the others, each from the most important one. Those that cannot be given back are the victims.

Source: pkg/scheduler/framework/preemption/preemption.go; pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go, SelectVictimsOnNode;
pkg/scheduler/util/utils.go, MoreImportantPod.
DEVIATES: pods without a start time are all equally young, because upstream reads the clock once for each of them; and the nodes are tried from the first on,
because upstream begins anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Final

import attrs

from refk8s.core.clock import unix_ms
from refk8s.kinds.codec import EMPTY
from refk8s.scheduler.budgets import Budget, by_violation
from refk8s.scheduler.filters import Filters
from refk8s.scheduler.framework import Code, Status
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo, remember

__all__ = ["NO_VICTIMS", "Candidate", "Preemption", "best_candidates", "dry_run", "importance", "select_victims"]

NO_VICTIMS: Final = Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, "", ("No preemption victims found for incoming pod",))

_OFFSET: Final = 2**31
"""Added to each priority in a sum, so that a node with fewer victims of negative priority wins."""

_NOT_STARTED: Final = 1 << 62


@attrs.frozen
class Candidate:
    """A node where deleting `victims` (most important first) makes room; so many of them exceed a disruption budget."""

    victims: tuple[PodInfo, ...]
    pdb_violations: int = 0

    @cached_property
    def cost(self) -> tuple[int, int, int, int, int]:
        """What evicting the victims costs: fewest violations, lowest top priority, smallest sum, fewest victims, latest start of the top ones."""
        victims = self.victims
        top = max(victim.priority for victim in victims)
        earliest = min(started_at(victim) for victim in victims if victim.priority == top)
        return self.pdb_violations, top, sum(v.priority + _OFFSET for v in victims), len(victims), -earliest


@attrs.frozen
class Preemption:
    """What preemption found out: whether the pod may preempt, what came of the nodes that were tried, and the best of them (sorted).

    `message` is what it adds to the failure message, "" if it makes room.
    """

    eligible: bool = True
    candidates: Mapping[str, Candidate] = EMPTY
    rejected: Mapping[str, Status] = EMPTY
    nominated: tuple[str, ...] = ()
    message: str = ""


Allowed = Callable[[PodInfo, PodInfo], bool]
"""(victim, preemptor) → whether the one may be evicted for the other."""


def dry_run(
    filters: Filters,
    nodes: Sequence[NodeInfo],
    budgets: tuple[Budget, ...],
    enough: int,
    allowed: Allowed,
    *,
    by_priority: bool = False,
) -> Preemption:
    """Try the nodes in order until there are `enough` candidates, at least one of which exceeds no budget. Source: DryRunPreemption.

    With `by_priority`, nothing of the preemptor but its priority matters to `allowed`, and what is found out about a node is remembered with it.
    """
    asked = filters.about("victims", filters.pod.priority, budgets) if by_priority else None
    harmless: dict[str, Candidate] = {}
    violating: dict[str, Candidate] = {}
    rejected: dict[str, Status] = {}
    for node in nodes:
        if asked is None:
            found = select_victims(filters, node, budgets, allowed)
        else:
            others = filters.beside(node)
            known = node.memo.get(asked)
            if known is None or known[0] != others:
                known = remember(node, asked, (others, select_victims(filters, node, budgets, allowed)))
            found = known[1]
        if isinstance(found, Status):
            rejected[node.name] = found
            continue
        into = violating if found.pdb_violations else harmless
        if len(into) < enough:
            into[node.name] = found
        if harmless and len(harmless) + len(violating) >= enough:
            break
    candidates = {**harmless, **violating}
    return Preemption(True, candidates, rejected, best_candidates(candidates))


def select_victims(filters: Filters, node: NodeInfo, budgets: Sequence[Budget], allowed: Allowed) -> Candidate | Status:
    """Return the victims on one node, or why the pod would not fit even without all those that it may evict."""
    possible = [other for other in node.pods if allowed(other, filters.pod)]
    if not possible:
        return NO_VICTIMS
    states = filters.states
    for other in possible:
        node = node.without_pod(other.key)
        states = filters.removed(states, other, node)
    why_not = filters.with_states(node, states)
    if why_not is not None:
        return why_not
    victims: list[PodInfo] = []
    violations = 0
    violating, harmless = by_violation(sorted(possible, key=importance), budgets)
    for group in (violating, harmless):
        for other in group:
            with_it = node.with_pod(other)
            states_with = filters.added(states, other, with_it)
            if filters.with_states(with_it, states_with) is None:
                node, states = with_it, states_with
            else:
                victims.append(other)
                violations += group is violating
    return Candidate(tuple(sorted(victims, key=importance)), violations)


def best_candidates(candidates: Mapping[str, Candidate]) -> tuple[str, ...]:
    """Return the candidates that are equally good, sorted by name: upstream takes any one of them. Source: pickOneNodeForPreemption."""
    if not candidates:
        return ()
    costs = {name: candidate.cost for name, candidate in candidates.items()}
    lowest = min(costs.values())
    return tuple(sorted(name for name, cost in costs.items() if cost == lowest))


def importance(pod: PodInfo) -> tuple[int, int]:
    """Sort key, the most important pod first: higher priority, then the earlier start."""
    return -pod.priority, started_at(pod)


def started_at(pod: PodInfo) -> int:
    """When the pod was started, in ms; later than all others if it has not been."""
    start = pod.pod.status.start_time
    return unix_ms(start) if start else _NOT_STARTED
