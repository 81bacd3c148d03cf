"""Processes: informers (positions), work queues, flights and memory. A crash clears exactly one Process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from .flight import Flight, Reconcile
from .table import EMPTY, EMPTY_LANE, Lane, Table

if TYPE_CHECKING:
    from .hands import Hands

# Memory under a name that begins so survives a crash of the process: it is what runs on the machine beside it (a node's container runtime).
DURABLE = "node:"

# Ready ranks of what a program begins; lower acts first under the default driver.
CONTROLLER, KUBELET, USER = 0, 1, 2


class Controller(Protocol):
    """One reconcile loop of a process: what it watches, how events map to keys, `reconcile`.

    `watches` returns pairs (stream, handler); a handler is called as `handler(hands, change)` for every change that an informer delivers, and for every
    object of a (re)list. `started` is called once when all the caches of the process have synced. `reconcile(key)` is a generator of effects.
    """

    @property
    def name(self) -> str: ...
    @property
    def workers(self) -> int: ...
    def watches(self) -> tuple[tuple[str, Callable[[Hands, Any], None]], ...]: ...
    def started(self, hands: Hands) -> None: ...
    def reconcile(self, key: str) -> Reconcile: ...
    def backoff_ms(self, failures: int) -> int:
        """The rate limiter: how long to wait after `failures` failures in a row (from 1)."""
        ...


class Machine(Protocol):
    """What runs on the machine of a process, kept in its durable memory: what can go wrong with it."""

    def lose(self, hands: Hands) -> None:
        """All that ran is gone: a power cut."""
        ...

    def mishaps(self, memory: Table[str, Any], now_ms: int) -> Iterator[str]:
        """What can happen to it now, by name; in a fixed order."""
        ...

    def befall(self, hands: Hands, what: str) -> bool:
        """Let a mishap happen; False if it cannot."""
        ...


@attrs.frozen(eq=False)
class Program:
    """What a process runs: its controllers and, derived from them, its streams and the handlers of each.

    `gate` names a memory cell; while it is absent, only the first controller begins (a leader elector). "": there is no gate. `machine` is what runs beside
    it on a machine of its own, if it has one.
    """

    kind: str
    controllers: tuple[Controller, ...]
    rank: int = CONTROLLER
    gate: str = ""
    machine: Machine | None = None
    streams: tuple[str, ...] = attrs.field(init=False)
    handlers: tuple[tuple[Callable[[Hands, Any], None], ...], ...] = attrs.field(init=False)
    index: dict[str, int] = attrs.field(init=False)
    stream_index: dict[str, int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        found: dict[str, list[Callable[[Hands, Any], None]]] = {}
        for controller in self.controllers:
            for stream, handler in controller.watches():
                found.setdefault(stream, []).append(handler)
        object.__setattr__(self, "streams", tuple(found))
        object.__setattr__(self, "handlers", tuple(tuple(handlers) for handlers in found.values()))
        object.__setattr__(self, "index", {controller.name: i for i, controller in enumerate(self.controllers)})
        object.__setattr__(self, "stream_index", {stream: i for i, stream in enumerate(found)})


class Informer:
    """A cache: the position in a history stream up to which it has been delivered, and the collection as of there.

    `overlay` is "" for an honest cache; a mutant that breaks "every cache is a prefix" names its tampering there.
    """

    __slots__ = ("overlay", "position", "revision", "root")

    def __init__(self, position: int, root: Any, revision: int, overlay: str = "") -> None:
        self.position = position
        self.root = root
        self.revision = revision
        self.overlay = overlay


class WorkQueue:
    """client-go's work queue: a key is queued at most once, and never handed to two workers. Source: client-go/util/workqueue/queue.go.

    `lane` holds the waiting keys in order, `dirty` every key that wants (another) turn with the step that asked, `active` those being worked
    on, `failures` the rate limiter.
    """

    __slots__ = ("active", "dirty", "failures", "lane")

    def __init__(
        self,
        lane: Lane[str] = EMPTY_LANE,
        dirty: Table[str, int] = EMPTY,
        active: Table[str, int] = EMPTY,
        failures: Table[str, int] = EMPTY,
    ) -> None:
        self.lane = lane
        self.dirty = dirty
        self.active = active
        self.failures = failures

    def add(self, key: str, cause: int) -> WorkQueue:
        """A queue in which `key` waits for a turn."""
        if key in self.dirty:
            return self
        lane = self.lane if key in self.active else self.lane.push(key)
        return WorkQueue(lane, self.dirty.set(key, cause), self.active, self.failures)

    def begin(self) -> tuple[WorkQueue, str, int]:
        """The queue without its first key, that key, and the step that had asked for it. Raises KeyError if nothing waits."""
        key = self.lane.first()
        cause = self.dirty[key]
        return (
            WorkQueue(
                self.lane.take(self.lane.head), self.dirty.delete(key), self.active.set(key, cause), self.failures
            ),
            key,
            cause,
        )

    def done(self, key: str) -> WorkQueue:
        """The queue after the turn of `key` has ended; it goes to the end if it was added meanwhile."""
        lane = self.lane.push(key) if key in self.dirty else self.lane
        return WorkQueue(lane, self.dirty, self.active.delete(key), self.failures)

    def failed(self, key: str) -> tuple[WorkQueue, int]:
        """The queue with one more failure of `key`, and how many there are now."""
        count = (self.failures.get(key) or 0) + 1
        return WorkQueue(self.lane, self.dirty, self.active, self.failures.set(key, count)), count

    def forget(self, key: str) -> WorkQueue:
        """The queue without the failures of `key`."""
        if key not in self.failures:
            return self
        return WorkQueue(self.lane, self.dirty, self.active, self.failures.delete(key))


class Process:
    """The state of one process: everything that a crash clears, and its name, incarnation and server.

    `server` is the API server that it speaks to, `home` the one that it spoke to first. `able` is the bitset of the controllers that have a key waiting and
    a free worker; it follows from `queues`.
    """

    __slots__ = (
        "able",
        "alive",
        "flights",
        "home",
        "incarnation",
        "informers",
        "memory",
        "pid",
        "queues",
        "server",
        "started",
    )

    pid: str
    server: int
    home: int
    incarnation: int
    alive: bool
    started: bool
    able: int
    informers: tuple[Informer | None, ...]
    queues: tuple[WorkQueue, ...]
    flights: Table[tuple[int, str], Flight]
    memory: Table[str, Any]

    @classmethod
    def fresh(cls, pid: str, server: int, program: Program, incarnation: int, *, alive: bool) -> Process:
        """A process that has just started (or, not `alive`, one that is down)."""
        made = cls()
        made.pid = pid
        made.server = made.home = server
        made.incarnation = incarnation
        made.alive = alive
        made.started = False
        made.able = 0
        made.informers = (None,) * len(program.streams)
        made.queues = (WorkQueue(),) * len(program.controllers)
        made.flights = EMPTY
        made.memory = EMPTY
        return made

    def put_queue(self, c: int, queue: WorkQueue, workers: int) -> None:
        """Give controller `c`, which has so many workers, another queue."""
        queues = list(self.queues)
        queues[c] = queue
        self.queues = tuple(queues)
        if queue.lane.size and len(queue.active) < workers:
            self.able |= 1 << c
        else:
            self.able &= ~(1 << c)

    def durable(self) -> Table[str, Any]:
        """The memory that a crash leaves."""
        kept: Table[str, Any] = EMPTY
        for name in self.memory:
            if name.startswith(DURABLE):
                kept = kept.set(name, self.memory[name])
        return kept

    def copy(self) -> Process:
        """A private copy for one step."""
        made = Process.__new__(Process)
        made.pid = self.pid
        made.server = self.server
        made.home = self.home
        made.incarnation = self.incarnation
        made.alive = self.alive
        made.started = self.started
        made.able = self.able
        made.informers = self.informers
        made.queues = self.queues
        made.flights = self.flights
        made.memory = self.memory
        return made
