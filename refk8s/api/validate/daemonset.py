"""DaemonSets. Source: pkg/apis/apps/validation/validation.go, ValidateDaemonSet*."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from refk8s.api.validate.deployment import amount, at_most_everything, count_or_percent, shown
from refk8s.api.validate.errors import Errors, invalid, not_supported, required
from refk8s.api.validate.go_json import go_tree, selector_tree
from refk8s.api.validate.meta import SUBDOMAIN, Checked, full, full_update, not_negative
from refk8s.api.validate.replicaset import collisions, counts, same_selector
from refk8s.api.validate.template import mismatch, runs_forever, template_spec
from refk8s.kinds.codec import view
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.selector import SelectorError, from_object
from refk8s.kinds.selector import validate as validate_selector

Doc = Mapping[str, Any]

_COUNTS = (
    *("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration"),
    *("updatedNumberScheduled", "numberAvailable", "numberUnavailable"),
)


def create(daemon_set: Doc, meta: Checked) -> Errors:
    """A new DaemonSet."""
    return full(meta, SUBDOMAIN, namespaced=True) + _spec(daemon_set["spec"])


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed DaemonSet."""
    errors = full_update(meta, old["metadata"]) + same_selector(new["spec"], old["spec"])
    return errors + _spec(new["spec"])


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status."""
    status, before = new.get("status") or {}, old.get("status") or {}
    errors = full_update(meta, old["metadata"]) + counts(status, _COUNTS, ("collisionCount",))
    return errors + collisions(status, before)


def _spec(spec: Doc) -> Errors:
    selector, template, path = spec.get("selector"), spec.get("template") or {}, "spec.template"
    found = None if selector is None else view(LabelSelector, selector)
    errors: Errors = list(validate_selector(found, "spec.selector"))
    meta = template.get("metadata") or {}
    with suppress(SelectorError):  # whose reason the selector's own errors give
        errors += mismatch(meta, from_object(found), path)
    if selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions"):
        detail = "empty selector is invalid for daemonset"
        errors.append(invalid("spec.selector", selector_tree(selector), detail))
    errors += template_spec(meta, template.get("spec") or {}, path)
    errors += runs_forever(template, "DaemonSet", path)
    errors += not_negative(spec.get("minReadySeconds") or 0, "spec.minReadySeconds")
    errors += _strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    if spec.get("revisionHistoryLimit") is not None:
        errors += not_negative(spec["revisionHistoryLimit"], "spec.revisionHistoryLimit")
    return errors


def _strategy(strategy: Doc, path: str) -> Errors:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "OnDelete":
        return []
    if kind != "RollingUpdate":
        tree = go_tree("DaemonSetUpdateStrategy", strategy)
        return [not_supported(path, tree, ("RollingUpdate", "OnDelete"))]
    at = f"{path}.rollingUpdate"
    if rolling is None:
        return [required(at)]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    errors = count_or_percent(unavailable, f"{at}.maxUnavailable") + count_or_percent(surge, f"{at}.maxSurge")
    errors += at_most_everything(unavailable, f"{at}.maxUnavailable") + at_most_everything(surge, f"{at}.maxSurge")
    if amount(unavailable) and amount(surge):
        detail = "may not be set when maxUnavailable is non-zero"
        errors.append(invalid(f"{at}.maxSurge", shown(surge), detail))
    elif not amount(unavailable) and not amount(surge):
        errors.append(required(f"{at}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return errors
