"""Create, update and patch: the paths of a document from a request body to a commit.

Source: apiserver/pkg/endpoints/handlers/{create,update,patch}.go; registry/rest/{create,update,meta}.go; registry/generic/registry/store.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core.wire import Response
from .. import identity
from ..default import DecodeError
from ..patch import PatchError, apply_patch, patch_status
from ..status import (
    Rejected,
    already_exists,
    bad_request,
    being_deleted,
    generate_name_conflict,
    not_found,
    precondition_failed,
)
from ..store import Document, Stored
from .call import Call, answer

if TYPE_CHECKING:
    from .api import Api

Make = Callable[[Stored | None], Document]
"""Given the current version of the object, the document that the request wants in its place."""

_GENERATED_NAME_ATTEMPTS = 8
_SYSTEM_FIELDS = ("creationTimestamp", "uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")


def create(api: Api, call: Call) -> Response:
    """Store a new object under the name in the body or one generated from its prefix."""
    row = call.row
    # READ
    document = decoded(api, call, call.request.body)
    metadata = {name: value for name, value in document["metadata"].items() if name not in _SYSTEM_FIELDS}
    in_namespace(call, metadata)
    # CHECK
    if metadata.get("resourceVersion"):
        raise Rejected(api.resource_version_on_create(call))
    api.namespace_gate(call, metadata)
    # CHANGE
    document = api.admit_create(call, {**document, "metadata": metadata})
    document = api.track(call, document, None)
    # RECORD
    return answer(call, 201, insert(api, call, document))


def insert(api: Api, call: Call, document: Document) -> Stored:
    """Prepare, validate and store a new object whose body has been read, defaulted and admitted."""
    row, txn = call.row, call.txn
    metadata = document["metadata"]
    prefix = metadata.get("generateName")
    generated = bool(prefix) and not metadata.get("name")
    for _ in range(_GENERATED_NAME_ATTEMPTS if generated else 1):
        name = api.generate_name(call, prefix) if generated else metadata.get("name", "")
        key = f"{metadata['namespace']}/{name}" if row.namespaced else name
        if txn.get(row.plural, key) is None:
            break
    system = {"name": name, "uid": api.new_uid(call, key), "creationTimestamp": call.now}
    document = {**document, "metadata": {**metadata, **system}}
    document = api.prepare_create(call, document)
    api.validate_create(call, document)
    # upstream validates before it meets the object of that name
    existing = txn.get(row.plural, key)
    if existing is not None:
        error = already_exists(row.group, row.plural, name)
        if generated:
            error = generate_name_conflict(row.group, row.plural, name)
        elif existing.document["metadata"].get("deletionTimestamp"):
            error = being_deleted(row.group, row.plural, name)
        raise Rejected(error)
    return txn.create(row.plural, key, document)


def update(api: Api, call: Call) -> Response:
    """Replace an object by the body, or create it where the resource allows that."""
    document = decoded(api, call, call.request.body)
    metadata = dict(document["metadata"])
    in_namespace(call, metadata)
    check_name(call, metadata)
    document = {**document, "metadata": metadata}
    return replace(api, call, lambda old: document, metadata.get("uid", ""))


def patch(api: Api, call: Call) -> Response:
    """Replace an object by what the patch makes of its current version."""

    def make(old: Stored | None) -> Document:
        if old is None:
            raise Rejected(not_found(call.row.group, call.row.plural, call.request.name))
        document = patched(api, call, old.document)
        metadata = dict(document["metadata"])
        in_namespace(call, metadata)
        check_name(call, metadata)
        return {**document, "metadata": metadata}

    return replace(api, call, make, "")


def patched(api: Api, call: Call, document: Document) -> Document:
    """The decoded document that the request's patch makes of `document`."""
    patch_type = call.request.options.get("patchType", "strategic")
    try:
        made = apply_patch(patch_type, call.row.kind, document, call.request.body)
    except PatchError as error:
        raise Rejected(patch_status(patch_type, error)) from None
    return decoded(api, call, made)


def replace(api: Api, call: Call, make: Make, uid: str) -> Response:
    """The common path of update and patch. `uid`: the precondition that an update's body carries, or ""."""
    row, name = call.row, call.request.name
    # READ
    old = call.current()
    api.check_update_uid(call, old, uid)
    if old is None and not (row.create_on_update and not call.request.subresource):
        raise Rejected(not_found(row.group, row.plural, name))
    document = make(old)
    # CHECK
    wanted = api.parse_resource_version(document["metadata"].get("resourceVersion", ""))
    if old is None:
        return _create_on_update(api, call, document)
    api.check_resource_version(call, old, wanted)
    # CHANGE
    document = api.admit_update(call, document, old)
    document = api.prepare_update(call, document, old)
    document = api.keep_system_fields(call, document, old)
    api.validate_update(call, document, old)
    document = api.track(call, document, old)
    if api.deletes_during_update(call, document, old):
        call.txn.delete(row.plural, old)
        return _answer_unstored(call, document, old)
    if api.is_noop(document, old):
        return answer(call, 200, old)
    # RECORD
    return answer(call, 200, call.txn.update(row.plural, old, document))


def _create_on_update(api: Api, call: Call, document: Document) -> Response:
    metadata = document["metadata"]
    api.namespace_gate(call, metadata)
    document = api.admit_create(call, document)
    document = api.track(call, document, None)
    return answer(call, 201, insert(api, call, document))


def _answer_unstored(call: Call, document: Document, old: Stored) -> Response:
    """The answer to the write that removed the last finalizer: what was asked for, with the revision that it replaced."""
    metadata = {**document["metadata"], "resourceVersion": str(old.revision)}
    return Response(200, document={**document, "metadata": metadata}, revision=old.revision)


def decoded(api: Api, call: Call, body: Any) -> Document:
    """The body as a document of the resource's kind, with apiVersion, kind and metadata."""
    row = call.row
    if not isinstance(body, dict):
        raise Rejected(bad_request("the body of the request is no JSON object"))
    try:
        document = api.decode(call, row.kind, body)
    except DecodeError as error:
        text = f'{row.kind} in version "{row.version}" cannot be handled as a {row.kind}: {error}'
        raise Rejected(bad_request(text)) from None
    if document.get("kind") != row.kind or document.get("apiVersion") != row.api_version:
        document = {**document, "kind": row.kind, "apiVersion": row.api_version}
    return document if "metadata" in document else {**document, "metadata": {}}


def in_namespace(call: Call, metadata: Document) -> None:
    """Give `metadata` (a private copy) the request's namespace. Rejects a different one."""
    wanted = call.request.namespace if call.row.namespaced else ""
    have = metadata.get("namespace", "")
    if have == wanted:
        return
    if not have:
        metadata["namespace"] = wanted
    elif not wanted:
        del metadata["namespace"]
    else:
        text = "the namespace of the provided object does not match the namespace sent on the request"
        raise Rejected(bad_request(text))


def check_name(call: Call, metadata: Document) -> None:
    """Reject a body whose name is not that of the request."""
    have, wanted = metadata.get("name", ""), call.request.name
    if not have:
        raise (
            Rejected(bad_request("the name of the object must be the name on the URL"))
            if False
            else Rejected(bad_request(f"the name of the object () does not match the name on the URL ({wanted})"))
        )
    if have != wanted:
        raise Rejected(bad_request(f"the name of the object ({have}) does not match the name on the URL ({wanted})"))


__all__ = ["create", "identity", "insert", "patch", "precondition_failed", "replace", "update"]
