"""Disruption budgets as the scheduler sees them: which pods' eviction would exceed one.

Source: pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go, filterPodsWithPDBViolation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from refk8s.kinds.codec import EMPTY, Document, view
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.selector import NOTHING, Selector, SelectorError, from_object
from refk8s.scheduler.nodeinfo import PodInfo

__all__ = ["Budget", "by_violation"]


@attrs.frozen
class Budget:
    """A PodDisruptionBudget: what it selects, how many disruptions it still allows, and the pods whose disruption is counted already."""

    namespace: str
    selector: Selector
    allowed: int = 0
    disrupted: frozenset[str] = frozenset()

    @classmethod
    def of(cls, document: Document) -> Budget:
        """Return the budget of a PodDisruptionBudget; one whose selector is invalid, empty or absent selects nothing."""
        status = document.get("status") or EMPTY
        selector = (document.get("spec") or EMPTY).get("selector")
        try:
            selects = NOTHING if not selector else from_object(view(LabelSelector, selector))
        except SelectorError:
            selects = NOTHING
        return cls(
            document["metadata"].get("namespace") or "default",
            NOTHING if selects.is_empty() else selects,
            status.get("disruptionsAllowed") or 0,
            frozenset(status.get("disruptedPods") or ()),
        )

    def counts(self, pod: PodInfo) -> bool:
        """Tell whether evicting the pod takes from this budget."""
        return (
            self.namespace == pod.namespace
            and bool(pod.labels)
            and pod.name not in self.disrupted
            and self.selector.matches(pod.labels)
        )


def by_violation(pods: Iterable[PodInfo], budgets: Sequence[Budget]) -> tuple[list[PodInfo], list[PodInfo]]:
    """Return the pods whose eviction exceeds a budget, and the others, both in order; earlier pods use up what a budget allows."""
    left = [budget.allowed for budget in budgets]
    violating: list[PodInfo] = []
    harmless: list[PodInfo] = []
    for pod in pods:
        exceeds = False
        for i, budget in enumerate(budgets):
            if budget.counts(pod):
                left[i] -= 1
                exceeds = exceeds or left[i] < 0
        (violating if exceeds else harmless).append(pod)
    return violating, harmless
