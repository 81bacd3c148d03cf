"""Informers: what they take, what they list, and when they can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .action import Deliver, Relist
from .errors import ModelError
from .fingerprint import informer_cell, informer_weight
from .hands import Hands
from .process import Informer, Process, Program
from .ready import ids
from .world import BEHIND

if TYPE_CHECKING:
    from .draft import Draft


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


def relist(draft: Draft, action: Relist, lag: int = 0) -> None:
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
    root, revision = source
    log = world.store.log(stream)
    position = log.end
    while position > log.base and log[position - 1].revision > revision:
        position -= 1
    fresh = Informer(position, root, revision)
    process.informers = (*process.informers[:place], fresh, *process.informers[place + 1 :])
    world.partial += informer_cell(process.pid, stream, fresh) - (informer_cell(process.pid, stream, old) if old else 0)
    _refresh(draft, action.iid, process, stream, fresh, log)
    hands = Hands(draft, p, process, draft.index)
    draft.delta.delivered = (p, stream, None)
    draft.delta.place = place
    for change in root.replacement(stream, old.root if old else None, revision, draft.index):
        for handler in program.handlers[place]:
            handler(hands, change)
    if not process.started and None not in process.informers:
        start(draft, p, process, program)
    draft.settle(p, process, program)
    if p in world.trailing:
        for iid in ids(_clients(draft, p, stream)):
            reconsider(draft, iid)


def compact(draft: Draft, keep: int) -> None:
    """Forget all history but the last `keep` revisions; watches that still needed some of it end with 410."""
    world = draft.world
    world.store = world.store.compact(world.store.revision - keep)
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
    """An API server's watch cache has taken `change`: its clients may take it too."""
    draft.ready[BEHIND] |= mask_of(draft, change) & draft.world.trailing[server]


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
