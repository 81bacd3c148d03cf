"""`step(model, world, action)`: the next World, and what the step did. It contains no choice of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import informers, messages, processes, reconciles
from .action import (
    Action,
    AdvanceTo,
    Batch,
    Begin,
    Compaction,
    Crash,
    Deliver,
    Duplicate,
    Fire,
    Heal,
    Hold,
    Input,
    Mishap,
    Partition,
    Release,
    Relist,
    Reply,
    Restart,
    Serve,
    StopFaults,
    StopNode,
)
from .budget import NO_FAULTS, FaultBudget
from .delta import Delta
from .draft import Draft
from .faults import kind_of
from .fingerprint import recompute_fingerprint
from .messages import KEPT_REVISIONS
from .model import Model
from .reconciles import HOPELESS
from .world import DUE, World

__all__ = ["HOPELESS", "KEPT_REVISIONS", "Draft", "genesis", "recompute_fingerprint", "step"]


def step(model: Model, world: World, action: Action) -> tuple[World, Delta]:
    """The World after `action`, and what happened. `action` must be enabled (or a fault or Input that the model accepts).

    Deterministic: equal worlds and actions give equal results. `world` is not changed.
    """
    draft = Draft(model, world)
    if world.faults is not NO_FAULTS:
        charge(draft, kind_of(action, world))
    _HANDLERS[type(action)](draft, action)
    for p in draft.exits:
        processes.shut_down(draft, p)
        processes.restart(draft, Restart(p))
    return draft.freeze()


def charge(draft: Draft, kind: str | None) -> None:
    """Take a fault off the budget."""
    if kind is not None:
        world = draft.world
        world.partial -= world.faults.cell
        world.faults = world.faults.charge(kind)
        world.partial += world.faults.cell


def genesis(model: Model, store: Any, fill: Callable[[Draft], None], faults: FaultBudget = NO_FAULTS) -> World:
    """The first World: `store` as it is, at the model's epoch, with the processes that `fill` adds, and what an adversary may do."""
    draft = Draft(model, World(store, model.epoch_ms))
    draft.index = -1  # what is there from the beginning has no cause
    fill(draft)
    world, _ = draft.freeze()
    world.index = 0
    return world.with_faults(faults)


def _fire(draft: Draft, action: Fire) -> None:
    world = draft.world
    timer = world.timers.due[action.p][action.number]
    world.timers = world.timers.fire(action.p, action.number)
    draft.note_due(action.p)
    draft.delta.cause = timer.cause
    process = world.procs[action.p].copy()
    program = draft.model.program(process.pid)
    c, _, key = timer.name.partition("|")
    draft.enqueue(action.p, process, program.controllers[int(c)].name, key, draft.index)
    draft.settle(action.p, process, program)


def _advance(draft: Draft, action: AdvanceTo) -> None:
    world = draft.world
    world.now_ms = draft.now_ms = action.deadline_ms
    world.timers, who = world.timers.advance(action.deadline_ms)
    draft.ready[DUE] |= who


def _input(draft: Draft, action: Input) -> None:
    draft.model.accept(draft, action.payload)


_HANDLERS: dict[type, Any] = {
    Deliver: informers.deliver,
    Relist: informers.relist,
    Reply: reconciles.reply,
    Serve: messages.serve,
    Begin: reconciles.begin,
    Fire: _fire,
    AdvanceTo: _advance,
    Input: _input,
    Crash: processes.crash,
    Restart: processes.restart,
    Hold: processes.hold,
    Release: processes.release,
    Batch: informers.batch,
    Duplicate: informers.duplicate,
    StopNode: processes.stop_node,
    Mishap: processes.befall,
    Partition: processes.partition,
    Heal: processes.heal,
    Compaction: informers.compaction,
    StopFaults: processes.stop_faults,
}
