"""Create, update and patch: the paths of a document from a request to a commit.

Source: apiserver/pkg/endpoints/handlers/{create,update,patch}.go; registry/rest/{create,update}.go; registry/generic/registry/store.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ...core.wire import Response
from ..options import check_write_options
from ..status import Rejected, already_exists, being_deleted, generate_name_conflict, not_found
from ..store import Document, Stored
from .bodies import PUT_SYSTEM_FIELDS, SYSTEM_FIELDS, check_name, decoded, dedup_owners, in_namespace, patched
from .call import Call, answer

if TYPE_CHECKING:
    from .api import Api

Make = Callable[[Stored | None], Document]
"""Given the current version of the object, the document that the request wants in its place."""

_GENERATED_NAME_ATTEMPTS: Final = 8


def create(api: Api, call: Call) -> Response:
    """Store a new object under the name in the body or one generated from its prefix."""
    # READ
    if call.request.options:
        check_write_options("create", call.request.options)
    document = decoded(api, call, call.request.body)
    metadata = {name: value for name, value in document["metadata"].items() if name not in SYSTEM_FIELDS}
    in_namespace(call, metadata)
    dedup_owners(call, metadata)
    # CHECK, CHANGE
    document = api.track(call, {**document, "metadata": metadata}, None)
    document = api.admit_create(call, document)
    # RECORD
    return answer(call, 201, insert(api, call, document))


def insert(api: Api, call: Call, document: Document) -> Stored:
    """Prepare, validate and store a new object whose body has been read, defaulted and admitted."""
    row, txn = call.row, call.txn
    metadata = document["metadata"]
    prefix, name = metadata.get("generateName"), metadata.get("name", "")
    generated = bool(prefix) and not name
    namespace = f"{call.request.namespace}/" if row.namespaced else ""
    for _ in range(_GENERATED_NAME_ATTEMPTS if generated else 1):
        if generated:
            name = api.generate_name(call, prefix) if prefix.isascii() else prefix
        existing = txn.get(row.key, namespace + name)
        if existing is None:
            break
    key = namespace + name
    uid = api.new_uid(call, key) if name.isascii() else ""  # validation refuses all other names
    system = {"name": name, "uid": uid, "creationTimestamp": call.now}
    document = api.begin_create(call, {**document, "metadata": {**metadata, **system}})
    document = api.prepare_create(call, document)
    api.validate_create(call, document)
    api.check_admitted(call, "CREATE", document)
    api.check_new_version(document["metadata"])
    if existing is not None:
        if generated:
            raise Rejected(generate_name_conflict(row.group, row.plural, name))
        if existing.document["metadata"].get("deletionTimestamp"):
            raise Rejected(being_deleted(row.group, row.plural, name))
        raise Rejected(already_exists(row.group, row.plural, name))
    return api.store_new(call, key, document)


def update(api: Api, call: Call) -> Response:
    """Replace an object by the body, or create it where the resource allows that."""
    if call.request.options:
        check_write_options("update", call.request.options)
    current = call.current()
    document = decoded(api, call, call.request.body, old=None if current is None else current.document)
    metadata = dict(document["metadata"])
    in_namespace(call, metadata)
    check_name(call, metadata)
    dedup_owners(call, metadata)
    document = {**document, "metadata": metadata}
    return replace(api, call, lambda old: api.track(call, document, old), metadata.get("uid", ""))


def patch(api: Api, call: Call) -> Response:
    """Replace an object by what the patch makes of its current version.

    Upstream patches anew when the object has changed under it; here the object cannot change under an atomic handler, and a resourceVersion in the patch
    conflicts as it does there.
    """
    if call.request.options:
        check_write_options("patch", call.request.options)
    if is_apply(call):
        may_create = not call.request.subresource
        return replace(api, call, lambda old: api.applied(call, old), "", may_create=may_create)

    def make(old: Stored | None) -> Document:
        if old is None:
            raise Rejected(not_found(call.row.group, call.row.plural, call.request.name))
        return api.track(call, patched(api, call, old.document), old)

    return replace(api, call, make, "")


def is_apply(call: Call) -> bool:
    """Whether the request is a server-side apply."""
    return call.request.options.get("patchType") == "apply"


def replace(api: Api, call: Call, make: Make, uid: str, *, may_create: bool = False) -> Response:
    """The common path of update and patch. `uid`: the precondition that an update's body carries, or ""; `may_create`: also where the resource does not."""
    row, name = call.row, call.request.name
    # READ
    old = call.current()
    if old is None and not (may_create or (row.create_on_update and not call.request.subresource)):
        raise Rejected(not_found(row.group, row.plural, name))
    api.check_update_uid(call, old, uid)
    document = make(old)
    # CHECK
    if old is None:
        metadata = {name: value for name, value in document["metadata"].items() if name not in PUT_SYSTEM_FIELDS}
        document = api.admit_create(call, {**document, "metadata": metadata})
        return answer(call, 201, insert(api, call, document))
    document = api.admit_update(call, document, old)
    api.check_resource_version(call, old, document["metadata"])
    # CHANGE
    document = api.begin_update(call, document, old)
    document = api.prepare_update(call, document, old)
    document = api.with_version(document, old)
    api.validate_update(call, document, old)
    document = api.revert_times(document, old)
    api.check_admitted(call, "UPDATE", document)
    # RECORD
    if api.deletes_during_update(call, document, old):
        call.txn.delete(row.key, old)
        api.removed(call)
        return Response(200, document=document, revision=old.revision, warnings=call.warnings)
    if api.is_noop(document, old):
        return answer(call, 200, old)
    return answer(call, 200, api.store_next(call, old, document))
