"""Victims of preemption: their order, what they cost, and disruption budgets."""

from __future__ import annotations

import calendar
import time

from .objects import Doc, is_empty, labels, namespace, priority, selects, status, uid


def _started(pod: Doc) -> int:
    return calendar.timegm(time.strptime(pod["status"]["startTime"], "%Y-%m-%dT%H:%M:%SZ"))


def importance(pod: Doc) -> tuple[int, int]:
    """Sort key, the most important pod first."""
    return -priority(pod), _started(pod)


def cost(victims: list[Doc], violations: int) -> tuple[int, ...]:
    """What is compared of two candidates, the cheapest first. Source: preemption.go, pickOneNodeForPreemption."""
    top = max(map(priority, victims))
    earliest = min(_started(victim) for victim in victims if priority(victim) == top)
    return violations, top, sum(priority(victim) + 2**31 for victim in victims), len(victims), -earliest


def is_preempted(pod: Doc) -> bool:
    """Whether the pod terminates because it was preempted."""
    if not pod["metadata"].get("deletionTimestamp"):
        return False
    targets = [c for c in status(pod).get("conditions") or [] if c["type"] == "DisruptionTarget"]
    return bool(targets) and (targets[0]["status"], targets[0].get("reason")) == ("True", "PreemptionByScheduler")


def violating_pods(case: Doc, pods: list[Doc]) -> set[str]:
    """The uids of the pods whose eviction exceeds a budget, if they go in this order. Source: filterPodsWithPDBViolation."""
    budgets = case.get("podDisruptionBudgets") or []
    left = [status(budget).get("disruptionsAllowed") or 0 for budget in budgets]
    found = set()
    for pod in pods:
        for i, budget in enumerate(budgets):
            selector = (budget.get("spec") or {}).get("selector")
            if namespace(budget) != namespace(pod) or not labels(pod) or is_empty(selector):
                continue
            disrupted = status(budget).get("disruptedPods") or {}
            if selects(selector, labels(pod)) and pod["metadata"]["name"] not in disrupted:
                left[i] -= 1
                if left[i] < 0:
                    found.add(uid(pod))
    return found
