"""What an adversary may do now: the faults that are possible in a World, by kind, simplest first, and how lasting ones end.

A fault is an action like any other: `step` carries it out and charges it to the budget in the World, its label names objects, processes and lags, and `find`
gives it back from its label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from .action import (
    Action,
    AdvanceTo,
    Batch,
    Compaction,
    Crash,
    Duplicate,
    Heal,
    Hold,
    Mishap,
    Partition,
    Release,
    Relist,
    Restart,
    Serve,
    StopFaults,
    StopNode,
)
from .budget import KINDS, NO_FAULTS, FaultBudget
from .enabled import CLOCK, actions_of, is_idle
from .informers import heard_last, pending
from .model import Model
from .process import USER
from .ready import ids
from .world import BEHIND, REQUESTS, World

__all__ = [
    "KINDS",
    "NO_FAULTS",
    "REJECTIONS",
    "FaultBudget",
    "is_meddling",
    "kind_of",
    "possible",
    "possible_of",
    "recoveries",
]

REJECTIONS: Final = (429, 500)
"""How an API server refuses a request unseen."""

_KINDS: Final[dict[type, str]] = {
    Crash: "crash",
    Hold: "hold",
    Duplicate: "duplicate",
    Batch: "batch",
    StopNode: "node",
    Mishap: "exit",
    Partition: "partition",
    Compaction: "compact",
}


_ENDS: Final = (Restart, Release, Heal, StopFaults)


def kind_of(action: Action, world: World) -> str | None:
    """The kind of fault that an action is in this World; None for what may happen without an adversary, and for the ends of faults."""
    kind = type(action)
    if kind is Serve:
        return "lost" if action.lost else "reject" if action.reject else None  # type: ignore[union-attr]  # kind says which action it is
    if kind is AdvanceTo:
        return None if is_idle(world) else "clock"
    if kind is Relist:
        p, place = world.informers[action.iid]  # type: ignore[union-attr]  # kind says which action it is
        informer = world.procs[p].informers[place]
        return "relist" if informer is not None and informer.position >= 0 else None
    return _KINDS.get(kind)


def is_meddling(action: Action, world: World) -> bool:
    """Whether an action is a fault, or the end of one; time that passes early is not told apart from delays here."""
    kind = type(action)
    return kind in _ENDS or (kind is not AdvanceTo and kind_of(action, world) is not None)


def possible(model: Model, world: World) -> Iterator[Action]:
    """The faults that are possible now under what is left of the budget: by kind in the order of KINDS, within a kind by process and lag. Lazy."""
    for kind in KINDS:
        if world.faults.left(kind):
            yield from possible_of(model, world, kind)


def possible_of(model: Model, world: World, kind: str) -> Iterator[Action]:
    """The faults of one kind that are possible now, whatever the budget says. Users are people: no fault stops or deceives them, only their requests suffer.

    Only what makes a difference is offered: holding an informer that has nothing to take, for instance, can as well happen later.
    """
    yield from _OFFERS[kind](model, world)


def recoveries(world: World) -> Iterator[Action]:
    """The ends of the lasting faults in force: they are free, and StopFaults does all of them."""
    yield from (Restart(p) for p in world.down)
    yield from (Release(iid) for iid in world.holds)
    yield from (Heal(p, server) for p, server in world.cuts)


def _running(model: Model, world: World) -> Iterator[int]:
    """The processes that can fail."""
    for p, process in world.procs.items():
        if process.alive and model.program(process.pid).rank != USER:
            yield p


def _crashes(model: Model, world: World) -> Iterator[Action]:
    return (Crash(p) for p in _running(model, world))


def _requests(world: World) -> Iterator[Serve]:
    """The requests that can be served now and for whose reply somebody waits."""
    for p in ids(world.ready[REQUESTS] & ~world.stopped):
        lane = world.inbox[p]
        for action in actions_of(world, p):
            if type(action) is Serve and lane[action.number].flight is not None:
                yield action


def _losses(model: Model, world: World) -> Iterator[Action]:
    return (action._replace(lost=True) for action in _requests(world))


def _rejections(model: Model, world: World) -> Iterator[Action]:
    return (action._replace(reject=code) for action in _requests(world) for code in REJECTIONS)


def _watchers(model: Model, world: World) -> Iterator[tuple[int, int]]:
    """(informer, how many changes it could take) of those that are behind and may act, users' apart."""
    for iid in ids(world.ready[BEHIND] & ~world.held):
        behind = pending(model, world, iid)
        if behind and model.program(world.pids[world.informers[iid][0]]).rank != USER:
            yield iid, behind


def _holds(model: Model, world: World) -> Iterator[Action]:
    yield from (Hold(iid) for iid, _ in _watchers(model, world))
    for p in _running(model, world):
        if not world.stopped >> p & 1 and actions_of(world, p):
            yield Hold(-p - 1)


def _relists(model: Model, world: World) -> Iterator[Action]:
    for iid, behind in _watchers(model, world):
        p, place = world.informers[iid]
        process = world.procs[p]
        log = world.store.log(model.program(process.pid).streams[place])
        furthest = log.end - model.watches.oldest(log, process.informers[place])
        yield from (Relist(iid, lag) for lag in range(min(behind, furthest)))


def _batches(model: Model, world: World) -> Iterator[Action]:
    for iid, behind in _watchers(model, world):
        yield from (Batch(iid, count) for count in range(behind, 1, -1))


def _duplicates(model: Model, world: World) -> Iterator[Action]:
    for iid, (p, _) in enumerate(world.informers):
        if world.held >> iid & 1 or model.program(world.pids[p]).rank == USER:
            continue
        if heard_last(model, world, iid) is not None:
            yield Duplicate(iid)


def _node_stops(model: Model, world: World) -> Iterator[Action]:
    for p in _running(model, world):
        if model.program(world.pids[p]).machine is not None:
            yield StopNode(p)
            yield StopNode(p, lost=True)


def _mishaps(model: Model, world: World) -> Iterator[Action]:
    for p in _running(model, world):
        machine = model.program(world.pids[p]).machine
        if machine is not None:
            yield from (Mishap(p, what) for what in machine.mishaps(world.procs[p].memory, world.now_ms))


def _partitions(model: Model, world: World) -> Iterator[Action]:
    for p in _running(model, world):
        server = world.procs[p].server
        if server != p and world.procs[server].alive and (p, server) not in world.cuts:
            yield Partition(p, server)


def _jumps(model: Model, world: World) -> Iterator[Action]:
    if not is_idle(world):
        yield from actions_of(world, CLOCK)


def _compactions(model: Model, world: World) -> Iterator[Action]:
    """Forgetting all history: it makes a difference to watches that are behind."""
    if world.store.compacted < world.store.revision and any(True for _ in _behind(model, world)):
        yield Compaction(0)


def _behind(model: Model, world: World) -> Iterator[int]:
    for iid, (p, place) in enumerate(world.informers):
        informer = world.procs[p].informers[place]
        log = world.store.log(model.program(world.pids[p]).streams[place])
        if informer is not None and 0 <= informer.position < log.end:
            yield iid


_OFFERS: Final[dict[str, Callable[[Model, World], Iterator[Action]]]] = {
    "crash": _crashes,
    "lost": _losses,
    "reject": _rejections,
    "hold": _holds,
    "relist": _relists,
    "duplicate": _duplicates,
    "batch": _batches,
    "node": _node_stops,
    "partition": _partitions,
    "clock": _jumps,
    "compact": _compactions,
    "exit": _mishaps,
}
