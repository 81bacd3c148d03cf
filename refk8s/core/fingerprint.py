"""The exact fingerprint: the cells of processes, and the fingerprint from scratch as the oracle of the incremental one."""

from __future__ import annotations

from .digest import cell, mix
from .flight import token
from .model import Model
from .process import Informer, Process, Program
from .world import World


def process_cells(p: int, world: World, process: Process, program: Program) -> int:
    """The part of the fingerprint that is the state of one process, computed anew (messages, timers and what is due not included)."""
    pid = process.pid
    total = cell("process", pid, process.incarnation, int(process.alive)) + server_cell(process)
    for stream, informer in zip(program.streams, process.informers, strict=True):
        if informer is not None:
            total += informer_cell(pid, stream, informer)
    for c, queue in enumerate(process.queues):
        waiting = {queue.lane[number] for number in queue.lane.numbers()}
        total += sum(mix(cell("queue", pid, c, queue.lane[number]), number) for number in queue.lane.numbers())
        total += sum(cell("again", pid, c, key) for key in queue.dirty if key not in waiting)
        total += sum(cell("failures", pid, c, key, count) for key, count in queue.failures.items())
    for _, flight in process.flights.items():
        total += flight.digest
    for name, value in process.memory.items():
        if not name.startswith("~"):
            total += cell("memory", pid, name, token(value))
    return total


def server_cell(process: Process) -> int:
    """The cell of the API server that a process speaks to, if it had to turn to another one."""
    return 0 if process.server == process.home else cell("server", process.pid, process.server)


def recompute_fingerprint(model: Model, world: World) -> int:
    """The exact fingerprint from scratch: the MODEL check of the incremental one."""
    total: int = world.faults.cell + sum(cell("held", iid) for iid in world.holds)
    total += sum(cell("down", p) for p in world.down) + sum(cell("cut", p, server) for p, server in world.cuts)
    for p, process in world.procs.items():
        total += process_cells(p, world, process, model.program(process.pid))
    for p in world.inbox:
        lane = world.inbox[p]
        total += sum(lane[number].digest for number in lane.numbers())
    total += world.timers.recompute_fingerprint() + world.store.recompute_fingerprint() + cell("now") * world.now_ms
    return total & ((1 << 128) - 1)


def informer_cell(pid: str, stream: str, informer: Informer) -> int:
    """The cell of an informer: its position times its weight, so that a delivery costs an addition."""
    return informer_weight(pid, stream, informer) * (informer.position + 2)  # from 1: a position may be GONE


def informer_weight(pid: str, stream: str, informer: Informer) -> int:
    """The hash of what an informer is, wherever it stands."""
    return cell("informer", pid, stream, informer.overlay)
