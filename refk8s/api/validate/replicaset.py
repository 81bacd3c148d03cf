"""ReplicaSets, and what they share with Deployments: selectors and counts.

Source: pkg/apis/apps/validation/validation.go, ValidateReplicaSet*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refk8s.api.validate.errors import Errors, invalid, required
from refk8s.api.validate.go_json import selector_tree
from refk8s.api.validate.meta import IMMUTABLE, SUBDOMAIN, Checked, full, full_update, not_negative
from refk8s.api.validate.template import template
from refk8s.kinds.codec import view
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.selector import SelectorError, from_object
from refk8s.kinds.selector import validate as validate_selector

Doc = Mapping[str, Any]

_COUNTS = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")


def create(replica_set: Doc, meta: Checked) -> Errors:
    """A new ReplicaSet."""
    return full(meta, SUBDOMAIN, namespaced=True) + _spec(replica_set["spec"])


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed ReplicaSet."""
    errors = full_update(meta, old["metadata"]) + _spec(new["spec"])
    return errors + same_selector(new["spec"], old["spec"])


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status."""
    status = new.get("status") or {}
    errors = full_update(meta, old["metadata"])
    errors += counts(status, _COUNTS, ("terminatingReplicas",))
    return errors + at_most_all(status, ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"))


def _spec(spec: Doc) -> Errors:
    errors = not_negative(spec["replicas"], "spec.replicas")
    errors += not_negative(spec.get("minReadySeconds") or 0, "spec.minReadySeconds")
    return errors + selector_and_template(spec)


def selector_and_template(spec: Doc) -> Errors:
    """The selector by itself, then the template against it (upstream says "deployment" for ReplicaSets as well)."""
    selector, path = spec.get("selector"), "spec.selector"
    errors: Errors = []
    found = None if selector is None else view(LabelSelector, selector)
    if selector is None:
        errors.append(required(path))
    else:
        errors += validate_selector(found, path)
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            errors.append(invalid(path, selector_tree(selector), "empty selector is invalid for deployment"))
    try:
        selects = from_object(found)
    except SelectorError:
        return [*errors, invalid(path, selector_tree(selector), "invalid label selector")]
    return errors + template(spec.get("template") or {}, selects, "spec.template")


def same_selector(spec: Doc, before: Doc) -> Errors:
    """A selector never changes."""
    new, old = spec.get("selector"), before.get("selector")
    return [] if new == old else [invalid("spec.selector", selector_tree(new), IMMUTABLE)]


def counts(status: Doc, keys: Sequence[str], optional: Sequence[str]) -> Errors:
    """Counts of a status are not negative; optional ones may be absent."""
    errors = [e for key in keys for e in not_negative(status.get(key) or 0, f"status.{key}")]
    for key in optional:
        if status.get(key) is not None:
            errors += not_negative(status[key], f"status.{key}")
    return errors


def at_most_all(status: Doc, keys: Sequence[str], *, ready: str = "readyReplicas") -> Errors:
    """No count exceeds that of all replicas; no more are available than ready (`ready`: how the message calls these)."""
    every = status.get("replicas") or 0
    errors: Errors = []
    for key in keys:
        count = status.get(key) or 0
        if count > every:
            errors.append(invalid(f"status.{key}", count, "cannot be greater than status.replicas"))
    available = status.get("availableReplicas") or 0
    if available > (status.get("readyReplicas") or 0):
        errors.append(invalid("status.availableReplicas", available, f"cannot be greater than {ready}"))
    return errors


def collisions(status: Doc, before: Doc) -> Errors:
    """Collisions are only ever counted up."""
    now, earlier = status.get("collisionCount"), before.get("collisionCount")
    if earlier is not None and (now is None or now < earlier):
        return [invalid("status.collisionCount", now or 0, "cannot be decremented")]
    return []
