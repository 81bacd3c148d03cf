"""Processes: how they come, crash, start anew, and are held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from .action import Crash, Heal, Hold, Mishap, Partition, Release, Restart, StopFaults, StopNode
from .budget import NO_FAULTS
from .digest import cell
from .errors import ModelError
from .fingerprint import process_cells, server_cell
from .hands import Hands
from .informers import reconsider, source_of, start
from .messages import answer
from .process import Process, Program
from .ready import ids
from .table import EMPTY_LANE
from .wire import TIMEOUT, InFlight, Response
from .world import BEGIN, BEHIND, REPLIES, REQUESTS

if TYPE_CHECKING:
    from .draft import Draft
    from .world import World


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
    shut_down(draft, action.p)
    _note_down(draft, action.p)


def stop_node(draft: Draft, action: StopNode) -> None:
    """A machine stops: its process goes down, and if so, all that ran on it is lost."""
    program = draft.model.program(draft.world.pids[action.p])
    if program.machine is None:
        raise ModelError(f"{draft.world.pids[action.p]} has no machine of its own")
    shut_down(draft, action.p)
    _note_down(draft, action.p)
    if action.lost:
        process = draft.world.procs[action.p].copy()
        program.machine.lose(Hands(draft, action.p, process, draft.index))
        draft.world.procs = draft.world.procs.set(action.p, process)


def befall(draft: Draft, action: Mishap) -> None:
    """Something on the machine of a process ends by itself."""
    process = draft.world.procs[action.p].copy()
    program = draft.model.program(process.pid)
    if program.machine is None or not program.machine.befall(Hands(draft, action.p, process, draft.index), action.what):
        raise ModelError(f"{action.what} cannot happen to {process.pid}")
    draft.settle(action.p, process, program)
    draft.disturb()


def shut_down(draft: Draft, p: int) -> None:
    """Switch a process off: it loses all but its durable memory."""
    world = draft.world
    old = world.procs[p]
    program = draft.model.program(old.pid)
    dead = Process.fresh(old.pid, old.server, program, old.incarnation + 1, alive=False)
    dead.memory, dead.home = old.durable(), old.home
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


def _note_down(draft: Draft, p: int) -> None:
    """A fault has stopped a process: it comes back when the faults stop."""
    if p not in draft.world.down:
        draft.world.down = (*draft.world.down, p)
        draft.world.partial += cell("down", p)


def off_on_purpose(draft: Draft, p: int) -> None:
    """A process that is down stays so when the faults stop: somebody has switched it off, or it is up again."""
    if p in draft.world.down:
        draft.world.down = tuple(other for other in draft.world.down if other != p)
        draft.world.partial -= cell("down", p)


def restart(draft: Draft, action: Restart) -> None:
    """A process that is down starts anew."""
    p, world = action.p, draft.world
    dead = world.procs[p]
    if dead.alive:
        raise ModelError(f"{dead.pid} is running")
    program = draft.model.program(dead.pid)
    process = Process.fresh(dead.pid, dead.server, program, dead.incarnation, alive=True)
    process.memory, process.home = dead.memory, dead.home
    world.partial -= cell("process", dead.pid, dead.incarnation, 0)
    off_on_purpose(draft, p)
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


def partition(draft: Draft, action: Partition) -> None:
    """Nothing passes between a process and an API server any more. It turns to the next one that runs, if there is one; else it waits."""
    p, world = action.p, draft.world
    world.cuts = (*world.cuts, (p, action.server))
    world.partial += cell("cut", p, action.server)
    process = world.procs[p]
    if process.server == action.server:
        others = [
            s for s in _servers(world) if s != action.server and world.procs[s].alive and (p, s) not in world.cuts
        ]
        for number in world.inbox.get(action.server, EMPTY_LANE).numbers():
            if world.inbox[action.server][number].sender == p:
                message = draft.take(action.server, number, REQUESTS)
                if others:
                    _abandon(draft, message)
                else:
                    draft.strand(message)
        if others:
            _reconnect(draft, p, min(others, key=lambda s: (s < action.server, s)))
    _disturbed(draft)


def heal(draft: Draft, action: Heal) -> None:
    """The end of a partition: what waited for it sets out."""
    p, world = action.p, draft.world
    world.cuts = tuple(cut for cut in world.cuts if cut != (p, action.server))
    world.partial -= cell("cut", p, action.server)
    lane = world.inbox.get(-p - 1, EMPTY_LANE)
    world.inbox = world.inbox.discard(-p - 1)
    for number in lane.numbers():
        message = lane[number]
        world.partial -= message.digest
        draft.send(message)  # it waits on if its own server is still cut off
    _disturbed(draft)


def _abandon(draft: Draft, message: InFlight) -> None:
    """The connection that carried a request broke: its sender sees a timeout, and the request may still arrive."""
    orphan = attrs.evolve(message, flight=None)
    draft.put(message.server, orphan, REQUESTS)
    if message.flight is not None:
        answer(draft, message, Response(TIMEOUT))


def _reconnect(draft: Draft, p: int, server: int) -> None:
    """A process speaks to another API server from now on; its watches go on where they were."""
    world = draft.world
    process = world.procs[p].copy()
    mine = _informers_of(draft, p)
    if process.server in world.trailing:
        world.trailing = world.trailing.set(process.server, world.trailing[process.server] & ~mine)
    world.partial -= server_cell(process)
    process.server = server
    world.partial += server_cell(process)
    if server in world.trailing:
        world.trailing = world.trailing.set(server, world.trailing[server] | mine)
    world.procs = world.procs.set(p, process)
    for iid in ids(mine):
        reconsider(draft, iid)


def _servers(world: World) -> list[int]:
    """The API servers: the processes that are their own."""
    return [p for p, process in world.procs.items() if process.server == p]


def stop_faults(draft: Draft, action: StopFaults) -> None:
    """All faults end: nothing more of the budget, partitions heal, holds are released, what is down because of a fault comes back."""
    world = draft.world
    world.partial -= world.faults.cell
    world.faults = NO_FAULTS
    for p, server in world.cuts:
        heal(draft, Heal(p, server))
    for iid in world.holds:
        release(draft, Release(iid))
    for p in world.down:
        restart(draft, Restart(p))
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
    for p, process in world.procs.items():
        away = world.stopped >> process.server & 1 and process.server != p
        if away or (p, process.server) in world.cuts:
            world.held |= _informers_of(draft, p)


def _disturbed(draft: Draft) -> None:
    """A process stopped or may go on: the period after which a cluster counts as quiet begins anew."""
    draft.disturb()
    _mask_out(draft)
