"""The keeper of the garbage collector's graph: from events of all watched resources to keys of its two queues.

The graph itself is what the informers hold: an object is a node, `Cache.by_owner(uid)` are its dependents, its ownerReferences its owners. In memory are
only what no informer knows: where a uid is (`~uid:UID`, derived from the caches), owners that somebody refers to and nobody has seen yet
(`virtual:UID`), owners that are known not to exist (`absent:…`), and events still to be recorded (`ownerref:UID`).

DEVIATES: upstream copies uids, owners and dependents into a graph of its own, fed by a queue of changes, because its informers have no index by owner. Here
the caches are the graph; an event counts from its delivery on. A late graph there is a held informer here.

Source: pkg/controller/garbagecollector/graph_builder.go.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Any, Final

import attrs

from ..api.registry import Resource
from ..api.store import DELETED, Change, Stored
from ..core.flight import Cached, Enqueue, Recall, Remember
from ..core.hands import Hands
from .gc_graph import (
    FOREGROUND,
    ORPHAN,
    Dependent,
    Identity,
    Reference,
    alternate_identity,
    deletion_starts,
    owner_identity,
    partition_dependents,
    references_diff,
    references_of,
    unblocked_owners,
    waits_for_dependents,
)
from .runtime import split

ABSENT_OWNERS: Final = 500
"""How many absent owners are remembered. Source: graph_builder.go, NewDependencyGraphBuilder."""

Node = tuple[Identity, Stored]


@attrs.frozen(eq=False)
class Graph:
    """The graph of `resources`; keys go to the work queues named `delete_queue` and `orphan_queue`."""

    resources: tuple[Resource, ...]
    delete_queue: str
    orphan_queue: str
    rows: Mapping[str, Resource] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "rows", {row.plural: row for row in self.resources})

    def identity(self, resource: str, path: str, uid: str) -> Identity:
        """The identity of an object of a watched resource."""
        row = self.rows[resource]
        namespace, name = split(path)
        return Identity(row.kind, row.api_version, namespace, name, uid)

    # ---- events

    def on_change(self, hands: Hands, change: Change) -> None:
        """Take an event of an informer into the graph."""
        stored, prev = change.obj, change.prev
        if change.type == DELETED:
            self._removed(hands, change.resource, stored)
        elif prev is None or prev.uid != stored.uid:
            self._inserted(hands, change.resource, stored)
        else:
            metadata = stored.document["metadata"]
            if "deletionTimestamp" in metadata or metadata.get("ownerReferences") != prev.document["metadata"].get(
                "ownerReferences"
            ):
                self._updated(hands, change.resource, stored, prev)

    def _inserted(self, hands: Hands, resource: str, stored: Stored) -> None:
        item = self.identity(resource, stored.key, stored.uid)
        virtual: Identity | None = hands.recall(f"virtual:{item.uid}")
        if virtual is not None:
            hands.remember(f"virtual:{item.uid}", None)
            if virtual != item:
                self._doubt_dependents(hands, item)
        hands.remember(f"~uid:{item.uid}", (resource, stored.key))
        self._refer(hands, item, references_of(stored.document))
        self._transitions(hands, item, None, stored)

    def _updated(self, hands: Hands, resource: str, stored: Stored, prev: Stored) -> None:
        item = self.identity(resource, stored.key, stored.uid)
        added, removed, changed = references_diff(references_of(prev.document), references_of(stored.document))
        for uid in unblocked_owners(removed, changed):
            self._enqueue_owner(hands, uid)
        self._refer(hands, item, added)
        self._transitions(hands, item, prev, stored)

    def _removed(self, hands: Hands, resource: str, stored: Stored) -> None:
        item = self.identity(resource, stored.key, stored.uid)
        if hands.recall(f"~uid:{item.uid}") is None:
            return
        hands.remember(f"~uid:{item.uid}", None)
        hands.remember(f"ownerref:{item.uid}", None)
        dependents = self._dependents(hands, item.uid)
        if dependents:
            self._remember_absent(hands, item)
        for dependent, _ in dependents:
            hands.enqueue(self.delete_queue, dependent.key)
        for reference in references_of(stored.document):
            owner = self._observed(hands, reference["uid"])
            if owner is not None and waits_for_dependents(owner[1].document):
                hands.enqueue(self.delete_queue, owner[0].key)

    def _transitions(self, hands: Hands, item: Identity, old: Stored | None, new: Stored) -> None:
        """Start what the beginning of a deletion asks for: orphaning, or the deletion of dependents before their owner."""
        before = old.document if old is not None else None
        if deletion_starts(before, new.document, ORPHAN):
            hands.enqueue(self.orphan_queue, item.key)
        elif deletion_starts(before, new.document, FOREGROUND):
            for dependent, _ in self._dependents(hands, item.uid):
                hands.enqueue(self.delete_queue, dependent.key)
            hands.enqueue(self.delete_queue, item.key)

    def _refer(self, hands: Hands, item: Identity, references: Iterable[Reference]) -> None:
        """Link `item` to its (new) owners; an owner never seen becomes a virtual node that is to be looked for."""
        doubtful = False
        for reference in references:
            uid = reference["uid"]
            place = hands.recall(f"~uid:{uid}")
            owner = self.identity(place[0], place[1], uid) if place is not None else hands.recall(f"virtual:{uid}")
            if owner is None:
                owner = owner_identity(reference, item.namespace)
                hands.remember(f"virtual:{uid}", owner)
                hands.enqueue(self.delete_queue, owner.key)
            elif not doubtful:
                doubtful = self._is_doubtful(hands, item, reference, owner, seen=place is not None)
        if doubtful:
            hands.enqueue(self.delete_queue, item.key)

    def _is_doubtful(self, hands: Hands, item: Identity, reference: Reference, owner: Identity, *, seen: bool) -> bool:
        """Whether a reference may not mean the owner of that uid, so that it has to be verified."""
        if owner.namespace and owner.namespace != item.namespace:
            if seen:
                self._report_invalid_namespace(hands, item.uid, owner.uid)
            return True
        if not owner.is_meant_by(reference):
            return True
        return not owner.namespace and bool(item.namespace) and not seen

    def _doubt_dependents(self, hands: Hands, owner: Identity) -> None:
        """An owner is not where its dependents said: have those verified that were wrong."""
        dependents = [_dependent(node) for node in self._dependents(hands, owner.uid)]
        for dependent in partition_dependents(dependents, owner)[1]:
            if owner.namespace and dependent.identity.namespace != owner.namespace:
                self._report_invalid_namespace(hands, dependent.identity.uid, owner.uid)
            hands.enqueue(self.delete_queue, dependent.identity.key)

    def _report_invalid_namespace(self, hands: Hands, dependent_uid: str, owner_uid: str) -> None:
        """Have an event recorded about a reference across namespaces: by the worker that takes the dependent, since handlers send nothing."""
        waiting = hands.recall(f"ownerref:{dependent_uid}", ())
        hands.remember(f"ownerref:{dependent_uid}", (*waiting, owner_uid))

    def _enqueue_owner(self, hands: Hands, uid: str) -> None:
        place = hands.recall(f"~uid:{uid}")
        owner = self.identity(place[0], place[1], uid) if place is not None else hands.recall(f"virtual:{uid}")
        if owner is not None:
            hands.enqueue(self.delete_queue, owner.key)

    def _observed(self, hands: Hands, uid: str) -> Node | None:
        place = hands.recall(f"~uid:{uid}")
        if place is None:
            return None
        resource, path = place
        stored = hands.cache(resource).get(path)
        return (self.identity(resource, path, uid), stored) if stored is not None else None

    def _dependents(self, hands: Hands, uid: str) -> list[Node]:
        found: list[Node] = []
        for resource in self.rows:
            cache = hands.cache(resource)
            if cache is not None:
                found += [(self.identity(resource, s.key, s.uid), s) for s in cache.by_owner(uid)]
        return found

    def _remember_absent(self, hands: Hands, owner: Identity) -> None:
        if hands.recall(f"absent:{owner.key}") is None:
            count = hands.recall("absent", 0)
            for name, value in _absent_cells(owner, count, hands.recall(_slot(count))):
                hands.remember(name, value)

    # ---- questions of a reconcile

    def observed(self, item: Identity) -> Generator[Any, Any, Stored | None]:
        """The object, if an informer has seen it where `item` says."""
        place = yield Recall(f"~uid:{item.uid}")
        if place is None or self.identity(place[0], place[1], item.uid) != item:
            return None
        cache = yield Cached(place[0])
        found: Stored | None = cache.get(place[1])
        return found

    def is_virtual(self, item: Identity) -> Generator[Any, Any, bool]:
        """Whether somebody refers to this uid, and no informer has seen it anywhere."""
        if (yield Recall(f"~uid:{item.uid}")) is not None:
            return False
        return (yield Recall(f"virtual:{item.uid}")) is not None

    def dependents(self, uid: str) -> Generator[Any, Any, list[Node]]:
        """The objects that refer to `uid` as an owner, as far as the informers know."""
        found: list[Node] = []
        for resource in self.rows:
            cache = yield Cached(resource)
            found += [(self.identity(resource, s.key, s.uid), s) for s in cache.by_owner(uid)]
        return found

    def is_known_absent(self, owner: Identity) -> Generator[Any, Any, bool]:
        """Whether the API server has said that there is no such object there."""
        return (yield Recall(f"absent:{owner.key}")) is not None

    def remember_absent(self, owner: Identity) -> Generator[Any, Any, None]:
        """Remember that there is no such object there.

        DEVIATES: of 500, the oldest is forgotten and not the least recently asked for, because a question would be a write otherwise; the price is a GET.
        """
        if (yield Recall(f"absent:{owner.key}")) is None:
            count = yield Recall("absent", 0)
            for name, value in _absent_cells(owner, count, (yield Recall(_slot(count)))):
                yield Remember(name, value)

    def virtual_delete(self, item: Identity) -> Generator[Any, Any, None]:
        """The API server says that `item` is not there: go on as if an informer had said so, as far as nobody knows better.

        DEVIATES: an object that an informer still holds stays in the graph until its DELETED event, because the caches are the graph. Its dependents are
        looked at now, its owners (in foreground deletion) then.
        """
        virtual: Identity | None = yield Recall(f"virtual:{item.uid}")
        place = yield Recall(f"~uid:{item.uid}")
        if virtual is None and place is None:
            return
        dependents = [_dependent(node) for node in (yield from self.dependents(item.uid))]
        fitting, others = partition_dependents(dependents, item)
        if place is not None and self.identity(place[0], place[1], item.uid) != item:
            yield from self._collect(item, fitting)
        elif place is None and others:
            yield from self._collect(item, fitting)
            if virtual == item:
                yield from self._look_elsewhere(item, others)
        else:
            yield Remember(f"virtual:{item.uid}", None)
            yield from self._collect(item, dependents)

    def _look_elsewhere(self, item: Identity, others: list[Dependent]) -> Generator[Any, Any, None]:
        """Move a virtual owner to another of the places where its dependents say that it is."""
        elsewhere = alternate_identity(others, item)
        if elsewhere is not None:
            yield Remember(f"virtual:{item.uid}", elsewhere)
            yield Enqueue(self.delete_queue, elsewhere.key, after_ms=5)

    def _collect(self, owner: Identity, dependents: list[Dependent]) -> Generator[Any, Any, None]:
        if dependents:
            yield from self.remember_absent(owner)
        for dependent in dependents:
            yield Enqueue(self.delete_queue, dependent.identity.key)


def _dependent(node: Node) -> Dependent:
    return Dependent(node[0], references_of(node[1].document))


def _slot(count: int) -> str:
    return f"absent#{count % ABSENT_OWNERS}"


def _absent_cells(owner: Identity, count: int, evicted: str | None) -> list[tuple[str, Any]]:
    """The memory cells to set for one more absent owner: a ring of the last ones, each findable by its name."""
    cells: list[tuple[str, Any]] = [(f"absent:{evicted}", None)] if evicted is not None else []
    return [*cells, (f"absent:{owner.key}", count), (_slot(count), owner.key), ("absent", count + 1)]
