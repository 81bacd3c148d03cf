"""ServiceAccounts. Source: pkg/apis/core/validation/validation.go, ValidateServiceAccount*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors
from refk8s.api.validate.meta import SUBDOMAIN, Checked, full, full_update

Doc = Mapping[str, Any]


def create(account: Doc, meta: Checked) -> Errors:
    """A new ServiceAccount has only metadata to check."""
    return full(meta, SUBDOMAIN, namespaced=True)


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed ServiceAccount."""
    return full_update(meta, old["metadata"]) + create(new, meta)
