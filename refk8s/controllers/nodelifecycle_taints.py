"""Taints of nodes: how the controllers write them, and the controller that keeps NoSchedule taints and old label names in step with the node.

Source: pkg/controller/controller_utils.go, AddOrUpdateTaintOnNode and RemoveTaintOffNode; pkg/controller/util/node/controller_utils.go;
node_lifecycle_controller.go, doNoScheduleTaintingPass and reconcileNodeLabels.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

import attrs

from ..api.store import DELETED, Change
from ..core.clock import rfc3339
from ..core.flight import Cached, Now, Recall, Reconcile, Remember, Retry
from ..core.hands import Hands
from .nodelifecycle_health import (
    NOT_READY,
    UNREACHABLE,
    Document,
    Taint,
    has_taint,
    label_changes,
    no_execute,
    no_schedule_diff,
    taints_of,
    with_taint,
    without_taint,
    zone_of,
)
from .nodelifecycle_zones import NO_NODES, NodeQueue
from .runtime import Controller, Handler, get, patch

TRIES: Final = 5
"""Source: controller_utils.go, UpdateTaintBackoff."""

Done = Generator[Any, Any, bool]
Step = Generator[Any, Any, None]


def add_taints(node: str, taints: Sequence[Taint]) -> Done:
    """Give the node these taints, with the time; whether it has them now."""
    now = rfc3339((yield Now()))
    timed = [{**taint, "timeAdded": now} for taint in taints]

    def change(old: tuple[Taint, ...]) -> tuple[Taint, ...]:
        for taint in timed:
            old = with_taint(old, taint)
        return old

    return (yield from _write_taints(node, change)) if timed else True


def remove_taints(node: str, known: Document, taints: Sequence[Taint]) -> Done:
    """Take these taints off the node, unless `known`, what the caller has of it, has none of them; whether they are gone."""
    if not any(has_taint(taints_of(known), taint) for taint in taints):
        return True

    def change(old: tuple[Taint, ...]) -> tuple[Taint, ...]:
        for taint in taints:
            old = without_taint(old, taint)
        return old

    return (yield from _write_taints(node, change))


def swap_taints(node: str, known: Document, add: Sequence[Taint], remove: Sequence[Taint]) -> Done:
    """Add some taints, then remove others; whether both went well."""
    if not (yield from add_taints(node, add)):
        return False
    return (yield from remove_taints(node, known, remove))


def mark_reachable(node: str, document: Document) -> Done:
    """Take the NoExecute taints of this controller off a node, as far as `document` has them, and the node out of its queue; whether the taints are gone.

    Source: node_lifecycle_controller.go, markNodeAsReachable.
    """
    for key in (UNREACHABLE, NOT_READY):
        if not (yield from remove_taints(node, document, (no_execute(key),))):
            return False
    zone = zone_of(document)
    queue: NodeQueue = yield Recall(f"queue:{zone}", NO_NODES)
    if node in queue.places:
        yield Remember(f"queue:{zone}", queue.remove(node))
    return True


def _write_taints(node: str, change: Callable[[tuple[Taint, ...]], tuple[Taint, ...]]) -> Done:
    """Read, change and patch the taints until nobody else is faster; the first read is from the API server's cache.

    DEVIATES: the tries after a conflict follow each other at once, because a reconcile cannot sleep; upstream waits 100 to 200 ms before each.
    """
    for attempt in range(TRIES):
        reply = yield get("nodes", node, **({} if attempt else {"resourceVersion": "0"}))
        if not reply.ok:
            return False
        old = taints_of(reply.obj.document)
        new = change(old)
        if new == old:
            return True
        version = {"resourceVersion": str(reply.obj.revision)}
        reply = yield patch("nodes", node, {"metadata": version, "spec": {"taints": list(new) or None}})
        if reply.ok:
            return True
        if reply.reason != "Conflict":
            return False
    return False


@attrs.frozen(eq=False)
class NodeTainter(Controller):
    """Keeps the NoSchedule taints of a node as its conditions and `spec.unschedulable` say, and its old os and arch labels as the new ones.

    DEVIATES: a heartbeat alone is no reason to look, and a pass that fails is tried again; upstream looks at every node event, and leaves
    what failed to the next one.
    """

    name: str = "nodelifecycle-taints"
    workers: int = 8

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Nodes."""
        return (("nodes", self._on_node),)

    def _on_node(self, hands: Hands, change: Change) -> None:
        if change.type == DELETED:
            return
        document = change.obj.document
        if any(no_schedule_diff(document)) or label_changes(document):
            hands.enqueue(self.name, change.key)

    def reconcile(self, key: str) -> Reconcile:
        """Bring taints and labels of the node `key` in step."""
        nodes = yield Cached("nodes")
        node = nodes.get(key)
        if node is None:
            return None
        add, remove = self.taints(node.document)
        if (add or remove) and not (yield from swap_taints(key, node.document, add, remove)):
            return Retry(f"failed to swap taints of node {key}")
        labels = label_changes(node.document)
        if labels:
            reply = yield patch("nodes", key, {"metadata": {"labels": labels}})
            if not reply.ok:
                return Retry(f"failed update labels for node {key}")
        return None

    def taints(self, document: Document) -> tuple[list[Taint], list[Taint]]:
        """(NoSchedule taints to add, to remove)."""
        return no_schedule_diff(document)
