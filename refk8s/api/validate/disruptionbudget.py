"""PodDisruptionBudgets. Source: pkg/apis/policy/validation/validation.go; pkg/registry/policy/poddisruptionbudget/strategy.go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.conditions import conditions
from refk8s.api.validate.deployment import at_most_everything, count_or_percent
from refk8s.api.validate.errors import Errors, invalid, named, not_supported
from refk8s.api.validate.go_json import go_tree
from refk8s.api.validate.meta import Checked
from refk8s.api.validate.replicaset import counts
from refk8s.kinds.codec import view
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.selector import validate as validate_selector

Doc = Mapping[str, Any]

_POLICIES = ("AlwaysAllow", "IfHealthyBudget")


def create(budget: Doc, meta: Checked) -> Errors:
    """A new PodDisruptionBudget; its metadata has no rules of its own."""
    return _spec(budget.get("spec") or {})


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed PodDisruptionBudget."""
    return _spec(new.get("spec") or {})


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status."""
    status = new.get("status") or {}
    errors = conditions(status.get("conditions") or (), "status.conditions")
    return errors + counts(status, ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"), ())


def _spec(spec: Doc) -> Errors:
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    errors: Errors = []
    if least is not None and most is not None:
        tree = go_tree("PodDisruptionBudgetSpec", spec)
        errors.append(invalid("spec", tree, "minAvailable and maxUnavailable cannot be both set"))
    for key, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is not None:
            errors += count_or_percent(value, f"spec.{key}") + at_most_everything(value, f"spec.{key}")
    if spec.get("selector") is not None:
        errors += validate_selector(view(LabelSelector, spec["selector"]), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _POLICIES:
        errors.append(not_supported("spec.unhealthyPodEvictionPolicy", named(policy), _POLICIES))
    return errors
