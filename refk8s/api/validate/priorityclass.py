"""PriorityClasses. Source: pkg/apis/scheduling/validation/validation.go; pkg/apis/scheduling/v1/helpers.go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, forbidden, invalid, named
from refk8s.api.validate.meta import IMMUTABLE, SUBDOMAIN, Checked, full, full_update
from refk8s.api.validate.pod_spec import preemption_policy

Doc = Mapping[str, Any]

HIGHEST_USER_VALUE = 1_000_000_000
SYSTEM_CLASSES = {
    "system-node-critical": 2 * HIGHEST_USER_VALUE + 1000,
    "system-cluster-critical": 2 * HIGHEST_USER_VALUE,
}
"""The classes that every cluster has, with their values."""


def create(priority_class: Doc, meta: Checked) -> Errors:
    """A new PriorityClass: names with `system-` and very high values are the cluster's own."""
    errors = full(meta, SUBDOMAIN, namespaced=False)
    name, value = meta.meta.get("name") or "", priority_class["value"]
    if name.startswith("system-"):
        complaint = _system_complaint(name, value, is_default=bool(priority_class.get("globalDefault")))
        if complaint:
            detail = f"priority class names with 'system-' prefix are reserved for system use only. error: {complaint}"
            errors.append(forbidden("metadata.name", detail))
    elif value > HIGHEST_USER_VALUE:
        detail = f"maximum allowed value of a user defined priority is {HIGHEST_USER_VALUE}"
        errors.append(forbidden("value", detail))
    policy = priority_class.get("preemptionPolicy")
    return errors if policy is None else errors + preemption_policy(policy, "preemptionPolicy")


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed PriorityClass: value and policy stay."""
    errors = full_update(meta, old["metadata"])
    if new["value"] != old["value"]:
        errors.append(forbidden("value", "may not be changed in an update."))
    policy = new.get("preemptionPolicy")
    if policy != old.get("preemptionPolicy"):
        errors.append(invalid("preemptionPolicy", named(policy), IMMUTABLE))
    return errors


def _system_complaint(name: str, value: int, *, is_default: bool) -> str:
    if name not in SYSTEM_CLASSES:
        return f"{name} is not a known system priority class"
    if value != SYSTEM_CLASSES[name]:
        return f"value of {name} PriorityClass must be {SYSTEM_CLASSES[name]}"
    return f"globalDefault of {name} PriorityClass must be false" if is_default else ""
