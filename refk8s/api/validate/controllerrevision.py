"""ControllerRevisions: their data never changes. Source: pkg/apis/apps/validation/validation.go, ValidateControllerRevision*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, invalid, required
from refk8s.api.validate.meta import IMMUTABLE, SUBDOMAIN, Checked, full, full_update, not_negative

Doc = Mapping[str, Any]


def create(revision: Doc, meta: Checked) -> Errors:
    """A new revision carries an object as its data."""
    errors = _common(revision, meta)
    if revision.get("data") is None:
        errors.append(required("data", "data is mandatory"))
    elif not isinstance(revision["data"], dict):
        errors.append(required("data", "data must be a valid JSON object"))
    return errors


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed revision has the data it had."""
    errors = full_update(meta, old["metadata"]) + _common(new, meta)
    return errors if new.get("data") == old.get("data") else [*errors, invalid("data", new.get("data"), IMMUTABLE)]


def _common(revision: Doc, meta: Checked) -> Errors:
    return full(meta, SUBDOMAIN, namespaced=True) + not_negative(revision.get("revision") or 0, "revision")
