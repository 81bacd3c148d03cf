"""Versions of a resource: what is stored in one and shown in another. Custom resources, and the rows of `registry.ALSO`."""

from __future__ import annotations

from typing import Any

from . import events
from .crd import serving
from .registry import Resource

Doc = dict[str, Any]


def as_requested(row: Resource, document: Doc) -> Doc:
    """A stored object in the version of the row."""
    if row.custom:
        return serving.as_requested(row, document)
    return events.as_requested(document) if row.also else document


def as_stored(row: Resource, document: Doc) -> Doc:
    """An object of the row's version as the store keeps it."""
    if row.custom:
        return serving.as_stored(row, document)
    return events.as_stored(document) if row.also else document
