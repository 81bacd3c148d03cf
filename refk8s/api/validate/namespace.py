"""Namespaces. Source: pkg/apis/core/validation/validation.go, ValidateNamespace*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, invalid, named
from refk8s.api.validate.meta import LABEL, Checked, finalizer, full, full_update, kube_finalizer

Doc = Mapping[str, Any]


def create(namespace: Doc, meta: Checked) -> Errors:
    """A new namespace."""
    errors = full(meta, LABEL, namespaced=False)
    for name in (namespace.get("spec") or {}).get("finalizers") or ():
        errors += finalizer(name, "spec.finalizers") + kube_finalizer(name, "spec.finalizers")
    return errors


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed namespace."""
    return create(new, meta) + full_update(meta, old["metadata"])


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status: the phase follows from whether the namespace is being deleted."""
    errors = full_update(meta, old["metadata"])
    phase = (new.get("status") or {}).get("phase") or ""
    deleting = bool(new["metadata"].get("deletionTimestamp"))
    if not deleting and phase != "Active":
        detail = "may only be 'Active' if `deletionTimestamp` is empty"
        errors.append(invalid("status.Phase", named(phase), detail))
    if deleting and phase != "Terminating":
        detail = "may only be 'Terminating' if `deletionTimestamp` is not empty"
        errors.append(invalid("status.Phase", named(phase), detail))
    return errors


def update_finalize(new: Doc, old: Doc, meta: Checked) -> Errors:
    """The `finalize` subresource: the spec's finalizers."""
    errors = full_update(meta, old["metadata"])
    for i, name in enumerate((new.get("spec") or {}).get("finalizers") or ()):
        path = f"spec.finalizers[{i}]"
        errors += finalizer(name, path) + kube_finalizer(name, path)
    return errors
