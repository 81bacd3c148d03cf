"""What the scheduler's queue and cache promise: every move is a row of their tables, and in the end the cache is what the store says. Catalogue N5, N6."""

from __future__ import annotations

from refk8s.core.action import Action
from refk8s.core.delta import Delta
from refk8s.core.invariant import LIVENESS, SAFETY, AtQuiet, Noted
from refk8s.core.machine import Machine
from refk8s.core.model import Model
from refk8s.core.world import World
from refk8s.scheduler.cache import EMPTY_CACHE, Cache
from refk8s.scheduler.machines import CACHE, QUEUE, SCHEDULER, moves
from refk8s.scheduler.memory import MOVED

from . import SUITE

SPEC = "specs/scheduler.md"
TERMINAL = ("Succeeded", "Failed")


@SUITE.invariant(
    "SCHED-15",
    severity=SAFETY,
    on=Noted(MOVED),
    spec=SPEC,
    source="pkg/scheduler/backend/queue/scheduling_queue.go",
    catalogue="N9",
)
def every_move_in_the_queue_is_a_row(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """Every move of a pod between the parts of the scheduling queue is a row of the table QUEUE."""
    return _strange_move(before, after, delta, QUEUE, "queue")


@SUITE.invariant(
    "SCHED-16",
    severity=SAFETY,
    on=Noted(MOVED),
    spec=SPEC,
    source="pkg/scheduler/backend/cache/interface.go",
    catalogue="N5",
)
def every_move_in_the_cache_is_a_row(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A pod in the scheduler's cache is assumed, confirmed, forgotten, added and removed as the table CACHE says: none is assumed after it was added."""
    return _strange_move(before, after, delta, CACHE, "cache")


@SUITE.invariant(
    "SCHED-08",
    severity=LIVENESS,
    on=AtQuiet(),
    spec=SPEC,
    source="pkg/scheduler/backend/cache/debugger/comparer.go",
    catalogue="N6",
)
def a_quiet_scheduler_s_cache_is_what_the_store_says(model: Model, world: World) -> str | None:
    """Once the cluster is quiet, no pod is assumed, and each node has in a scheduler's cache exactly the unfinished pods that are bound to it.

    A scheduler that is held back, or whose informer is, is not judged.
    """
    bound = {
        stored.uid: stored.document["spec"]["nodeName"]
        for stored in world.store.collection("pods").objects.values()
        if stored.document["spec"].get("nodeName")
        and (stored.document.get("status") or {}).get("phase") not in TERMINAL
    }
    for p, process in world.procs.items():
        pid = world.pids[p]
        if pid.partition("/")[0] != SCHEDULER or not process.alive or "cache" not in process.memory:
            continue
        if world.stopped >> p & 1 or not _is_up_to_date(world, p):
            continue
        cache: Cache = process.memory.get("cache", EMPTY_CACHE)
        for key in cache.assumed:
            return f"{pid} still assumes pod {key} on {cache.assumed[key]}: expected no assumed pod"
        placed = dict(cache.placed.items())
        for key in sorted({*bound, *placed}):
            if bound.get(key) != placed.get(key):
                return f"{pid} counts pod {key} on {placed.get(key, 'no node')}: expected it on {bound.get(key, 'no node')}"
    return None


def _is_up_to_date(world: World, p: int) -> bool:
    """Whether the informer of pods has delivered everything: it may be held."""
    shown = [informer.root for informer in world.procs[p].informers if informer is not None]
    return any(root.resource == "pods" and root is world.store.collection("pods") for root in shown)


def _strange_move(before: World, after: World, delta: Delta, machine: Machine, memory: str) -> str | None:
    for p in sorted({p for p, kind, _ in delta.notes if kind == MOVED}):
        new, old = after.procs[p].memory.get(memory), before.procs[p].memory.get(memory)
        if new is None:
            continue
        for move in moves(old.log if old is not None else None, new.log):
            if machine.row(move.before, move.after, SCHEDULER) is None:
                places = f"from {move.before or 'nowhere'} to {move.after or 'nowhere'}"
                what = f"{after.pids[p]}: pod {move.key} went {places} in the {memory}, which no row of {machine.id} allows"
                return f"{what}: expected {machine.allowed(move.before, after, None)}"
    return None
