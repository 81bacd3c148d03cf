"""Api: the API server as a pure function on the store, each of its decisions a method that a mutant may replace.

Source: apiserver/pkg/registry/generic/registry/store.go; registry/rest/{create,update,delete}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs

from ...core.model import Occasion
from ...core.wire import Request, Response
from .. import admission, allocate, finalize, identity, managed, schema, selectors, strategy, validate
from ..apply import Applier
from ..crd import names, serving
from ..default import Decoded
from ..default import read as read_document
from ..default.decode import decode as decode_document
from ..listoptions import LATEST
from ..options import DeleteOptions, delete_options
from ..registry import ALSO_BY_ADDRESS, KINDS, RESOURCES, Resource
from ..status import (
    ApiError,
    Rejected,
    bad_request,
    cause,
    conflict,
    expired,
    generic,
    internal_error,
    invalid,
    precondition_failed,
    resource_version_mismatch,
    resource_version_too_large,
    too_many_requests,
    uid_mismatch,
    unclassified,
)
from ..store import Change, Collection, Document, Expired, Store, Stored
from ..typed import problems
from ..validate import warnings
from ..versions import as_requested, as_stored
from . import binding, bodies, collection, custom, eviction, read, scale, write
from .call import Call, failure, unstored
from .lister import Lister

Handler = Callable[["Api", Call], Response]

VERBS: Final[Mapping[tuple[str, str], Handler]] = {
    ("get", ""): read.get,
    ("get", "status"): read.get,
    ("get", "ephemeralcontainers"): read.get,
    ("list", ""): read.list_,
    ("create", ""): write.create,
    ("update", ""): write.update,
    ("update", "status"): write.update,
    ("update", "finalize"): write.update,
    ("update", "ephemeralcontainers"): write.update,
    ("patch", ""): write.patch,
    ("patch", "status"): write.patch,
    ("patch", "ephemeralcontainers"): write.patch,
    ("delete", ""): finalize.delete,
    ("deletecollection", ""): collection.delete_collection,
    ("create", "binding"): binding.bind,
    ("create", "eviction"): eviction.evict,
    ("get", "scale"): scale.get_scale,
    ("update", "scale"): scale.update_scale,
    ("patch", "scale"): scale.patch_scale,
}


@attrs.frozen(eq=False)
class Api:
    """The API server. `serve` never raises for what a client sends and leaves the store untouched when it refuses."""

    resources: Mapping[str, Resource] = RESOURCES

    def serve(self, store: Store, request: Request, occasion: Occasion) -> tuple[Store, Response, tuple[Change, ...]]:
        """(the store afterwards, the answer, the commits). See refk8s.core.model.Api."""
        row = self.row(store, request)
        if row is None or (request.subresource and request.subresource not in row.subresources):
            return store, failure(generic(404)), ()
        handler = VERBS.get((request.verb, request.subresource))
        if handler is None or request.verb not in (
            row.subresources[request.subresource] if request.subresource else row.verbs
        ):
            return store, failure(generic(405)), ()
        call = Call(store, request, row, occasion)
        if row.deprecation:
            call.warn(row.deprecation)
        try:
            response = handler(self, call)
        except Rejected as rejected:
            return store, failure(rejected.error, call.warnings), ()
        if row.deprecation and response.warnings != call.warnings:
            response = attrs.evolve(response, warnings=call.warnings)
        if row.converts:
            response = custom.presented(call, response)
        if call.opened is None:
            return store, response, ()
        after, commits = call.opened.finish()
        if not commits:
            return store, response, ()
        if call.dry_run:
            return store, unstored(call, response), ()
        return after, response, commits

    def row(self, store: Store, request: Request) -> Resource | None:
        """The row of the registry that a request is about, None if there is none; those of custom resources are in the store."""
        found = self.resources.get(request.resource)
        if found is None and "." in request.resource:
            found = ALSO_BY_ADDRESS.get(request.resource) or serving.row_of(
                store, request.resource, request.options.get("version") or ""
            )
        return found

    def refuse(self, request: Request, code: int) -> Response:
        """The answer of an overloaded (429) or broken (500) server that looked at nothing."""
        if code == 429:
            return failure(too_many_requests("too many requests, please try again later", 1))
        return failure(internal_error("the request was not served"))

    # ---- reading

    def cached(self, call: Call) -> Collection:
        """The server's own watch cache of the resource, which may trail the store."""
        found: Collection = call.occasion.cached(call.row.key)
        return found

    def snapshot(self, call: Call) -> tuple[Collection, int]:
        """The collection that a list reads, and the list's revision.

        Without a resourceVersion it is consistent, from "0" cached, and from another one at least that new, or (with a limit, or on demand) as of it.
        """
        options, store = call.request.options, call.store
        version = options.get("resourceVersion") or ""
        if not version:
            return store.collection(call.row.key), store.revision
        if version == "0":
            found = self.cached(call)
            return found, store.revision_of(found)
        if not (version.isascii() and version.isdigit()):
            raise Rejected(bad_request(f"invalid resource version: {bad_version(version)}"))
        wanted = int(version)
        if wanted > store.revision:
            raise Rejected(resource_version_too_large(wanted, store.revision))
        match = options.get("resourceVersionMatch") or ("Exact" if options.get("limit") else "NotOlderThan")
        if match != "Exact":
            return store.collection(call.row.key), store.revision
        try:
            return store.at(call.row.key, wanted), wanted
        except Expired:
            raise Rejected(expired()) from None

    def page(self, call: Call, revision: int) -> tuple[Collection, int]:
        """The collection that a page of a list begun at `revision` is cut from, and the page's revision. Raises Expired."""
        store = call.store
        if revision == LATEST:
            return store.collection(call.row.key), store.revision
        if revision > store.revision:
            raise Rejected(resource_version_too_large(revision, store.revision))
        return store.at(call.row.key, revision), revision

    def selection(self, call: Call) -> Callable[[Document], bool] | None:
        """The predicate of the request's label and field selectors, None if it has none."""
        options = call.request.options
        labels, fields = options.get("labelSelector"), options.get("fieldSelector")
        if not labels and not fields:
            return None
        return selectors.predicate(call.row, labels or "", fields or "")

    # ---- what is written

    def type_of(self, row: Resource, kind: str, api_version: str) -> schema.Type:
        """The type of a kind that the resource's requests or answers carry."""
        if row.custom and kind == row.kind:
            found: schema.Type = row.definition.type
            return found
        return schema.of_kind(kind, api_version)

    def read_body(self, call: Call, kind: str, api_version: str, body: Document, old: Document | None) -> Decoded:
        """A body of the resource's kind, or another one, decoded and defaulted. Raises DecodeError."""
        if call.row.custom and kind == call.row.kind:
            return custom.read(call.row, body)
        made = self.decode(kind, api_version, body, old)
        if call.row.also and kind == call.row.kind:
            document = {**made.doc, "apiVersion": api_version}
            return Decoded(as_requested(call.row, as_stored(call.row, document)), made.unknown)
        return made

    def decode(self, kind: str, api_version: str, body: Document, old: Document | None = None) -> Decoded:
        """The body, decoded and defaulted. Raises DecodeError.

        A spec or status that is the very object of `old`, a stored document of the kind, has been through this and is left alone.
        """
        if kind not in KINDS or KINDS[kind].api_version != api_version:
            return decode_document(schema.of_kind(kind, api_version), body)
        if old is None or body.__class__ is not dict:
            return read_document(kind, body)
        kept: Document = {
            part: body[part] for part in ("spec", "status") if part in body and body[part] is old.get(part)
        }
        if not kept:
            return read_document(kind, body, old)
        made = read_document(kind, {part: value for part, value in body.items() if part not in kept}, old)
        return Decoded({**made.doc, **kept}, made.unknown)

    def generate_name(self, call: Call, prefix: str) -> str:
        """A name made of the prefix and five characters."""
        return identity.generated_name(call.txn, call.row.key, call.request.namespace, prefix)

    def new_uid(self, call: Call, key: str) -> str:
        """The uid of a new object."""
        return identity.uid(call.txn, call.row.key, key, dry_run=call.dry_run)

    def applier(self, call: Call) -> Applier:
        """Who applies, if the request is a server-side apply."""
        row, request = call.row, call.request
        of = self.type_of(row, row.kind, row.api_version)
        manager = request.options.get("fieldManager") or ""
        return Applier(of, row.kind, row.api_version, manager, request.subresource, call.now, self.is_version(row))

    def forces(self, call: Call) -> bool:
        """Whether an apply takes the fields of other managers."""
        force = call.request.options.get("force")
        return force is True or str(force).lower() == "true"

    def is_version(self, row: Resource) -> Callable[[str], bool]:
        """Whether the kind of a resource has a given apiVersion."""
        if row.custom:
            return lambda version: version.rpartition("/")[0] == row.group
        return lambda version: (version, row.kind) in schema.kinds()

    def applied(self, call: Call, old: Stored | None) -> Document:
        """What the request's configuration makes of an object, with managedFields that say who wants what."""
        document, entries = bodies.applied(self, call, self.applier(call), None if old is None else old.document)
        return managed.with_entries(document, entries)

    def track(self, call: Call, document: Document, old: Stored | None) -> Document:
        """The document with managedFields that say who wrote what."""
        request = call.request
        manager = managed.manager_name(request.options.get("fieldManager") or "", call.occasion.agent)
        of = self.type_of(call.row, call.row.kind, call.row.api_version)
        if call.row.custom and problems(of, document):  # upstream, too, leaves the managers alone then
            return managed.with_entries(document, _managers(old))
        before = None if old is None else old.document
        return managed.track(of, before, document, manager, request.subresource, call.now)

    def track_scale(self, call: Call, document: Document, old: Stored, replicas: int) -> Document:
        """A rescaled workload with managedFields that say who scaled it."""
        manager = managed.manager_name(call.request.options.get("fieldManager") or "", call.occasion.agent)
        current = scale.scale_of(call.row, old.document)["spec"].get("replicas", 0)
        path = scale.replicas_path(call.row)
        entries = managed.track_scale(old.document, current, replicas, manager, call.now, path)
        metadata = {**document["metadata"], "managedFields": entries}
        return {**document, "metadata": metadata}

    def revert_times(self, document: Document, old: Stored) -> Document:
        """A write that changes nothing but times of managedFields changes nothing."""
        return managed.revert_times(old.document, document)

    def admit_create(self, call: Call, document: Document) -> Document:
        """Admission of a new object."""
        if call.row.custom:
            custom.check_creation(call, document["metadata"].get("name", ""))
        self.namespace_gate(call, "CREATE", document)
        return admission.admit(call.row.kind, "CREATE", document, Lister(call))

    def admit_update(self, call: Call, document: Document, old: Stored) -> Document:
        """Admission of a change. Plugins that look at specs leave subresources alone."""
        self.namespace_gate(call, "UPDATE", document)
        if call.request.subresource:
            return document
        return admission.admit(call.row.kind, "UPDATE", document, Lister(call), old.document)

    def admit_binding(self, call: Call, document: Document) -> Document:
        """Admission of a Binding."""
        self.namespace_gate(call, "CREATE", document)
        return admission.admit_binding(document, Lister(call))

    def namespace_gate(self, call: Call, operation: admission.Operation, document: Document) -> None:
        """Nothing is created in a namespace that is missing or terminating."""
        row = call.row
        if row.namespaced:
            name = document["metadata"].get("name") or call.request.name
            namespace = call.request.namespace
            admission.namespace_lifecycle(row.group, row.plural, operation, namespace, document, Lister(call), name)

    def check_admitted(self, call: Call, operation: admission.Operation, document: Document) -> None:
        """The validating half of admission."""
        if call.row.custom:
            return
        kind = call.row.kind
        if kind == "PriorityClass" or (kind == "Pod" and operation == "CREATE"):
            admission.check(kind, operation, document, Lister(call))
        elif kind == "PersistentVolumeClaim" and operation == "UPDATE" and not call.request.subresource:
            current = call.current()
            assert current is not None  # an update of what is there
            admission.check_resize(document, current.document, Lister(call))

    def begin_create(self, call: Call, document: Document) -> Document:
        """What a new object gets from pools before it is prepared and validated: a Service its addresses and ports."""
        return allocate.allocate_create(call.txn, document) if call.row.key == "services" else document

    def begin_update(self, call: Call, document: Document, old: Stored) -> Document:
        """As `begin_create`, for a change."""
        if call.row.key != "services":
            return document
        return allocate.allocate_update(call.txn, document, old.document)

    def prepare_create(self, call: Call, document: Document) -> Document:
        """The strategy's PrepareForCreate."""
        if call.row.custom:
            return serving.prepare_create(call.row, document)
        call.warn(*strategy.preparation_warnings(call.row.kind, document))
        return strategy.prepare_create(call.row.kind, document)

    def prepare_update(self, call: Call, document: Document, old: Stored) -> Document:
        """The strategy's PrepareForUpdate: what the write may not decide is as it was, and the generation counts what changed."""
        subresource, kind = call.request.subresource, call.row.kind
        if call.row.custom:
            return custom.prepare_update(call, document, old.document)
        if subresource == "status":
            return strategy.prepare_status_update(kind, document, old.document, call.now)
        if subresource == "finalize":
            return strategy.prepare_finalize_update(document, old.document)
        if subresource == "ephemeralcontainers":
            return strategy.prepare_ephemeral_containers_update(document, old.document)
        return strategy.prepare_update(kind, document, old.document)

    def validate_create(self, call: Call, document: Document) -> None:
        """Reject an invalid new object; remark on a valid one."""
        kind = call.row.kind
        if call.row.custom:
            custom.validate_create(call, document)
            return
        errors = validate.validate_create(_rules(call.row), as_stored(call.row, document))
        if errors:
            raise Rejected(_invalid(call, document, errors))
        call.warn(*warnings.warnings_create(kind, document))

    def validate_update(self, call: Call, document: Document, old: Stored) -> None:
        """Reject an invalid change; remark on a valid one."""
        subresource, kind = call.request.subresource, call.row.kind
        if call.row.custom:
            custom.validate_update(call, document, old.document)
            return
        if subresource == "status":
            errors = validate.validate_status_update(kind, document, old.document)
            remarks = () if errors else warnings.warnings_status_update(kind, document)
        elif subresource == "finalize":
            errors, remarks = validate.validate_finalize_update(document, old.document), ()
        elif subresource == "ephemeralcontainers":
            errors, remarks = validate.validate_ephemeral_containers_update(document, old.document), ()
        else:
            stored = as_stored(call.row, document), as_stored(call.row, old.document)
            errors = validate.validate_update(_rules(call.row), *stored)
            remarks = () if errors else warnings.warnings_update(kind, document, old.document)
        if errors:
            raise Rejected(_invalid(call, document, errors))
        call.warn(*remarks)

    def with_version(self, document: Document, old: Stored) -> Document:
        """The document with the resourceVersion of what it replaces: its own has done its work."""
        metadata, version = document["metadata"], old.document["metadata"]["resourceVersion"]
        if metadata.get("resourceVersion") == version:
            return document
        return {**document, "metadata": {**metadata, "resourceVersion": version}}

    # ---- concurrency

    def check_resource_version(self, call: Call, old: Stored, metadata: Document) -> None:
        """Optimistic concurrency: a stale write conflicts, one without a resourceVersion overwrites where that is allowed."""
        row = call.row
        wanted = parse_version(metadata.get("resourceVersion", ""))
        if wanted == old.revision or (wanted == 0 and row.unconditional_update):
            return
        if wanted != 0:
            raise Rejected(conflict(row.group, row.plural, call.request.name))
        text = "Invalid value: 0: must be specified for an update"
        why = cause("FieldValueInvalid", text, "metadata.resourceVersion")
        raise Rejected(invalid(row.group, row.plural, call.request.name, (why,)))

    def check_new_version(self, metadata: Document) -> None:
        """A new object has no resourceVersion yet (a garbled one is overlooked, as upstream does)."""
        version = metadata.get("resourceVersion", "")
        if version.isdigit() and int(version) != 0:
            raise Rejected(unclassified("resourceVersion should not be set on objects to be created"))

    def check_update_uid(self, call: Call, old: Stored | None, uid: str) -> None:
        """The uid in an update's body is a precondition."""
        have = "" if old is None else old.uid
        if uid and uid != have:
            raise Rejected(_storage_conflict(call, "UID", uid, have))

    def check_preconditions(self, call: Call, old: Stored, options: DeleteOptions) -> None:
        """The preconditions of a delete."""
        row, wanted = call.row, options.resource_version
        if options.uid and options.uid != old.uid:
            raise Rejected(uid_mismatch(row.group, row.kind, old.name, options.uid, old.uid))
        if wanted and wanted != str(old.revision):
            raise Rejected(resource_version_mismatch(row.group, row.kind, old.name, wanted, str(old.revision)))

    def check_namespace_preconditions(self, old: Stored, options: DeleteOptions) -> None:
        """The preconditions of a namespace's delete, which are worded differently."""
        for field, wanted, actual in (
            ("UID", options.uid, old.uid),
            ("ResourceVersion", options.resource_version, str(old.revision)),
        ):
            if wanted and wanted != actual:
                why = f"Precondition failed: {field} in precondition: {wanted}, {field} in object meta: {actual}"
                raise Rejected(conflict("", "namespaces", old.name, why))

    def check_binding_preconditions(self, call: Call, pod: Stored, metadata: Document) -> None:
        """The uid and resourceVersion in a Binding are those of the pod that it means."""
        uid, version = metadata.get("uid"), metadata.get("resourceVersion")
        if uid and uid != pod.uid:
            raise Rejected(_storage_conflict(call, "UID", uid, pod.uid))
        if version and version != str(pod.revision):
            raise Rejected(_storage_conflict(call, "ResourceVersion", version, str(pod.revision)))

    def is_noop(self, document: Document, old: Stored) -> bool:
        """Whether the write would change nothing that is stored."""
        return document == old.document

    def store_new(self, call: Call, key: str, document: Document) -> Stored:
        """Commit a new object. Rejects what has no canonical bytes: integers over 64 bits, halves of surrogate pairs."""
        document = as_stored(call.row, document)
        if not call.row.custom:
            document = strategy.as_read_back(call.row.kind, document)
        try:
            return custom.settled(call, call.txn.create(call.row.key, key, document))
        except TypeError as error:
            raise Rejected(bad_request(f"the object cannot be encoded: {error}")) from None

    def store_next(self, call: Call, old: Stored, document: Document) -> Stored:
        """Commit the next version of an object. Rejects as `store_new` does."""
        try:
            return custom.settled(call, call.txn.update(call.row.key, old, as_stored(call.row, document)))
        except TypeError as error:
            raise Rejected(bad_request(f"the object cannot be encoded: {error}")) from None

    # ---- deletion

    def check_deletable(self, call: Call, old: Stored) -> None:
        """System namespaces stay."""
        if call.row.key == "namespaces":
            admission.namespace_lifecycle("", "namespaces", "DELETE", "", None, Lister(call), old.name)

    def delete_options(self, call: Call) -> DeleteOptions:
        """The options of a delete."""
        return delete_options(call.request.body, call.request.options)

    def start_deletion(self, call: Call, old: Stored, options: DeleteOptions) -> int | None:
        """The grace period in seconds, None for a deletion without grace, finalize.PENDING if one is under way that is no longer."""
        return finalize.graceful_period(call, old, options)

    def deletion_finalizers(self, call: Call, old: Stored, options: DeleteOptions) -> list[str]:
        """The finalizers that a deletion leaves on the object."""
        finalizers: list[str] = old.document["metadata"].get("finalizers") or []
        row = call.row
        return finalize.propagation_finalizers(finalizers, options, collects=row.collects, orphans=row.orphans)

    def deletes_during_update(self, call: Call, document: Document, old: Stored) -> bool:
        """Whether the write takes away the last thing that kept a deleted object."""
        was = old.document["metadata"]
        if document["metadata"].get("finalizers") or not was.get("deletionTimestamp"):
            return False
        if call.row.key == "namespaces" and (document.get("spec") or {}).get("finalizers"):
            return False
        return not was.get("deletionGracePeriodSeconds")

    def removed(self, call: Call) -> None:
        """After the removal of an object: the definition of a custom resource may have waited for it."""
        if call.row.custom:
            custom.without_objects(call, call.row.key)
        elif call.row.key == serving.DEFINITIONS:
            names.settle(call.txn, call.now)

    def mark_definition(self, call: Call, old: Stored, options: DeleteOptions) -> Response:
        """The first step of a definition's deletion."""
        return custom.mark_definition(call, old, options.uid, options.resource_version)

    def clean_definition(self, call: Call, key: str) -> None:
        """The last step of a definition's deletion, if no object is left."""
        custom.without_objects(call, key)

    # ---- binding

    def bind_check(self, pod: Document) -> str:
        """Why a pod cannot be bound, or ""."""
        return binding.unbindable(pod)


def parse_version(text: str) -> int:
    """The resourceVersion of a body as a number, 0 if it has none. Rejects with 500 what is no number, as upstream does."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise Rejected(unclassified(f'strconv.ParseUint: parsing "{text}": invalid syntax'))
    return int(text)


def bad_version(text: str) -> str:
    """What upstream says of a resourceVersion parameter that is no number."""
    return f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'


def storage_key(row: Resource, key: str) -> str:
    """The key of an object in etcd."""
    if row.group == serving.GROUP or row.custom:
        return f"/registry/{row.group}/{row.plural}/{key}"
    special = {"nodes": "minions", "services": "services/specs"}
    return f"/registry/{special.get(row.plural, row.plural)}/{key}"


def _managers(old: Stored | None) -> Sequence[managed.Entry]:
    entries: Sequence[managed.Entry] = old.document["metadata"].get("managedFields") or () if old is not None else ()
    return entries


def _rules(row: Resource) -> str:
    """The name of the rules of validation."""
    return f"{row.api_version} {row.kind}" if row.also else row.kind


def _invalid(call: Call, document: Document, errors: tuple[validate.FieldError, ...]) -> ApiError:
    name = document["metadata"].get("name", "")
    return invalid(call.row.group, call.row.kind, name, validate.causes(errors))


def _storage_conflict(call: Call, field: str, wanted: str, actual: str) -> ApiError:
    row, key = call.row, storage_key(call.row, call.key)
    name = call.key.rpartition("/")[2]
    return precondition_failed(row.group, row.plural, name, key=key, field=field, wanted=wanted, actual=actual)
