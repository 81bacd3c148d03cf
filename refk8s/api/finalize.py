"""Deletion: grace, finalizers, propagation, and the end of namespaces.

Source: apiserver/pkg/registry/rest/delete.go, BeforeDelete; registry/generic/registry/store.go, Delete and what it calls;
pkg/registry/core/namespace/storage/storage.go, Delete; pkg/registry/core/pod/strategy.go, CheckGracefulDelete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from ..core.clock import rfc3339, unix_ms
from ..core.wire import Request, Response
from .crd.serving import DEFINITIONS
from .options import NO_DELETE_OPTIONS, DeleteOptions
from .rest.call import Call, answer
from .status import Rejected, deleted, not_found
from .store import Document, Stored

if TYPE_CHECKING:
    from .rest.api import Api

ORPHAN: Final = "orphan"
FOREGROUND: Final = "foregroundDeletion"


def delete(api: Api, call: Call) -> Response:
    """Delete the object that the request names: at once, or by marking it and leaving the rest to those whom it waits for."""
    options = api.delete_options(call)
    old = call.current()
    if old is None:
        raise Rejected(not_found(call.row.group, call.row.plural, call.request.name))
    api.check_deletable(call, old)
    if call.row.key == "namespaces":
        return _delete_namespace(api, call, old, options)
    if call.row.key == DEFINITIONS and not old.document["metadata"].get("deletionTimestamp"):
        return _delete_definition(api, call, old, options)
    return delete_object(api, call, old, options)


def _delete_definition(api: Api, call: Call, old: Stored, options: DeleteOptions) -> Response:
    """Mark a definition of custom resources, and begin to delete these. Source: apiextensions-apiserver/pkg/controller/finalizer/crd_finalizer.go."""
    response = api.mark_definition(call, old, options)
    txn, key = call.txn, old.key
    row = api.row(call.store, Request("delete", key))
    if row is not None:
        for stored in txn.collection(key).objects.values():
            request = Request("delete", key, stored.namespace, stored.name)
            inner = Call(call.store, request, row, call.occasion)
            inner.opened = txn
            delete_object(api, inner, stored, NO_DELETE_OPTIONS)
    api.clean_definition(call, key)
    return response


def delete_object(api: Api, call: Call, old: Stored, options: DeleteOptions) -> Response:
    """The generic registry's Delete."""
    row, txn = call.row, call.txn
    # CHECK
    if row.plural == "jobs" and not options.propagation and options.orphan is None:
        call.warn(_PODS_STAY)
    api.check_preconditions(call, old, options)
    # CHANGE
    grace_s = api.start_deletion(call, old, options)
    if grace_s == PENDING:
        return answer(call, 200, old) if row.returns_deleted else _gone(call, old)
    metadata = old.document["metadata"]
    finalizers = api.deletion_finalizers(call, old, options)
    document = with_finalizers(old.document, finalizers)
    if grace_s is None:
        if finalizers:
            document = mark_deleting(document, call)
            stored = old if api.is_noop(document, old) else txn.update(row.key, old, document)
            return answer(call, 200, stored)
        last = old
    else:
        document = with_deletion(document, call, grace_s, metadata)
        last = old if api.is_noop(document, old) else txn.update(row.key, old, document)
        if finalizers or grace_s > 0:
            return answer(call, 200, last)
    # RECORD
    gone = txn.delete(row.key, last)
    api.removed(call)
    return answer(call, 200, gone) if row.returns_deleted else _gone(call, gone)


_PODS_STAY: Final = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)
PENDING: Final = -1
"""What `start_deletion` says of an object whose graceful deletion goes on as it is."""


def graceful_period(call: Call, old: Stored, options: DeleteOptions) -> int | None:
    """The grace period in seconds that the deletion sets, None if it has none, PENDING if one is under way that is no longer."""
    if not call.row.graceful:
        return None
    metadata = old.document["metadata"]
    asked = options.grace_s
    if asked is not None and asked < 0:
        asked = 1
    if metadata.get("deletionTimestamp"):
        left = metadata.get("deletionGracePeriodSeconds") or 0
        if left == 0:
            return None
        return asked if asked is not None and asked < left else PENDING
    return pod_grace_s(old.document, asked)


def pod_grace_s(pod: Document, asked: int | None) -> int:
    """The grace period of a pod's first deletion."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    period = asked
    if period is None:
        period = spec.get("terminationGracePeriodSeconds")
        period = 30 if period is None else period
    if not spec.get("nodeName") or status.get("phase") in ("Failed", "Succeeded"):
        period = 0
    return 1 if period < 0 else period


def with_deletion(document: Document, call: Call, grace_s: int, metadata: Document) -> Document:
    """The document with its deletion begun, or moved to a shorter grace period."""
    now_ms = call.occasion.now_ms
    if metadata.get("deletionTimestamp"):
        begun_ms = unix_ms(metadata["deletionTimestamp"]) - metadata["deletionGracePeriodSeconds"] * 1000
        at_ms = begun_ms + grace_s * 1000
        if at_ms < now_ms:
            at_ms = now_ms
            grace_s = min(grace_s, 1)
        changes: Document = {"deletionTimestamp": rfc3339(at_ms), "deletionGracePeriodSeconds": grace_s}
    else:
        changes = {"deletionTimestamp": rfc3339(now_ms + grace_s * 1000), "deletionGracePeriodSeconds": grace_s}
        if document["metadata"].get("generation"):
            changes["generation"] = document["metadata"]["generation"] + 1
    return {**document, "metadata": {**document["metadata"], **changes}}


def mark_deleting(document: Document, call: Call) -> Document:
    """The document of an object that finalizers keep, without grace."""
    metadata = document["metadata"]
    changes: Document = {"deletionGracePeriodSeconds": 0}
    if not metadata.get("deletionTimestamp"):
        changes["deletionTimestamp"] = call.now
        if metadata.get("generation"):
            changes["generation"] = metadata["generation"] + 1
    elif unix_ms(metadata["deletionTimestamp"]) > call.occasion.now_ms:
        changes["deletionTimestamp"] = call.now
    return {**document, "metadata": {**metadata, **changes}}


def with_finalizers(document: Document, finalizers: list[str]) -> Document:
    """The document with these metadata.finalizers."""
    metadata = document["metadata"]
    if (metadata.get("finalizers") or []) == finalizers:
        return document
    changed = {**metadata, "finalizers": finalizers}
    if not finalizers:
        del changed["finalizers"]
    return {**document, "metadata": changed}


def propagation_finalizers(
    finalizers: list[str], options: DeleteOptions, *, collects: bool = True, orphans: bool = False
) -> list[str]:
    """The finalizers with those of the garbage collector as the propagation policy wants them; those of others stay.

    `collects` False: the kind has no garbage collection, so that neither of them is set. `orphans`: dependents stay unless somebody said otherwise.
    """
    if not finalizers and not options.propagation and options.orphan is None and not orphans:
        return finalizers
    orphan, foreground = ORPHAN in finalizers, FOREGROUND in finalizers and ORPHAN not in finalizers
    if options.orphan is not None:
        orphan, foreground = options.orphan, False
    elif options.propagation:
        orphan, foreground = options.propagation == "Orphan", options.propagation == "Foreground"
    elif orphans and not orphan and not foreground:
        orphan = True
    if not collects:
        orphan = foreground = False
    kept = [finalizer for finalizer in finalizers if finalizer not in (ORPHAN, FOREGROUND)]
    wanted = kept + [ORPHAN] * orphan + [FOREGROUND] * foreground
    return finalizers if sorted(wanted) == sorted(finalizers) else wanted


def _gone(call: Call, stored: Stored) -> Response:
    row = call.row
    status = deleted(row.group, row.plural, stored.name, stored.uid)
    return Response(200, status=status, revision=stored.revision, warnings=call.warnings)


def _delete_namespace(api: Api, call: Call, old: Stored, options: DeleteOptions) -> Response:
    document, metadata = old.document, old.document["metadata"]
    api.check_namespace_preconditions(old, options)
    if not metadata.get("deletionTimestamp"):
        made = {**document, "metadata": {**metadata, "deletionTimestamp": call.now}}
        made["status"] = {**(document.get("status") or {}), "phase": "Terminating"}
        made = with_finalizers(made, _namespace_finalizers(metadata.get("finalizers") or [], options))
        return answer(call, 200, call.txn.update("namespaces", old, made))
    if (document.get("spec") or {}).get("finalizers"):
        return answer(call, 200, old)
    return delete_object(api, call, old, options)


def _namespace_finalizers(finalizers: list[str], options: DeleteOptions) -> list[str]:
    """As of other kinds, but the old field orphanDependents: false asks for the foreground here."""
    if options.orphan is not None:
        propagation = "Orphan" if options.orphan else "Foreground"
        options = attrs.evolve(options, orphan=None, propagation=propagation)
    return propagation_finalizers(finalizers, options)
