"""The garbage collector's graph: what a node is called, which references lead to it, and what a change of references means. Pure functions.

Source: pkg/controller/garbagecollector/{graph,graph_builder}.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

Document = Mapping[str, Any]
Reference = Mapping[str, Any]

FOREGROUND: Final = "foregroundDeletion"
ORPHAN: Final = "orphan"


@attrs.frozen(order=True)
class Identity:
    """Where an object is said to be, and its uid. The order is upstream's: kind, version, namespace, name, uid."""

    kind: str
    api_version: str
    namespace: str
    name: str
    uid: str

    @property
    def key(self) -> str:
        """The key of a work queue: readable, and `parse` gives the identity back."""
        parts = (self.kind, self.namespace, self.name, self.uid)
        return "/".join((self.api_version, *(part.replace("%", "%25").replace("/", "%2F") for part in parts)))

    @classmethod
    def parse(cls, key: str) -> Identity:
        """The inverse of `key`."""
        api_version, *parts = key.rsplit("/", 4)
        kind, namespace, name, uid = (part.replace("%2F", "/").replace("%25", "%") for part in parts)
        return cls(kind, api_version, namespace, name, uid)

    @property
    def path(self) -> str:
        """The key of the object in a cache: "namespace/name", or "name" without a namespace."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def is_meant_by(self, reference: Reference) -> bool:
        """Whether an ownerReference has these coordinates (a reference has no namespace)."""
        coordinates = (self.uid, self.name, self.kind, self.api_version)
        return coordinates == (reference["uid"], reference["name"], reference["kind"], reference["apiVersion"])

    def __str__(self) -> str:
        return f"[{self.api_version}/{self.kind}, namespace: {self.namespace}, name: {self.name}, uid: {self.uid}]"


def owner_identity(reference: Reference, namespace: str) -> Identity:
    """The owner that a reference in an object of `namespace` speaks of."""
    return Identity(reference["kind"], reference["apiVersion"], namespace, reference["name"], reference["uid"])


@attrs.frozen
class Dependent:
    """An object with its ownerReferences."""

    identity: Identity
    references: tuple[Reference, ...]


def references_of(document: Document) -> tuple[Reference, ...]:
    """The ownerReferences of an object."""
    return tuple(document["metadata"].get("ownerReferences") or ())


# ---- deletion states


def is_being_deleted(document: Document) -> bool:
    """Whether the object has a deletionTimestamp."""
    return "deletionTimestamp" in document["metadata"]


def has_finalizer(document: Document, finalizer: str) -> bool:
    """Whether the object has this finalizer."""
    return finalizer in (document["metadata"].get("finalizers") or ())


def waits_for_dependents(document: Document) -> bool:
    """Whether the object is in foreground deletion: it goes when its blocking dependents have gone."""
    return is_being_deleted(document) and has_finalizer(document, FOREGROUND)


def deletion_starts(old: Document | None, new: Document, finalizer: str) -> bool:
    """Whether `new` is being deleted with this finalizer, and `old` (None: unseen) was not."""
    if not (is_being_deleted(new) and has_finalizer(new, finalizer)):
        return False
    return old is None or not (is_being_deleted(old) and has_finalizer(old, finalizer))


# ---- references


def blocks(dependent: Document, owner_uid: str) -> bool:
    """Whether the object says that its owner must not go before it."""
    return any(
        reference["uid"] == owner_uid and bool(reference.get("blockOwnerDeletion"))
        for reference in references_of(dependent)
    )


def references_diff(
    old: Iterable[Reference], new: Iterable[Reference]
) -> tuple[list[Reference], list[Reference], list[tuple[Reference, Reference]]]:
    """(added, removed, changed as pairs of old and new) by uid."""
    before = {reference["uid"]: reference for reference in old}
    left = dict(before)
    added: list[Reference] = []
    changed: list[tuple[Reference, Reference]] = []
    for reference in new:
        uid = reference["uid"]
        if uid not in left:
            added.append(reference)
            continue
        if before[uid] != reference:
            changed.append((before[uid], reference))
        del left[uid]
    return added, list(left.values()), changed


def unblocked_owners(removed: Iterable[Reference], changed: Iterable[tuple[Reference, Reference]]) -> list[str]:
    """The uids of the owners that a dependent blocked before the change and does not block any more."""
    found = [reference["uid"] for reference in removed if reference.get("blockOwnerDeletion")]
    return found + [
        new["uid"] for old, new in changed if old.get("blockOwnerDeletion") and not new.get("blockOwnerDeletion")
    ]


def without_owners(owner_uids: Iterable[str], dependent_uid: str) -> dict[str, Any]:
    """The strategic merge patch that takes these owners off a dependent; its uid is a precondition.

    Source: pkg/controller/controller_ref_manager.go, GenerateDeleteOwnerRefStrategicMergeBytes.
    """
    references = [{"$patch": "delete", "uid": uid} for uid in owner_uids]
    return {"metadata": {"uid": dependent_uid, "ownerReferences": references}}


def unblocking(document: Document) -> dict[str, Any]:
    """The strategic merge patch after which the object blocks none of its owners. Source: garbagecollector/patch.go."""
    references = [
        {**reference, "blockOwnerDeletion": False}
        for reference in references_of(document)
        if reference.get("blockOwnerDeletion")
    ]
    return {"metadata": {"uid": document["metadata"]["uid"], "ownerReferences": references}}


# ---- references that do not agree on where their owner is


def partition_dependents(dependents: Iterable[Dependent], owner: Identity) -> tuple[list[Dependent], list[Dependent]]:
    """(those with a reference that fits `owner`, those with a reference to its uid that does not); one may be in both."""
    fitting: list[Dependent] = []
    others: list[Dependent] = []
    for dependent in dependents:
        if owner.namespace and owner.namespace != dependent.identity.namespace:
            others.append(dependent)
            continue
        verdicts = {owner.is_meant_by(ref) for ref in dependent.references if ref["uid"] == owner.uid}
        if True in verdicts:
            fitting.append(dependent)
        if False in verdicts:
            others.append(dependent)
    return fitting, others


def alternate_identity(dependents: Sequence[Dependent], absent: Identity) -> Identity | None:
    """Another place where an owner may be that is known not to be at `absent`: the next one in order after it, else the first, else None."""
    found: set[Identity] = set()
    for dependent in dependents:
        for reference in dependent.references:
            if reference["uid"] != absent.uid:
                continue
            namespace = dependent.identity.namespace
            if absent.is_meant_by(reference) and absent.namespace in ("", namespace):
                continue
            other = owner_identity(reference, namespace)
            if not absent.namespace and (other.api_version, other.kind) == (absent.api_version, absent.kind):
                other = attrs.evolve(other, namespace="")  # that kind is known to be cluster-scoped
            if other != absent:
                found.add(other)
    ordered = sorted(found)
    return next((identity for identity in ordered if identity > absent), ordered[0] if ordered else None)
