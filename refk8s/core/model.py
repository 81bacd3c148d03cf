"""Model: the fixed side of a run — programs, API server, seams — beside the World, which is all that changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import attrs

from .process import Program
from .watching import WATCHES, Watches


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Occasion:
    """What an API server knows besides the store when it handles a request.

    `now_ms`: logical time (Unix time in ms); `agent`: the user agent of the sender, `actor` its process name; `server`: the API
    server's process name; `cause`: the step number; `cached(resource)`: the server's own watch cache (a collection), which may trail the store.
    """

    now_ms: int
    agent: str
    actor: str
    server: str
    cause: int
    cached: Callable[[str], Any]


class Api(Protocol):
    """An API server's request handling: one atomic step on the store."""

    def serve(self, store: Any, request: Any, occasion: Occasion) -> tuple[Any, Any, tuple[Any, ...]]:
        """(store afterwards, Response, commits). A refused request leaves the store as it was."""
        ...

    def refuse(self, request: Any, code: int) -> Any:
        """The Response that refuses a request unseen (an overloaded server): 429 or 500."""
        ...


@attrs.frozen
class Bounds:
    """From when on a run counts as restless, if that is not what LIVE-01 to LIVE-03 say for clusters of all sizes (None).

    `steps_at_once`: so many steps may pass without time; `undisturbed`: after so many undisturbed ones it is first watched for circles; `writes`: so
    often may a process write an object between two causes.
    """

    steps_at_once: int | None = None
    undisturbed: int | None = None
    writes: int | None = None


NO_BOUNDS: Final = Bounds()


@attrs.frozen(eq=False)
class Model:
    """What a World runs under. Mutants replace its fields and nothing else.

    `program(pid)` gives the program of a process, `agent(pid)` its user agent; `accept(draft, payload)` carries out an `Input`; `is_heartbeat(change)` says
    whether a commit changed nothing but heartbeat fields; `quiet_ms` is the period without any other commit after which a run is quiet; `epoch_ms` the
    Unix time at which the run starts; `gates` the feature gates; `keep_live` allows the memo of suspended generators; `watches` brings informers their events.
    Without `heartbeats` nothing beats that goes on for ever when all is well (Enqueue.heartbeat), without `events` no Event is sent: both are for searches,
    which would otherwise be about little else. `bounds` are those of a small cluster, for the invariants about liveness.
    """

    api: Api
    program: Callable[[str], Program]
    agent: Callable[[str], str]
    is_heartbeat: Callable[[Any], bool]
    accept: Callable[[Any, Any], None]
    quiet_ms: int = 10_000
    epoch_ms: int = 1_767_225_600_000
    gates: tuple[tuple[str, bool], ...] = ()
    keep_live: bool = True
    heartbeats: bool = True
    events: bool = True
    watches: Watches = WATCHES
    bounds: Bounds = NO_BOUNDS
