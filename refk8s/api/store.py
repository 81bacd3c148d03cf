"""The store: MVCC as etcd gives it to the API server.

One revision per commit; every object carries its create and mod revision; every commit is appended to the history streams that it concerns, with
the previous object and the collection as of there, so that a cache is a position and a read at a revision is a look-up. Compaction forgets the
beginning; whoever still needs it gets `Expired`. Source: etcd api/v3 (mvcc), apiserver/pkg/storage/etcd3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

import attrs

from ..core.digest import cell, digest, mix
from ..core.table import EMPTY, Log, Table
from ..kinds.codec import view

Document = dict[str, Any]
V = TypeVar("V")

ADDED: Final = "ADDED"
MODIFIED: Final = "MODIFIED"
DELETED: Final = "DELETED"


class Stored:
    """One version of one object: its document (never mutated; with resourceVersion), key, revisions and content digest (without resourceVersion)."""

    __slots__ = ("_view", "create_revision", "digest", "document", "key", "revision")

    def __init__(self, key: str, document: Document, revision: int, create_revision: int, content: int) -> None:
        self.key = key
        self.document = document
        self.revision = revision
        self.create_revision = create_revision
        self.digest = content
        self._view: Any = None

    def view(self, cls: type[V]) -> V:
        """The attrs view of the document, made once per version."""
        made = self._view
        if made is None or type(made) is not cls:
            made = self._view = view(cls, self.document)
        return made

    def kept(self, cls: type[V], make: Callable[[Document], V]) -> V:
        """What `make` makes of the document, made once per version (and anew after a `view`)."""
        made = self._view
        if type(made) is not cls:
            made = self._view = make(self.document)
        return made

    @property
    def name(self) -> str:
        """metadata.name."""
        found: str = self.document["metadata"]["name"]
        return found

    @property
    def namespace(self) -> str:
        """metadata.namespace, "" for cluster-scoped objects."""
        found: str = self.document["metadata"].get("namespace", "")
        return found

    @property
    def uid(self) -> str:
        """metadata.uid."""
        found: str = self.document["metadata"]["uid"]
        return found

    def __repr__(self) -> str:
        return f"Stored({self.document.get('kind')} {self.key}@{self.revision})"


# Indexes of every collection: name -> the values under which an object is found.
Index = Callable[[Document], tuple[str, ...]]


def _by_namespace(document: Document) -> tuple[str, ...]:
    namespace = document["metadata"].get("namespace")
    return (namespace,) if namespace else ()


def _by_owner(document: Document) -> tuple[str, ...]:
    return tuple(reference["uid"] for reference in document["metadata"].get("ownerReferences") or ())


def _by_node(document: Document) -> tuple[str, ...]:
    node = document.get("spec", {}).get("nodeName")
    return (node,) if node else ()


def _by_orphanage(document: Document) -> tuple[str, ...]:
    metadata = document["metadata"]
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller"):
            return ()
    return (metadata.get("namespace", ""),)


INDEXES: Final[Mapping[str, Index]] = {"namespace": _by_namespace, "owner": _by_owner}
RESOURCE_INDEXES: Final[Mapping[str, Mapping[str, Index]]] = {
    "pods": {**INDEXES, "orphan": _by_orphanage, "node": _by_node},
    "replicasets": {**INDEXES, "orphan": _by_orphanage},
}


class Collection:
    """All objects of one resource at one revision, with persistent indexes."""

    __slots__ = ("_by_name", "objects", "resource")

    def __init__(
        self,
        resource: str,
        objects: Table[str, Stored] = EMPTY,
        by_name: Table[str, Table[str, Table[str, bool]]] = EMPTY,
    ) -> None:
        self.resource = resource
        self.objects = objects
        self._by_name = by_name

    def put(self, stored: Stored, old: Stored | None) -> Collection:
        """The collection in which `stored` has taken the place of `old`."""
        return Collection(self.resource, self.objects.set(stored.key, stored), self._reindex(stored.key, old, stored))

    def drop(self, old: Stored) -> Collection:
        """The collection without `old`."""
        return Collection(self.resource, self.objects.delete(old.key), self._reindex(old.key, old, None))

    def _reindex(self, key: str, old: Stored | None, new: Stored | None) -> Table[str, Table[str, Table[str, bool]]]:
        by_name = self._by_name
        for name, index in RESOURCE_INDEXES.get(self.resource, INDEXES).items():
            before = index(old.document) if old is not None else ()
            after = index(new.document) if new is not None else ()
            if before == after:
                continue
            table = by_name.get(name, EMPTY)
            for value in before:
                if value not in after:
                    keys = table[value].discard(key)
                    table = table.set(value, keys) if len(keys) else table.discard(value)
            for value in after:
                if value not in before:
                    table = table.set(value, table.get(value, EMPTY).set(key, True))
            by_name = by_name.set(name, table)
        return by_name

    def get(self, key: str) -> Stored | None:
        """The object with this key ("namespace/name" or "name"), or None."""
        return self.objects.get(key)

    def keys_by(self, index: str, value: str) -> list[str]:
        """The sorted keys of the objects found under `value` in `index` ("namespace", "owner", some "orphan" and "node")."""
        table = self._by_name.get(index)
        keys = table.get(value) if table is not None else None
        return keys.keys() if keys is not None else []

    def count_by(self, index: str, value: str) -> int:
        """How many keys `keys_by` gives, without sorting them."""
        table = self._by_name.get(index)
        keys = table.get(value) if table is not None else None
        return len(keys) if keys is not None else 0

    def values_by(self, index: str) -> list[str]:
        """The sorted values of an index (e.g. the namespaces that have objects)."""
        table = self._by_name.get(index)
        return table.keys() if table is not None else []

    def cache(self, stream: str, revision: int = 0) -> Cache:
        """What a cache of `stream` holds when it has this collection as its state, delivered up to `revision`."""
        _, _, selector = stream.partition("@")
        return Cache(self, selector, revision)

    def replacement(self, stream: str, old: Collection | None, revision: int, cause: int) -> Iterator[Change]:
        """The changes that a relist tells the handlers: DELETED for what is gone, ADDED for what is new, MODIFIED for what it had.

        Source: client-go/tools/cache/delta_fifo.go, Replace.
        """
        fresh = self.cache(stream)
        before = old.cache(stream) if old is not None else None
        if before is not None:
            for stored in before.all():
                now = fresh.get(stored.key)
                if now is None or now.uid != stored.uid:
                    yield Change(revision, DELETED, self.resource, stored.key, stored, stored, self, cause, (), "")
        for stored in fresh.all():
            was = before.get(stored.key) if before is not None else None
            if was is None or was.uid != stored.uid:
                yield Change(revision, ADDED, self.resource, stored.key, stored, None, self, cause, (), "")
            elif was.revision != stored.revision:
                yield Change(revision, MODIFIED, self.resource, stored.key, stored, was, self, cause, (), "")


class Cache:
    """A read-only lister over one collection, restricted to a selector: "" (all) or, as in `pods@node=n1` and `nodes@name=n1`, `node=…`, `name=…`.

    `revision` is that of the last change an informer was delivered (or of its list); 0 for what is no informer's cache.
    """

    __slots__ = ("_collection", "_name", "_node", "revision")

    def __init__(self, collection: Collection, selector: str = "", revision: int = 0) -> None:
        self._collection = collection
        self.revision = revision
        field, _, value = selector.partition("=")
        self._node = value if field == "node" else ""
        self._name = value if field == "name" else ""

    @property
    def collection(self) -> Collection:
        """The whole collection behind the cache."""
        return self._collection

    def get(self, key: str) -> Stored | None:
        """The object with this key, or None."""
        stored = self._collection.objects.get(key)
        if stored is None or (self._node and stored.document.get("spec", {}).get("nodeName") != self._node):
            return None
        return None if self._name and key != self._name else stored

    def all(self, namespace: str = "") -> list[Stored]:
        """The objects (of one namespace, or all) in the order of their keys."""
        objects = self._collection.objects
        if self._node:
            found = [objects[key] for key in self._collection.keys_by("node", self._node)]
            return [stored for stored in found if not namespace or stored.namespace == namespace]
        if self._name:
            one = objects.get(self._name)
            return [one] if one is not None else []
        if namespace:
            return [objects[key] for key in self._collection.keys_by("namespace", namespace)]
        return objects.values()

    def by_owner(self, uid: str) -> list[Stored]:
        """The objects that have an ownerReference to `uid`."""
        objects = self._collection.objects
        return [objects[key] for key in self._collection.keys_by("owner", uid)]

    def orphans(self, namespace: str) -> list[Stored]:
        """The pods or ReplicaSets of a namespace that no controller owns."""
        objects = self._collection.objects
        return [objects[key] for key in self._collection.keys_by("orphan", namespace)]

    def by_node(self, node: str) -> list[Stored]:
        """The pods bound to `node`."""
        objects = self._collection.objects
        return [objects[key] for key in self._collection.keys_by("node", node)]

    def __len__(self) -> int:
        return len(self.all()) if self._node or self._name else len(self._collection.objects)


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Change:
    """One commit as a watcher of one stream sees it.

    `type` is ADDED, MODIFIED or DELETED (for a selective stream: entering and leaving its selector); `obj` the version written (of a deletion: the last
    content with the revision of the deletion), `prev` the version before; `root` the collection afterwards; `streams` all streams that the commit touched;
    `actor` the process that asked for it; `cause` the step.
    """

    revision: int
    type: str
    resource: str
    key: str
    obj: Stored
    prev: Stored | None
    root: Collection
    cause: int
    streams: tuple[str, ...]
    actor: str

    def again(self) -> Change | None:
        """The update that changes nothing in which a handler hears of the same object once more; None of a deletion."""
        if self.type == DELETED:
            return None
        return attrs.evolve(self, type=MODIFIED, prev=self.obj, streams=(), actor="")


class Store:
    """A version of the whole store. `revision` is that of the last commit, `compacted` the floor below which history is gone."""

    __slots__ = ("_collections", "_logs", "compacted", "counters", "fingerprint", "revision")

    def __init__(self) -> None:
        self.revision = 1
        self.compacted = 0
        self._collections: Table[str, Collection] = EMPTY
        self._logs: Table[str, Log[Change]] = EMPTY
        self.counters: Table[str, int] = EMPTY
        self.fingerprint = _revision_cell(1, 0)

    def _copy(self) -> Store:
        made = Store.__new__(Store)
        made.revision = self.revision
        made.compacted = self.compacted
        made._collections = self._collections
        made._logs = self._logs
        made.counters = self.counters
        made.fingerprint = self.fingerprint
        return made

    def collection(self, resource: str) -> Collection:
        """The current objects of a resource (empty for one never used)."""
        found = self._collections.get(resource)
        return found if found is not None else Collection(resource)

    def get(self, resource: str, key: str) -> Stored | None:
        """The current version of an object, or None."""
        found = self._collections.get(resource)
        return None if found is None else found.objects.get(key)

    def resources(self) -> list[str]:
        """The resources that have a collection, sorted."""
        return self._collections.keys()

    def log(self, stream: str) -> Log[Change]:
        """The history of a stream: a resource ("pods"), or a selective one that somebody subscribed to ("pods@node=n1")."""
        found = self._logs.get(stream)
        return found if found is not None else Log()

    def with_stream(self, stream: str) -> Store:
        """The store with a history for `stream` (from now on)."""
        if stream in self._logs:
            return self
        made = self._copy()
        made._logs = self._logs.set(stream, Log())
        return made

    def at(self, resource: str, revision: int) -> Collection:
        """The collection as of `revision`. Raises Expired below the compaction floor, ValueError for a future revision."""
        if revision > self.revision:
            raise ValueError(f"revision {revision} is in the future: the store is at {self.revision}")
        if revision < self.compacted:
            raise Expired(revision, self.compacted)
        log = self.log(resource)
        low, high = log.base, log.end
        while low < high:  # the first change after `revision`
            middle = (low + high) // 2
            if log[middle].revision <= revision:
                low = middle + 1
            else:
                high = middle
        if low > log.base:
            return log[low - 1].root
        if log.base == log.end:
            return self.collection(resource)
        return _undo(log[log.base])

    def revision_of(self, collection: Collection) -> int:
        """The revision from which a watcher that holds `collection`, a past or the present one, misses nothing."""
        if collection is self._collections.get(collection.resource):
            return self.revision
        for change in reversed(self.log(collection.resource)):
            if change.root is collection:
                return change.revision
        return max((stored.revision for stored in collection.objects.values()), default=0)

    def since(self, stream: str, revision: int) -> list[Change]:
        """The changes of a stream after `revision`. Raises Expired if some of them are compacted away."""
        if revision < self.compacted:
            raise Expired(revision, self.compacted)
        found: list[Change] = []
        for change in reversed(self.log(stream)):
            if change.revision <= revision:
                break
            found.append(change)
        found.reverse()
        return found

    def compact(self, revision: int) -> Store:
        """The store without the history before `revision` (which stays readable). Source: etcd compaction: revision itself survives."""
        if revision <= self.compacted:
            return self
        made = self._copy()
        made.compacted = min(revision, self.revision)
        made.fingerprint = (
            self.fingerprint
            + _revision_cell(self.revision, made.compacted)
            - _revision_cell(self.revision, self.compacted)
        )
        for stream, log in self._logs.items():
            index = log.end
            while index > log.base and log[index - 1].revision > made.compacted:
                index -= 1
            keep = max(
                index - 1, log.base
            )  # the last change at or before the floor carries the collection as of the floor
            made._logs = made._logs.set(stream, log.floor(keep))
        return made

    def recompute_fingerprint(self) -> int:
        """The store's part of the exact fingerprint, from scratch."""
        total = _revision_cell(self.revision, self.compacted)
        for resource, collection in self._collections.items():
            total += sum(
                _cell(resource, stored.key, stored.revision, digest(_bare(stored.document)))
                for stored in collection.objects.values()
            )
        return total + sum(cell("counter", name) * count for name, count in self.counters.items())


class Expired(Exception):
    """History before the compaction floor was asked for. The API server answers 410 with reason Expired."""

    def __init__(self, revision: int, compacted: int) -> None:
        super().__init__(f"too old resource version: {revision} ({compacted})")
        self.revision = revision
        self.compacted = compacted


class Txn:
    """One atomic write transaction: reads see its own writes; `finish` gives the next Store and its commits."""

    __slots__ = ("_actor", "_cause", "_commits", "_store")

    def __init__(self, store: Store, actor: str, cause: int) -> None:
        self._store = store._copy()
        self._actor = actor
        self._cause = cause
        self._commits: list[Change] = []

    @property
    def revision(self) -> int:
        """The revision of the last commit so far."""
        return self._store.revision

    def get(self, resource: str, key: str) -> Stored | None:
        """The current version of an object, or None."""
        return self._store.get(resource, key)

    def collection(self, resource: str) -> Collection:
        """The current objects of a resource."""
        return self._store.collection(resource)

    def count(self, name: str) -> int:
        """The next number (from 1) of a named local counter: the ground of uids and generated names."""
        store = self._store
        old = store.counters.get(name) or 0
        store.counters = store.counters.set(name, old + 1)
        store.fingerprint += cell("counter", name)
        return old + 1

    def create(self, resource: str, key: str, document: Document) -> Stored:
        """Commit a new object; `document` has no resourceVersion."""
        return self._write(resource, key, document, None)

    def update(self, resource: str, old: Stored, document: Document) -> Stored:
        """Commit the next version of `old`; `document`'s resourceVersion is replaced."""
        return self._write(resource, old.key, document, old)

    def _write(self, resource: str, key: str, document: Document, old: Stored | None) -> Stored:
        store = self._store
        revision = store.revision + 1
        bare = _bare(document)
        content = digest(bare)
        metadata = {**bare["metadata"], "resourceVersion": str(revision)}
        stored = Stored(
            key, {**bare, "metadata": metadata}, revision, revision if old is None else old.create_revision, content
        )
        root = self.collection(resource).put(stored, old)
        self._commit(resource, ADDED if old is None else MODIFIED, stored, old, root)
        return stored

    def delete(self, resource: str, old: Stored) -> Stored:
        """Commit the removal of `old`; what watchers get is its content with the revision of the removal."""
        revision = self._store.revision + 1
        metadata = {**old.document["metadata"], "resourceVersion": str(revision)}
        last = Stored(old.key, {**old.document, "metadata": metadata}, revision, old.create_revision, old.digest)
        self._commit(resource, DELETED, last, old, self.collection(resource).drop(old))
        return last

    def _commit(self, resource: str, kind: str, stored: Stored, old: Stored | None, root: Collection) -> None:
        store = self._store
        fingerprint = store.fingerprint - _revision_cell(store.revision, store.compacted)
        store.revision += 1
        fingerprint += _revision_cell(store.revision, store.compacted)
        if old is not None:
            fingerprint -= _cell(resource, old.key, old.revision, old.digest)
        if kind != DELETED:
            fingerprint += _cell(resource, stored.key, stored.revision, stored.digest)
        store.fingerprint = fingerprint
        store._collections = store._collections.set(resource, root)
        streams = _streams(store._logs, resource, stored, old)
        names = tuple(stream for stream, _ in streams)
        logs = store._logs
        base: Change | None = None
        for stream, seen in streams:
            as_seen = kind if seen is None else seen
            if base is not None and as_seen == base.type:
                change = base
            else:
                change = Change(
                    store.revision, as_seen, resource, stored.key, stored, old, root, self._cause, names, self._actor
                )
            base = base or change
            log = logs.get(stream)
            logs = logs.set(stream, (Log() if log is None else log).append(change))
        store._logs = logs
        if base is not None:
            self._commits.append(base)

    def finish(self) -> tuple[Store, tuple[Change, ...]]:
        """The store after the transaction, and its commits in order."""
        return self._store, tuple(self._commits)


def _streams(
    logs: Table[str, Log[Change]], resource: str, stored: Stored, old: Stored | None
) -> list[tuple[str, str | None]]:
    """The streams that a commit concerns, the resource's own first, with the event type in each (None: the commit's own)."""
    found: list[tuple[str, str | None]] = [(resource, None)]
    if resource == "pods":
        now = stored.document["spec"].get("nodeName")
        was = old.document["spec"].get("nodeName") if old is not None else now
        if now and f"pods@node={now}" in logs:
            found.append((f"pods@node={now}", ADDED if old is not None and was != now else None))
        if was and was != now and f"pods@node={was}" in logs:
            found.append((f"pods@node={was}", DELETED))
    else:
        named = f"{resource}@name={stored.key}"
        if named in logs:
            found.append((named, None))
    return found


def _bare(document: Document) -> Document:
    metadata = document["metadata"]
    if "resourceVersion" not in metadata:
        return document
    return {**document, "metadata": {name: value for name, value in metadata.items() if name != "resourceVersion"}}


def _cell(resource: str, key: str, revision: int, content: int) -> int:
    return mix(content + cell("object", resource, key), revision)


def _revision_cell(revision: int, compacted: int) -> int:
    return cell("revision") * revision + cell("compacted") * compacted


def _undo(change: Change) -> Collection:
    """The collection before `change`."""
    if change.prev is None:
        return change.root.drop(change.obj)
    return change.root.put(change.prev, change.obj if change.type != DELETED else None)
