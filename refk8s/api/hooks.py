"""What the strategy of a kind does to its documents: the places where defaulting, admission, preparation and validation plug in."""

from __future__ import annotations

from typing import Any

from . import schema
from .default import read
from .default.decode import decode as decode_only

Document = dict[str, Any]


def decode(kind: str, api_version: str, body: Any) -> tuple[Document, tuple[str, ...]]:
    """The body, decoded and defaulted, and the paths of fields that the kind does not have. Raises DecodeError."""
    if kind in ("Scale", "Binding"):
        decoded = decode_only(schema.of_kind(kind, api_version), body)
    else:
        decoded = read(kind, body)
    return decoded.doc, decoded.unknown


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
    if kind in ("Deployment", "ReplicaSet"):
        # These strategies keep only the spec (and a Deployment's labels), so that the controller can note the revision.
        made["metadata"] = {**doc["metadata"]}
        if kind == "Deployment":
            made["metadata"].pop("labels", None)
            made["metadata"] |= {name: value for name, value in old["metadata"].items() if name == "labels"}
    return made
