"""A scheduling cycle over columns: the same decision as refk8s.scheduler.cycle.schedule.

Filters and scores of local plugins are columns that follow the nodes; InterPodAffinity and PodTopologySpread have columns of their own; any other plugin is
asked about every node, as in the clear path. Nominated nodes are asked of the filters themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import compress
from typing import Any, Final

import attrs
import numpy as np

from refk8s.scheduler.cycle import Decision, Prepared, Rejected, absent, check_range, prepare, unschedulable
from refk8s.scheduler.fast import affinity, spread
from refk8s.scheduler.fast.local import Scores, Verdicts
from refk8s.scheduler.fast.mirror import Mirror
from refk8s.scheduler.filters import Filters, Nominated
from refk8s.scheduler.framework import (
    MAX_SCORE,
    SKIP,
    CycleState,
    Plugin,
    Point,
    PreFilterResult,
    Profile,
    Skip,
    Status,
    TieRule,
)
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo, question
from refk8s.scheduler.plugins.image_locality import ImageLocality
from refk8s.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from refk8s.scheduler.plugins.node_affinity import NodeAffinity
from refk8s.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from refk8s.scheduler.plugins.node_resources_fit import NodeResourcesFit
from refk8s.scheduler.plugins.pod_topology_spread import PodTopologySpread
from refk8s.scheduler.plugins.taint_toleration import TaintToleration
from refk8s.scheduler.snapshot import Snapshot

__all__ = ["decide"]

_BLIND: Final = frozenset(
    {ImageLocality, NodeAffinity, NodeResourcesBalancedAllocation, NodeResourcesFit, TaintToleration}
)
"""Plugins whose pre_score does not look at the nodes."""


@lru_cache(maxsize=4)
def _mirror(profile: Profile) -> Mirror:
    """The mirror that the cycles of a profile share. It follows whatever snapshot it is shown, so that it has no part in an answer."""
    return Mirror()


def decide(
    profile: Profile, pod: PodInfo, snapshot: Snapshot, nominated: Nominated, choose: TieRule, *, explain: bool = False
) -> Decision:
    """Decide where `pod` is to run; `explain` records the scores, for a comparison with those of the clear path."""
    mirror = _mirror(profile)
    mirror.follow(snapshot)
    return _Fast(profile, mirror, CycleState(snapshot, choose), pod).decide(nominated, explain=explain)


@attrs.define(eq=False)
class _Fast:
    """One cycle."""

    profile: Profile
    mirror: Mirror
    cycle: CycleState
    pod: PodInfo

    def decide(self, nominated: Nominated, *, explain: bool) -> Decision:
        """Filter, score, choose."""
        profile, cycle, pod, names = self.profile, self.cycle, self.pod, self.mirror.names
        prepared = prepare(profile, cycle, pod, self.pre_filter)
        filters = cycle.filters = Filters(profile, cycle, pod, nominated, explain=False)
        if isinstance(prepared, Rejected):
            rejected = dict.fromkeys(names, prepared.status)
            return unschedulable(profile, cycle, pod, rejected, prepared.restricting, pre_filter=prepared.status)
        hint = cycle.snapshot.node(pod.pod.status.nominated_node_name)
        if hint is not None and filters.on(hint) is None:  # the only node looked at
            return self.scored(np.array([cycle.snapshot.positions[hint.name]]), (hint.name,), {}, explain=explain)
        codes = self.verdicts(filters, prepared)
        fits = codes == 0
        feasible = np.flatnonzero(fits)
        refused = self.refused(codes, fits)
        if not len(feasible):
            return unschedulable(profile, cycle, pod, refused, prepared.restricting)
        remaining = names if len(feasible) == len(names) else tuple([names[i] for i in feasible.tolist()])
        return self.scored(feasible, remaining, refused, explain=explain)

    # ---- filtering

    def pre_filter(self, plugin: Plugin, cycle: CycleState, pod: PodInfo) -> PreFilterResult | Status | Skip:
        """What the plugin's pre_filter returns."""
        if type(plugin) is PodTopologySpread:
            return spread.prepare(plugin, self.mirror, cycle, pod)
        if type(plugin) is InterPodAffinity:
            return affinity.prepare(plugin, self.mirror, cycle, pod)
        return plugin.pre_filter(cycle, pod)

    def verdicts(self, filters: Filters, prepared: Prepared) -> Any:
        """The code of each node's verdict."""
        mirror, positions = self.mirror, self.cycle.snapshot.positions
        local = len(filters.first)
        codes = np.zeros(len(mirror.nodes), np.int16)
        if local:
            codes = self.local(filters.active[:local]).copy()
        for plugin, state in filters.active[local:]:
            more = self.filtered(plugin, state)
            codes = np.where(codes == 0, more, codes)
        for name in filters.nominated:
            position = positions.get(name)
            if position is not None:
                codes[position] = mirror.code(filters.on(mirror.nodes[position]))
        if prepared.names is not None:
            allowed = [position for name in prepared.names if (position := positions.get(name)) is not None]
            hint = positions.get(self.pod.pod.status.nominated_node_name)
            kept = [*allowed, hint] if hint is not None else allowed
            only = np.full(len(codes), mirror.code(absent(prepared.restricting)), np.int16)
            only[kept] = codes[kept]
            codes = only
        return codes

    def filtered(self, plugin: Plugin, state: Any) -> Any:
        """The codes of one plugin's verdicts."""
        if type(plugin) is PodTopologySpread:
            return spread.filtered(state, self.mirror)
        if type(plugin) is InterPodAffinity:
            return affinity.filtered(state, self.mirror, self.pod)
        if plugin.local:
            return self.local([(plugin, state)])
        code, nodes, pod = self.mirror.code, self.mirror.nodes, self.pod
        return np.array([code(plugin.filter(state, pod, node)) for node in nodes], np.int16)

    def local(self, filters: Sequence[tuple[Plugin, Any]]) -> Any:
        """The codes of the verdicts of local plugins, which must not be changed."""
        mirror, pod = self.mirror, self.pod
        checks: list[tuple[Any, Any]] = [(plugin.filter, state) for plugin, state in filters]
        key = ("filter", question("filter", *filters))
        return mirror.column(key, lambda: Verdicts(mirror, checks, pod, np.zeros(len(mirror.nodes), np.int16))).codes

    def refused(self, codes: Any, fits: Any) -> dict[str, Status]:
        """The verdict on each node that does not fit."""
        if fits.all():
            return {}
        statuses, names = self.mirror.statuses, self.mirror.names
        unfit = ~fits
        found = [statuses[code] for code in codes[unfit].tolist()]
        return dict(zip(compress(names, unfit.tolist()), found, strict=True))

    # ---- scoring

    def scored(self, feasible: Any, names: tuple[str, ...], refused: dict[str, Status], *, explain: bool) -> Decision:
        """Score the feasible nodes and choose one. Raises ValueError if a plugin leaves 0…MAX_SCORE."""
        if len(names) == 1 and not explain:
            return Decision(names[0], names, feasible=names, rejected=refused)
        columns: dict[str, tuple[Any, Any]] = {}
        skipped: list[str] = []
        totals = np.zeros(len(feasible), np.int64)
        for plugin in self.profile.at(Point.SCORE):
            column = self.score(plugin, feasible)
            if column is None:
                skipped.append(plugin.name)
                continue
            final = column[1]
            check_range(plugin, int(final.min()), int(final.max()))
            totals += self.profile.weights.get(plugin.name, 1) * final
            columns[plugin.name] = column
        best = tuple(sorted([names[i] for i in np.flatnonzero(totals == totals.max()).tolist()]))
        decision = Decision(self.cycle.choose(best), best, feasible=names, rejected=refused)
        if not explain:
            return decision
        scores = {
            name: dict(zip(names, zip(raw.tolist(), final.tolist(), strict=True), strict=True))
            for name, (raw, final) in columns.items()
        }
        by_node = dict(zip(names, totals.tolist(), strict=True))
        return attrs.evolve(decision, scores=scores, skipped_score=tuple(sorted(skipped)), totals=by_node)

    def score(self, plugin: Plugin, feasible: Any) -> tuple[Any, Any] | None:
        """One plugin's raw and normalised scores of the feasible nodes, None if it skips."""
        mirror, cycle, pod = self.mirror, self.cycle, self.pod
        kind = type(plugin)
        if isinstance(plugin, PodTopologySpread) and kind is PodTopologySpread:
            spreading = spread.scoring(plugin, mirror, cycle, pod)
            if isinstance(spreading, Skip):
                return None
            raw, ignored = spread.scored(spreading, mirror, feasible)
            return raw, spread.normalised(raw, ignored)
        if isinstance(plugin, InterPodAffinity) and kind is InterPodAffinity:
            weights = affinity.weights(plugin, mirror, cycle, pod)
            if isinstance(weights, Skip):
                return None
            raw = affinity.scored(weights, mirror)[feasible]
            return raw, affinity.normalised(raw)
        nodes: list[NodeInfo] = [] if kind in _BLIND else [mirror.nodes[i] for i in feasible.tolist()]
        state = plugin.pre_score(cycle, pod, nodes)
        if state is SKIP:
            return None
        if plugin.local:
            key = ("score", question("score", plugin, state))
            size = len(mirror.nodes)
            every = mirror.column(key, lambda: Scores(plugin, state, pod, np.zeros(size, np.int64))).scores
            raw = every[feasible] if len(feasible) != size else every
        else:
            nodes = nodes or [mirror.nodes[i] for i in feasible.tolist()]
            raw = np.array([plugin.score(state, pod, node) for node in nodes], np.int64)
        return raw, _normalised(plugin, state, nodes, raw, mirror, feasible)


def _normalised(plugin: Plugin, state: Any, nodes: list[NodeInfo], raw: Any, mirror: Mirror, feasible: Any) -> Any:
    """The plugin's normalize."""
    kind = type(plugin)
    if kind.normalize is Plugin.normalize:
        return raw
    highest = int(raw.max())
    if kind is NodeAffinity:
        return MAX_SCORE * raw // highest if highest > 0 else raw
    if kind is TaintToleration:
        full = np.full(len(raw), MAX_SCORE, np.int64)
        return full - MAX_SCORE * raw // highest if highest > 0 else full
    nodes = nodes or [mirror.nodes[i] for i in feasible.tolist()]
    return np.array(plugin.normalize(state, nodes, raw.tolist()), np.int64)
