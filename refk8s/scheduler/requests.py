"""What a pod requests, in the reckonings that the scheduler uses, and sums of requests.

Source: pkg/scheduler/framework/plugins/noderesources/{fit,resource_allocation}.go; pkg/scheduler/framework/types.go, Resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from refk8s.kinds.codec import EMPTY
from refk8s.kinds.pod import Pod
from refk8s.kinds.quantity import ZERO, Quantity
from refk8s.kinds.resources import CPU, MEMORY, Amounts, amounts, is_scalar, placed_requests, pod_requests

__all__ = ["NOTHING", "filter_amounts", "is_extended", "minus", "placed_amounts", "plus", "score_amounts"]

NOTHING: Final = Amounts()

_DEFAULTS: Final = {CPU: Quantity.of(100, exponent=-3), MEMORY: Quantity.of(200 * 1024 * 1024)}


def plus(total: Amounts, more: Amounts) -> Amounts:
    """Return the sum of two amounts."""
    return Amounts(
        total.milli_cpu + more.milli_cpu,
        total.memory + more.memory,
        total.ephemeral_storage + more.ephemeral_storage,
        total.allowed_pod_number,
        _combined(total.scalar, more.scalar, 1) if more.scalar else total.scalar,
    )


def minus(total: Amounts, less: Amounts) -> Amounts:
    """Return `total` without an amount that is part of it."""
    return Amounts(
        total.milli_cpu - less.milli_cpu,
        total.memory - less.memory,
        total.ephemeral_storage - less.ephemeral_storage,
        total.allowed_pod_number,
        _combined(total.scalar, less.scalar, -1) if less.scalar else total.scalar,
    )


def filter_amounts(pod: Pod) -> Amounts:
    """Return what a pending pod needs room for: its spec only, the pod level included. Source: fit.go, computePodResourceRequest."""
    return amounts(pod_requests(pod))


def score_amounts(pod: Pod, names: tuple[str, ...]) -> tuple[int, ...]:
    """Return what a pending pod counts as where NodeResourcesFit scores: containers only, with defaults where a request is missing.

    Source: resource_allocation.go, calculatePodResourceRequest; fit.go builds its scorer without the pod level.
    """
    return _picked(pod_requests(pod, pod_level=False, missing=_DEFAULTS), names)


def placed_amounts(pod: Pod, names: tuple[str, ...]) -> tuple[int, ...]:
    """Return what a pending pod counts as for NodeResourcesBalancedAllocation: actual requests without defaults."""
    return _picked(placed_requests(pod), names)


@lru_cache(maxsize=1_024)
def is_extended(name: str) -> bool:
    """Tell whether a resource is an extended one. Source: pkg/apis/core/v1/helper/helpers.go, IsExtendedResourceName."""
    return (
        is_scalar(name) and "kubernetes.io/" not in name and not name.startswith(("hugepages-", "attachable-volumes-"))
    )


def _picked(requests: Mapping[str, Quantity], names: tuple[str, ...]) -> tuple[int, ...]:
    picked = ((name, requests.get(name, ZERO)) for name in names)
    return tuple(quantity.milli_value() if name == CPU else quantity.value() for name, quantity in picked)


def _combined(total: Mapping[str, int], other: Mapping[str, int], sign: int) -> Mapping[str, int]:
    """Add or subtract by name; a resource that is used up again is dropped, so that the order of changes leaves no trace."""
    combined = dict(total)
    for name in other:
        amount = combined.pop(name, 0) + sign * other[name]
        if amount:
            combined[name] = amount
    return combined or EMPTY
