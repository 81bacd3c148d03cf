"""Who is tainted with NoExecute, and how fast: the queues of the zones, and the states of the zones that set their rates.

Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go, doNoExecuteTaintingPass and handleDisruption.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final

import attrs

from ..api.store import DELETED, Change
from ..core.flight import Cached, Enqueue, Now, Recall, Reconcile, Remember, Requeue
from ..core.hands import Hands
from .nodelifecycle_config import DEFAULT, EVICTOR, ZONES, NodeLifecycleConfig, health_cell
from .nodelifecycle_health import (
    FALSE,
    NOT_READY,
    TRUE,
    UNKNOWN,
    UNREACHABLE,
    Document,
    is_excluded,
    no_execute,
    ready_status,
    zone_of,
)
from .nodelifecycle_taints import Step, mark_reachable, swap_taints
from .nodelifecycle_zones import FULL, NO_NODES, PARTIAL, Limiter, NodeQueue, pruned, zone_state
from .runtime import Controller, Handler

TAINT_BY_READY: Final[Mapping[str, str]] = {FALSE: NOT_READY, UNKNOWN: UNREACHABLE}


@attrs.frozen(eq=False)
class Evictor(Controller):
    """Taints the nodes that wait in the queue of a zone, at the rate of the zone: doNoExecuteTaintingPass. Keys are zones."""

    name: str = EVICTOR
    workers: int = 1
    config: NodeLifecycleConfig = DEFAULT

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Nodes, which it reads."""
        return (("nodes", nothing),)

    def reconcile(self, key: str) -> Reconcile:
        """Taint as many nodes of the zone `key` as its limiter allows now."""
        while True:
            queue: NodeQueue = yield Recall(f"queue:{key}", NO_NODES)
            node = queue.head()
            if node is None:
                return None
            now_ms = yield Now()
            limiter: Limiter = yield Recall(f"limiter:{key}", Limiter(self.config.eviction_interval_ms))
            if not self.may_evict(limiter, now_ms):
                return Requeue(limiter.next_ms - now_ms) if limiter.interval_ms else None
            yield Remember(f"limiter:{key}", limiter.take(now_ms))
            done = yield from self.taint(node)
            queue = yield Recall(f"queue:{key}", NO_NODES)
            if queue.waits(node):
                yield Remember(f"queue:{key}", queue.handled(node) if done else queue.later(node))

    def may_evict(self, limiter: Limiter, now_ms: int) -> bool:
        """Whether the zone may have a node tainted now."""
        return limiter.accepts(now_ms)

    def taint(self, node: str) -> Generator[Any, Any, bool]:
        """Give the node the NoExecute taint that its Ready asks for, in place of the other one; whether it is done with."""
        found = (yield Cached("nodes")).get(node)
        if found is None:
            return True
        ready = ready_status(found.document)
        if not ready:
            return False
        key = TAINT_BY_READY.get(ready)
        if key is None:
            return True
        opposite = no_execute(UNREACHABLE if key == NOT_READY else NOT_READY)
        return (yield from swap_taints(node, found.document, (no_execute(key),), (opposite,)))


@attrs.frozen(eq=False)
class ZoneKeeper(Controller):
    """Sets the rate of evictions by the state of the zones: handleDisruption. One key: "zones"."""

    name: str = ZONES
    workers: int = 1
    config: NodeLifecycleConfig = DEFAULT

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Nodes."""
        return (("nodes", self._on_node),)

    def _on_node(self, hands: Hands, change: Change) -> None:
        """Keep the numbers of ready and other nodes per zone."""
        was = _place(change.prev.document) if change.prev is not None else None
        now = _place(change.obj.document)
        if change.type == DELETED:
            was, now = now, None
        if was == now:
            return
        counts = {zone: [ready, others] for zone, ready, others in hands.recall("~zones", ())}
        for place, change_by in ((was, -1), (now, 1)):
            if place is not None:
                counts.setdefault(place[0], [0, 0])[0 if place[1] else 1] += change_by
        hands.remember("~zones", tuple((zone, *counts[zone]) for zone in sorted(counts) if any(counts[zone])))
        hands.enqueue(self.name, "zones")

    def reconcile(self, key: str) -> Reconcile:
        """Compare the states of the zones with those of the last time."""
        yield Cached("nodes")
        zones = {zone: (ready, others) for zone, ready, others in (yield Recall("~zones", ()))}
        states = {zone: self.state(*counts) for zone, counts in zones.items()}
        before = dict((yield Recall("zones", ())))
        old = pruned(before, zones)
        stopping, stopped = self.is_disrupted(states), self.is_disrupted(old)
        if stopping and not stopped:
            yield from self.stop_evictions(old)
        elif stopped and not stopping:
            yield from self.restart_probes()
        for zone in sorted(states):
            if not (stopping and stopped) and (states[zone] != old[zone] or stopping or stopped):
                interval_ms = 0 if stopping else self.interval_ms(states[zone], sum(zones[zone]))
                yield from self._set_limiter(zone, interval_ms)
                old[zone] = states[zone]
        opened = {zone: state for zone, state in (yield Recall("zones", ())) if zone not in before}
        yield Remember("zones", tuple(sorted({**opened, **old}.items())))
        return None

    # ---- decisions

    def state(self, ready: int, others: int) -> str:
        """The state of a zone with so many nodes that are ready and that are not."""
        return zone_state(ready, others, self.config.unhealthy_zone_percent)

    def is_disrupted(self, states: Mapping[str, str]) -> bool:
        """Whether no zone has a ready node: then it is more likely that this controller is cut off than that all nodes died, and nothing is evicted."""
        return all(state == FULL for state in states.values())

    def interval_ms(self, state: str, nodes: int) -> int:
        """The time between two taints in a zone of this state and size; 0: no taints."""
        if state != PARTIAL:
            return self.config.eviction_interval_ms
        return self.config.secondary_eviction_interval_ms if nodes > self.config.large_cluster_nodes else 0

    # ---- transitions

    def stop_evictions(self, zones: Mapping[str, str]) -> Step:
        """No node of the cluster is ready: take the NoExecute taints off all of them."""
        for node in (yield Cached("nodes")).all():
            yield from mark_reachable(node.key, node.document)

    def restart_probes(self) -> Step:
        """Some node is ready again: every node's silence counts from now."""
        now_ms = yield Now()
        for node in (yield Cached("nodes")).all():
            health = yield Recall(health_cell(node.key))
            if health is not None:
                yield Remember(health_cell(node.key), (health[0], now_ms, health[2]))

    def _set_limiter(self, zone: str, interval_ms: int) -> Step:
        now_ms = yield Now()
        limiter: Limiter = yield Recall(f"limiter:{zone}", Limiter(self.config.eviction_interval_ms))
        swapped = limiter.swap(interval_ms, now_ms)
        if swapped is not limiter:
            yield Remember(f"limiter:{zone}", swapped)
            yield Enqueue(EVICTOR, zone, after_ms=self.config.evictor_period_ms)


def nothing(hands: Hands, change: Change) -> None:
    """The handler of a stream that is only read."""


def _place(document: Document) -> tuple[str, bool] | None:
    """(zone, whether the node is ready), None for a node that does not count."""
    return None if is_excluded(document) else (zone_of(document), ready_status(document) == TRUE)
