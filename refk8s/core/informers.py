"""Informers: what they take, what they list, and when they can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .action import Batch, Compaction, Deliver, Duplicate, Relist
from .errors import ModelError
from .fingerprint import informer_cell, informer_weight
from .hands import Hands
from .process import Informer, Process, Program
from .ready import ids
from .world import BEHIND

if TYPE_CHECKING:
    from .draft import Draft
    from .model import Model
    from .world import World


def deliver(draft: Draft, action: Deliver) -> None:
    """An informer takes the next change of its stream, and its process hears of it."""
    world = draft.world
    p, place = world.informers[action.iid]
    process = world.procs[p].copy()
    program = draft.model.program(process.pid)
    stream = program.streams[place]
    informer = process.informers[place]
    if informer is None:
        raise ModelError(f"deliver {stream} to {process.pid} before its first list")
    log = world.store.log(stream)
    change, moved = draft.model.watches.take(stream, log, informer)
    informers = list(process.informers)
    informers[place] = moved
    process.informers = tuple(informers)
    if moved.overlay == informer.overlay:
        world.partial += informer_weight(process.pid, stream, moved) * (moved.position - informer.position)
    else:
        world.partial += informer_cell(process.pid, stream, moved) - informer_cell(process.pid, stream, informer)
    _refresh(draft, action.iid, process, stream, moved, log)
    draft.delta.delivered = (p, stream, change)
    draft.delta.place = place
    draft.delta.cause = change.cause
    hands = Hands(draft, p, process, draft.index)
    for handler in program.handlers[place]:
        handler(hands, change)
    if world.lagging and p in world.trailing:
        _feed(draft, p, change)
    draft.settle(p, process, program)


def batch(draft: Draft, action: Batch) -> None:
    """The cache takes several changes, then the handlers hear of each: upstream calls them from a buffer behind the cache.

    Source: client-go/tools/cache/shared_informer.go, processorListener.
    """
    world = draft.world
    p, place = world.informers[action.iid]
    process = world.procs[p].copy()
    program = draft.model.program(process.pid)
    stream = program.streams[place]
    informer = process.informers[place]
    log = world.store.log(stream)
    if informer is None or not 0 <= informer.position <= log.end - action.size:
        raise ModelError(f"{process.pid} cannot take {action.size} changes of {stream} at once")
    moved, taken = informer, []
    for _ in range(action.size):
        change, moved = draft.model.watches.take(stream, log, moved)
        taken.append(change)
    process.informers = (*process.informers[:place], moved, *process.informers[place + 1 :])
    world.partial += informer_cell(process.pid, stream, moved) - informer_cell(process.pid, stream, informer)
    _refresh(draft, action.iid, process, stream, moved, log)
    draft.delta.delivered, draft.delta.batch, draft.delta.place = (p, stream, taken[-1]), tuple(taken), place
    draft.delta.cause = taken[-1].cause
    hands = Hands(draft, p, process, draft.index)
    for change in taken:
        for handler in program.handlers[place]:
            handler(hands, change)
        if world.lagging and p in world.trailing:
            _feed(draft, p, change)
    draft.settle(p, process, program)


def pending(model: Model, world: World, iid: int) -> int:
    """How many changes an informer has not taken that its API server has; 0 for one that has to list first."""
    p, place = world.informers[iid]
    process = world.procs[p]
    informer = process.informers[place]
    if informer is None or informer.position < 0:
        return 0
    stream = model.program(process.pid).streams[place]
    log = world.store.log(stream)
    end = log.end
    if world.lagging >> iid & 1:
        server = world.procs[process.server]
        cache = server.informers[model.program(server.pid).stream_index[stream.partition("@")[0]]]
        shown = -1 if cache is None else cache.revision
        while end > informer.position and log[end - 1].revision > shown:
            end -= 1
    return int(end - informer.position)


def heard_last(model: Model, world: World, iid: int) -> Any:
    """What a handler would hear if the last event came again, None if nothing can: the object is gone, or history does not have the event any more."""
    p, place = world.informers[iid]
    process = world.procs[p]
    informer = process.informers[place]
    if informer is None:
        return None
    log = world.store.log(model.program(process.pid).streams[place])
    return log[informer.position - 1].again() if log.base < informer.position <= log.end else None


def duplicate(draft: Draft, action: Duplicate) -> None:
    """The handlers hear again of an object as it is in the cache, as an update that changes nothing (a watch that began anew, a resync).

    Source: client-go/tools/cache/controller.go, processDeltas: what the cache has is updated, whatever the event says.
    """
    again = heard_last(draft.model, draft.world, action.iid)
    if again is None:
        raise ModelError("nothing to hear of again")
    p, place = draft.world.informers[action.iid]
    process = draft.world.procs[p].copy()
    program = draft.model.program(process.pid)
    draft.delta.cause = again.cause
    hands = Hands(draft, p, process, draft.index)
    for handler in program.handlers[place]:
        handler(hands, again)
    draft.settle(p, process, program)


def relist(draft: Draft, action: Relist) -> None:
    """An informer lists its stream anew, and its process hears what is different."""
    world = draft.world
    p, place = world.informers[action.iid]
    process = world.procs[p].copy()
    program = draft.model.program(process.pid)
    stream = program.streams[place]
    old = process.informers[place]
    source = source_of(draft, process, stream)
    if source is None:
        raise ModelError(f"{process.pid} lists {stream} before the watch cache that feeds it has")
    log = world.store.log(stream)
    fresh = _listed(log, *source, old, action.lag)
    process.informers = (*process.informers[:place], fresh, *process.informers[place + 1 :])
    world.partial += informer_cell(process.pid, stream, fresh) - (informer_cell(process.pid, stream, old) if old else 0)
    _refresh(draft, action.iid, process, stream, fresh, log)
    hands = Hands(draft, p, process, draft.index)
    draft.delta.delivered = (p, stream, None)
    draft.delta.place = place
    for change in fresh.root.replacement(stream, old.root if old else None, fresh.revision, draft.index):
        for handler in program.handlers[place]:
            handler(hands, change)
    if not process.started and None not in process.informers:
        start(draft, p, process, program)
    draft.settle(p, process, program)
    if p in world.trailing:
        for iid in ids(_clients(draft, p, stream)):
            reconsider(draft, iid)


def _listed(log: Any, root: Any, revision: int, old: Informer | None, lag: int) -> Informer:
    """An informer after a list that gave the collection `root` as of `revision`, or what it was `lag` changes before."""
    position = log.end
    while position > log.base and log[position - 1].revision > revision:
        position -= 1
    if not lag:
        return Informer(position, root, revision)
    position -= lag
    if old is not None and position == old.position:
        return Informer(position, old.root, old.revision)
    if position <= log.base:
        raise ModelError(f"a list {lag} changes behind is older than the history")
    return Informer(position, log[position - 1].root, log[position - 1].revision)


def compaction(draft: Draft, action: Compaction) -> None:
    """etcd compacts its history."""
    compact(draft, action.keep)


def compact(draft: Draft, keep: int) -> None:
    """Forget all history but the last `keep` revisions; watches that still needed some of it end with 410."""
    world = draft.world
    world.store = world.store.compact(world.store.revision - keep)
    fed = 0
    for iid, (p, place) in enumerate(world.informers):
        process = world.procs[p]
        informer = process.informers[place]
        stream = draft.model.program(process.pid).streams[place]
        log = world.store.log(stream)
        if informer is None or not 0 <= informer.position < log.base:
            continue
        expired = draft.model.watches.expire(log, informer)
        world.partial += informer_cell(process.pid, stream, expired) - informer_cell(process.pid, stream, informer)
        process = process.copy()
        process.informers = (*process.informers[:place], expired, *process.informers[place + 1 :])
        world.procs = world.procs.set(p, process)
        reconsider(draft, iid)
        if p in world.trailing:
            fed |= _clients(draft, p, stream)
    for iid in ids(fed):  # a watch cache that has to list anew gives nothing to list
        reconsider(draft, iid)


def source_of(draft: Draft, process: Process, stream: str) -> tuple[Any, int] | None:
    """The collection and revision that a list of `stream` by `process` sees; None while the watch cache that feeds it has not listed."""
    world = draft.world
    resource = stream.partition("@")[0]
    server = process.server
    if server in world.trailing and world.pids[server] != process.pid:
        informer = watch_cache(draft, server, resource)
        return None if informer is None or informer.position < 0 else (informer.root, informer.revision)
    return world.store.collection(resource), world.store.revision


def watch_cache(draft: Draft, server: int, resource: str) -> Informer | None:
    """The informer that is the watch cache of an API server for a resource."""
    process = draft.world.procs[server]
    return process.informers[draft.model.program(process.pid).stream_index[resource]]


def _refresh(draft: Draft, iid: int, process: Process, stream: str, informer: Informer, log: Any) -> None:
    """Set the ready bit of an informer that has just moved."""
    more = informer.position < log.end
    if more and draft.world.lagging >> iid & 1:
        source = source_of(draft, process, stream)
        more = source is not None and log[informer.position].revision <= source[1]
    if more:
        draft.ready[BEHIND] |= 1 << iid
    else:
        draft.ready[BEHIND] &= ~(1 << iid)


def reconsider(draft: Draft, iid: int) -> None:
    """Set the ready bit of an informer after something that it depends on has changed."""
    p, place = draft.world.informers[iid]
    process = draft.world.procs[p]
    stream = draft.model.program(process.pid).streams[place]
    informer = process.informers[place]
    if informer is not None and informer.position >= 0:
        _refresh(draft, iid, process, stream, informer, draft.world.store.log(stream))
    elif source_of(draft, process, stream) is not None:
        draft.ready[BEHIND] |= 1 << iid
    else:
        draft.ready[BEHIND] &= ~(1 << iid)


def _feed(draft: Draft, server: int, change: Any) -> None:
    """An API server's watch cache has taken `change`: its clients may take it too, if they have not had it from another API server before."""
    world = draft.world
    for iid in ids(mask_of(draft, change) & world.trailing[server]):
        p, place = world.informers[iid]
        process = world.procs[p]
        informer = process.informers[place]
        if informer is None or informer.position < 0:
            draft.ready[BEHIND] |= 1 << iid
            continue
        log = world.store.log(draft.model.program(process.pid).streams[place])
        if informer.position < log.end and log[informer.position].revision <= change.revision:
            draft.ready[BEHIND] |= 1 << iid


def mask_of(draft: Draft, change: Any) -> int:
    """The informers that a change concerns."""
    subscribers = draft.world.subscribers
    mask = 0
    for stream in change.streams:
        mask |= subscribers.get(stream) or 0
    return mask


def _clients(draft: Draft, server: int, resource: str) -> int:
    """The informers of a resource, selective ones included, that an API server's watch cache feeds."""
    mask = 0
    for stream, informers in draft.world.subscribers.items():
        if stream.partition("@")[0] == resource:
            mask |= informers
    return mask & draft.world.trailing[server]


def start(draft: Draft, p: int, process: Process, program: Program) -> None:
    """All caches have synced: the controllers start."""
    process.started = True
    hands = Hands(draft, p, process, draft.index)
    for controller in program.controllers:
        controller.started(hands)
