"""What is different about requests for custom resources and their definitions.

Source: apiextensions-apiserver/pkg/apiserver/customresource_handler.go; registry/customresource{,definition}/etcd.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from ...core.wire import Response
from ...kinds.names import label_key
from .. import strategy, validate
from ..crd import names, serving
from ..crd.definition import is_true
from ..default import Decoded
from ..registry import Resource
from ..status import Rejected, conflict, forbidden, go_quote, invalid
from ..store import Document, Stored
from ..validate.errors import Errors
from ..validate.meta import STANDARD_FINALIZERS
from .call import Call, answer, as_version


def read(row: Resource, body: Document) -> Decoded:
    """A body, pruned and defaulted. Raises DecodeError."""
    return Decoded(*serving.read(row, body))


def presented(call: Call, response: Response) -> Response:
    """The answer in the version that was asked for."""
    row = call.row
    if response.obj is not None and response.obj.document.get("kind") == row.kind:
        return attrs.evolve(response, obj=as_version(row, response.obj))
    if response.items:
        return attrs.evolve(response, items=tuple(as_version(row, stored) for stored in response.items))
    return response


def check_creation(call: Call, name: str) -> None:
    """Reject a new object of a definition that is being deleted."""
    stored = call.store.get(serving.DEFINITIONS, call.row.key)
    if stored is not None and is_true(stored.document, "Terminating"):
        why = "create not allowed while custom resource definition is terminating"
        raise Rejected(forbidden(call.row.group, call.row.plural, name, why))


def prepare_update(call: Call, document: Document, old: Document) -> Document:
    """The strategy's PrepareForUpdate."""
    if call.request.subresource == "status":
        made = serving.prepare_status_update(document, old)
    else:
        made = serving.prepare_update(call.row, document, old)
    return strategy.with_kept_metadata(made, old)


def validate_create(call: Call, document: Document) -> None:
    """Reject an invalid new object; remark on a valid one."""
    _refuse(call, document, serving.validate_create(call.row, document))
    call.warn(*_finalizer_warnings(document, ()))


def validate_update(call: Call, document: Document, old: Document) -> None:
    """Reject an invalid change; remark on a valid one."""
    if call.request.subresource == "status":
        _refuse(call, document, serving.validate_status_update(call.row, document, old))
        return
    _refuse(call, document, serving.validate_update(call.row, document, old))
    call.warn(*_finalizer_warnings(document, old["metadata"].get("finalizers") or ()))


def _finalizer_warnings(document: Document, before: Sequence[str]) -> Iterator[str]:
    """What is to be remarked on new finalizers. Source: registry/customresource/validator.go, validateKubeFinalizerName."""
    for name in sorted(set(document["metadata"].get("finalizers") or ()) - set(before)):
        shown = f"metadata.finalizers: {go_quote(name)}: "
        for text in label_key(name):
            yield shown + text
        if "/" not in name and name not in STANDARD_FINALIZERS:
            path = " including a path (/)" if "." in name else ""
            yield f"{shown}prefer a domain-qualified finalizer name{path} to avoid accidental conflicts with other finalizer writers"


def _refuse(call: Call, document: Document, errors: Errors) -> None:
    if errors:
        name = document["metadata"].get("name", "")
        raise Rejected(invalid(call.row.group, call.row.kind, name, validate.causes(errors)))


def settled(call: Call, stored: Stored) -> Stored:
    """A stored object, after which the names of definitions have been settled, if it is one of them."""
    if call.row.key == serving.DEFINITIONS:
        names.settle(call.txn, call.now)
    return stored


# ---- deletion


def mark_definition(call: Call, old: Stored, uid: str, resource_version: str) -> Response:
    """Begin to delete a definition: it is marked, because its objects go first. Source: registry/customresourcedefinition/etcd.go, Delete."""
    for field, wanted, actual in (("UID", uid, old.uid), ("ResourceVersion", resource_version, str(old.revision))):
        if wanted and wanted != actual:
            why = f"Precondition failed: {field} in precondition: {wanted}, {field} in object meta: {actual}"
            raise Rejected(conflict(serving.GROUP, serving.DEFINITIONS, old.name, why))
    marked = call.txn.update(serving.DEFINITIONS, old, names.marked(old.document, call.now))
    call.txn.update(serving.DEFINITIONS, marked, names.in_progress(marked.document, call.now))
    return answer(call, 200, marked)


def without_objects(call: Call, key: str) -> None:
    """A marked definition that has no objects left is cleaned, and ends if nothing else keeps it."""
    txn = call.txn
    stored = txn.get(serving.DEFINITIONS, key)
    if stored is None or names.CLEANUP not in (stored.document["metadata"].get("finalizers") or ()):
        return
    if not stored.document["metadata"].get("deletionTimestamp") or len(txn.collection(key).objects):
        return
    document = names.cleaned(stored.document, call.now)
    if document["metadata"].get("finalizers"):
        txn.update(serving.DEFINITIONS, stored, document)
    else:
        txn.delete(serving.DEFINITIONS, stored)
    names.settle(txn, call.now)
