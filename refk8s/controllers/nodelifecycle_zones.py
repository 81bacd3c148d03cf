"""The state of a failure zone, and the rate-limited queue of its nodes that are to be tainted. Immutable values.

Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go, ComputeZoneState; pkg/controller/nodelifecycle/scheduler/rate_limited_queue.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from ..core.digest import MASK, cell
from ..core.table import EMPTY, EMPTY_LANE, Lane, Table

INITIAL: Final = "Initial"
NORMAL: Final = "Normal"
PARTIAL: Final = "PartialDisruption"
FULL: Final = "FullDisruption"

_HANDLED: Final = -1


def zone_state(ready: int, not_ready: int, unhealthy_percent: int) -> str:
    """The state of a zone with so many nodes that are ready and that are not."""
    if not ready and not_ready:
        return FULL
    if not_ready > 2 and not_ready * 100 >= unhealthy_percent * (ready + not_ready):
        return PARTIAL
    return NORMAL


def pruned(states: Mapping[str, str], zones: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    """The known states of the zones that have nodes; Initial for a zone that has none yet."""
    return {zone: states.get(zone, INITIAL) for zone in sorted(zones)}


@attrs.frozen
class Limiter:
    """A token bucket of one token. `interval_ms` is the time between tokens, 0: there are none; `next_ms` when there is one again."""

    interval_ms: int
    next_ms: int = 0

    def accepts(self, now_ms: int) -> bool:
        """Whether there is a token."""
        return self.interval_ms > 0 and now_ms >= self.next_ms

    def take(self, now_ms: int) -> Limiter:
        """The limiter after its token is taken."""
        return Limiter(self.interval_ms, now_ms + self.interval_ms)

    def swap(self, interval_ms: int, now_ms: int) -> Limiter:
        """The limiter at another rate; it starts empty if this one is."""
        if interval_ms == self.interval_ms:
            return self
        fresh = Limiter(interval_ms)
        return fresh if self.accepts(now_ms) or not interval_ms else fresh.take(now_ms)

    @property
    def token(self) -> str:
        return f"{self.interval_ms}@{self.next_ms}"


@attrs.frozen(eq=False)
class NodeQueue:
    """Nodes in the order in which they are to be tainted; one that has been handled stays known, and is not added again before `remove`."""

    waiting: Lane[str] = EMPTY_LANE
    places: Table[str, int] = EMPTY
    digest: int = 0

    @property
    def token(self) -> str:
        return f"{len(self.waiting)}:{self.digest:032x}"

    def head(self) -> str | None:
        """The node that waits longest, or None."""
        return self.waiting.first() if len(self.waiting) else None

    def waits(self, node: str) -> bool:
        """Whether the node waits."""
        return self.places.get(node, _HANDLED) != _HANDLED

    def add(self, node: str) -> NodeQueue:
        """The queue with the node at its end, if it is not known."""
        return self if node in self.places else self._append(node)

    def handled(self, node: str) -> NodeQueue:
        """The queue in which the node does not wait any more, but is known."""
        out = self._drop(node)
        return NodeQueue(out.waiting, out.places.set(node, _HANDLED), (out.digest + cell("handled", node)) & MASK)

    def later(self, node: str) -> NodeQueue:
        """The queue in which the node waits at the end."""
        return self._drop(node)._append(node)

    def remove(self, node: str) -> NodeQueue:
        """The queue that does not know the node."""
        return self._drop(node) if node in self.places else self

    def _append(self, node: str) -> NodeQueue:
        number = self.waiting.next_number
        digest = (self.digest + cell("waits", number, node)) & MASK
        return NodeQueue(self.waiting.push(node), self.places.set(node, number), digest)

    def _drop(self, node: str) -> NodeQueue:
        number = self.places.get(node)
        if number is None:
            return self
        if number == _HANDLED:
            digest = (self.digest - cell("handled", node)) & MASK
            return NodeQueue(self.waiting, self.places.delete(node), digest)
        digest = (self.digest - cell("waits", number, node)) & MASK
        return NodeQueue(self.waiting.take(number), self.places.delete(node), digest)


NO_NODES: Final = NodeQueue()
