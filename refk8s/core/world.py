"""The World: the whole cluster as one immutable value (ARCHITECTURE §3)."""

from __future__ import annotations

from typing import Any, Final

from .budget import NO_FAULTS, FaultBudget
from .clock import NO_TIMERS, Timers
from .digest import MASK, cell
from .process import Process
from .table import EMPTY, Lane, Table
from .wire import InFlight

# Ready-sets, one bitset each. BEHIND is over informers, the others over processes; the order is that of the default driver.
BEHIND: Final = 0  # informers that have not yet taken every change of their stream
DUE: Final = 1  # processes with a timer to fire
REPLIES: Final = 2  # clients with a reply to take
REQUESTS: Final = 3  # API servers with a request to handle
BEGIN: Final = 4  # processes with a key in a queue and a free worker: BEGIN + Program.rank
RANKS: Final = 7


class World:
    """All state. `step` makes the next one; nobody else writes a field.

    `now_ms` is logical time as Unix time in ms; it starts at the epoch that the scenario names, and only AdvanceTo moves it.

    `pids[p]` and `procs[p]` are the processes by dense id, `informers[iid]` is (p, place in the program's streams), `subscribers` maps a stream to the
    bitset of its informers. `trailing[p]` is the bitset of informers fed by the watch cache of API server p, where that has a position of its own, `lagging`
    the union of these. `inbox[p]` holds the messages for p. `held` informers and `stopped` processes (held or down) do not
    act; `holds` names what a Hold holds. `workers[p]` are the worker counts of its controllers. `index` counts steps. `partial` is the part of the
    fingerprint that store and timers do not keep themselves. `last_effect_ms` and `last_effect_index` are the time and the step of the last change that was
    more than a heartbeat.

    `faults` is what an adversary may still do, `down` the processes that a fault has stopped, `cuts` the pairs (process, API server) that a partition keeps
    apart; what such a process sends waits in `inbox[-p - 1]`.
    """

    __slots__ = (
        "cuts",
        "down",
        "faults",
        "first_informer",
        "held",
        "holds",
        "inbox",
        "index",
        "informers",
        "lagging",
        "last_effect_index",
        "last_effect_ms",
        "names",
        "now_ms",
        "partial",
        "pids",
        "procs",
        "ready",
        "stopped",
        "store",
        "subscribers",
        "timers",
        "trailing",
        "workers",
    )

    def __init__(self, store: Any, epoch_ms: int) -> None:
        self.now_ms = epoch_ms
        self.index = 0
        self.store = store
        self.names: Table[str, int] = EMPTY
        self.pids: tuple[str, ...] = ()
        self.procs: Table[int, Process] = EMPTY
        self.informers: tuple[tuple[int, int], ...] = ()
        self.first_informer: tuple[int, ...] = ()
        self.subscribers: Table[str, int] = EMPTY
        self.lagging = 0
        self.workers: tuple[tuple[int, ...], ...] = ()
        self.trailing: Table[int, int] = EMPTY
        self.inbox: Table[int, Lane[InFlight]] = EMPTY
        self.timers: Timers = NO_TIMERS
        self.ready: tuple[int, ...] = (0,) * RANKS
        self.held = 0
        self.holds: tuple[int, ...] = ()
        self.stopped = 0
        self.faults: FaultBudget = NO_FAULTS
        self.down: tuple[int, ...] = ()
        self.cuts: tuple[tuple[int, int], ...] = ()
        self.last_effect_ms = epoch_ms
        self.last_effect_index = 0
        self.partial = 0

    def copy(self) -> World:
        """A private copy for one step."""
        made = World.__new__(World)
        made.cuts = self.cuts
        made.down = self.down
        made.faults = self.faults
        made.first_informer = self.first_informer
        made.held = self.held
        made.holds = self.holds
        made.inbox = self.inbox
        made.index = self.index
        made.informers = self.informers
        made.lagging = self.lagging
        made.last_effect_ms = self.last_effect_ms
        made.last_effect_index = self.last_effect_index
        made.names = self.names
        made.now_ms = self.now_ms
        made.partial = self.partial
        made.pids = self.pids
        made.procs = self.procs
        made.ready = self.ready
        made.stopped = self.stopped
        made.store = self.store
        made.subscribers = self.subscribers
        made.timers = self.timers
        made.trailing = self.trailing
        made.workers = self.workers
        return made

    def with_faults(self, faults: FaultBudget) -> World:
        """The same moment, in which an adversary may do this from now on."""
        if not faults.total and self.faults is NO_FAULTS:
            return self
        made = self.copy()
        made.faults = faults if faults.total else NO_FAULTS
        made.partial += made.faults.cell - self.faults.cell
        return made

    @property
    def fingerprint(self) -> int:
        """The exact fingerprint: 128 bits over all state that can matter."""
        fingerprint: int = (
            self.partial + self.store.fingerprint + self.timers.fingerprint + cell("now") * self.now_ms
        ) & MASK
        return fingerprint

    def process(self, pid: str) -> Process:
        """The process named `pid`. Raises KeyError."""
        return self.procs[self.names[pid]]
