"""`step(model, world, action)`: the next World, and what the step did. It contains no choice of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .action import Action, AdvanceTo, Begin, Crash, Deliver, Fire, Hold, Input, Release, Relist, Reply, Restart, Serve
from .clock import GOAL, PERIODIC
from .delta import Delta
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
    salt,
    token,
)
from .hands import Hands
from .model import Model, Occasion
from .process import Informer, Process, Program, WorkQueue
from .ready import ids
from .table import EMPTY_LANE, Lane, Log
from .wire import TIMEOUT, InFlight, Request, Response
from .world import BEGIN, BEHIND, DUE, REPLIES, REQUESTS, World

KEPT_REVISIONS = 1_000
"""History of so many revisions survives; it is compacted when there is twice as much, but never what a live informer still has to take (ARCHITECTURE §11)."""

HOPELESS: Final = 12
"""A key that has failed so often in a row is tried again as a heartbeat is: a run does not wait for it any more."""

_NO_LOG: Log[tuple[Any, Any]] = Log()


def step(model: Model, world: World, action: Action) -> tuple[World, Delta]:
    """The World after `action`, and what happened. `action` must be enabled (or a fault or Input that the model accepts).

    Deterministic: equal worlds and actions give equal results. `world` is not changed.
    """
    draft = Draft(model, world)
    _HANDLERS[type(action)](draft, action)
    return draft.freeze()


def genesis(model: Model, store: Any, fill: Callable[[Draft], None]) -> World:
    """The first World: `store` as it is, at the model's epoch, with the processes that `fill` adds."""
    draft = Draft(model, World(store, model.epoch_ms))
    draft.index = -1  # what is there from the beginning has no cause
    fill(draft)
    world, _ = draft.freeze()
    world.index = 0
    return world


class Draft:
    """The private working copy of one step."""

    __slots__ = ("delta", "exits", "index", "model", "now_ms", "ready", "world")

    def __init__(self, model: Model, world: World) -> None:
        self.model = model
        self.world = world.copy()
        self.now_ms = world.now_ms
        self.index = world.index
        self.ready = list(world.ready)
        self.delta = Delta()
        self.exits: tuple[int, ...] = ()

    def freeze(self) -> tuple[World, Delta]:
        """The finished World; the draft must not be used afterwards."""
        for p in self.exits:
            self.crash(Crash(p))
            self.restart(Restart(p))
        world = self.world
        world.ready = tuple(self.ready)
        world.index += 1
        return world, self.delta

    # ---- informers

    def deliver(self, action: Deliver) -> None:
        world = self.world
        p, place = world.informers[action.iid]
        process = world.procs[p].copy()
        program = self.model.program(process.pid)
        stream = program.streams[place]
        informer = process.informers[place]
        if informer is None:
            raise ModelError(f"deliver {stream} to {process.pid} before its first list")
        log = world.store.log(stream)
        change, moved = self.model.watches.take(stream, log, informer)
        informers = list(process.informers)
        informers[place] = moved
        process.informers = tuple(informers)
        if moved.overlay == informer.overlay:
            world.partial += _informer_weight(process.pid, stream, moved) * (moved.position - informer.position)
        else:
            world.partial += _informer(process.pid, stream, moved) - _informer(process.pid, stream, informer)
        self._refresh(action.iid, process, stream, moved, log)
        self.delta.delivered = (p, stream, change)
        self.delta.place = place
        self.delta.cause = change.cause
        hands = Hands(self, p, process, self.index)
        for handler in program.handlers[place]:
            handler(hands, change)
        if world.lagging and p in world.trailing:
            self._feed(p, change)
        self.settle(p, process, program)

    def relist(self, action: Relist, lag: int = 0) -> None:
        world = self.world
        p, place = world.informers[action.iid]
        process = world.procs[p].copy()
        program = self.model.program(process.pid)
        stream = program.streams[place]
        old = process.informers[place]
        source = self._source(process, stream)
        if source is None:
            raise ModelError(f"{process.pid} lists {stream} before the watch cache that feeds it has")
        root, revision = source
        log = world.store.log(stream)
        position = log.end
        while position > log.base and log[position - 1].revision > revision:
            position -= 1
        fresh = Informer(position, root, revision)
        process.informers = (*process.informers[:place], fresh, *process.informers[place + 1 :])
        world.partial += _informer(process.pid, stream, fresh) - (_informer(process.pid, stream, old) if old else 0)
        self._refresh(action.iid, process, stream, fresh, log)
        hands = Hands(self, p, process, self.index)
        self.delta.delivered = (p, stream, None)
        self.delta.place = place
        for change in root.replacement(stream, old.root if old else None, revision, self.index):
            for handler in program.handlers[place]:
                handler(hands, change)
        if not process.started and None not in process.informers:
            self._start(p, process, program)
        self.settle(p, process, program)
        if p in world.trailing:
            for iid in ids(self._clients(p, stream)):
                self._reconsider(iid)

    def _source(self, process: Process, stream: str) -> tuple[Any, int] | None:
        """The collection and revision that a list of `stream` by `process` sees; None while the watch cache that feeds it has not listed."""
        world = self.world
        resource = stream.partition("@")[0]
        server = process.server
        if server in world.trailing and world.pids[server] != process.pid:
            informer = self._watch_cache(server, resource)
            return None if informer is None or informer.position < 0 else (informer.root, informer.revision)
        return world.store.collection(resource), world.store.revision

    def _watch_cache(self, server: int, resource: str) -> Informer | None:
        """The informer that is the watch cache of an API server for a resource."""
        process = self.world.procs[server]
        return process.informers[self.model.program(process.pid).stream_index[resource]]

    def _refresh(self, iid: int, process: Process, stream: str, informer: Informer, log: Any) -> None:
        """Set the ready bit of an informer that has just moved."""
        more = informer.position < log.end
        if more and self.world.lagging >> iid & 1:
            source = self._source(process, stream)
            more = source is not None and log[informer.position].revision <= source[1]
        if more:
            self.ready[BEHIND] |= 1 << iid
        else:
            self.ready[BEHIND] &= ~(1 << iid)

    def _reconsider(self, iid: int) -> None:
        """Set the ready bit of an informer after something that it depends on has changed."""
        p, place = self.world.informers[iid]
        process = self.world.procs[p]
        stream = self.model.program(process.pid).streams[place]
        informer = process.informers[place]
        if informer is not None and informer.position >= 0:
            self._refresh(iid, process, stream, informer, self.world.store.log(stream))
        elif self._source(process, stream) is not None:
            self.ready[BEHIND] |= 1 << iid
        else:
            self.ready[BEHIND] &= ~(1 << iid)

    def _feed(self, server: int, change: Any) -> None:
        """An API server's watch cache has taken `change`: its clients may take it too."""
        self.ready[BEHIND] |= self._mask(change) & self.world.trailing[server]

    def _mask(self, change: Any) -> int:
        subscribers = self.world.subscribers
        mask = 0
        for stream in change.streams:
            mask |= subscribers.get(stream) or 0
        return mask

    def _clients(self, server: int, resource: str) -> int:
        """The informers of a resource, selective ones included, that an API server's watch cache feeds."""
        mask = 0
        for stream, informers in self.world.subscribers.items():
            if stream.partition("@")[0] == resource:
                mask |= informers
        return mask & self.world.trailing[server]

    def _start(self, p: int, process: Process, program: Program) -> None:
        """All caches have synced: the controllers start."""
        process.started = True
        hands = Hands(self, p, process, self.index)
        for controller in program.controllers:
            controller.started(hands)

    def compact(self, keep: int) -> None:
        """Forget all history but the last `keep` revisions; watches that still needed some of it end with 410."""
        world = self.world
        world.store = world.store.compact(world.store.revision - keep)
        for iid, (p, place) in enumerate(world.informers):
            process = world.procs[p]
            informer = process.informers[place]
            stream = self.model.program(process.pid).streams[place]
            log = world.store.log(stream)
            if informer is None or not 0 <= informer.position < log.base:
                continue
            expired = self.model.watches.expire(log, informer)
            world.partial += _informer(process.pid, stream, expired) - _informer(process.pid, stream, informer)
            process = process.copy()
            process.informers = (*process.informers[:place], expired, *process.informers[place + 1 :])
            world.procs = world.procs.set(p, process)
            self._reconsider(iid)

    # ---- requests

    def serve(self, action: Serve) -> None:
        message = self._take(action.p, action.number, REQUESTS)
        self.delta.cause = message.cause
        if action.reject:
            response = self.model.api.refuse(message.request, action.reject)
        else:
            response = self._handle(action.p, message)
            if action.lost:
                response = Response(TIMEOUT)
        self.delta.served = (message, response)
        if message.flight is not None:
            self._answer(message, response)

    def _handle(self, server: int, message: InFlight) -> Response:
        world = self.world
        sender = world.procs[message.sender]
        serving = world.procs[server]

        def cached(resource: str) -> Any:
            if not world.lagging or server not in world.trailing:
                return world.store.collection(resource)
            informer = self._watch_cache(server, resource)
            return world.store.collection(resource) if informer is None else informer.root

        agent = message.request.agent or self.model.agent(sender.pid)
        occasion = Occasion(self.now_ms, agent, sender.pid, serving.pid, self.index, cached)
        response: Response
        world.store, response, commits = self.model.api.serve(world.store, message.request, occasion)
        if commits:
            self._committed(commits)
        return response

    def _committed(self, commits: tuple[Any, ...]) -> None:
        world = self.world
        self.delta.commits += commits
        heartbeat = self.model.is_heartbeat
        for change in commits:
            self.ready[BEHIND] |= self._mask(change) & ~world.lagging
            if not heartbeat(change):
                world.last_effect_ms = self.now_ms
        if world.store.revision - world.store.compacted >= 2 * KEPT_REVISIONS:
            world.store = world.store.compact(min(world.store.revision - KEPT_REVISIONS, self._oldest_needed()))

    def _oldest_needed(self) -> int:
        """The revision after which history must be kept so that no informer on its way loses an event."""
        world = self.world
        oldest = int(world.store.revision)
        for iid in ids(self.ready[BEHIND]):
            p, place = world.informers[iid]
            informer = world.procs[p].informers[place]
            if informer is not None and informer.position >= 0:
                log = world.store.log(self.model.program(world.pids[p]).streams[place])
                oldest = min(oldest, log[informer.position].revision - 1)
        return oldest

    def _answer(self, message: InFlight, response: Response) -> None:
        """Put the reply on the wire, unless the sender that asked is gone."""
        sender = self.world.procs[message.sender]
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
            self.index,
            response,
        )
        self._put(message.sender, reply, REPLIES)

    def _put(self, p: int, message: InFlight, rank: int) -> None:
        world = self.world
        lane: Lane[InFlight] = world.inbox.get(p, EMPTY_LANE)
        world.partial += message.digest
        world.inbox = world.inbox.set(p, lane.push(message))
        self.ready[rank] |= 1 << p

    def _take(self, p: int, number: int, rank: int) -> InFlight:
        world = self.world
        lane = world.inbox[p]
        message = lane[number]
        lane = lane.take(number)
        world.inbox = world.inbox.set(p, lane)
        world.partial -= message.digest
        if not len(lane):
            self.ready[rank] &= ~(1 << p)
        return message

    def reply(self, action: Reply) -> None:
        message = self._take(action.p, action.number, REPLIES)
        self.delta.cause = message.cause
        if message.flight is None or message.response is None:
            raise ModelError(f"a reply without an asker: {message.rid}")
        world = self.world
        process = world.procs[action.p].copy()
        program = self.model.program(process.pid)
        flight = process.flights[message.flight]
        world.partial -= flight.digest
        flight = flight.with_reply(message.part, message.response)
        if flight.missing:
            world.partial += flight.digest
            process.flights = process.flights.set(message.flight, flight)
        elif not self._resume(action.p, process, program, flight):
            process.flights = process.flights.delete(message.flight)
        self.settle(action.p, process, program)

    # ---- reconciles

    def begin(self, action: Begin) -> None:
        world = self.world
        process = world.procs[action.p].copy()
        program = self.model.program(process.pid)
        queue = process.queues[action.c]
        number = queue.lane.head
        queue, key, cause = queue.begin()
        world.partial -= mix(cell("queue", process.pid, action.c, key), number)
        self._set_queue(action.p, process, action.c, queue)
        self.delta.cause = cause
        generator = program.controllers[action.c].reconcile(key)
        start = cell("start", process.pid, process.incarnation, action.c, key)
        self._drive(action.p, process, program, action.c, key, generator, _NO_LOG, start, self.index, None)
        self.settle(action.p, process, program)

    def _resume(self, p: int, process: Process, program: Program, flight: Flight) -> bool:
        """Go on with a reconcile that has all that it asked for; whether it waits again."""
        generator = flight.take_live()
        if generator is None:
            generator = rebuild(program.controllers[flight.controller].reconcile(flight.key), flight)
        answer: Any = flight.got if type(flight.asked) is Parallel else flight.got[0]
        log = flight.log.append((flight.asked, answer))
        return self._drive(
            p, process, program, flight.controller, flight.key, generator, log, flight, flight.cause, answer
        )

    def _drive(
        self,
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
                self._finish(p, process, program, controller, key, stop.value)
                return False
            kind = type(effect)
            if kind is Recall:  # the most frequent one
                answer = process.memory.get(effect.name, effect.default)
            elif kind is Request or (kind is Parallel and effect.requests):
                break
            else:
                answer = self._local(p, process, program, controller, effect)
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
                rid, p, process.incarnation, process.server, request, flight_id, part, mix(digest, part + 1), self.index
            )
            self._put(process.server, message, REQUESTS)
        live = generator if self.model.keep_live else None
        flight = Flight(controller, key, log, effect, digest, (None,) * len(requests), len(requests), cause, live)
        process.flights = process.flights.set(flight_id, flight)
        self.world.partial += digest
        return True

    def _finish(self, p: int, process: Process, program: Program, controller: int, key: str, result: Any) -> None:
        queue = process.queues[controller]
        before = queue.lane.next_number
        if type(result) is Retry:
            queue, failures = queue.failed(key)
            self._fail_cell(process, controller, key, failures - 1, failures)
            self.enqueue_after(
                p,
                process,
                program.controllers[controller].name,
                key,
                program.controllers[controller].backoff_ms(failures),
                periodic=failures >= HOPELESS,
                cause=self.index,
            )
        else:
            failures = queue.failures.get(key) or 0
            if failures:
                queue = queue.forget(key)
                self._fail_cell(process, controller, key, failures, 0)
        queue = queue.done(key)
        if queue.lane.next_number != before:
            self.world.partial += mix(cell("queue", process.pid, controller, key), before)
            self.world.partial -= cell("again", process.pid, controller, key)
        self._set_queue(p, process, controller, queue)
        if type(result) is Requeue:
            name = program.controllers[controller].name
            if result.after_ms:
                self.enqueue_after(p, process, name, key, result.after_ms, cause=self.index)
            else:
                self.enqueue(p, process, name, key, self.index)
        if type(result) is Exit:
            self.exits += (p,)
        self.delta.finished.append((p, program.controllers[controller].name, key, result))

    def _fail_cell(self, process: Process, controller: int, key: str, old: int, new: int) -> None:
        world = self.world
        if old:
            world.partial -= cell("failures", process.pid, controller, key, old)
        if new:
            world.partial += cell("failures", process.pid, controller, key, new)

    def _local(self, p: int, process: Process, program: Program, controller: int, effect: Any) -> Any:
        """The answer of an effect that needs no other process."""
        kind = type(effect)
        if kind is Cached:
            informer = process.informers[program.stream_index[effect.stream]]
            if informer is None:
                raise ModelError(f"{process.pid} reads {effect.stream} before its first list")
            return informer.root.cache(effect.stream, informer.revision)
        if kind is Now:
            return self.now_ms
        if kind is Remember:
            self.remember(process, effect.name, effect.value)
        elif kind is Emit:
            self._emit(p, process, effect.request)
        elif kind is Note:
            self.delta.notes.append((p, effect.kind, effect.data))
        elif kind is Enqueue:
            if effect.after_ms or effect.periodic:
                self.enqueue_after(
                    p,
                    process,
                    effect.controller,
                    effect.key,
                    effect.after_ms,
                    periodic=effect.periodic,
                    cause=self.index,
                )
            else:
                self.enqueue(p, process, effect.controller, effect.key, self.index)
        elif kind is Cancel:
            self.cancel(p, program.index[effect.controller], effect.key)
        elif kind is Compact:
            self.compact(effect.keep)
        elif kind is Switch:
            self._switch(effect)
        elif kind is Parallel:
            return ()
        else:
            raise ModelError(f"{program.controllers[controller].name} yielded {effect!r}, which is no effect")
        return None

    def _emit(self, p: int, process: Process, request: Request) -> None:
        stem = f"{process.pid}/emit"
        digest = mix(cell("emit", process.pid, process.incarnation), self.index)
        message = InFlight(stem, p, process.incarnation, process.server, request, None, 0, digest, self.index)
        self._put(process.server, message, REQUESTS)

    def _switch(self, effect: Switch) -> None:
        target = self.world.names[effect.pid]
        if self.world.procs[target].alive and not effect.on:
            self.crash(Crash(target))
        elif effect.on and not self.world.procs[target].alive:
            self.restart(Restart(target))

    # ---- queues, memory, timers: shared by handlers and reconciles

    def cache(self, p: int, process: Process, stream: str) -> Any:
        """The cache of `stream`, or None before its first list."""
        informer = process.informers[self.model.program(process.pid).stream_index[stream]]
        return None if informer is None else informer.root.cache(stream, informer.revision)

    def enqueue(self, p: int, process: Process, controller: str, key: str, cause: int) -> None:
        """Add a key to a work queue."""
        c = self.model.program(process.pid).index[controller]
        queue = process.queues[c]
        added = queue.add(key, cause)
        if added is queue:
            return
        number = queue.lane.next_number
        if added.lane.next_number != number:
            self.world.partial += mix(cell("queue", process.pid, c, key), number)
        else:
            self.world.partial += cell("again", process.pid, c, key)
        self._set_queue(p, process, c, added)

    def enqueue_after(
        self, p: int, process: Process, controller: str, key: str, after_ms: int, *, periodic: bool = False, cause: int
    ) -> None:
        """Add a key to a work queue later; the earlier of two delays counts. Source: client-go/util/workqueue/delaying_queue.go."""
        c = self.model.program(process.pid).index[controller]
        name = f"{c}|{key}"
        deadline = self.now_ms + after_ms
        world = self.world
        old = world.timers.get(p, name)
        if old is not None and self.now_ms < old.deadline_ms <= deadline:
            return
        if after_ms <= 0:
            self.enqueue(p, process, controller, key, cause)
            return
        world.timers = world.timers.arm(p, name, deadline, PERIODIC if periodic else GOAL, cause)

    def cancel(self, p: int, c: int, key: str) -> None:
        """Disarm a delayed key; if it is due already, it will not fire."""
        self.world.timers = self.world.timers.disarm(p, f"{c}|{key}")
        self._note_due(p)

    def remember(self, process: Process, name: str, value: Any) -> None:
        """Set a memory cell; names that begin with "~" are derived from other state and stay out of the fingerprint."""
        memory = process.memory
        if not name.startswith("~"):
            old = memory.get(name)
            if old is not None:
                self.world.partial -= cell("memory", process.pid, name, token(old))
            if value is not None:
                self.world.partial += cell("memory", process.pid, name, token(value))
        if value is not None:
            process.memory = memory.set(name, value)
        elif name in memory:
            process.memory = memory.delete(name)

    def _set_queue(self, p: int, process: Process, c: int, queue: WorkQueue) -> None:
        process.put_queue(c, queue, self.world.workers[p][c])

    def settle(self, p: int, process: Process, program: Program) -> None:
        """Store the changed process and set its ready bit for beginning."""
        world = self.world
        world.procs = world.procs.set(p, process)
        if program.gate:
            shut = program.gate not in process.memory
            workers = tuple(0 if shut and c else each.workers for c, each in enumerate(program.controllers))
            world.workers = (*world.workers[:p], workers, *world.workers[p + 1 :])
            for c, count in enumerate(workers):
                process.put_queue(c, process.queues[c], count)
        if process.able and process.started:
            self.ready[BEGIN + program.rank] |= 1 << p
        else:
            self.ready[BEGIN + program.rank] &= ~(1 << p)

    def fire(self, action: Fire) -> None:
        world = self.world
        timer = world.timers.due[action.p][action.number]
        world.timers = world.timers.fire(action.p, action.number)
        self._note_due(action.p)
        self.delta.cause = timer.cause
        process = world.procs[action.p].copy()
        program = self.model.program(process.pid)
        c, _, key = timer.name.partition("|")
        self.enqueue(action.p, process, program.controllers[int(c)].name, key, self.index)
        self.settle(action.p, process, program)

    def _note_due(self, p: int) -> None:
        """Clear the ready bit of `p` if nothing of it is due any more."""
        if p not in self.world.timers.due:
            self.ready[DUE] &= ~(1 << p)

    def advance(self, action: AdvanceTo) -> None:
        world = self.world
        world.now_ms = self.now_ms = action.deadline_ms
        world.timers, who = world.timers.advance(action.deadline_ms)
        self.ready[DUE] |= who

    # ---- processes

    def add_process(self, pid: str, server: int, *, trailing: bool = False) -> int:
        """A new process, whose informers still have to list; its dense id. `trailing`: an API server whose watch cache has a position of its own."""
        world = self.world
        if pid in world.names:
            raise ModelError(f"process {pid} exists already")
        program = self.model.program(pid)
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
        self._boot(p, process, program)
        return p

    def _boot(self, p: int, process: Process, program: Program) -> None:
        world = self.world
        world.partial += cell("process", process.pid, process.incarnation, 1)
        for place, stream in enumerate(program.streams):
            if self._source(process, stream) is not None:
                self.ready[BEHIND] |= 1 << (world.first_informer[p] + place)
        if not program.streams:
            self._start(p, process, program)
        self.settle(p, process, program)

    def crash(self, action: Crash) -> None:
        p, world = action.p, self.world
        old = world.procs[p]
        program = self.model.program(old.pid)
        dead = Process.fresh(old.pid, old.server, program, old.incarnation + 1, alive=False)
        dead.memory = old.durable()
        world.partial -= process_cells(p, world, old, program)
        world.timers = world.timers.drop(p)
        self._note_due(p)
        lane = world.inbox.get(p, EMPTY_LANE)
        for number in lane.numbers():
            message = self._take(p, number, REPLIES if lane[number].response else REQUESTS)
            if message.response is None and message.flight is not None:
                self._answer(message, Response(TIMEOUT))
        world.procs = world.procs.set(p, dead)
        world.partial += process_cells(p, world, dead, program)
        self.ready[BEHIND] &= ~(self._informers_of(p) | (world.trailing.get(p) or 0))
        self.ready[BEGIN + program.rank] &= ~(1 << p)
        self._disturbed()

    def restart(self, action: Restart) -> None:
        p, world = action.p, self.world
        dead = world.procs[p]
        if dead.alive:
            raise ModelError(f"{dead.pid} is running")
        program = self.model.program(dead.pid)
        process = Process.fresh(dead.pid, dead.server, program, dead.incarnation, alive=True)
        process.memory = dead.memory
        world.partial -= cell("process", dead.pid, dead.incarnation, 0)
        self._boot(p, process, program)
        self._disturbed()

    def _informers_of(self, p: int) -> int:
        world = self.world
        return ((1 << len(world.procs[p].informers)) - 1) << world.first_informer[p]

    def _mask_out(self) -> None:
        """What does not act: processes that are held or down with all their informers, and informers held by themselves."""
        world = self.world
        stopped = {-iid - 1 for iid in world.holds if iid < 0} | {
            p for p, process in world.procs.items() if not process.alive
        }
        world.stopped = sum(1 << p for p in sorted(stopped))
        world.held = 0
        for p in sorted(stopped):
            world.held |= self._informers_of(p)
        for iid in world.holds:
            if iid >= 0:
                world.held |= 1 << iid

    def hold(self, action: Hold) -> None:
        world = self.world
        world.holds = (*world.holds, action.iid)
        world.partial += cell("held", action.iid)
        self._mask_out()

    def release(self, action: Release) -> None:
        world = self.world
        world.holds = tuple(held for held in world.holds if held != action.iid)
        world.partial -= cell("held", action.iid)
        self._disturbed()

    def _disturbed(self) -> None:
        """A process stopped or may go on: the period after which a cluster counts as quiet begins anew."""
        self.world.last_effect_ms = self.now_ms
        self._mask_out()

    def input(self, action: Input) -> None:
        self.model.accept(self, action.payload)

    def post(self, sender: int, request: Request) -> None:
        """Put a request of `sender` on the wire for which no flight waits (an Input's request)."""
        process = self.world.procs[sender]
        name = f"{process.pid}/input:{request}"
        digest = mix(cell("input", name, process.incarnation), self.index)
        message = InFlight(name, sender, process.incarnation, process.server, request, None, 0, digest, self.index)
        self._put(process.server, message, REQUESTS)


def process_cells(p: int, world: World, process: Process, program: Program) -> int:
    """The part of the fingerprint that is the state of one process, computed anew (messages, timers and what is due not included)."""
    pid = process.pid
    total = cell("process", pid, process.incarnation, int(process.alive))
    for stream, informer in zip(program.streams, process.informers, strict=True):
        if informer is not None:
            total += _informer(pid, stream, informer)
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


def recompute_fingerprint(model: Model, world: World) -> int:
    """The exact fingerprint from scratch: the MODEL check of the incremental one."""
    total: int = sum(cell("held", iid) for iid in world.holds)
    for p, process in world.procs.items():
        total += process_cells(p, world, process, model.program(process.pid))
    for p in world.inbox:
        lane = world.inbox[p]
        total += sum(lane[number].digest for number in lane.numbers())
    total += world.timers.recompute_fingerprint() + world.store.recompute_fingerprint() + cell("now") * world.now_ms
    return total & ((1 << 128) - 1)


def _mark(told: tuple[Any, Any]) -> str:
    """What an effect and its answer add to the digest of a flight."""
    effect, answer = told
    kind = type(effect)
    if kind is Recall:
        return "" if effect.name.startswith("~") else token(answer)
    if kind is Cached:
        return f"{effect.stream}@{answer.revision}"
    return str(answer) if kind is Now else ""


def _informer(pid: str, stream: str, informer: Informer) -> int:
    return _informer_weight(pid, stream, informer) * (informer.position + 2)  # from 1: a position may be GONE


def _informer_weight(pid: str, stream: str, informer: Informer) -> int:
    return cell("informer", pid, stream, informer.overlay)


_HANDLERS: dict[type, Any] = {
    Deliver: Draft.deliver,
    Relist: Draft.relist,
    Reply: Draft.reply,
    Serve: Draft.serve,
    Begin: Draft.begin,
    Fire: Draft.fire,
    AdvanceTo: Draft.advance,
    Input: Draft.input,
    Crash: Draft.crash,
    Restart: Draft.restart,
    Hold: Draft.hold,
    Release: Draft.release,
}
