"""Restore: a store that begins with the objects of a dump (`kubectl get … -o yaml`), as they are: uids, status and all.

No admission or validation happens, as none does when etcd is restored from a snapshot; resourceVersions are given anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..core.clock import rfc3339
from ..core.errors import Refk8sError
from ..kinds.codec import view
from ..kinds.pod import Pod
from ..kinds.resources import compute_qos
from . import identity
from .default import default
from .default.decode import DecodeError
from .registry import RESOURCES
from .store import Store, Txn


def restore(store: Store, documents: Iterable[dict[str, Any]], now_ms: int) -> Store:
    """The store with these objects in it; one that is there already (a system namespace) is replaced.

    Raises Refk8sError for a kind that is not served, an object without a name, and one that does not fit its type.
    """
    txn = Txn(store, "restore", -1)
    by_kind = {(row.api_version, row.kind): row for row in RESOURCES.values()}
    for number, document in enumerate(documents, 1):
        kind = str(document.get("kind"))
        row = by_kind.get((str(document.get("apiVersion")), kind))
        if row is None:
            served = ", ".join(sorted(row.kind for row in RESOURCES.values()))
            raise Refk8sError(
                f"object {number} of the dump: {document.get('apiVersion')} {kind} is not served here; served are {served}"
            )
        metadata = dict(document.get("metadata") or {})
        name = metadata.get("name")
        if not name:
            raise Refk8sError(f"object {number} of the dump ({kind}): metadata.name is missing; add it")
        metadata.pop("resourceVersion", None)
        if row.namespaced:
            metadata.setdefault("namespace", "default")
        key = f"{metadata['namespace']}/{name}" if row.namespaced else str(name)
        metadata.setdefault("uid", identity.uid(txn, row.plural, key))
        metadata.setdefault("creationTimestamp", rfc3339(now_ms))
        try:
            whole = _computed(default(kind, {**document, "metadata": metadata}))
        except DecodeError as error:
            raise Refk8sError(f"object {number} of the dump ({kind} {key}): {error}") from None
        old = txn.get(row.plural, key)
        if old is None:
            txn.create(row.plural, key, whole)
        else:
            txn.update(row.plural, old, whole)
    return txn.finish()[0]


def _computed(document: dict[str, Any]) -> dict[str, Any]:
    """The object with what the API server computes of its spec when it is created, where the dump lacks it. Source: registry/core/pod/strategy.go."""
    metadata, kind = document["metadata"], document["kind"]
    if kind in ("Pod", "ReplicaSet", "Deployment") and not metadata.get("generation"):
        document = {**document, "metadata": {**metadata, "generation": 1}}
    if kind != "Pod":
        return document
    status = dict(document.get("status") or {})
    status.setdefault("phase", "Pending")
    document = {**document, "status": status}
    if not status.get("qosClass"):
        status["qosClass"] = compute_qos(view(Pod, document))
    return document
