"""What the strategy of a kind does to its documents: the places where defaulting, admission, preparation and validation plug in."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

_GENERATION = {"Pod", "ReplicaSet", "Deployment"}


def prepare_create(kind: str, doc: Document) -> Document:
    """The document as stored on creation."""
    if kind == "Pod":
        doc = {**doc, "status": {"phase": "Pending", "qosClass": "BestEffort"}}
    elif kind in ("ReplicaSet", "Deployment"):
        doc = {**doc, "status": {}}
    elif kind == "Namespace":
        doc = {**doc, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    if kind in _GENERATION:
        doc = {**doc, "metadata": {**doc["metadata"], "generation": 1}}
    return doc


def prepare_update(kind: str, doc: Document, old: Document) -> Document:
    """The document as stored by an update of the main resource."""
    if "status" in old:
        doc = {**doc, "status": old["status"]}
    if kind in _GENERATION and doc.get("spec") != old.get("spec"):
        doc = {**doc, "metadata": {**doc["metadata"], "generation": old["metadata"].get("generation", 0) + 1}}
    return doc


def prepare_status(kind: str, doc: Document, old: Document) -> Document:
    """The document as stored by an update of the status."""
    made = {**old}
    if "status" in doc:
        made["status"] = doc["status"]
    return made
