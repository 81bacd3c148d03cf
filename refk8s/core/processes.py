"""Processes: how they come, crash, start anew, and are held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .action import Crash, Hold, Release, Restart
from .digest import cell
from .errors import ModelError
from .fingerprint import process_cells
from .informers import source_of, start
from .messages import answer
from .process import Process, Program
from .table import EMPTY_LANE
from .wire import TIMEOUT, Response
from .world import BEGIN, BEHIND, REPLIES, REQUESTS

if TYPE_CHECKING:
    from .draft import Draft


def add_process(draft: Draft, pid: str, server: int, *, trailing: bool = False) -> int:
    """A new process, whose informers still have to list; its dense id. `trailing`: an API server whose watch cache has a position of its own."""
    world = draft.world
    if pid in world.names:
        raise ModelError(f"process {pid} exists already")
    program = draft.model.program(pid)
    p = len(world.pids)
    process = Process.fresh(pid, server, program, 0, alive=True)
    world.pids = (*world.pids, pid)
    world.names = world.names.set(pid, p)
    world.workers = (*world.workers, tuple(controller.workers for controller in program.controllers))
    first = len(world.informers)
    world.first_informer = (*world.first_informer, first)
    world.informers = world.informers + tuple((p, place) for place in range(len(program.streams)))
    mask = 0
    for place, stream in enumerate(program.streams):
        bit = 1 << (first + place)
        mask |= bit
        world.subscribers = world.subscribers.set(stream, (world.subscribers.get(stream) or 0) | bit)
        world.store = world.store.with_stream(stream)
    if server in world.trailing and server != p:
        world.trailing = world.trailing.set(server, world.trailing[server] | mask)
        world.lagging |= mask
    if trailing:
        world.trailing = world.trailing.set(p, 0)
    _boot(draft, p, process, program)
    return p


def _boot(draft: Draft, p: int, process: Process, program: Program) -> None:
    world = draft.world
    world.partial += cell("process", process.pid, process.incarnation, 1)
    for place, stream in enumerate(program.streams):
        if source_of(draft, process, stream) is not None:
            draft.ready[BEHIND] |= 1 << (world.first_informer[p] + place)
    if not program.streams:
        start(draft, p, process, program)
    draft.settle(p, process, program)


def crash(draft: Draft, action: Crash) -> None:
    """A process loses all but its durable memory; what it had sent stays on the wire, who asked it sees a timeout."""
    p, world = action.p, draft.world
    old = world.procs[p]
    program = draft.model.program(old.pid)
    dead = Process.fresh(old.pid, old.server, program, old.incarnation + 1, alive=False)
    dead.memory = old.durable()
    world.partial -= process_cells(p, world, old, program)
    world.timers = world.timers.drop(p)
    draft.note_due(p)
    lane = world.inbox.get(p, EMPTY_LANE)
    for number in lane.numbers():
        message = draft.take(p, number, REPLIES if lane[number].response else REQUESTS)
        if message.response is None and message.flight is not None:
            answer(draft, message, Response(TIMEOUT))
    world.procs = world.procs.set(p, dead)
    world.partial += process_cells(p, world, dead, program)
    draft.ready[BEHIND] &= ~(_informers_of(draft, p) | (world.trailing.get(p) or 0))
    draft.ready[BEGIN + program.rank] &= ~(1 << p)
    _disturbed(draft)


def restart(draft: Draft, action: Restart) -> None:
    """A process that is down starts anew."""
    p, world = action.p, draft.world
    dead = world.procs[p]
    if dead.alive:
        raise ModelError(f"{dead.pid} is running")
    program = draft.model.program(dead.pid)
    process = Process.fresh(dead.pid, dead.server, program, dead.incarnation, alive=True)
    process.memory = dead.memory
    world.partial -= cell("process", dead.pid, dead.incarnation, 0)
    _boot(draft, p, process, program)
    _disturbed(draft)


def hold(draft: Draft, action: Hold) -> None:
    """An informer (or a process) does not act until it is released."""
    world = draft.world
    world.holds = (*world.holds, action.iid)
    world.partial += cell("held", action.iid)
    _mask_out(draft)


def release(draft: Draft, action: Release) -> None:
    """The end of a hold; what is held otherwise stays so."""
    world = draft.world
    world.holds = tuple(held for held in world.holds if held != action.iid)
    world.partial -= cell("held", action.iid)
    _disturbed(draft)


def _informers_of(draft: Draft, p: int) -> int:
    world = draft.world
    return ((1 << len(world.procs[p].informers)) - 1) << world.first_informer[p]


def _mask_out(draft: Draft) -> None:
    """What does not act: processes that are held or down with all their informers, and informers held by themselves."""
    world = draft.world
    stopped = {-iid - 1 for iid in world.holds if iid < 0} | {
        p for p, process in world.procs.items() if not process.alive
    }
    world.stopped = sum(1 << p for p in sorted(stopped))
    world.held = 0
    for p in sorted(stopped):
        world.held |= _informers_of(draft, p)
    for iid in world.holds:
        if iid >= 0:
            world.held |= 1 << iid


def _disturbed(draft: Draft) -> None:
    """A process stopped or may go on: the period after which a cluster counts as quiet begins anew."""
    draft.world.last_effect_ms = draft.now_ms
    _mask_out(draft)
