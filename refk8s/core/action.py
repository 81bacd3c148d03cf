"""Actions: everything that can happen next, each a value. Indices are dense ids of the World (`p` a process, `iid` an informer)."""

from __future__ import annotations

from typing import Any, NamedTuple


class Deliver(NamedTuple):
    """An informer takes the next change of its stream."""

    iid: int


class Relist(NamedTuple):
    """An informer lists its stream anew (start, broken watch, 410). `lag`: what it gets is so many changes behind (an older watch cache)."""

    iid: int
    lag: int = 0


class Batch(NamedTuple):
    """The cache of an informer takes the next `size` changes before its handlers hear of the first."""

    iid: int
    size: int


class Duplicate(NamedTuple):
    """The handlers of an informer hear again of the last change that it took."""

    iid: int


class Reply(NamedTuple):
    """A reply reaches the flight that waits for it; `number` is its place in the inbox of `p`."""

    p: int
    number: int


class Serve(NamedTuple):
    """An API server handles a request. `lost`: it is applied, but the client sees a timeout. `reject`: it is refused with this code instead."""

    p: int
    number: int
    lost: bool = False
    reject: int = 0


class Begin(NamedTuple):
    """A free worker of controller `c` takes the next key from its queue."""

    p: int
    c: int


class Fire(NamedTuple):
    """A timer of `p` that is due fires: its key is added to its queue. `number` is its place among those due."""

    p: int
    number: int


class AdvanceTo(NamedTuple):
    """Time goes on to the next deadline."""

    deadline_ms: int


class Input(NamedTuple):
    """Something from outside, with the payload that the model's `accept` understands (an HTTP request, `apply -f`)."""

    payload: Any


class Crash(NamedTuple):
    """Process `p` loses all its state; its requests stay on the wire."""

    p: int


class Restart(NamedTuple):
    """Process `p` starts anew."""

    p: int


class Hold(NamedTuple):
    """Nothing is delivered to informer `iid` (or, if negative, process `-iid - 1` does nothing at all) until `Release`."""

    iid: int


class Release(NamedTuple):
    """The end of a `Hold`."""

    iid: int


class StopNode(NamedTuple):
    """A machine stops, and with it process `p`, until `Restart`. `lost`: what ran on it is gone when it returns."""

    p: int
    lost: bool = False


class Mishap(NamedTuple):
    """Something that runs on the machine of process `p` ends by itself; `what` is one of the mishaps that its program names."""

    p: int
    what: str


class Partition(NamedTuple):
    """Process `p` is cut off from an API server: it turns to another one, or waits if there is none."""

    p: int
    server: int


class Heal(NamedTuple):
    """The end of a `Partition`."""

    p: int
    server: int


class Compaction(NamedTuple):
    """All history but the last `keep` revisions is forgotten; watches that still need some of it end with 410."""

    keep: int


class StopFaults(NamedTuple):
    """The adversary gives up: no more faults, processes and machines come back, holds and partitions end."""

    def __bool__(self) -> bool:
        """An action is something, though this one has no fields."""
        return True


Action = (
    Deliver
    | Relist
    | Batch
    | Duplicate
    | Reply
    | Serve
    | Begin
    | Fire
    | AdvanceTo
    | Input
    | Crash
    | Restart
    | Hold
    | Release
    | StopNode
    | Mishap
    | Partition
    | Heal
    | Compaction
    | StopFaults
)
