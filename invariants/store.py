"""What the store and its watches promise. Catalogue S1, S5-S9, S13, S15, S16."""

from __future__ import annotations

from typing import Any

from refk8s.api.store import Change
from refk8s.core.action import Action
from refk8s.core.delta import Delta
from refk8s.core.invariant import LIVENESS, SAFETY, AtQuiet, Delivered, Writes
from refk8s.core.model import Model
from refk8s.core.world import World

from . import SUITE

SPEC = "specs/store.md"
WATCH = "etcd tests/robustness/validate/watch.go"


@SUITE.invariant(
    "STORE-01", severity=SAFETY, on=Writes(), spec=SPEC, source="etcd api guarantees, KV revision", catalogue="S1"
)
def every_commit_has_a_revision_of_its_own_above_all_earlier_ones(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """Every commit gets a revision greater than all earlier ones; none is ever used again."""
    last = before.store.revision
    for change in delta.commits:
        if change.revision <= last:
            return f"{change.resource}/{change.key} was committed at revision {change.revision}, after revision {last}: expected more"
        last = change.revision
    if after.store.revision != last:
        return f"the store is at revision {after.store.revision} after a commit at {last}: expected the same"
    return None


@SUITE.invariant(
    "STORE-02", severity=SAFETY, on=Writes(), spec=SPEC, source="api-concepts, resource versions", catalogue="S1"
)
def resource_version_is_the_revision_of_the_commit(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """The resourceVersion of a written object is the revision of the commit that wrote it."""
    for change in delta.commits:
        shown = change.obj.document["metadata"].get("resourceVersion")
        if shown != str(change.revision):
            return f"{change.resource}/{change.key} shows resourceVersion {shown}, committed at {change.revision}: expected the same"
    return None


@SUITE.invariant(
    "WATCH-01", severity=SAFETY, on=Delivered(), spec="specs/watch.md", source=f"{WATCH}, Filter", catalogue="S5"
)
def watch_delivers_only_what_its_selector_covers(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """An event of a selective watch is about an object that matches the selector, or did before."""
    if delta.delivered is None or delta.delivered[2] is None:
        return None
    p, stream, last = delta.delivered
    resource, _, selector = stream.partition("@")
    field, _, value = selector.partition("=")
    for change in delta.batch or (last,):
        if change.resource != resource:
            return f"{after.pids[p]} watches {stream} and got an event of {change.resource}/{change.key}: expected only {resource}"
        if field == "node":
            versions = [version for version in (change.obj, change.prev) if version is not None]
            nodes = [version.document["spec"].get("nodeName") or "no node" for version in versions]
            if value not in nodes:
                return f"{after.pids[p]} watches {stream} and got {change.key} on {nodes[0]}: expected only pods of {value}"
        elif field == "name" and change.key != value:
            return f"{after.pids[p]} watches {stream} and got {change.key}: expected only {value}"
    return None


@SUITE.invariant(
    "WATCH-02", severity=SAFETY, on=Delivered(), spec="specs/watch.md", source=f"{WATCH}, Ordered", catalogue="S6"
)
def watch_delivers_in_the_order_of_revisions(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """The events of a watch come in the order of their revisions."""
    moved = _moved(before, after, delta)
    if moved is None:
        return None
    pid, stream, old, _, changes = moved
    reached = old.revision if old is not None else 0
    for change in changes:
        if change.revision < reached:
            return f"{pid} got an event of {stream} at revision {change.revision} after it had got to {reached}: expected a later one"
        reached = change.revision
    return None


@SUITE.invariant(
    "WATCH-03", severity=SAFETY, on=Delivered(), spec="specs/watch.md", source=f"{WATCH}, Unique", catalogue="S7"
)
def watch_delivers_no_event_twice(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """No event is delivered to the same watch twice."""
    moved = _moved(before, after, delta)
    if moved is None:
        return None
    pid, stream, old, new, changes = moved
    if changes and old is not None and new.position < old.position + len(changes):
        return f"{pid} got {changes[-1].type} {changes[-1].key} of {stream} again, and is at event {new.position}: expected {old.position + len(changes)}"
    return None


@SUITE.invariant(
    "WATCH-04", severity=SAFETY, on=Delivered(), spec="specs/watch.md", source=f"{WATCH}, Reliable", catalogue="S9"
)
def watch_never_skips_an_event(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A watch delivers every event of its stream: what comes is the next one, or the next ones in a batch."""
    moved = _moved(before, after, delta)
    if moved is None:
        return None
    pid, stream, old, new, changes = moved
    if not changes or old is None:
        return None
    if new.position != old.position + len(changes):
        return f"{pid} went from event {old.position} of {stream} to {new.position}: expected {old.position + len(changes)}"
    for place, change in enumerate(changes, old.position):
        wanted = before.store.log(stream)[place]
        if wanted is not change:
            return f"{pid} got {change.type} {change.key}@{change.revision} of {stream}: expected {wanted.type} {wanted.key}@{wanted.revision}"
    return None


@SUITE.invariant(
    "WATCH-05", severity=SAFETY, on=Delivered(), spec="specs/watch.md", source="api-concepts, 410 Gone", catalogue="S13"
)
def watch_below_the_compaction_floor_is_gone(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A watch that would need compacted history ends with 410 and lists anew; it never goes on behind a gap."""
    moved = _moved(before, after, delta)
    if moved is None:
        return None
    pid, stream, old, _, changes = moved
    if changes and old is not None and old.position < before.store.log(stream).base:
        return f"{pid} goes on with {stream} after event {old.position}, of which those before {before.store.log(stream).base} are compacted: expected 410"
    return None


@SUITE.invariant(
    "CACHE-01", severity=SAFETY, on=Delivered(), spec="specs/watch.md", source="k#59848; KEP-2340", catalogue="S15"
)
def cache_is_a_state_that_the_store_had_and_never_goes_back(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """Every state of a cache is a state that the store had, and a client's cache never goes back in time."""
    moved = _moved(before, after, delta)
    if moved is None:
        return None
    pid, stream, old, new, _ = moved
    if old is not None and new.revision < old.revision:
        return f"the cache of {pid} of {stream} went back to revision {new.revision}: expected {old.revision} or later"
    log = after.store.log(stream)
    if new.position <= log.base:
        return None
    taken = log[new.position - 1]
    if taken.revision > new.revision:
        return f"the cache of {pid} of {stream} says revision {new.revision}: expected {taken.revision}, of which it has taken an event"
    if new.revision == taken.revision and new.root is not taken.root:
        has, wanted = _versions(new.root, stream), _versions(taken.root, stream)
        return f"the cache of {pid} of {stream} at revision {new.revision} has {_difference(has, wanted)}"
    return None


@SUITE.invariant(
    "WATCH-06", severity=SAFETY, on=Writes(), spec="specs/watch.md", source=f"{WATCH}, Atomic", catalogue="S8"
)
def watches_get_a_commit_whole(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A revision is one event in every stream that it concerns, at the moment of its commit: no watcher can see half of it."""
    for change in delta.commits:
        for stream in _concerned(after, change):
            log = after.store.log(stream)
            place = log.end - 1
            while place >= log.base and log[place].revision > change.revision:
                place -= 1
            found = log[place] if place >= log.base else None
            if found is None or found.revision != change.revision:
                return f"{change.type} {change.key}@{change.revision} is not in the stream {stream}: expected one event of it"
            if found.obj is not change.obj or (place > log.base and log[place - 1].revision == change.revision):
                return f"the stream {stream} has another event at revision {change.revision}: expected only {change.type} {change.key}"
    return None


def _concerned(world: World, change: Change) -> tuple[str, ...]:
    """The streams that somebody watches and a commit concerns."""
    resource = change.resource
    if resource != "pods":
        named = f"{resource}@name={change.key}"
        return (resource, named) if named in world.subscribers else (resource,)
    now = change.obj.document["spec"].get("nodeName")
    was = change.prev.document["spec"].get("nodeName") if change.prev is not None else now
    nodes = (now,) if was == now else (now, was)
    streams = [f"pods@node={node}" for node in nodes if node]
    return (resource, *[stream for stream in streams if stream in world.subscribers])


@SUITE.invariant("CACHE-02", severity=LIVENESS, on=AtQuiet(), spec="specs/watch.md", source="KEP-4988", catalogue="S16")
def caches_converge_to_the_store(model: Model, world: World) -> str | None:
    """Once the cluster is quiet, every cache holds exactly what the store holds."""
    for iid, (p, place) in enumerate(world.informers):
        informer = world.procs[p].informers[place]
        if informer is None or world.held >> iid & 1:
            continue
        stream = model.program(world.pids[p]).streams[place]
        has = _versions(informer.root, stream)
        wanted = _versions(world.store.collection(stream.partition("@")[0]), stream)
        if has != wanted:
            return f"the cache of {world.pids[p]} of {stream} has {_difference(has, wanted)}"
    return None


def _versions(root: Any, stream: str) -> dict[str, int]:
    """Key → revision of what a state of the store holds of a stream."""
    return {stored.key: stored.revision for stored in root.cache(stream).all()}


def _difference(has: dict[str, int], wanted: dict[str, int]) -> str:
    """The first object in which two states differ: the version that is there, and the one expected."""
    for key in sorted({*has, *wanted}):
        if has.get(key) != wanted.get(key):
            found, right = (f"{key}@{each[key]}" if key in each else f"no {key}" for each in (has, wanted))
            return f"{found}: expected {right}"
    return "other contents at the same revisions: expected the same"


def _moved(before: World, after: World, delta: Delta) -> tuple[str, str, Any, Any, tuple[Any, ...]] | None:
    """(process, stream, informer before, informer after, changes; none: a list) of the informer that this step moved."""
    if delta.delivered is None:
        return None
    p, stream, change = delta.delivered
    process = after.procs[p]
    new = process.informers[delta.place]
    if new is None:
        return None
    changes = delta.batch or ((change,) if change is not None else ())
    return process.pid, stream, before.procs[p].informers[delta.place], new, changes
