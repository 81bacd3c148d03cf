"""The wire: what happens when an API server handles a request, and how its reply sets out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .action import Serve
from .digest import cell, mix
from .flight import salt
from .informers import mask_of, watch_cache
from .model import Occasion
from .process import Process
from .ready import ids
from .wire import TIMEOUT, InFlight, Request, Response
from .world import BEHIND, REPLIES, REQUESTS

if TYPE_CHECKING:
    from .draft import Draft

KEPT_REVISIONS = 1_000
"""History of so many revisions survives; it is compacted when there is twice as much, but never what a live informer still has to take (ARCHITECTURE §11)."""


def serve(draft: Draft, action: Serve) -> None:
    """An API server handles a request; its reply sets out, if somebody waits for it."""
    message = draft.take(action.p, action.number, REQUESTS)
    draft.delta.cause = message.cause
    if action.reject:
        response = draft.model.api.refuse(message.request, action.reject)
    else:
        response = _handle(draft, action.p, message)
        if action.lost:
            response = Response(TIMEOUT)
    draft.delta.served = (message, response)
    if message.flight is not None:
        answer(draft, message, response)


def serve_now(draft: Draft, p: int, request: Request) -> None:
    """The API server of process `p` handles a request that `p` makes from outside: it came over a real wire, so none of the model's carries it."""
    process = draft.world.procs[p]
    digest = cell("now", process.pid, process.incarnation)
    message = InFlight(f"{process.pid}/now", p, process.incarnation, process.server, request, None, 0, digest, -1)
    draft.delta.served = (message, _handle(draft, process.server, message))


def _handle(draft: Draft, server: int, message: InFlight) -> Response:
    world = draft.world
    sender = world.procs[message.sender]
    serving = world.procs[server]

    def cached(resource: str) -> Any:
        if not world.lagging or server not in world.trailing:
            return world.store.collection(resource)
        informer = watch_cache(draft, server, resource)
        return world.store.collection(resource) if informer is None else informer.root

    agent = message.request.agent or draft.model.agent(sender.pid)
    occasion = Occasion(draft.now_ms, agent, sender.pid, serving.pid, draft.index, cached)
    response: Response
    world.store, response, commits = draft.model.api.serve(world.store, message.request, occasion)
    if commits:
        _committed(draft, commits)
    return response


def _committed(draft: Draft, commits: tuple[Any, ...]) -> None:
    world = draft.world
    draft.delta.commits += commits
    heartbeat = draft.model.is_heartbeat
    for change in commits:
        draft.ready[BEHIND] |= mask_of(draft, change) & ~world.lagging
        if not heartbeat(change):
            draft.disturb()
    if world.store.revision - world.store.compacted >= 2 * KEPT_REVISIONS:
        world.store = world.store.compact(min(world.store.revision - KEPT_REVISIONS, _oldest_needed(draft)))


def _oldest_needed(draft: Draft) -> int:
    """The revision after which history must be kept so that no informer on its way loses an event."""
    world = draft.world
    oldest = int(world.store.revision)
    for iid in ids(draft.ready[BEHIND]):
        p, place = world.informers[iid]
        informer = world.procs[p].informers[place]
        if informer is not None and informer.position >= 0:
            log = world.store.log(draft.model.program(world.pids[p]).streams[place])
            oldest = min(oldest, log[informer.position].revision - 1)
    return oldest


def answer(draft: Draft, message: InFlight, response: Response) -> None:
    """Put the reply on the wire, unless the sender that asked is gone."""
    sender = draft.world.procs[message.sender]
    if not sender.alive or sender.incarnation != message.incarnation:
        return
    reply = InFlight(
        message.rid,
        message.sender,
        message.incarnation,
        message.server,
        message.request,
        message.flight,
        message.part,
        mix(message.digest, salt(response) + 1),
        draft.index,
        response,
    )
    draft.put(message.sender, reply, REPLIES)


def emit(draft: Draft, p: int, process: Process, request: Request) -> None:
    """Send a request for whose reply nobody waits."""
    if not draft.model.events and request.resource == "events":
        return
    stem = f"{process.pid}/emit"
    digest = mix(cell("emit", process.pid, process.incarnation), draft.index)
    message = InFlight(stem, p, process.incarnation, process.server, request, None, 0, digest, draft.index)
    draft.send(message)
