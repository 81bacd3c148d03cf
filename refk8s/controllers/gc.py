"""The garbage collector: deletes what no owner keeps any more, and carries out foreground and orphan deletion.

Two controllers over one graph (gc_builder): `GarbageCollector` looks at one object and deletes it, strips it of dead owners, or lets it go after its
dependents; `OrphanCollector` takes an owner off its dependents. Owners are found by uid, never by name alone.

Source: pkg/controller/garbagecollector/garbagecollector.go.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final

import attrs

from ..api.registry import Resource, resource_of
from ..api.store import Stored
from ..core.flight import Enqueue, Parallel, Recall, Reconcile, Remember, Retry
from ..core.wire import Request, Response
from .gc_builder import Graph, Node
from .gc_graph import (
    FOREGROUND,
    ORPHAN,
    Identity,
    Reference,
    blocks,
    has_finalizer,
    is_being_deleted,
    owner_identity,
    references_of,
    unblocking,
    waits_for_dependents,
    without_owners,
)
from .runtime import Controller, Handler, Recorder, delete, get, patch

NAME: Final = "gc"
ORPHAN_NAME: Final = "gc-orphan"
FINALIZER_TRIES: Final = 4
"""Source: client-go/util/retry, DefaultBackoff."""

SETTLED: Final = "settled"
"""An attempt ended and its node must not be tried again, seen or not."""

Attempt = Generator[Any, Any, "Retry | str | None"]


@attrs.frozen
class Owners:
    """The owner references of an object by the state of their owner, as asked from the API server one after the other.

    `solid`: it is there; `dangling`: it is not; `waiting`: it is in foreground deletion, waiting for its dependents to go.
    """

    solid: tuple[Reference, ...]
    dangling: tuple[Reference, ...]
    waiting: tuple[Reference, ...]


@attrs.frozen(eq=False)
class GarbageCollector(Controller):
    """Deletes objects whose owners are all gone, and owners in foreground deletion after their blocking dependents."""

    name: str = NAME
    workers: int = 20
    graph: Graph = attrs.field(factory=lambda: Graph((), NAME, ORPHAN_NAME))
    recorder: Recorder = attrs.field(factory=lambda: Recorder("garbage-collector-controller"))

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Every resource whose objects can own or be owned."""
        return tuple((row.plural, self.graph.on_change) for row in self.graph.resources)

    def reconcile(self, key: str) -> Reconcile:
        """Look at one object (an identity key): attemptToDeleteWorker.

        DEVIATES: a node that has left the graph is dropped without a GET, because NotFound would change nothing.
        """
        item = Identity.parse(key)
        stored = yield from self.graph.observed(item)
        if stored is None and not (yield from self.graph.is_virtual(item)):
            return None
        if stored is not None:
            yield from self._record_invalid_namespaces(item, stored)
        result = yield from self.attempt(item, stored)
        if isinstance(result, Retry):
            return result
        if result is None and stored is None and (yield from self.graph.is_virtual(item)):
            return Retry("not seen by an informer yet")
        return None

    def attempt(self, item: Identity, stored: Stored | None) -> Attempt:
        """Delete the object if it is to go: attemptToDeleteItem. `stored` is what an informer has of it, None for a virtual node."""
        if stored is not None and is_being_deleted(stored.document) and not waits_for_dependents(stored.document):
            return None  # on its one way: what happens next is its DELETED event
        reply = yield from self._get(item)
        if not isinstance(reply, Response):
            return reply
        if reply.reason == "NotFound" or (reply.ok and not self.is_that_object(reply.obj, item.uid)):
            yield from self.graph.virtual_delete(item)
            return SETTLED
        if not reply.ok:
            return Retry(reply.message or reply.reason)
        if stored is not None and waits_for_dependents(stored.document):
            return (yield from self.delete_dependents_first(item))
        if not references_of(reply.obj.document):
            return None
        owners = yield from self.classify(item, references_of(reply.obj.document))
        if not isinstance(owners, Owners):
            return owners
        return (yield from self._act(item, reply.obj, owners))

    def _act(self, item: Identity, latest: Stored, owners: Owners) -> Attempt:
        if self.keeps(owners):
            if not owners.dangling and not owners.waiting:
                return None
            return (yield from self._strip(item, (*owners.dangling, *owners.waiting)))
        dependents = (yield from self.graph.dependents(item.uid)) if owners.waiting else []
        if dependents:
            if any(waits_for_dependents(dependent.document) for _, dependent in dependents):
                failed = yield from self._unblock(item, latest)
                if failed is not None:
                    return failed
            return (yield from self.delete(item, latest, "Foreground"))
        return (yield from self.delete(item, latest, self.policy(latest)))

    # ---- decisions

    def resource_of(self, api_version: str, kind: str) -> Resource | None:
        """The resource that a reference speaks of."""
        return resource_of(kind, api_version)

    def is_that_object(self, found: Stored, uid: str) -> bool:
        """Whether the object found at a place is the one meant: by uid, since another one may have taken its name."""
        return found.uid == uid

    def is_waiting(self, owner: Stored) -> bool:
        """Whether an owner is in foreground deletion, so that it keeps nothing alive."""
        return waits_for_dependents(owner.document)

    def keeps(self, owners: Owners) -> bool:
        """Whether an object stays: it has at least one owner that is there."""
        return bool(owners.solid)

    def policy(self, latest: Stored) -> str:
        """The propagation policy with which a collected object is deleted: what its finalizers ask for, else Background."""
        if has_finalizer(latest.document, ORPHAN):
            return "Orphan"
        return "Foreground" if has_finalizer(latest.document, FOREGROUND) else "Background"

    def preconditions(self, item: Identity, latest: Stored | None) -> dict[str, str]:
        """What must hold of the object at the moment of its deletion: it is the one looked at, and (`latest`) has not changed since."""
        return {"uid": item.uid, **({"resourceVersion": str(latest.revision)} if latest is not None else {})}

    # ---- owners

    def classify(self, item: Identity, references: tuple[Reference, ...]) -> Generator[Any, Any, Owners | Retry | str]:
        """Ask for every owner whether it is there; what stands in the way, if that cannot be found out."""
        solid: list[Reference] = []
        dangling: list[Reference] = []
        waiting: list[Reference] = []
        for reference in references:
            owner = yield from self.find_owner(item, reference)
            if owner is None:
                dangling.append(reference)
            elif not isinstance(owner, Stored):
                return owner
            else:
                (waiting if self.is_waiting(owner) else solid).append(reference)
        return Owners(tuple(solid), tuple(dangling), tuple(waiting))

    def find_owner(self, item: Identity, reference: Reference) -> Generator[Any, Any, Stored | Retry | str | None]:
        """The owner that a reference of `item` means, read from the API server; None if it is not there: isDangling."""
        for namespace in dict.fromkeys(("", item.namespace)):
            if (yield from self.graph.is_known_absent(owner_identity(reference, namespace))):
                return None
        row = self.resource_of(reference["apiVersion"], reference["kind"])
        if row is None or (row.namespaced and not item.namespace):
            return SETTLED
        owner = owner_identity(reference, item.namespace if row.namespaced else "")
        reply = yield get(row.plural, owner.path)
        if reply.reason == "NotFound" or (reply.ok and not self.is_that_object(reply.obj, reference["uid"])):
            yield from self.graph.remember_absent(owner)
            return None
        return reply.obj if reply.ok else Retry(reply.message or reply.reason)

    # ---- foreground

    def delete_dependents_first(self, item: Identity) -> Attempt:
        """Let an owner in foreground deletion go if nothing blocks it; else see to what does: processDeletingDependentsItem."""
        blockers = yield from self.blocking_dependents(item)
        if not blockers:
            return (yield from self.remove_finalizer(item))
        for identity, dependent in blockers:
            if not waits_for_dependents(dependent.document):
                yield Enqueue(self.name, identity.key)
        return None

    def blocking_dependents(self, item: Identity) -> Generator[Any, Any, list[Node]]:
        """The dependents that must go before their owner: those whose reference says blockOwnerDeletion."""
        dependents = yield from self.graph.dependents(item.uid)
        return [node for node in dependents if blocks(node[1].document, item.uid)]

    def remove_finalizer(self, item: Identity) -> Attempt:
        """Take the foreground finalizer off an owner, which ends its deletion."""
        return (yield from _remove_finalizer(item, FOREGROUND))

    # ---- requests

    def _get(self, item: Identity) -> Generator[Any, Any, Response | str]:
        """The object as the API server has it.

        DEVIATES: an object of a kind that is not served, or a namespaced one without a namespace, is not tried again, because the served kinds
        never change during a run; upstream tries the former for ever.
        """
        row = self.resource_of(item.api_version, item.kind)
        if row is None or (row.namespaced and not item.namespace):
            return SETTLED
        reply: Response = yield get(row.plural, item.path if row.namespaced else item.name)
        return reply

    def delete(self, item: Identity, latest: Stored, policy: str) -> Attempt:
        """Delete the object if it is still the one decided upon: deleteObject.

        A conflict of the resourceVersion is overlooked when the ownerReferences are the same as before.
        """
        reply = yield self._delete_request(item, latest, policy)
        if reply.reason == "Conflict":
            live = yield from self._get(item)
            if isinstance(live, Response) and live.reason == "NotFound":
                reply = live
            elif isinstance(live, Response) and live.ok and _only_other_fields_changed(latest, live.obj):
                reply = yield self._delete_request(item, None, policy)
        if reply.reason == "NotFound":
            yield from self.graph.virtual_delete(item)
            return SETTLED
        return None if reply.ok else Retry(reply.message or reply.reason)

    def _delete_request(self, item: Identity, latest: Stored | None, policy: str) -> Request:
        preconditions = self.preconditions(item, latest)
        return delete(_resource(item), item.path, preconditions=preconditions, propagationPolicy=policy)

    def _strip(self, item: Identity, references: tuple[Reference, ...]) -> Attempt:
        """Take owners off an object that another one keeps."""
        body = without_owners([reference["uid"] for reference in references], item.uid)
        return _verdict((yield patch(_resource(item), item.path, body)))

    def _unblock(self, item: Identity, latest: Stored) -> Attempt:
        """Let an object block none of its owners, because a cycle of blocking references would never go."""
        return _verdict((yield patch(_resource(item), item.path, unblocking(latest.document))))

    def _record_invalid_namespaces(self, item: Identity, stored: Stored) -> Generator[Any, Any, None]:
        waiting = yield Recall(f"ownerref:{item.uid}")
        if waiting is None:
            return
        yield Remember(f"ownerref:{item.uid}", None)
        for reference in references_of(stored.document):
            if reference["uid"] in waiting:
                owner = owner_identity(reference, item.namespace)
                message = f'ownerRef {owner} does not exist in namespace "{item.namespace}"'
                yield from self.recorder.emit(stored, item.kind, "Warning", "OwnerRefInvalidNamespace", message)


@attrs.frozen(eq=False)
class OrphanCollector(Controller):
    """Carries out deletions with the policy Orphan: takes the owner off its dependents, then the finalizer off the owner."""

    name: str = ORPHAN_NAME
    workers: int = 20
    graph: Graph = attrs.field(factory=lambda: Graph((), NAME, ORPHAN_NAME))

    def reconcile(self, key: str) -> Reconcile:
        """Orphan the dependents of one owner (an identity key): attemptToOrphanWorker."""
        item = Identity.parse(key)
        dependents = yield from self.graph.dependents(item.uid)
        replies = yield Parallel(tuple(self.orphan_request(item, identity) for identity, _ in dependents))
        for reply in replies:
            if not reply.ok and reply.reason != "NotFound":
                return Retry(reply.message or reply.reason)
        result = yield from self.remove_finalizer(item)
        return result if isinstance(result, Retry) else None

    def orphan_request(self, owner: Identity, dependent: Identity) -> Request:
        """The patch that takes the owner off a dependent."""
        return patch(_resource(dependent), dependent.path, without_owners([owner.uid], dependent.uid))

    def remove_finalizer(self, item: Identity) -> Attempt:
        """Take the orphan finalizer off the owner, which ends its deletion."""
        return (yield from _remove_finalizer(item, ORPHAN))


def garbage_collectors(resources: Mapping[str, Resource]) -> tuple[GarbageCollector, OrphanCollector]:
    """Both controllers over one graph of all `resources` but events, which own and are owned by nothing."""
    owners_first = ("namespaces", "nodes", "deployments", "replicasets", "pods")
    rest = sorted(name for name in resources if name not in owners_first and name != "events")
    rows = tuple(resources[name] for name in (*owners_first, *rest) if name in resources)
    graph = Graph(rows, NAME, ORPHAN_NAME)
    return GarbageCollector(graph=graph), OrphanCollector(graph=graph)


def _remove_finalizer(item: Identity, finalizer: str) -> Attempt:
    """Take a finalizer off an object; one that is gone, or has lost it, is fine.

    DEVIATES: the tries after a conflict follow each other at once, because a reconcile cannot sleep; upstream waits 10, 50 and 250 ms.
    """
    for _ in range(FINALIZER_TRIES):
        reply = yield get(_resource(item), item.path)
        if reply.reason == "NotFound":
            return None
        if not reply.ok:
            return Retry(reply.message or reply.reason)
        if not has_finalizer(reply.obj.document, finalizer):
            return None
        left = [other for other in reply.obj.document["metadata"]["finalizers"] if other != finalizer]
        body = {"metadata": {"resourceVersion": str(reply.obj.revision), "finalizers": left or None}}
        reply = yield patch(_resource(item), item.path, body, "merge")
        if reply.reason != "Conflict":
            return _verdict(reply)
    return Retry(f"updateMaxRetries({FINALIZER_TRIES}) has reached")


def _verdict(reply: Response) -> Retry | None:
    return None if reply.ok else Retry(reply.message or reply.reason)


def _resource(item: Identity) -> str:
    """The plural name of an observed object's resource."""
    row = resource_of(item.kind, item.api_version)
    if row is None:
        raise LookupError(f"no resource serves {item}")
    return row.plural


def _only_other_fields_changed(old: Stored, new: Stored) -> bool:
    return old.uid == new.uid and references_of(old.document) == references_of(new.document)
