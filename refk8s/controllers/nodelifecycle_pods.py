"""Pods on a node that is not ready are not ready: the write, and the controller that sees to pods which reach such a node late.

Source: pkg/controller/util/node/controller_utils.go, MarkPodsNotReady; node_lifecycle_controller.go, processPod.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import attrs

from ..api.store import DELETED, Change, Stored
from ..core.clock import rfc3339
from ..core.flight import Cached, Now, Recall, Reconcile, Retry
from ..core.hands import Hands
from .nodelifecycle_config import health_cell
from .nodelifecycle_health import READY, TRUE
from .runtime import Controller, Handler, Recorder, update


def not_ready_document(document: dict[str, Any], now: str) -> dict[str, Any] | None:
    """The pod with Ready False, None if that changes nothing. `now` is an RFC 3339 time."""
    conditions = document.get("status", {}).get("conditions") or ()
    for place, found in enumerate(conditions):
        if found["type"] == READY:
            if found["status"] == "False":
                return None
            changed = {**found, "status": "False", "lastTransitionTime": now}
            status = {**document["status"], "conditions": [*conditions[:place], changed, *conditions[place + 1 :]]}
            return {**document, "status": status}
    return None


def mark_pods_not_ready(pods: Sequence[Stored], recorder: Recorder) -> Generator[Any, Any, bool]:
    """Write Ready False to the pods, one after the other, and an event about each; whether every write went well or met a pod that is gone."""
    well = True
    for pod in pods:
        document = not_ready_document(pod.document, rfc3339((yield Now())))
        if document is None:
            continue
        reply = yield update("pods", document, "status")
        if reply.reason == "NotFound":
            continue
        well = well and reply.ok
        yield from recorder.emit(pod, "Pod", "Warning", "NodeNotReady", "Node is not ready")
    return well


@attrs.frozen(eq=False)
class PodReadiness(Controller):
    """Marks a pod not ready that was bound to, or seen on, a node which is not ready."""

    name: str = "nodelifecycle-pods"
    workers: int = 4
    recorder: Recorder = attrs.field(factory=lambda: Recorder("node-controller"))

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Pods."""
        return (("pods", self._on_pod),)

    def _on_pod(self, hands: Hands, change: Change) -> None:
        """DEVIATES: a pod on a node that is ready, as the monitor knows, is not queued, because its turn would do nothing."""
        if change.type == DELETED:
            return
        node = change.obj.document["spec"].get("nodeName")
        if not node or (change.prev is not None and change.prev.document["spec"].get("nodeName") == node):
            return
        health = hands.recall(health_cell(node))
        if health is None or health[2] not in ("", TRUE):
            hands.enqueue(self.name, change.key)

    def reconcile(self, key: str) -> Reconcile:
        """Mark the pod `key` not ready if its node is not; one whose node the monitor has not looked at yet is left alone."""
        pods = yield Cached("pods")
        pod = pods.get(key)
        if pod is None:
            return None
        node = pod.document["spec"].get("nodeName", "")
        health = yield Recall(health_cell(node))
        if health is None:
            return None
        nodes = yield Cached("nodes")
        if nodes.get(node) is None:
            return Retry(f"failed to read node {node}")
        if health[2] in ("", TRUE):
            return None
        if not (yield from mark_pods_not_ready((pod,), self.recorder)):
            return Retry(f"unable to mark pod {key} NotReady on node {node}")
        return None
