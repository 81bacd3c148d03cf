"""Api: the API server as a pure function on the store, each of its decisions a method that a mutant may replace.

Source: apiserver/pkg/registry/generic/registry/store.go; registry/rest/{create,update,delete}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from ...core.model import Occasion
from ...core.wire import Request, Response
from .. import finalize, hooks, identity, selectors
from ..default import default
from ..registry import RESOURCES, Resource
from ..status import (
    ApiError,
    Rejected,
    bad_request,
    cause,
    conflict,
    expired,
    forbidden,
    generic,
    internal_error,
    invalid,
    not_found,
    precondition_failed,
    resource_version_mismatch,
    resource_version_too_large,
    too_many_requests,
    uid_mismatch,
    unclassified,
)
from ..store import Change, Collection, Document, Expired, Store, Stored
from . import read, subresources, write
from .call import Call, failure

IMMORTAL_NAMESPACES: Final = ("default", "kube-system", "kube-public")

Handler = Callable[["Api", Call], Response]

VERBS: Final[Mapping[tuple[str, str], Handler]] = {
    ("get", ""): read.get,
    ("get", "status"): read.get,
    ("list", ""): read.list_,
    ("create", ""): write.create,
    ("update", ""): write.update,
    ("update", "status"): write.update,
    ("update", "finalize"): write.update,
    ("patch", ""): write.patch,
    ("patch", "status"): write.patch,
    ("delete", ""): finalize.delete,
    ("deletecollection", ""): subresources.delete_collection,
    ("create", "binding"): subresources.bind,
    ("get", "scale"): subresources.get_scale,
    ("update", "scale"): subresources.update_scale,
    ("patch", "scale"): subresources.patch_scale,
}


@attrs.frozen(eq=False)
class Api:
    """The API server. `serve` never raises for what a client sends and leaves the store untouched when it refuses."""

    resources: Mapping[str, Resource] = RESOURCES

    def serve(self, store: Store, request: Request, occasion: Occasion) -> tuple[Store, Response, tuple[Change, ...]]:
        """(the store afterwards, the answer, the commits). See refk8s.core.model.Api."""
        row = self.resources.get(request.resource)
        handler = VERBS.get((request.verb, request.subresource))
        if row is None or (request.subresource and request.subresource not in row.subresources):
            return store, failure(generic(404)), ()
        if handler is None or request.verb not in (row.subresources.get(request.subresource) or row.verbs):
            return store, failure(generic(405)), ()
        call = Call(store, request, row, occasion)
        try:
            response = handler(self, call)
        except Rejected as rejected:
            return store, failure(rejected.error), ()
        txn = call.opened
        if txn is None:
            return store, response, ()
        after, commits = txn.finish()
        if not commits:
            return store, response, ()
        if call.dry_run:
            return store, _unstored(response), ()
        return after, response, commits

    def refuse(self, request: Request, code: int) -> Response:
        """The answer of an overloaded (429) or broken (500) server that looked at nothing."""
        if code == 429:
            return failure(too_many_requests("too many requests, please try again later", 1))
        return failure(internal_error("the request was not served"))

    # ---- reading

    def cached(self, call: Call) -> Collection:
        """The server's own watch cache of the resource, which may trail the store."""
        collection: Collection = call.occasion.cached(call.row.plural)
        return collection

    def snapshot(self, call: Call) -> tuple[Collection, int]:
        """The collection that a list reads, and the list's revision: consistent without a resourceVersion, cached from "0", as of a revision if that is asked for."""
        options, store = call.request.options, call.store
        version = options.get("resourceVersion") or ""
        if not version:
            return store.collection(call.row.plural), store.revision
        if version == "0":
            return self.cached(call), store.revision
        wanted = parse_list_version(version)
        if wanted > store.revision:
            raise Rejected(resource_version_too_large(wanted, store.revision))
        match = options.get("resourceVersionMatch") or ("Exact" if options.get("limit") else "NotOlderThan")
        if match != "Exact":
            return store.collection(call.row.plural), store.revision
        try:
            return store.at(call.row.plural, wanted), wanted
        except Expired:
            raise Rejected(expired()) from None

    def selection(self, call: Call) -> Callable[[Document], bool] | None:
        """The predicate of the request's label and field selectors, None if it has none."""
        options = call.request.options
        labels, fields = options.get("labelSelector"), options.get("fieldSelector")
        if not labels and not fields:
            return None
        return selectors.predicate(call.row, labels or "", fields or "")

    # ---- what is written

    def decode(self, call: Call, kind: str, body: Any) -> Document:
        """The body, decoded and defaulted. Raises DecodeError."""
        return default(kind, body)

    def generate_name(self, call: Call, prefix: str) -> str:
        """A name made of the prefix and five characters."""
        return identity.generated_name(call.txn, call.row.plural, call.request.namespace, prefix)

    def new_uid(self, call: Call, key: str) -> str:
        """The uid of a new object."""
        return identity.uid(call.txn, call.row.plural, key)

    def admit_create(self, call: Call, document: Document) -> Document:
        """Admission of a new object."""
        return document

    def admit_update(self, call: Call, document: Document, old: Stored) -> Document:
        """Admission of a change."""
        return document

    def prepare_create(self, call: Call, document: Document) -> Document:
        """The strategy's PrepareForCreate."""
        return hooks.prepare_create(call.row.kind, document)

    def prepare_update(self, call: Call, document: Document, old: Stored) -> Document:
        """The strategy's PrepareForUpdate, of the main resource or of a subresource."""
        generation = old.document["metadata"].get("generation")
        if document["metadata"].get("generation") != generation:
            metadata = {**document["metadata"], "generation": generation}
            if generation is None:
                del metadata["generation"]
            document = {**document, "metadata": metadata}
        subresource = call.request.subresource
        if subresource == "status":
            return hooks.prepare_status(call.row.kind, document, old.document)
        if subresource == "finalize":
            return document
        return hooks.prepare_update(call.row.kind, document, old.document)

    def validate_create(self, call: Call, document: Document) -> None:
        """Reject an invalid new object."""

    def validate_update(self, call: Call, document: Document, old: Stored) -> None:
        """Reject an invalid change."""

    def track(self, call: Call, document: Document, old: Stored | None) -> Document:
        """The document with managedFields that say who wrote what."""
        return document

    def keep_system_fields(self, call: Call, document: Document, old: Stored) -> Document:
        """The document with what no update changes: uid, creation and deletion."""
        was, now = old.document["metadata"], document["metadata"]
        changes: Document = {}
        if not now.get("uid"):
            changes["uid"] = was["uid"]
        for field in ("creationTimestamp", "deletionTimestamp"):
            if was.get(field) and now.get(field) != was[field]:
                changes[field] = was[field]
        grace_s = was.get("deletionGracePeriodSeconds")
        if grace_s is not None and now.get("deletionGracePeriodSeconds") is None:
            changes["deletionGracePeriodSeconds"] = grace_s
        if now.get("resourceVersion") != was["resourceVersion"]:
            changes["resourceVersion"] = was["resourceVersion"]
        return {**document, "metadata": {**now, **changes}} if changes else document

    # ---- concurrency

    def parse_resource_version(self, text: str) -> int:
        """The resourceVersion of a body as a number, 0 if it has none."""
        if not text:
            return 0
        if not (text.isascii() and text.isdigit()):
            raise Rejected(unclassified(f'strconv.ParseUint: parsing "{text}": invalid syntax'))
        return int(text)

    def check_resource_version(self, call: Call, old: Stored, wanted: int) -> None:
        """Optimistic concurrency: a stale write conflicts, one without a resourceVersion overwrites where that is allowed."""
        row = call.row
        if wanted == 0:
            if row.unconditional_update:
                return
            why = cause(
                "FieldValueInvalid", "Invalid value: 0: must be specified for an update", "metadata.resourceVersion"
            )
            raise Rejected(invalid(row.group, row.plural, call.request.name, (why,)))
        if wanted != old.revision:
            raise Rejected(conflict(row.group, row.plural, call.request.name))

    def check_update_uid(self, call: Call, old: Stored | None, uid: str) -> None:
        """The uid in an update's body is a precondition."""
        have = "" if old is None else old.uid
        if uid and uid != have:
            raise Rejected(
                precondition_failed(
                    call.row.group,
                    call.row.plural,
                    call.request.name,
                    key=storage_key(call.row, call.key),
                    field="UID",
                    wanted=uid,
                    actual=have,
                )
            )

    def check_preconditions(self, call: Call, old: Stored, options: finalize.DeleteOptions) -> None:
        """The preconditions of a delete."""
        row = call.row
        if options.uid and options.uid != old.uid:
            raise Rejected(uid_mismatch(row.group, row.kind, old.name, options.uid, old.uid))
        if options.resource_version and options.resource_version != str(old.revision):
            error = resource_version_mismatch(
                row.group, row.kind, old.name, options.resource_version, str(old.revision)
            )
            raise Rejected(error)

    def check_namespace_preconditions(self, call: Call, old: Stored, options: finalize.DeleteOptions) -> None:
        """The preconditions of a namespace's delete, which are worded differently."""
        for field, wanted, actual in (
            ("UID", options.uid, old.uid),
            ("ResourceVersion", options.resource_version, str(old.revision)),
        ):
            if wanted and wanted != actual:
                why = f"Precondition failed: {field} in precondition: {wanted}, {field} in object meta: {actual}"
                raise Rejected(conflict("", "namespaces", old.name, why))

    def resource_version_on_create(self, call: Call) -> ApiError:
        """What a create with a resourceVersion gets."""
        return unclassified("resourceVersion should not be set on objects to be created")

    def is_noop(self, document: Document, old: Stored) -> bool:
        """Whether the write would change nothing that is stored."""
        return document == old.document

    # ---- deletion

    def namespace_gate(self, call: Call, metadata: Document) -> None:
        """Nothing is created in a namespace that is missing or terminating. Source: admission/plugin/namespace/lifecycle."""
        row, namespace = call.row, call.request.namespace
        if not row.namespaced:
            return
        stored = call.store.get("namespaces", namespace)
        if stored is None:
            raise Rejected(not_found("", "namespaces", namespace))
        if stored.document["metadata"].get("deletionTimestamp") or stored.document["status"]["phase"] == "Terminating":
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            error = forbidden(row.group, row.plural, metadata.get("name", ""), why)
            entry = cause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace")
            raise Rejected(attrs.evolve(error, details={**(error.details or {}), "causes": [entry]}))

    def check_deletable(self, call: Call, old: Stored) -> None:
        """System namespaces stay."""
        if call.row.plural == "namespaces" and old.name in IMMORTAL_NAMESPACES:
            raise Rejected(forbidden("", "namespaces", old.name, "this namespace may not be deleted"))

    def delete_options(self, call: Call) -> finalize.DeleteOptions:
        """The options of a delete."""
        return finalize.DeleteOptions.of(call.request.body or call.request.options)

    def start_deletion(self, call: Call, old: Stored, options: finalize.DeleteOptions) -> int | None:
        """The grace period in seconds, None for a deletion without grace, finalize.PENDING if one is under way."""
        return finalize.graceful_period(call, old, options)

    def deletion_finalizers(self, call: Call, old: Stored, options: finalize.DeleteOptions) -> list[str]:
        """The finalizers that a deletion leaves on the object."""
        finalizers: list[str] = old.document["metadata"].get("finalizers") or []
        return finalize.propagation_finalizers(finalizers, options) if call.row.collects else finalizers

    def deletes_during_update(self, call: Call, document: Document, old: Stored) -> bool:
        """Whether the write takes away the last thing that kept a deleted object."""
        was = old.document["metadata"]
        if document["metadata"].get("finalizers") or not was.get("deletionTimestamp"):
            return False
        if call.row.plural == "namespaces" and (document.get("spec") or {}).get("finalizers"):
            return False
        return not was.get("deletionGracePeriodSeconds")

    # ---- binding

    def bind_check(self, call: Call, pod: Document) -> str:
        """Why a pod cannot be bound, or ""."""
        return subresources.unbindable(pod)


def parse_list_version(text: str) -> int:
    """The resourceVersion parameter of a list. Rejects with 400 what is no number."""
    if not (text.isascii() and text.isdigit()):
        why = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise Rejected(bad_request(f"invalid resource version: {why}"))
    return int(text)


def storage_key(row: Resource, key: str) -> str:
    """The key of an object in etcd."""
    special = {"nodes": "minions", "services": "services/specs"}
    return f"/registry/{special.get(row.plural, row.plural)}/{key}"


def _unstored(response: Response) -> Response:
    if response.obj is None:
        return response
    return attrs.evolve(response, obj=None, document=response.obj.document)
