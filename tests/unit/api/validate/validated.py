"""Documents for the tests of validation: an object of a kind as it is stored, and what is said of a write to it."""

from __future__ import annotations

from typing import Any

from refk8s.api.default import default
from refk8s.api.registry import KINDS
from refk8s.api.strategy import as_read_back, prepare_create, prepare_status_update, prepare_update
from refk8s.api.validate import (
    validate_create,
    validate_status_update,
    validate_update,
    warnings_create,
    warnings_update,
)

Doc = dict[str, Any]

NEGATIVE = "must be greater than or equal to 0"
TEMPLATE: Doc = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}}


def sent(kind: str, doc: Doc) -> Doc:
    """A document as the API server reads it."""
    namespace = {"namespace": "ns"} if KINDS[kind].namespaced else {}
    metadata = {
        "name": "x",
        **namespace,
        "resourceVersion": "1",
        "uid": "u",
        "creationTimestamp": "2024-01-01T00:00:00Z",
    }
    return default(kind, {**doc, "metadata": {**metadata, **(doc.get("metadata") or {})}})


def stored(kind: str, doc: Doc) -> Doc:
    """A document as it is stored; with the status that it was given, if it was."""
    made = as_read_back(kind, prepare_create(kind, sent(kind, doc)))
    return {**made, "status": sent(kind, doc)["status"]} if doc.get("status") is not None else made


def created(kind: str, doc: Doc) -> list[str]:
    """What is wrong with a new object."""
    return [str(error) for error in validate_create(kind, prepare_create(kind, sent(kind, doc)))]


def updated(kind: str, before: Doc, after: Doc) -> list[str]:
    """What is wrong with a changed object."""
    old, new = stored(kind, before), sent(kind, after)
    return [str(error) for error in validate_update(kind, prepare_update(kind, new, old), old)]


def with_status(kind: str, doc: Doc, status: Doc, before: Doc | None = None) -> list[str]:
    """What is wrong with a changed status of an object whose status was `before`."""
    old, new = stored(kind, {**doc, "status": before or {}}), sent(kind, {**doc, "status": status})
    return [str(error) for error in validate_status_update(kind, prepare_status_update(kind, new, old), old)]


def remarks(kind: str, doc: Doc, before: Doc | None = None) -> tuple[str, ...]:
    """The warnings of a new object, or of one changed from `before`."""
    if before is None:
        return warnings_create(kind, prepare_create(kind, sent(kind, doc)))
    old = stored(kind, before)
    return warnings_update(kind, prepare_update(kind, sent(kind, doc), old), old)
