"""NodeResourcesBalancedAllocation: a node is better if the pod evens out how much of each resource is requested.

Source: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from refk8s.scheduler.framework import MAX_SCORE, SKIP, CycleState, Plugin, Point, Skip, Status
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
from refk8s.scheduler.plugins.strategies import CPU_AND_MEMORY, ResourceWeight, resource_weights, rows_of
from refk8s.scheduler.requests import placed_amounts

__all__ = ["NodeResourcesBalancedAllocation"]


@attrs.frozen
class NodeResourcesBalancedAllocation(Plugin):
    """Scores by the change in the spread of the shares requested of `resources` (weights do not count)."""

    resources: tuple[ResourceWeight, ...] = CPU_AND_MEMORY

    name = "NodeResourcesBalancedAllocation"
    points = frozenset({Point.PRE_SCORE, Point.SCORE})
    local = True

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> Skip:
        return SKIP

    def filter(self, state: None, pod: PodInfo, node: NodeInfo) -> Status | None:
        return None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> tuple[int, ...] | Skip:
        amounts = placed_amounts(pod.pod, tuple(r.name for r in self.resources))
        return amounts if any(amounts) else SKIP

    def score(self, state: tuple[int, ...], pod: PodInfo, node: NodeInfo) -> int:
        rows = rows_of(self.resources, state, node, non_zero=False)
        with_pod = _balance([_share(requested, allocatable) for _, requested, _, allocatable in rows])
        without_pod = _balance([_share(allocated, allocatable) for _, _, allocated, allocatable in rows])
        return MAX_SCORE // 2 + (MAX_SCORE // 2 + with_pod - without_pod) // 2

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> NodeResourcesBalancedAllocation:
        return cls(resource_weights(args.get("resources")))


def _share(amount: int, of: int) -> float:
    share = float(amount) / float(of)
    return 1.0 if share > 1.0 else share


def _balance(shares: list[float]) -> int:
    """Return MAX_SCORE times 1 less the standard deviation of the shares, truncated."""
    deviation = 0.0
    if len(shares) == 2:
        deviation = abs((shares[0] - shares[1]) / 2)
    elif len(shares) > 2:
        total = 0.0
        for share in shares:
            total += share
        mean = total / len(shares)
        squares = 0.0
        for share in shares:
            squares += (share - mean) * (share - mean)
        deviation = math.sqrt(squares / len(shares))
    return int((1 - deviation) * MAX_SCORE)
