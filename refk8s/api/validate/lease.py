"""Leases. Source: pkg/apis/coordination/validation/validation.go, ValidateLease, ValidateLeaseSpec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, forbidden, invalid, invalid_all, named, not_supported
from refk8s.api.validate.meta import NEGATIVE, SUBDOMAIN, Checked, plain, plain_update
from refk8s.kinds.names import label_key

Doc = Mapping[str, Any]

_STRATEGIES = ("OldestEmulationVersion",)


def create(lease: Doc, meta: Checked) -> Errors:
    """A new Lease."""
    return plain(meta, SUBDOMAIN, namespaced=True) + _spec(lease.get("spec") or {})


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed Lease."""
    return plain_update(meta, old["metadata"]) + _spec(new.get("spec") or {})


def _spec(spec: Doc) -> Errors:
    errors: Errors = []
    duration, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if duration is not None and duration <= 0:
        errors.append(invalid("spec.leaseDurationSeconds", duration, "must be greater than 0"))
    if transitions is not None and transitions < 0:
        errors.append(invalid("spec.leaseTransitions", transitions, NEGATIVE))
    strategy = spec.get("strategy")
    if strategy is not None:
        errors += _strategy(strategy, "spec.strategy.strategy")
    if spec.get("preferredHolder") and not strategy:
        detail = "may only be specified if `strategy` is defined"
        errors.append(forbidden("spec.preferredHolder", detail))
    return errors


def _strategy(strategy: str, path: str) -> Errors:
    if "/" in strategy:
        return invalid_all(path, named(strategy), label_key(strategy))
    return [] if strategy in _STRATEGIES else [not_supported(path, named(strategy), _STRATEGIES)]
