"""How the use of a node's resources becomes a score: strategies over rows of (weight, requested, allocated, allocatable).

`requested` includes the pending pod, `allocated` does not. Integers: millicores for cpu, bytes or counts otherwise.
Source: pkg/scheduler/framework/plugins/noderesources/{least_allocated,most_allocated,requested_to_capacity_ratio,resource_allocation}.go;
pkg/scheduler/framework/plugins/helper/shape_score.go.
DEVIATES: products do not wrap where a node has 2⁶³/100 bytes (82 PiB) of something or more, because upstream's scheduler then fails every cycle with an invalid
score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import attrs

from refk8s.kinds.resources import is_scalar
from refk8s.scheduler.framework import MAX_SCORE
from refk8s.scheduler.nodeinfo import NodeInfo
from refk8s.scheduler.plugins.normalize import quotient, rounded

__all__ = [
    "CPU_AND_MEMORY",
    "LEAST_ALLOCATED",
    "LeastAllocated",
    "MostAllocated",
    "RequestedToCapacityRatio",
    "ResourceWeight",
    "Row",
    "Strategy",
    "resource_weights",
    "rows_of",
    "strategy_of",
]

Row = tuple[int, int, int, int]
"""(weight, requested, allocated, allocatable) of one resource."""


@attrs.frozen
class ResourceWeight:
    """A resource that counts in a score, and how much."""

    name: str
    weight: int = 1


CPU_AND_MEMORY: Final = (ResourceWeight("cpu"), ResourceWeight("memory"))


class Strategy(Protocol):
    """Turns the rows of a node into its score."""

    def score(self, rows: Sequence[Row]) -> int:
        """Return 0…MAX_SCORE; 0 without rows."""


@attrs.frozen
class LeastAllocated:
    """The more is left, the better."""

    def score(self, rows: Sequence[Row]) -> int:
        total = weights = 0
        for weight, requested, _, allocatable in rows:
            if requested <= allocatable:
                total += (allocatable - requested) * MAX_SCORE // allocatable * weight
            weights += weight
        return total // weights if weights else 0


LEAST_ALLOCATED: Final = LeastAllocated()


@attrs.frozen
class MostAllocated:
    """The less is left, the better."""

    def score(self, rows: Sequence[Row]) -> int:
        total = weights = 0
        for weight, requested, _, allocatable in rows:
            total += min(requested, allocatable) * MAX_SCORE // allocatable * weight
            weights += weight
        return total // weights if weights else 0


@attrs.frozen
class RequestedToCapacityRatio:
    """A broken line through `shape`, points of (utilization in percent, score 0…MAX_SCORE) by growing utilization."""

    shape: tuple[tuple[int, int], ...]

    def score(self, rows: Sequence[Row]) -> int:
        total = weights = 0
        for weight, requested, _, allocatable in rows:
            score = self._at(100 if requested > allocatable else requested * 100 // allocatable)
            if score > 0:
                total += score * weight
                weights += weight
        return rounded(float(total) / float(weights)) if weights else 0

    def _at(self, utilization: int) -> int:
        left_at, left_score = self.shape[0]
        for at, score in self.shape:
            if utilization <= at:
                if at == left_at:
                    return score
                return left_score + quotient((score - left_score) * (utilization - left_at), at - left_at)
            left_at, left_score = at, score
        return left_score


def rows_of(
    resources: Sequence[ResourceWeight], requests: Sequence[int], node: NodeInfo, *, non_zero: bool
) -> Sequence[Row]:
    """Return the rows of a node for a pod with `requests` (one per resource); with `non_zero`, the pods there count with default requests.

    Resources that the node does not have are left out, and so are extended resources that the pod does not request.
    """
    there, taken = node.allocatable, node.requested
    if resources is CPU_AND_MEMORY and there.milli_cpu and there.memory:
        cpu, memory = (node.non_zero_cpu, node.non_zero_memory) if non_zero else (taken.milli_cpu, taken.memory)
        return (1, cpu + requests[0], cpu, there.milli_cpu), (1, memory + requests[1], memory, there.memory)
    rows = []
    for resource, request in zip(resources, requests, strict=True):
        name = resource.name
        if name == "cpu":
            allocatable, allocated = there.milli_cpu, node.non_zero_cpu if non_zero else taken.milli_cpu
        elif name == "memory":
            allocatable, allocated = there.memory, node.non_zero_memory if non_zero else taken.memory
        elif name == "ephemeral-storage":
            allocatable, allocated = there.ephemeral_storage, taken.ephemeral_storage
        elif request == 0 and is_scalar(name):
            continue
        else:
            allocatable, allocated = there.scalar.get(name, 0), taken.scalar.get(name, 0)
        if allocatable:
            rows.append((resource.weight, allocated + request, allocated, allocatable))
    return rows


def strategy_of(args: Mapping[str, Any]) -> tuple[Strategy, tuple[ResourceWeight, ...]]:
    """Return the strategy and the resources of a `scoringStrategy` (JSON). Raises ValueError for a type that does not exist."""
    resources = resource_weights(args.get("resources"))
    match args.get("type") or "LeastAllocated":
        case "LeastAllocated":
            return LEAST_ALLOCATED, resources
        case "MostAllocated":
            return MostAllocated(), resources
        case "RequestedToCapacityRatio":
            shape = (args.get("requestedToCapacityRatio") or {}).get("shape") or ()
            points = ((point.get("utilization") or 0, (point.get("score") or 0) * 10) for point in shape)
            return RequestedToCapacityRatio(tuple(points)), resources
        case other:
            raise ValueError(f'scoringStrategy.type: Unsupported value: "{other}"')


def resource_weights(args: Sequence[Mapping[str, Any]] | None) -> tuple[ResourceWeight, ...]:
    """Return the resources of a plugin's args (JSON), cpu and memory by default; an absent or zero weight is 1."""
    return tuple(ResourceWeight(r["name"], r.get("weight") or 1) for r in args) if args else CPU_AND_MEMORY
