"""The private working copy of one step: what every handler of an action changes."""

from __future__ import annotations

from typing import Any

from .clock import GOAL, PERIODIC, RETRY, STRENGTH
from .delta import Delta
from .digest import cell, mix
from .errors import ModelError
from .flight import token
from .model import Model
from .process import Process, Program, WorkQueue
from .table import EMPTY, EMPTY_LANE, Lane
from .wire import InFlight, Request
from .world import BEGIN, DUE, REQUESTS, World


class Draft:
    """The working copy. `exits` are the processes that end, and start anew, when the step is done."""

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
        world = self.world
        world.ready = tuple(self.ready)
        world.index += 1
        return world, self.delta

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

    def wait(self, until_ms: int) -> None:
        """Time goes on to a moment at or before the next deadline, as an Input from outside may want. Raises ModelError for a moment after it."""
        deadline = self.world.timers.next_deadline()
        if deadline is not None and until_ms > deadline:
            raise ModelError(f"an input at {until_ms} passes over the deadline at {deadline}")
        if until_ms > self.now_ms:
            self.world.now_ms = self.now_ms = until_ms

    def disturb(self) -> None:
        """Something happened that is more than a heartbeat: the period after which a cluster counts as quiet begins anew."""
        self.world.last_effect_ms = self.now_ms
        self.world.last_effect_index = self.index

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
        self.set_queue(p, process, c, added)

    def enqueue_after(
        self,
        p: int,
        process: Process,
        controller: str,
        key: str,
        after_ms: int,
        *,
        periodic: bool = False,
        retry: bool = False,
        cause: int,
    ) -> None:
        """Add a key to a work queue later; the earlier of two delays counts. Source: client-go/util/workqueue/delaying_queue.go."""
        c = self.model.program(process.pid).index[controller]
        name = f"{c}|{key}"
        deadline = self.now_ms + after_ms
        world = self.world
        old = world.timers.get(p, name)
        kind = RETRY if retry else PERIODIC if periodic else GOAL
        if old is not None and self.now_ms < old.deadline_ms:
            kind = min(
                kind, old.kind, key=STRENGTH.__getitem__
            )  # whoever waits for the goal waits for the earlier of the two
            if old.deadline_ms <= deadline:
                if kind != old.kind:
                    world.timers = world.timers.arm(p, name, old.deadline_ms, kind, cause)
                return
        if after_ms <= 0:
            self.enqueue(p, process, controller, key, cause)
            return
        world.timers = world.timers.arm(p, name, deadline, kind, cause)

    def cancel(self, p: int, c: int, key: str) -> None:
        """Disarm a delayed key; if it is due already, it will not fire."""
        self.world.timers = self.world.timers.disarm(p, f"{c}|{key}")
        self.note_due(p)

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

    def keep_recent(self, process: Process, group: str, most: int, name: str) -> None:
        """Note that a memory cell of a group was kept just now; the one that was not for the longest time is forgotten if there are more than `most`.

        The order is a memory cell, too. It stays out of the fingerprint, because nothing depends on it until a group is full.
        """
        cell_of_group = f"~recent:{group}"
        order, places = process.memory.get(cell_of_group) or (EMPTY_LANE, EMPTY)
        place = places.get(name)
        if place is not None:
            order = order.take(place)
        places = places.set(name, order.next_number)
        order = order.push(name)
        if len(order) > most:
            oldest = order.first()
            order, places = order.take(order.head), places.delete(oldest)
            self.remember(process, oldest, None)
        process.memory = process.memory.set(cell_of_group, (order, places))

    def set_queue(self, p: int, process: Process, c: int, queue: WorkQueue) -> None:
        """Give controller `c` another queue."""
        process.put_queue(c, queue, self.world.workers[p][c])

    def put(self, p: int, message: InFlight, rank: int) -> None:
        """Put a message into the inbox of process p."""
        world = self.world
        lane: Lane[InFlight] = world.inbox.get(p, EMPTY_LANE)
        world.partial += message.digest
        world.inbox = world.inbox.set(p, lane.push(message))
        self.ready[rank] |= 1 << p

    def send(self, message: InFlight) -> None:
        """Put a request on its way to its server; what a process that is cut off sends waits until the partition ends."""
        if self.world.cuts and (message.sender, message.server) in self.world.cuts:
            self.strand(message)
        else:
            self.put(message.server, message, REQUESTS)

    def strand(self, message: InFlight) -> None:
        """Keep a request where no server can take it (see World)."""
        world, place = self.world, -message.sender - 1
        lane: Lane[InFlight] = world.inbox.get(place, EMPTY_LANE)
        world.partial += message.digest
        world.inbox = world.inbox.set(place, lane.push(message))

    def take(self, p: int, number: int, rank: int) -> InFlight:
        """Take a message out of an inbox."""
        world = self.world
        lane = world.inbox[p]
        message = lane[number]
        lane = lane.take(number)
        world.inbox = world.inbox.set(p, lane)
        world.partial -= message.digest
        if not len(lane):
            self.ready[rank] &= ~(1 << p)
        return message

    def post(self, sender: int, request: Request, called: str = "") -> None:
        """Put a request of `sender` on the wire for which no flight waits (an Input's request), `called` so."""
        process = self.world.procs[sender]
        name = f"{process.pid}/{called or f'input:{request}'}"
        digest = mix(cell("input", name, process.incarnation), self.index)
        message = InFlight(name, sender, process.incarnation, process.server, request, None, 0, digest, self.index)
        self.send(message)

    def note_due(self, p: int) -> None:
        """Clear the ready bit of `p` if nothing of it is due any more."""
        if p not in self.world.timers.due:
            self.ready[DUE] &= ~(1 << p)

    def set_failures(self, process: Process, controller: int, key: str, old: int, new: int) -> None:
        """Note in the fingerprint that a key has failed `new` times instead of `old`."""
        world = self.world
        if old:
            world.partial -= cell("failures", process.pid, controller, key, old)
        if new:
            world.partial += cell("failures", process.pid, controller, key, new)
