"""The node lifecycle controller: a node whose kubelet falls silent becomes Unknown, its pods not ready, and it is tainted so that they are evicted.

Four controllers share one memory: `NodeMonitor` watches the heartbeats of each node, `Evictor` hands out NoExecute taints per zone at a limited rate,
`ZoneKeeper` sets that rate by the state of the zones (none while no node of the cluster is ready), and beside them `NodeTainter` (NoSchedule taints and
labels) and `PodReadiness` (pods that reach a failed node late).

In memory: `heard:NODE` = (uid, ms at which the last heartbeat was noticed, status of Ready as of the last pass); `retry:NODE`, pods of a failed node have
still to be marked; `zones` = ((zone, state), …); `limiter:ZONE`, `queue:ZONE`; and `~zones` = ((zone, ready nodes, others), …), derived from the cache.

DEVIATES: upstream scans all nodes every period. Here the passes are the same instants (multiples of the period), but each node has its own, so that a tick
costs nothing when nothing happens: a healthy node sleeps until its last heartbeat would be too old, one that changed has its pass at the next instant, one
that is not ready at every instant. A pass is a reconcile, as it is one of several parallel workers upstream. The state of the zones is judged when an
event changes it, not at the end of the scan.

Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final

import attrs

from ..api.store import ADDED, DELETED, Change, Stored
from ..core.clock import rfc3339
from ..core.flight import Cached, Enqueue, Now, Recall, Reconcile, Remember, Requeue
from ..core.hands import Hands
from .decisions_time import MS_NS, parse_time_ns
from .nodelifecycle_config import DEFAULT, EVICTOR, MONITOR, NodeLifecycleConfig, health_cell
from .nodelifecycle_evictor import TAINT_BY_READY, Evictor, ZoneKeeper, nothing
from .nodelifecycle_health import (
    NOT_READY,
    READY,
    TRUE,
    UNKNOWN,
    UNREACHABLE,
    Document,
    condition,
    has_taint,
    no_execute,
    ready_status,
    taints_of,
    unknown_conditions,
    zone_of,
)
from .nodelifecycle_pods import PodReadiness, mark_pods_not_ready
from .nodelifecycle_taints import NodeTainter, Step, mark_reachable, swap_taints
from .nodelifecycle_zones import INITIAL, NO_NODES, Limiter, NodeQueue
from .runtime import Controller, Handler, Recorder, get, update

LEASES: Final = "kube-node-lease"
TRIES: Final = 5
"""Source: scheduler/rate_limited_queue.go, NodeHealthUpdateRetry."""


@attrs.frozen
class Health:
    """What a pass found: the node's document as written, Ready as it was before (`Unknown` if there was none) and as it is ("" if there is none)."""

    document: Document
    observed: str
    current: str


@attrs.frozen(eq=False)
class NodeMonitor(Controller):
    """Notices heartbeats, declares silent nodes Unknown, and asks for their taints: monitorNodeHealth."""

    name: str = MONITOR
    workers: int = 8
    config: NodeLifecycleConfig = DEFAULT
    recorder: Recorder = attrs.field(factory=lambda: Recorder("node-controller"))

    # ---- what it watches, and how events map to keys

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Nodes, their Leases, and the pods on them."""
        return (("nodes", self._on_node), ("leases", self._on_lease), ("pods", nothing))

    def started(self, hands: Hands) -> None:
        """The first pass is over all nodes."""
        hands.remember("~monitoring", 1)
        for node in hands.cache("nodes").all():
            hands.enqueue(self.name, node.key)

    def _on_node(self, hands: Hands, change: Change) -> None:
        if not hands.recall("~monitoring"):
            return
        new, old = change.obj.document, change.prev.document if change.prev is not None else change.obj.document
        if self.is_heartbeat(old, new):
            self._notice(hands, change.key)
        if change.type in (ADDED, DELETED) or _matters(old, new):
            hands.enqueue_after(self.name, change.key, self.config.next_tick(hands.now_ms) - hands.now_ms)

    def _on_lease(self, hands: Hands, change: Change) -> None:
        if change.obj.namespace != LEASES or change.type == DELETED or not hands.recall("~monitoring"):
            return
        old = change.prev.document if change.prev is not None else None
        if self.is_renewal(old, change.obj.document):
            self._notice(hands, change.obj.name)

    def _notice(self, hands: Hands, node: str) -> None:
        """Keep the time of a heartbeat: that of the pass which would notice it, by this process's clock."""
        health = hands.recall(health_cell(node))
        probe_ms = self.config.next_tick(hands.now_ms)
        if health is not None and health[1] != probe_ms:
            hands.remember(health_cell(node), (health[0], probe_ms, health[2]))

    # ---- decisions

    def is_heartbeat(self, old: Document, new: Document) -> bool:
        """Whether a change of a node's status is a sign of life: another heartbeat time of Ready, or Ready there or gone."""
        before, after = condition(old, READY), condition(new, READY)
        if before is None or after is None:
            return (before is None) != (after is None)
        return before.get("lastHeartbeatTime") != after.get("lastHeartbeatTime")

    def is_renewal(self, old: Document | None, new: Document) -> bool:
        """Whether a Lease has been renewed."""
        before = old.get("spec", {}).get("renewTime", "") if old is not None else ""
        after = new.get("spec", {}).get("renewTime", "")
        return before != after and (parse_time_ns(before) or 0) < (parse_time_ns(after) or 0)

    def is_too_old(self, now_ms: int, probe_ms: int, ready: str) -> bool:
        """Whether a node has been silent for too long; `ready` is its Ready as it stands.

        DEVIATES: a grace period that has passed to the millisecond counts, because passes take no time here; upstream's passes drift past it.
        """
        return now_ms >= probe_ms + self._grace_ms(ready)

    def marks_pods(self, health: Health, *, again: bool) -> bool:
        """Whether a pass marks the node's pods: when it declared a ready node Unknown, or (`again`) when that was not finished."""
        lost = health.current != TRUE and health.observed == TRUE
        return lost or (again and health.observed != TRUE)

    def _grace_ms(self, ready: str) -> int:
        return self.config.grace_ms if ready else self.config.startup_grace_ms

    # ---- reconcile

    def reconcile(self, key: str) -> Reconcile:
        """One pass over the node `key`."""
        nodes = yield Cached("nodes")
        node = nodes.get(key)
        known = yield Recall(health_cell(key))
        if node is None:
            if known is not None:
                yield from self._forget(key, known[0])
            return None
        if known is None:
            yield from self._meet(node)
        else:
            yield from self._open_zone(zone_of(node.document))
        health = yield from self.update_health(node)
        if health is None or not (yield from self._act(node, health)):
            return Requeue((yield from self._next_pass()))
        yield Remember(f"retry:{key}", None)
        if health.current not in ("", TRUE):
            yield Enqueue(self.name, key, (yield from self._next_pass()), periodic=True, heartbeat=True)
            return None
        _, probe_ms, _ = yield Recall(health_cell(key), ("", 0, ""))
        now_ms = yield Now()
        due_ms = max(self.config.tick_at(probe_ms + self._grace_ms(health.current)), self.config.next_tick(now_ms))
        yield Enqueue(self.name, key, due_ms - now_ms, periodic=True, heartbeat=True)
        return None

    def _act(self, node: Stored, health: Health) -> Generator[Any, Any, bool]:
        """What follows from a node's health; False if it has to be done again."""
        if not health.current:
            return True
        yield from self._set_ready(node.key, health.current)
        pods = (yield Cached("pods")).by_node(node.key)
        tainted_well = yield from self.process_taints(health.document, health.current)
        again = (yield Recall(f"retry:{node.key}")) is not None
        if health.current != TRUE and health.observed == TRUE:
            message = f"Node {node.key} status is now: NodeNotReady"
            yield from self.recorder.emit(_about(node.key, node.uid), "Node", "Normal", "NodeNotReady", message)
        if self.marks_pods(health, again=again) and not (yield from self.mark_pods(pods)):
            yield Remember(f"retry:{node.key}", 1)
            return False
        return tainted_well

    def mark_pods(self, pods: list[Stored]) -> Generator[Any, Any, bool]:
        """Mark the pods of a failed node not ready; whether all writes went well."""
        return (yield from mark_pods_not_ready(pods, self.recorder))

    def _next_pass(self) -> Generator[Any, Any, int]:
        now_ms: int = yield Now()
        return self.config.next_tick(now_ms) - now_ms

    def _set_ready(self, node: str, ready: str) -> Step:
        health = yield Recall(health_cell(node))
        if health is not None and health[2] != ready:
            yield Remember(health_cell(node), (health[0], health[1], ready))

    # ---- nodes that come and go

    def _meet(self, node: Stored) -> Step:
        """A node that this process has not seen: its clock starts now, and it has no NoExecute taint of ours."""
        now_ms = yield Now()
        leases = yield Cached("leases")
        probe_ms = now_ms
        if not ready_status(node.document) and leases.get(f"{LEASES}/{node.key}") is None:
            probe_ms = (parse_time_ns(node.document["metadata"].get("creationTimestamp", "")) or 0) // MS_NS
        yield Remember(health_cell(node.key), (node.uid, probe_ms, ""))
        message = f"Node {node.key} event: Registered Node {node.key} in Controller"
        yield from self.recorder.emit(_about(node.key, node.uid), "Node", "Normal", "RegisteredNode", message)
        yield from self._open_zone(zone_of(node.document))
        yield from mark_reachable(node.key, node.document)

    def _forget(self, key: str, uid: str) -> Step:
        yield Remember(health_cell(key), None)
        yield Remember(f"retry:{key}", None)
        message = f"Node {key} event: Removing Node {key} from Controller"
        yield from self.recorder.emit(_about(key, uid), "Node", "Normal", "RemovingNode", message)

    def _open_zone(self, zone: str) -> Step:
        """Give a zone that is new its queue and limiter: addPodEvictorForNewZone."""
        states = dict((yield Recall("zones", ())))
        if zone not in states:
            states[zone] = INITIAL
            yield Remember("zones", tuple(sorted(states.items())))
            yield Remember(f"limiter:{zone}", Limiter(self.config.eviction_interval_ms))
            yield Remember(f"queue:{zone}", NO_NODES)

    # ---- health

    def update_health(self, node: Stored) -> Generator[Any, Any, Health | None]:
        """Declare the node Unknown if it has been silent for too long; None if that could not be written: tryUpdateNodeHealth.

        DEVIATES: the tries follow each other at once, because a reconcile cannot sleep; upstream waits 20 ms before each.
        """
        document = node.document
        for _ in range(TRIES):
            now_ms = yield Now()
            _, probe_ms, _ = yield Recall(health_cell(node.key), ("", now_ms, ""))
            ready = ready_status(document)
            observed = ready or UNKNOWN
            if not self.is_too_old(now_ms, probe_ms, ready):
                return Health(document, observed, ready)
            conditions = unknown_conditions(document, rfc3339(now_ms))
            silent = {**document, "status": {**document.get("status", {}), "conditions": conditions}}
            if condition(silent, READY) == condition(document, READY):
                return Health(document, observed, ready)
            reply = yield update("nodes", silent, "status")
            if reply.ok:
                return Health(silent, observed, UNKNOWN)
            reply = yield get("nodes", node.key)
            if not reply.ok:
                return None
            document = reply.obj.document
        return None

    # ---- taints

    def process_taints(self, document: Document, ready: str) -> Generator[Any, Any, bool]:
        """Take the NoExecute taints off a ready node; have one put on another, at once if it only has to change its key. False: the next pass has to try again.

        Source: node_lifecycle_controller.go, processTaintBaseEviction: a write that fails is only logged, and every pass looks at every node.
        """
        node = document["metadata"]["name"]
        if ready == TRUE:
            return (yield from mark_reachable(node, document))
        key = TAINT_BY_READY.get(ready)
        if key is None:
            return True
        opposite = no_execute(UNREACHABLE if key == NOT_READY else NOT_READY)
        if has_taint(taints_of(document), opposite):
            return (yield from swap_taints(node, document, (no_execute(key),), (opposite,)))
        yield from self.mark_for_tainting(document, no_execute(key))
        return True

    def mark_for_tainting(self, document: Document, taint: Mapping[str, Any]) -> Step:
        """Put the node into its zone's queue, again if it has been handled and has lost the taint: markNodeForTainting.

        DEVIATES: a node that waits keeps its place; upstream moves it to the end at every pass.
        """
        node, zone = document["metadata"]["name"], zone_of(document)
        queue: NodeQueue = yield Recall(f"queue:{zone}", NO_NODES)
        if not has_taint(taints_of(document), taint) and not queue.waits(node):
            queue = queue.remove(node)
        if node not in queue.places:
            yield Remember(f"queue:{zone}", queue.add(node))
            yield Enqueue(EVICTOR, zone, after_ms=self.config.evictor_period_ms)


def node_lifecycle(config: NodeLifecycleConfig = DEFAULT) -> tuple[Controller, ...]:
    """The controllers that make up the node lifecycle controller; without a period only the one that needs no heartbeats."""
    if not config.period_ms:
        return (NodeTainter(),)
    monitor = NodeMonitor(config=config)
    return (NodeTainter(), monitor, ZoneKeeper(config=config), Evictor(config=config), PodReadiness())


def _about(node: str, uid: str) -> Stored:
    """What the events are about: as upstream, a node by name and uid."""
    return Stored(node, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "uid": uid}}, 0, 0, 0)


def _matters(old: Document, new: Document) -> bool:
    """Whether a pass would look at what changed."""
    return (
        ready_status(old) != ready_status(new)
        or old.get("spec", {}).get("taints") != new.get("spec", {}).get("taints")
        or zone_of(old) != zone_of(new)
    )
