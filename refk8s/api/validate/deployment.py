"""Deployments. Source: pkg/apis/apps/validation/validation.go, ValidateDeployment*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, forbidden, invalid, invalid_all, named, not_supported, required
from refk8s.api.validate.go_json import go_tree
from refk8s.api.validate.meta import SUBDOMAIN, Checked, full, full_update, not_negative
from refk8s.api.validate.replicaset import at_most_all, collisions, counts, same_selector, selector_and_template
from refk8s.kinds.names import percent

Doc = Mapping[str, Any]

_COUNTS = (
    *("observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas"),
    "unavailableReplicas",
)


def create(deployment: Doc, meta: Checked) -> Errors:
    """A new Deployment."""
    return full(meta, SUBDOMAIN, namespaced=True) + _spec(deployment["spec"])


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed Deployment."""
    errors = full_update(meta, old["metadata"]) + _spec(new["spec"])
    return errors + same_selector(new["spec"], old["spec"])


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status."""
    status, before = new.get("status") or {}, old.get("status") or {}
    errors = full_update(meta, old["metadata"])
    errors += counts(status, _COUNTS, ("terminatingReplicas", "collisionCount"))
    errors += at_most_all(status, ("updatedReplicas", "readyReplicas", "availableReplicas"))
    return errors + collisions(status, before)


def _spec(spec: Doc) -> Errors:
    errors = not_negative(spec["replicas"], "spec.replicas") + selector_and_template(spec)
    errors += _strategy(spec.get("strategy") or {}, "spec.strategy")
    ready = spec.get("minReadySeconds") or 0
    errors += not_negative(ready, "spec.minReadySeconds")
    if spec.get("revisionHistoryLimit") is not None:
        errors += not_negative(spec["revisionHistoryLimit"], "spec.revisionHistoryLimit")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        errors += not_negative(deadline, "spec.progressDeadlineSeconds")
        if deadline <= ready:
            detail = "must be greater than minReadySeconds"
            errors.append(invalid("spec.progressDeadlineSeconds", deadline, detail))
    return errors


def _strategy(strategy: Doc, path: str) -> Errors:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is None:
            return []
        detail = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden(f"{path}.rollingUpdate", detail)]
    if kind != "RollingUpdate":
        return [not_supported(path, go_tree("DeploymentStrategy", strategy), ("Recreate", "RollingUpdate"))]
    if rolling is None:
        return [required(f"{path}.rollingUpdate", "this should be defaulted and never be nil")]
    return _rolling(rolling, f"{path}.rollingUpdate")


def _rolling(rolling: Doc, path: str) -> Errors:
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    errors = count_or_percent(unavailable, f"{path}.maxUnavailable")
    errors += count_or_percent(surge, f"{path}.maxSurge")
    if amount(unavailable) == 0 and amount(surge) == 0:
        detail = "may not be 0 when `maxSurge` is 0"
        errors.append(invalid(f"{path}.maxUnavailable", shown(unavailable), detail))
    return errors + at_most_everything(unavailable, f"{path}.maxUnavailable")


def at_most_everything(value: int | str, path: str) -> Errors:
    """A percentage is not more than all."""
    if isinstance(value, str) and not percent(value) and amount(value) > 100:
        return [invalid(path, shown(value), "must not be greater than 100%")]
    return []


def count_or_percent(value: int | str, path: str) -> Errors:
    """A count that is not negative, or a percentage."""
    if isinstance(value, str):
        return invalid_all(path, named(value), percent(value))
    return not_negative(value, path)


def shown(value: int | str) -> Any:
    """A count or percentage as a bad value."""
    return named(value) if isinstance(value, str) else value


def amount(value: int | str) -> int:
    """The number in a count, a percentage or any other text, as Go's Atoi reads it (0 if it cannot)."""
    if isinstance(value, int):
        return value
    text = value[:-1] if not percent(value) else value
    digits = text[1:] if text[:1] in ("+", "-") else text
    return int(text) if digits.isascii() and digits.isdigit() else 0
