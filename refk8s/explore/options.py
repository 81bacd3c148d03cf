"""What a search can do in a World: the usual action, what ends a fault, and what deviates; and which of these commute (specs/search.md)."""

from __future__ import annotations

from collections.abc import Iterator

from ..core.action import (
    Action,
    AdvanceTo,
    Batch,
    Begin,
    Crash,
    Deliver,
    Duplicate,
    Fire,
    Hold,
    Release,
    Reply,
    Serve,
    StopFaults,
    StopNode,
)
from ..core.budget import NO_FAULTS
from ..core.clock import GOAL
from ..core.enabled import enabled, first, owed
from ..core.faults import possible, recoveries
from ..core.model import Model
from ..core.process import USER
from ..core.world import BEHIND, World


def usual(model: Model, world: World) -> Action | None:
    """What the sane scheduler does: `first`, and where all that goes on waits for the end of a fault, the adversary gives up. None if nothing can happen."""
    action = first(world)
    if world.faults is NO_FAULTS or (action is not None and type(action) is not AdvanceTo):
        return action
    return StopFaults() if action is None or _only_waits(model, world, action.deadline_ms) else action


def _only_waits(model: Model, world: World, deadline_ms: int) -> bool:
    """Whether an idle World is quiet but for what lasting faults withhold."""
    end_ms = world.last_effect_ms + model.quiet_ms
    if world.now_ms < end_ms and (model.heartbeats or deadline_ms <= end_ms):
        return False
    timers = world.timers
    for p, mine in timers.armed.items():
        if not world.stopped >> p & 1 and any(timer.kind == GOAL for timer in mine.values()):
            return False
    return all(world.stopped >> p & 1 for p, _ in owed(world))


def free(model: Model, world: World) -> Iterator[Action]:
    """The ends of faults that last; they cost nothing. A hold ends only when there is something that it withholds."""
    for action in recoveries(world):
        if type(action) is not Release or _withholds(world, action.iid):
            yield action


def _withholds(world: World, iid: int) -> bool:
    if iid >= 0:
        return bool(world.ready[BEHIND] >> iid & 1)
    p = -iid - 1
    first_iid, count = world.first_informer[p], len(world.procs[p].informers)
    return bool(world.ready[BEHIND] >> first_iid & ((1 << count) - 1)) or any(bits >> p & 1 for bits in world.ready[1:])


def alternatives(model: Model, world: World) -> Iterator[Action]:
    """What deviates from the usual: every other enabled action, but that time does not pass while work waits, and every fault that the budget allows.

    Holding begins only where what is held would act: earlier makes no difference.
    """
    action = usual(model, world)
    for other in enabled(world):
        if type(other) is not AdvanceTo and not (type(other) is type(action) and other == action):
            yield other
    if world.faults is not NO_FAULTS:
        for fault in possible(model, world):
            if type(fault) is not Hold or _would_act(world, action, fault.iid):
                yield fault


def _would_act(world: World, action: Action | None, iid: int) -> bool:
    if iid >= 0:
        return getattr(action, "iid", -1) == iid
    return action is not None and actor(world, action) == -iid - 1


def actor(world: World, action: Action) -> int:
    """The process that acts or is acted on, -1 for none in particular."""
    kind = type(action)
    if kind in (Deliver, Batch, Duplicate):
        return world.informers[action.iid][0]  # type: ignore[union-attr]  # kind says which action it is
    if kind is Hold:
        return world.informers[action.iid][0] if action.iid >= 0 else -action.iid - 1  # type: ignore[union-attr]  # kind says which action it is
    if kind in (Reply, Serve, Begin, Fire, Crash, StopNode):
        return int(action.p)  # type: ignore[union-attr]  # kind says which action it is
    return -1


_LOCAL = (Deliver, Fire)
_WORK = (Deliver, Fire, Begin, Reply, Serve)
_STOPS = (Crash, StopNode)
_BESIDE = (Deliver, Batch, Duplicate, Fire, Reply, Serve, Begin)


def commutes(model: Model, world: World, usual: Action, other: Action) -> bool:
    """Whether `usual` and then `other` is the same as the other way round, and both ways are open (specs/search.md argues why).

    Either `usual` touches nothing but a process that is no API server, and `other` is of another process; or `other` stops a process that is no API server, and
    `usual` is of another process. Never is one of them of a user, whose script can switch processes off, but for a request of a user that is served.
    """
    if type(usual) not in _WORK:
        return False
    mine, theirs = actor(world, usual), actor(world, other)
    if (
        mine == theirs
        or theirs < 0
        or not (_is_tame(model, world, usual, mine) and _is_tame(model, world, other, theirs))
    ):
        return False
    if type(other) in _STOPS:
        return world.procs[theirs].server != theirs
    is_local = type(usual) in _LOCAL and world.procs[mine].server != mine
    return is_local and type(other) in _BESIDE and (type(other) is Serve or world.procs[theirs].server != theirs)


def _is_tame(model: Model, world: World, action: Action, p: int) -> bool:
    return type(action) in (Serve, Deliver) or model.program(world.pids[p]).rank != USER
