"""Which actions may happen next, in the order of the sane scheduler: deliver, serve, begin, kubelet, user, then time (ARCHITECTURE §3).

Always taking the first one is a fault-free run to quiescence. A label names an action by objects and processes, never by revisions, and is
unique among the actions that are enabled at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

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
from .budget import NO_FAULTS
from .clock import RETRY
from .errors import ReplayDivergence
from .informers import heard_last, pending
from .model import Model
from .ready import ids, lowest, nth
from .world import BEGIN, BEHIND, DUE, RANKS, REPLIES, REQUESTS, World

# Two-level choice: the wire's and the clock's actions count as a process each.
CLOCK = -1


def first(world: World) -> Action | None:
    """The action that the sane scheduler takes, or None if nothing can ever happen again."""
    ready, stopped = world.ready, world.stopped
    behind = ready[BEHIND]
    if behind:
        behind &= ~world.held
        if behind:
            return _informer_action(world, lowest(behind))
    for rank in range(DUE, RANKS):
        bits = ready[rank]
        if bits:
            bits &= ~stopped
            if bits:
                return _first_of(world, rank, lowest(bits))
    deadline = world.timers.next_deadline()
    return None if deadline is None else AdvanceTo(deadline)


def deviates(world: World, action: Action) -> bool:
    """Whether an action is not what the sane scheduler would take. (Actions of different types compare equal: they are tuples.)"""
    usual = first(world)
    return type(action) is not type(usual) or action != usual


def _first_of(world: World, rank: int, p: int) -> Action:
    if rank == DUE:
        return Fire(p, world.timers.due[p].head)
    if rank == REPLIES:
        return Reply(p, world.inbox[p].head)
    if rank == REQUESTS:
        return Serve(p, world.inbox[p].head)
    return Begin(p, lowest(world.procs[p].able))


def _informer_action(world: World, iid: int) -> Action:
    p, place = world.informers[iid]
    informer = world.procs[p].informers[place]
    return Relist(iid) if informer is None or informer.position < 0 else Deliver(iid)


def is_idle(world: World) -> bool:
    """Whether nothing but the passing of time is enabled."""
    behind, *others = world.ready
    if behind & ~world.held:
        return False
    stopped = ~world.stopped
    return not any(bits and bits & stopped for bits in others)


def is_quiet(model: Model, world: World) -> bool:
    """Quiet: nothing enabled, no goal timer, and one full period in which only heartbeat fields changed (ARCHITECTURE §5); no adversary is at work.

    Where nothing beats, the period has passed if nothing is due in it.
    """
    if world.timers.goals or world.faults is not NO_FAULTS:
        return False
    end_ms = world.last_effect_ms + model.quiet_ms
    if world.now_ms < end_ms:
        deadline_ms = world.timers.next_deadline()
        if deadline_ms is not None and (model.heartbeats or deadline_ms <= end_ms):
            return False
    return is_idle(world) and next(owed(world), None) is None


def owed(world: World) -> Iterator[tuple[int, str]]:
    """The (process, timer) of retries that were armed before the last change: that may have been what they needed."""
    for p, timers in world.timers.armed.items():
        for name, timer in timers.items():
            if timer.kind == RETRY and timer.cause < world.last_effect_index:
                yield p, name


def acting(world: World) -> int:
    """The set of processes that can act (refk8s.core.ready)."""
    behind, due, replies, requests, controllers, kubelets, users = world.ready
    who = (due | replies | requests | controllers | kubelets | users) & ~world.stopped
    behind &= ~world.held
    if behind:
        informers = world.informers
        while behind:
            low = behind & -behind
            who |= 1 << informers[low.bit_length() - 1][0]
            behind ^= low
    return who


def actors(world: World) -> list[int]:
    """The first level of choice: the processes that can act, ascending, then CLOCK if a timer is armed."""
    found = list(ids(acting(world)))
    if world.timers.next_deadline() is not None:
        found.append(CLOCK)
    return found


def actions_of(world: World, p: int) -> list[Action]:
    """The second level: what process `p` (or CLOCK) can do, in the order of the sane scheduler."""
    if p == CLOCK:
        deadline = world.timers.next_deadline()
        return [] if deadline is None else [AdvanceTo(deadline)]
    found: list[Action] = []
    ready = world.ready
    behind = ready[BEHIND] & ~world.held
    if behind:
        first_iid = world.first_informer[p]
        behind = (behind >> first_iid) & ((1 << len(world.procs[p].informers)) - 1)
        if behind:
            found.extend([_informer_action(world, first_iid + place) for place in ids(behind)])
    bit = 1 << p
    if world.stopped & bit:
        return found
    if ready[DUE] & bit:
        found.extend([Fire(p, number) for number in world.timers.due[p].numbers()])
    if ready[REPLIES] & bit:
        found.extend(_messages(world, p, REPLIES))
    elif ready[REQUESTS] & bit:
        found.extend(_messages(world, p, REQUESTS))
    for rank in range(BEGIN, RANKS):
        if ready[rank] & bit:
            found.extend([Begin(p, c) for c in ids(world.procs[p].able)])
    return found


def pick(world: World, p: int, below: Callable[[int], int]) -> Action:
    """The action of process `p` (not CLOCK) that `below` draws of `actions_of`; the others are not made. `p` must be able to act."""
    ready, bit = world.ready, 1 << p
    first_iid = world.first_informer[p]
    behind = (ready[BEHIND] & ~world.held) >> first_iid & ((1 << len(world.procs[p].informers)) - 1)
    late = behind.bit_count()
    if world.stopped & bit:
        return _informer_action(world, first_iid + nth(behind, below(late)))
    due = world.timers.due[p].size if ready[DUE] & bit else 0
    messages: list[Action] | None = None
    waiting = 0
    if ready[REPLIES] & bit:
        waiting = world.inbox[p].size
    elif ready[REQUESTS] & bit:
        messages = list(_messages(world, p, REQUESTS))
        waiting = len(messages)
    able = world.procs[p].able if (ready[BEGIN] | ready[BEGIN + 1] | ready[BEGIN + 2]) & bit else 0
    n = below(late + due + waiting + able.bit_count())
    if n < late:
        return _informer_action(world, first_iid + nth(behind, n))
    n -= late
    if n < due:
        return Fire(p, world.timers.due[p].numbers()[n])
    n -= due
    if n < waiting:
        return messages[n] if messages is not None else Reply(p, world.inbox[p].numbers()[n])
    return Begin(p, nth(able, n - waiting))


def _messages(world: World, p: int, rank: int) -> Iterator[Action]:
    """The messages that may be next in an inbox, in any order but one: what a process sends without waiting (its events) keeps its order.

    Source: client-go/tools/record/event.go, StartEventWatcher: one goroutine sends them one after the other.
    """
    lane = world.inbox[p]
    if rank == REPLIES:
        yield from (Reply(p, number) for number in lane.numbers())
        return
    senders: set[int] = set()
    for number in lane.numbers():
        message = lane[number]
        if message.flight is None:
            if message.sender in senders:
                continue
            senders.add(message.sender)
        yield Serve(p, number)


def enabled(world: World) -> Iterator[Action]:
    """All enabled actions, lazily, in the order of the sane scheduler."""
    stopped = ~world.stopped
    for iid in ids(world.ready[BEHIND] & ~world.held):
        yield _informer_action(world, iid)
    for rank in range(DUE, RANKS):
        for p in ids(world.ready[rank] & stopped):
            if rank == DUE:
                yield from (Fire(p, number) for number in world.timers.due[p].numbers())
            elif rank in (REPLIES, REQUESTS):
                yield from _messages(world, p, rank)
            else:
                yield from (Begin(p, c) for c in ids(world.procs[p].able))
    deadline = world.timers.next_deadline()
    if deadline is not None:
        yield AdvanceTo(deadline)


def nth_actor(world: World, n: int) -> int:
    """The n-th process of `actors` that can act other than through informers; for drivers that draw blindly."""
    who = 0
    for rank in range(DUE, RANKS):
        who |= world.ready[rank]
    return nth(who & ~world.stopped, n)


# ---- labels


def label(model: Model, world: World, action: Action) -> str:
    """The name of an action in `world`: verb, process, and what it is about."""
    match action:
        case Deliver(iid):
            owner, place = world.informers[iid]
            stream = model.program(world.pids[owner]).streams[place]
            informer = world.procs[owner].informers[place]
            log = world.store.log(stream)
            change = log[max(informer.position if informer else 0, log.base)]  # a mutant's watch goes on behind a gap
            return f"deliver {world.pids[owner]} {stream} {change.type} {change.key}"
        case Relist(iid, lag):
            return f"relist {_informer_name(model, world, iid)}" + (f" lag={lag}" if lag else "")
        case Reply(p, number) | Serve(p, number):
            message = world.inbox[p][number]
            verb = "reply" if isinstance(action, Reply) else "serve"
            outcome = ""
            if isinstance(action, Serve):
                outcome = " lost" if action.lost else f" reject={action.reject}" if action.reject else ""
            return f"{verb} {message.rid}{_twin(world, p, number)} {message.request}{outcome}"
        case Begin(p, c):
            pid = world.pids[p]
            queue = world.procs[p].queues[c]
            return f"begin {pid}/{model.program(pid).controllers[c].name} {queue.lane.first()}"
        case Fire(p, number):
            pid = world.pids[p]
            controller, _, key = world.timers.due[p][number].name.partition("|")
            return f"fire {pid}/{model.program(pid).controllers[int(controller)].name} {key}"
        case AdvanceTo(deadline):
            return f"advance +{deadline - world.now_ms}ms"
        case Input(payload):
            return f"input {payload_name(payload)}"
        case _:
            return _label_of_fault(model, world, action)


def _label_of_fault(model: Model, world: World, action: Action) -> str:
    match action:
        case Crash(p):
            return f"crash {world.pids[p]}"
        case Restart(p):
            return f"restart {world.pids[p]}"
        case Hold(iid) | Release(iid):
            verb = "hold" if isinstance(action, Hold) else "release"
            return f"{verb} {world.pids[-iid - 1] if iid < 0 else _informer_name(model, world, iid)}"
        case Batch(iid, size):
            return f"batch {_informer_name(model, world, iid)} size={size}"
        case Duplicate(iid):
            again = heard_last(model, world, iid)
            return f"duplicate {_informer_name(model, world, iid)} {again.key if again is not None else ''}"
        case StopNode(p, lost):
            return f"stop-node {world.pids[p]}{' lost' if lost else ''}"
        case Mishap(p, what):
            return f"mishap {world.pids[p]} {what}"
        case Partition(p, server) | Heal(p, server):
            verb = "partition" if isinstance(action, Partition) else "heal"
            return f"{verb} {world.pids[p]} from {world.pids[server]}"
        case Compaction(keep):
            return f"compact keep={keep}"
        case StopFaults():
            return "stop-faults"
    raise TypeError(f"no label for {action!r}")


def payload_name(payload: Any) -> str:
    """A short name of an Input's payload."""
    return str(payload.get("summary", "")) if isinstance(payload, dict) else str(payload)


def _informer_name(model: Model, world: World, iid: int) -> str:
    p, place = world.informers[iid]
    pid = world.pids[p]
    return f"{pid} {model.program(pid).streams[place]}"


def _twin(world: World, p: int, number: int) -> str:
    """ "" for the oldest message of its name, "~1" for the next, …: in this inbox, or in those of the API servers before."""
    lane = world.inbox[p]
    rid, ready = lane[number].rid, world.ready[REQUESTS]
    before = 0
    if number != lane.head:
        before = sum(1 for other in lane.numbers() if other < number and lane[other].rid == rid)
    if ready >> p & 1:
        for server in ids(ready & ((1 << p) - 1)):
            before += sum(1 for other in world.inbox[server].numbers() if world.inbox[server][other].rid == rid)
    return f"~{before}" if before else ""


def find(model: Model, world: World, wanted: str) -> Action:
    """The action with this label: an enabled one, or a fault that is possible now. Raises ReplayDivergence if there is none."""
    verb, _, rest = wanted.partition(" ")
    pid = rest.partition(" ")[0]
    name = pid if pid in world.names else pid.rpartition("/")[0]
    match verb:
        case "advance":
            candidates: list[Action] = actions_of(world, CLOCK)
        case "serve":
            candidates = [
                action for p in ids(world.ready[REQUESTS]) for action in _outcomes(wanted, actions_of(world, p))
            ]
        case "reply":
            candidates = [action for p in ids(world.ready[REPLIES]) for action in actions_of(world, p)]
        case "stop-faults":
            candidates = [StopFaults()]
        case "compact":
            keep = rest.removeprefix("keep=")
            candidates = [Compaction(int(keep))] if keep.isdecimal() else []
        case "relist" if pid in world.names:
            candidates = [*actions_of(world, world.names[pid]), *_faults(model, world, verb, rest)]
        case (
            "crash"
            | "restart"
            | "hold"
            | "release"
            | "batch"
            | "duplicate"
            | "stop-node"
            | "mishap"
            | "partition"
            | "heal"
        ):
            candidates = _faults(model, world, verb, rest)
        case _ if name in world.names:
            candidates = actions_of(world, world.names[name])
        case _:
            candidates = []
    for action in candidates:
        if label(model, world, action) == wanted:
            return action
    near = [label(model, world, action) for _, action in zip(range(6), enabled(world), strict=False)]
    raise ReplayDivergence(
        f"step {world.index} wants {wanted!r}, which is not enabled; enabled: {'; '.join(near) or 'nothing'}. "
        "Common causes: an edited scenario or trace, another version, unsorted iteration."
    )


def _outcomes(wanted: str, served: list[Action]) -> list[Action]:
    if wanted.endswith(" lost"):
        return [action._replace(lost=True) for action in served if isinstance(action, Serve)]
    before, _, code = wanted.rpartition(" reject=")
    if before and code.isdigit():
        return [action._replace(reject=int(code)) for action in served if isinstance(action, Serve)]
    return served


def _faults(model: Model, world: World, verb: str, rest: str) -> list[Action]:
    """What a label with this verb can mean, if it is possible now."""
    pid, _, what = rest.partition(" ")
    if pid not in world.names:
        return []
    p = world.names[pid]
    alive = world.procs[p].alive
    match verb:
        case "crash":
            return [Crash(p)] if alive else []
        case "restart":
            return [] if alive else [Restart(p)]
        case "stop-node":
            has = model.program(pid).machine is not None
            return [StopNode(p), StopNode(p, lost=True)] if alive and has else []
        case "mishap":
            machine = model.program(pid).machine
            known = machine.mishaps(world.procs[p].memory, world.now_ms) if machine is not None else ()
            return [Mishap(p, what)] if what in known else []
        case "partition" | "heal":
            server = world.names.get(what.removeprefix("from "), -1)
            if server < 0 or server == p or ((p, server) in world.cuts) != (verb == "heal"):
                return []
            return [Partition(p, server) if verb == "partition" else Heal(p, server)]
    stream, _, detail = what.partition(" ")
    place = model.program(pid).stream_index.get(stream, -1)
    if verb in ("hold", "release"):
        iid = world.first_informer[p] + place if stream else -p - 1
        if (stream and place < 0) or (iid in world.holds) != (verb == "release"):
            return []
        return [Hold(iid) if verb == "hold" else Release(iid)]
    return _of_a_watch(model, world, world.first_informer[p] + place, verb, detail) if place >= 0 and alive else []


def _of_a_watch(model: Model, world: World, iid: int, verb: str, detail: str) -> list[Action]:
    p, place = world.informers[iid]
    informer = world.procs[p].informers[place]
    if informer is None or informer.position < 0 or world.held >> iid & 1:
        return []
    if verb == "duplicate":
        return [Duplicate(iid)] if heard_last(model, world, iid) is not None else []
    number = detail.partition("=")[2]
    behind = pending(model, world, iid)
    if verb == "batch":
        return [Batch(iid, int(number))] if number.isdecimal() and 1 < int(number) <= behind else []
    lag = int(number) if number.isdecimal() else 0
    log = world.store.log(model.program(world.pids[p]).streams[place])
    within = model.watches.oldest(log, informer) <= log.end - lag and (not lag or log.end - lag > log.base)
    return [Relist(iid, lag)] if within else []


def cause_of(model: Model, world: World, action: Action) -> int:
    """The step that enabled an action, -1 if none did."""
    match action:
        case Deliver(iid):
            p, place = world.informers[iid]
            informer = world.procs[p].informers[place]
            stream = model.program(world.pids[p]).streams[place]
            log = world.store.log(stream)
            return int(log[max(informer.position, log.base)].cause) if informer is not None else -1
        case Reply(p, number) | Serve(p, number):
            return world.inbox[p][number].cause
        case Begin(p, c):
            queue = world.procs[p].queues[c]
            return queue.dirty[queue.lane.first()]
        case Fire(p, number):
            return world.timers.due[p][number].cause
        case _:
            return -1
