"""One scheduling cycle: a pod and a snapshot in, a decision out. No clock, no API, no choice of its own.

Source: pkg/scheduler/schedule_one.go, schedulePod; pkg/scheduler/framework/runtime/framework.go, RunFilterPluginsWithNominatedPods, RunScorePlugins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Final

import attrs

from refk8s.kinds.codec import EMPTY
from refk8s.scheduler.filters import Filters, Nominated
from refk8s.scheduler.framework import (
    MAX_SCORE,
    SKIP,
    SUCCESS,
    Code,
    CycleState,
    Plugin,
    Point,
    PostFilterResult,
    PreFilterResult,
    Profile,
    Skip,
    Status,
    TieRule,
    first,
)
from refk8s.scheduler.messages import NO_NODES, fit_error
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo, question, remember
from refk8s.scheduler.snapshot import Snapshot

__all__ = [
    "MANY_NODES",
    "Decision",
    "PluginScores",
    "PreFilters",
    "Prepared",
    "Rejected",
    "TieRule",
    "absent",
    "check_range",
    "first",
    "has_arrays",
    "prepare",
    "schedule",
    "unschedulable",
]

MANY_NODES: Final = 500
"""From so many nodes on a lean cycle takes the fast path (refk8s.scheduler.fast), whose arrays do not pay for fewer."""

PreFilters = Callable[[Plugin, CycleState, PodInfo], "PreFilterResult | Status | Skip"]
"""Answers in place of a plugin's pre_filter."""

PluginScores = Mapping[str, Mapping[str, tuple[int, int]]]
"""Plugin → node → (raw score, normalised score)."""


@attrs.frozen
class Decision:
    """What a cycle found out. `chosen` is the node to bind to, "" if none fits; then `message` says why.

    `rejected` has the verdict on each node that was looked at and does not fit. `scores`, `skipped_score` and `totals` are empty in a lean cycle that
    had nothing to compare. `unschedulable_plugins` (sorted) are those whose events may make the pod schedulable.
    """

    chosen: str = ""
    best: tuple[str, ...] = ()
    message: str = ""
    feasible: tuple[str, ...] = ()
    rejected: Mapping[str, Status] = EMPTY
    pre_filter: Status | None = None
    post_filter: PostFilterResult | None = None
    unschedulable_plugins: tuple[str, ...] = ()
    scores: PluginScores = EMPTY
    skipped_score: tuple[str, ...] = ()
    totals: Mapping[str, int] = EMPTY

    @property
    def nominating(self) -> tuple[str, ...]:
        """What becomes of the pod's nomination: () = it stays, ("",) = none any more, (node,) = that node."""
        if self.post_filter is None:
            return ("",)
        name = self.post_filter.nominated_node_name
        return () if name is None else (name,)

    @property
    def nodes(self) -> Mapping[str, Status]:
        """The verdict on every node that was looked at, by sorted name."""
        verdicts = {**dict.fromkeys(self.feasible, SUCCESS), **self.rejected}
        return {name: verdicts[name] for name in sorted(verdicts)}


def schedule(
    profile: Profile,
    pod: PodInfo,
    snapshot: Snapshot,
    *,
    nominated: Nominated = EMPTY,
    choose: TieRule = first,
    explain: bool = False,
) -> Decision:
    """Decide where `pod` is to run.

    A lean cycle (the default) does what upstream does and no more, and remembers with each node what depends on nothing else. `explain` computes
    everything anew and records the scores of every plugin, even if only one node is left; the choice is the same. With MANY_NODES a lean cycle takes the fast
    path, with the same decision. PreEnqueue is not part of it: see
    Profile.pre_enqueue.

    DEVIATES: all nodes are filtered and all feasible ones scored, because which nodes upstream samples in a large cluster depends on its goroutines.
    """
    if not len(snapshot):
        return Decision(message=NO_NODES)
    if not explain and len(snapshot) >= MANY_NODES and has_arrays():
        from refk8s.scheduler.fast import decide

        return decide(profile, pod, snapshot, nominated, choose)
    cycle = CycleState(snapshot, choose)
    prepared = prepare(profile, cycle, pod)
    filters = cycle.filters = Filters(profile, cycle, pod, nominated, explain=explain)
    if isinstance(prepared, Rejected):
        rejected = dict.fromkeys((node.name for node in snapshot.nodes()), prepared.status)
        return unschedulable(profile, cycle, pod, rejected, prepared.restricting, pre_filter=prepared.status)
    feasible, rejected = _find_feasible(filters, snapshot, prepared)
    if not feasible:
        return unschedulable(profile, cycle, pod, rejected, prepared.restricting)
    names = tuple(node.name for node in feasible)
    if len(feasible) == 1 and not explain:
        return Decision(names[0], names, feasible=names, rejected=rejected)
    if explain:
        scored = _score(profile, cycle, pod, feasible)
        return _explained(_chosen(names, rejected, scored.totals, choose), scored)
    return _chosen(names, rejected, _totals(profile, cycle, pod, feasible), choose)


@lru_cache(maxsize=1)
def has_arrays() -> bool:
    """Whether numpy is installed, which the fast path needs (the extra `fast`)."""
    return find_spec("numpy") is not None


# ---------------------------------------------------------------- filtering


@attrs.frozen
class Prepared:
    """What PreFilter left: the only nodes that can pass (None = any) and the plugins that said so."""

    names: tuple[str, ...] | None
    restricting: tuple[str, ...]


@attrs.frozen
class Rejected:
    """The pod cannot run anywhere; `restricting` are the plugins that left it some nodes only."""

    status: Status
    restricting: tuple[str, ...]


def prepare(profile: Profile, cycle: CycleState, pod: PodInfo, ask: PreFilters | None = None) -> Prepared | Rejected:
    """Run every plugin's pre_filter, or in its place `ask`. Source: RunPreFilterPlugins."""
    names: set[str] | None = None
    restricting: list[str] = []
    unschedulable: Status | None = None
    for plugin in profile.preparing:
        result = plugin.pre_filter(cycle, pod) if ask is None else ask(plugin, cycle, pod)
        if result is SKIP:
            continue
        if isinstance(result, Status):
            if result.code is Code.UNSCHEDULABLE_AND_UNRESOLVABLE:
                return Rejected(result, ())
            unschedulable = unschedulable or result
            continue
        assert not isinstance(result, type(SKIP))
        cycle.filtering[plugin.name] = result.state
        if result.node_names is not None:
            restricting.append(plugin.name)
            names = set(result.node_names) if names is None else names & set(result.node_names)
            if not names:
                nowhere = Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, "", (_nowhere(restricting),))
                return Rejected(nowhere, tuple(restricting))
    if unschedulable is not None:
        return Rejected(unschedulable, tuple(restricting))
    return Prepared(None if names is None else tuple(sorted(names)), tuple(sorted(restricting)))


def _nowhere(restricting: list[str]) -> str:
    if len(restricting) == 1:
        return f"node(s) didn't satisfy plugin {restricting[0]}"
    return f"node(s) didn't satisfy plugin(s) [{' '.join(sorted(restricting))}] simultaneously"


def _find_feasible(
    filters: Filters, snapshot: Snapshot, prepared: Prepared
) -> tuple[list[NodeInfo], dict[str, Status]]:
    """Return the nodes that fit, and the verdict on the others. A nominated node that fits is the only one looked at.

    Source: findNodesThatFitPod.
    """
    rejected: dict[str, Status] = {}
    hint = snapshot.node(filters.pod.pod.status.nominated_node_name)
    if hint is not None:
        status = filters.on(hint)
        if status is None:
            return [hint], rejected
        rejected[hint.name] = status
    candidates = snapshot.nodes()
    if prepared.names is not None:
        elsewhere = absent(prepared.restricting)
        allowed = frozenset(prepared.names)
        for node in candidates:
            if node.name not in allowed:
                rejected.setdefault(node.name, elsewhere)
        candidates = [node for node in candidates if node.name in allowed]
    feasible = []
    on = filters.on
    for node in candidates:
        status = on(node)
        if status is None:
            feasible.append(node)
        else:
            rejected[node.name] = status
    return feasible, rejected


def absent(restricting: tuple[str, ...]) -> Status:
    """The verdict on nodes that these plugins left out."""
    reason = f"node(s) didn't satisfy plugin(s) [{' '.join(restricting)}]"
    return Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, "", (reason,))


def unschedulable(
    profile: Profile,
    cycle: CycleState,
    pod: PodInfo,
    rejected: Mapping[str, Status],
    plugins: tuple[str, ...],
    *,
    pre_filter: Status | None = None,
) -> Decision:
    """Run PostFilter and put the failure together. Source: schedulingAlgorithm, RunPostFilterPlugins."""
    result = _post_filter(profile, cycle, pod, rejected)
    given = list(rejected.values())
    verdicts = dict(zip(map(id, given), given, strict=True)).values()  # many nodes share few verdicts
    return Decision(
        message=fit_error(
            len(cycle.snapshot),
            rejected.values(),
            pre_filter=pre_filter.message if pre_filter else "",
            post_filter=result.status.message if result else "",
        ),
        rejected=rejected,
        pre_filter=pre_filter,
        post_filter=result,
        unschedulable_plugins=tuple(sorted({*plugins, *(status.plugin for status in verdicts)} - {""})),
    )


def _post_filter(
    profile: Profile, cycle: CycleState, pod: PodInfo, rejected: Mapping[str, Status]
) -> PostFilterResult | None:
    """Ask each plugin for help until one has made room; else all their reasons and the last nomination. Source: RunPostFilterPlugins."""
    nominated: str | None = None
    reasons: list[str] = []
    result: PostFilterResult | None = None
    for plugin in profile.at(Point.POST_FILTER):
        result = plugin.post_filter(cycle, pod, rejected)
        if result.status.code is not Code.UNSCHEDULABLE:
            return result
        if result.nominated_node_name is not None:
            nominated = result.nominated_node_name
        reasons.extend(result.status.reasons)
    if result is None:
        return None
    return PostFilterResult(Status(Code.UNSCHEDULABLE, result.status.plugin, tuple(reasons)), nominated, result.details)


# ---------------------------------------------------------------- scoring


@attrs.frozen
class _Scored:
    """Columns of scores in the order of the feasible nodes."""

    raw: Mapping[str, list[int]]
    normalised: Mapping[str, list[int]]
    skipped: tuple[str, ...]
    totals: list[int]


def _score(profile: Profile, cycle: CycleState, pod: PodInfo, nodes: list[NodeInfo]) -> _Scored:
    """Score the nodes with every plugin and add up. Raises ValueError if a plugin leaves 0…MAX_SCORE. Source: RunScorePlugins."""
    raw: dict[str, list[int]] = {}
    normalised: dict[str, list[int]] = {}
    skipped: list[str] = []
    totals = [0] * len(nodes)
    for plugin in profile.at(Point.SCORE):
        name = plugin.name
        state = plugin.pre_score(cycle, pod, nodes)
        if state is SKIP:
            skipped.append(name)
            continue
        cycle.scoring[name] = state
        score = plugin.score
        column = raw[name] = [score(state, pod, node) for node in nodes]
        final = normalised[name] = plugin.normalize(state, nodes, column)
        check_range(plugin, min(final), max(final))
        weight = profile.weights.get(name, 1)
        totals = [total + weight * value for total, value in zip(totals, final, strict=True)]
    return _Scored(raw, normalised, tuple(sorted(skipped)), totals)


def _totals(profile: Profile, cycle: CycleState, pod: PodInfo, nodes: list[NodeInfo]) -> list[int]:
    """The totals of `_score`. What `local` plugins give a node that needs no normalising is asked of each version of the node once."""
    local: list[tuple[Plugin, Any, int]] = []
    others: list[tuple[Plugin, Any, int]] = []
    for plugin in profile.at(Point.SCORE):
        state = plugin.pre_score(cycle, pod, nodes)
        if state is not SKIP:
            cycle.scoring[plugin.name] = state
            final = plugin.local and type(plugin).normalize is Plugin.normalize
            (local if final else others).append((plugin, state, profile.weights.get(plugin.name, 1)))
    asked = question("score", *local)
    totals = []
    for node in nodes:
        known = node.memo.get(asked)
        totals.append(remember(node, asked, _local_total(local, pod, node)) if known is None else known)
    for plugin, state, weight in others:
        score = plugin.score
        column = plugin.normalize(state, nodes, [score(state, pod, node) for node in nodes])
        check_range(plugin, min(column), max(column))
        totals = [total + weight * value for total, value in zip(totals, column, strict=True)]
    return totals


def _local_total(local: list[tuple[Plugin, Any, int]], pod: PodInfo, node: NodeInfo) -> int:
    total = 0
    for plugin, state, weight in local:
        value = plugin.score(state, pod, node)
        check_range(plugin, value, value)
        total += weight * value
    return total


def check_range(plugin: Plugin, lowest: int, highest: int) -> None:
    """Raise ValueError if a plugin's scores are not in 0…MAX_SCORE."""
    if lowest < 0 or highest > MAX_SCORE:
        raise ValueError(
            f"plugin {plugin.name} gave a score outside 0…{MAX_SCORE} after normalising; common cause: a normalize that it lacks"
        )


def _chosen(names: tuple[str, ...], rejected: Mapping[str, Status], totals: Sequence[int], choose: TieRule) -> Decision:
    highest = max(totals)
    best = tuple(sorted(name for name, total in zip(names, totals, strict=True) if total == highest))
    return Decision(choose(best), best, feasible=names, rejected=rejected)


def _explained(decision: Decision, scored: _Scored) -> Decision:
    names = decision.feasible
    scores = {
        plugin: dict(zip(names, zip(column, scored.normalised[plugin], strict=True), strict=True))
        for plugin, column in scored.raw.items()
    }
    totals = dict(zip(names, scored.totals, strict=True))
    return attrs.evolve(decision, scores=scores, skipped_score=scored.skipped, totals=totals)
