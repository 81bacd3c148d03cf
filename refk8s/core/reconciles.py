"""Reconciles: how they begin, what their effects do, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .action import Begin, Reply, Restart
from .digest import cell, mix
from .errors import ModelError
from .flight import (
    Cached,
    Cancel,
    Compact,
    Emit,
    Enqueue,
    Exit,
    Flight,
    Note,
    Now,
    Parallel,
    Recall,
    Reconcile,
    Remember,
    Requeue,
    Retry,
    Switch,
    rebuild,
    token,
)
from .informers import compact
from .messages import emit
from .process import Process, Program
from .processes import off_on_purpose, restart, shut_down
from .table import Log
from .wire import InFlight, Request
from .world import REPLIES

if TYPE_CHECKING:
    from .draft import Draft

HOPELESS: Final = 12
"""A key that has failed so often in a row is tried again, but a run does not wait for it any more unless something has changed."""

_NO_LOG: Log[tuple[Any, Any]] = Log()


def begin(draft: Draft, action: Begin) -> None:
    """A free worker takes the next key, and runs until it waits for a reply or is done."""
    world = draft.world
    process = world.procs[action.p].copy()
    program = draft.model.program(process.pid)
    queue = process.queues[action.c]
    number = queue.lane.head
    queue, key, cause = queue.begin()
    world.partial -= mix(cell("queue", process.pid, action.c, key), number)
    draft.set_queue(action.p, process, action.c, queue)
    draft.delta.cause = cause
    generator = program.controllers[action.c].reconcile(key)
    start = cell("start", process.pid, process.incarnation, action.c, key)
    _drive(draft, action.p, process, program, action.c, key, generator, _NO_LOG, start, draft.index, None)
    draft.settle(action.p, process, program)


def reply(draft: Draft, action: Reply) -> None:
    """A reply arrives; if it is the last that the reconcile waits for, that goes on."""
    message = draft.take(action.p, action.number, REPLIES)
    draft.delta.cause = message.cause
    if message.flight is None or message.response is None:
        raise ModelError(f"a reply without an asker: {message.rid}")
    world = draft.world
    process = world.procs[action.p].copy()
    program = draft.model.program(process.pid)
    flight = process.flights[message.flight]
    world.partial -= flight.digest
    flight = flight.with_reply(message.part, message.response)
    if flight.missing:
        world.partial += flight.digest
        process.flights = process.flights.set(message.flight, flight)
    elif not _resume(draft, action.p, process, program, flight):
        process.flights = process.flights.delete(message.flight)
    draft.settle(action.p, process, program)


def _resume(draft: Draft, p: int, process: Process, program: Program, flight: Flight) -> bool:
    """Go on with a reconcile that has all that it asked for; whether it waits again."""
    generator = flight.take_live()
    if generator is None:
        generator = rebuild(program.controllers[flight.controller].reconcile(flight.key), flight)
    answer: Any = flight.got if type(flight.asked) is Parallel else flight.got[0]
    log = flight.log.append((flight.asked, answer))
    return _drive(
        draft, p, process, program, flight.controller, flight.key, generator, log, flight, flight.cause, answer
    )


def _drive(
    draft: Draft,
    p: int,
    process: Process,
    program: Program,
    controller: int,
    key: str,
    generator: Reconcile,
    log: Log[tuple[Any, Any]],
    chain: Flight | int,
    cause: int,
    answer: Any,
) -> bool:
    """Run a reconcile until it waits for a reply, or ends; whether it waits. `chain`: the flight that goes on, or the digest with which one begins."""
    told: list[tuple[Any, Any]] = []
    send = generator.send
    while True:
        try:
            effect = send(answer)
        except StopIteration as stop:
            _finish(draft, p, process, program, controller, key, stop.value)
            return False
        kind = type(effect)
        if kind is Recall:  # the most frequent one
            answer = process.memory.get(effect.name, effect.default)
        elif kind is Request or (kind is Parallel and effect.requests):
            break
        else:
            answer = _local(draft, p, process, program, controller, effect)
        told.append((effect, answer))
    requests = (effect,) if kind is Request else effect.requests
    digest = chain if isinstance(chain, int) else chain.digest
    marks = [mark for mark in map(_mark, told) if mark] if told else ()
    digest = cell(digest, *marks, len(requests)) if marks else mix(digest, len(requests))
    log = log.extend(told)
    flight_id = (controller, key)
    stem = f"{process.pid}/{program.controllers[controller].name}:{key}.{log.end}"
    for part, request in enumerate(requests):
        rid = stem if len(requests) == 1 else f"{stem}[{part}]"
        message = InFlight(
            rid, p, process.incarnation, process.server, request, flight_id, part, mix(digest, part + 1), draft.index
        )
        draft.send(message)
    live = generator if draft.model.keep_live else None
    flight = Flight(controller, key, log, effect, digest, (None,) * len(requests), len(requests), cause, live)
    process.flights = process.flights.set(flight_id, flight)
    draft.world.partial += digest
    return True


def _finish(draft: Draft, p: int, process: Process, program: Program, controller: int, key: str, result: Any) -> None:
    queue = process.queues[controller]
    before = queue.lane.next_number
    if type(result) is Retry:
        queue, failures = queue.failed(key)
        draft.set_failures(process, controller, key, failures - 1, failures)
        draft.enqueue_after(
            p,
            process,
            program.controllers[controller].name,
            key,
            program.controllers[controller].backoff_ms(failures),
            retry=failures >= HOPELESS,
            cause=draft.index,
        )
    else:
        failures = queue.failures.get(key) or 0
        if failures:
            queue = queue.forget(key)
            draft.set_failures(process, controller, key, failures, 0)
    queue = queue.done(key)
    if queue.lane.next_number != before:
        draft.world.partial += mix(cell("queue", process.pid, controller, key), before)
        draft.world.partial -= cell("again", process.pid, controller, key)
    draft.set_queue(p, process, controller, queue)
    if type(result) is Requeue:
        name = program.controllers[controller].name
        if result.after_ms:
            draft.enqueue_after(p, process, name, key, result.after_ms, cause=draft.index)
        else:
            draft.enqueue(p, process, name, key, draft.index)
    if type(result) is Exit:
        draft.exits += (p,)
    draft.delta.finished.append((p, program.controllers[controller].name, key, result))


def _local(draft: Draft, p: int, process: Process, program: Program, controller: int, effect: Any) -> Any:
    """The answer of an effect that needs no other process."""
    kind = type(effect)
    if kind is Cached:
        informer = process.informers[program.stream_index[effect.stream]]
        if informer is None:
            raise ModelError(f"{process.pid} reads {effect.stream} before its first list")
        return informer.root.cache(effect.stream, informer.revision)
    if kind is Now:
        return draft.now_ms
    if kind is Remember:
        draft.remember(process, effect.name, effect.value)
        if effect.group:
            draft.keep_recent(process, effect.group, effect.most, effect.name)
    elif kind is Emit:
        emit(draft, p, process, effect.request)
    elif kind is Note:
        draft.delta.notes.append((p, effect.kind, effect.data))
    elif kind is Enqueue:
        if effect.heartbeat and not draft.model.heartbeats:
            return None
        if effect.after_ms or effect.periodic:
            draft.enqueue_after(
                p,
                process,
                effect.controller,
                effect.key,
                effect.after_ms,
                periodic=effect.periodic,
                retry=effect.retry,
                cause=draft.index,
            )
        else:
            draft.enqueue(p, process, effect.controller, effect.key, draft.index)
    elif kind is Cancel:
        draft.cancel(p, program.index[effect.controller], effect.key)
    elif kind is Compact:
        compact(draft, effect.keep)
    elif kind is Switch:
        _switch(draft, effect)
    elif kind is Parallel:
        return ()
    else:
        raise ModelError(f"{program.controllers[controller].name} yielded {effect!r}, which is no effect")
    return None


def _switch(draft: Draft, effect: Switch) -> None:
    target = draft.world.names[effect.pid]
    if effect.on and not draft.world.procs[target].alive:
        restart(draft, Restart(target))
    elif not effect.on:
        off_on_purpose(draft, target)
        if draft.world.procs[target].alive:
            shut_down(draft, target)


def _mark(told: tuple[Any, Any]) -> str:
    """What an effect and its answer add to the digest of a flight."""
    effect, answer = told
    kind = type(effect)
    if kind is Recall:
        return "" if effect.name.startswith("~") else token(answer)
    if kind is Cached:
        return f"{effect.stream}@{answer.revision}"
    return str(answer) if kind is Now else ""
