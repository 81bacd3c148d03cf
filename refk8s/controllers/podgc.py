"""The pod garbage collector: removes pods that no kubelet will ever remove.

These are pods on nodes that are gone (after a quarantine, and a look at the API server), pods being deleted that were never bound or whose node is out of
service, and the oldest finished pods above a threshold. A pod that has not finished becomes Failed first.

In memory: `quarantine:NODE` = ms from which on the node may be taken for gone; `~finished` = number of finished pods, derived from the cache.

DEVIATES: upstream looks every 20 s. Here the looks are the same instants, but only those before which something happened that a look would find, so
that an idle cluster has none.

Source: pkg/controller/podgc/gc_controller.go.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final

import attrs

from ..api.store import DELETED, Change, Stored
from ..core.clock import rfc3339
from ..core.flight import Cached, Now, Parallel, Recall, Reconcile, Remember, Requeue
from ..core.hands import Hands
from ..core.wire import Request
from .decisions_time import parse_time_ns
from .disruption import DISRUPTION_TARGET, status_patch, with_condition
from .nodelifecycle_health import TRUE, ready_status, taints_of
from .runtime import Controller, Handler, delete, get, patch

KEY: Final = "pods"
OUT_OF_SERVICE: Final = "node.kubernetes.io/out-of-service"
UNFINISHED: Final = ("Pending", "Running", "Unknown")
TERMINAL: Final = ("Succeeded", "Failed")
NODE_GONE: Final = {
    "type": DISRUPTION_TARGET,
    "status": "True",
    "reason": "DeletionByPodGC",
    "message": "PodGC: node no longer exists",
}

Found = Generator[Any, Any, bool]


@attrs.frozen(eq=False)
class PodCollector(Controller):
    """Removes pods that no kubelet will ever remove. One key: "pods". `terminated_threshold` 0: finished pods are never too many."""

    name: str = "podgc"
    workers: int = 1
    terminated_threshold: int = 12_500
    period_ms: int = 20_000
    quarantine_ms: int = 40_000

    # ---- what it watches, and how events map to keys

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Pods and nodes."""
        return (("nodes", self._on_node), ("pods", self._on_pod))

    def _on_pod(self, hands: Hands, change: Change) -> None:
        pod = change.obj.document
        gone = change.type == DELETED
        finished = int(is_finished(pod)) if not gone else 0
        was = change.prev.document if change.prev is not None else pod if gone else None
        before = int(is_finished(was)) if was is not None else 0
        count = hands.recall("~finished", 0)
        if finished != before:
            count += finished - before
            hands.remember("~finished", count)
        if gone:
            return
        if self.has_too_many(count) or self._is_suspicious(hands, pod):
            self._look(hands)

    def _is_suspicious(self, hands: Hands, pod: dict[str, Any]) -> bool:
        node = pod["spec"].get("nodeName")
        deleting = "deletionTimestamp" in pod["metadata"]
        if not node:
            return deleting
        nodes = hands.cache("nodes")
        found = nodes.get(node) if nodes is not None else None
        return found is None or (deleting and is_out_of_service(found.document))

    def _on_node(self, hands: Hands, change: Change) -> None:
        if change.type == DELETED or is_out_of_service(change.obj.document):
            pods = hands.cache("pods")
            if pods is not None and pods.by_node(change.key):
                self._look(hands)

    def _look(self, hands: Hands) -> None:
        hands.enqueue_after(self.name, KEY, self.period_ms - hands.now_ms % self.period_ms)

    # ---- reconcile

    def reconcile(self, key: str) -> Reconcile:
        """Look at all pods once; look again at the next instant if something was found that this controller can remove."""
        pods = (yield Cached("pods")).all()
        nodes = yield Cached("nodes")
        known = {node.key: node for node in nodes.all()}
        found = yield from self.collect_finished(pods)
        found = (yield from self.collect_out_of_service(pods, known)) or found
        found = (yield from self.collect_orphaned(pods, known)) or found
        found = (yield from self.collect_unscheduled(pods)) or found
        if not found:
            return None
        now_ms = yield Now()
        return Requeue(self.period_ms - now_ms % self.period_ms)

    def collect_finished(self, pods: Sequence[Stored]) -> Found:
        """Delete the oldest finished pods above the threshold, evicted ones first."""
        finished = [pod for pod in pods if is_finished(pod.document)]
        if not self.has_too_many(len(finished)):
            return False
        finished.sort(key=_eviction_order)
        oldest = finished[: len(finished) - self.terminated_threshold]
        yield from self.remove(oldest)
        return _any_to_remove(oldest)

    def collect_out_of_service(self, pods: Sequence[Stored], nodes: dict[str, Stored]) -> Found:
        """Delete the pods that are being deleted on nodes which are out of service."""
        terminating = []
        for pod in pods:
            node = nodes.get(_node(pod))
            if (
                node is not None
                and "deletionTimestamp" in pod.document["metadata"]
                and is_out_of_service(node.document)
            ):
                terminating.append(pod)
        terminating.sort(key=_eviction_order)
        yield from self.remove(terminating)
        return _any_to_remove(terminating)

    def collect_orphaned(self, pods: Sequence[Stored], nodes: dict[str, Stored]) -> Found:
        """Delete the pods on nodes that are gone."""
        now_ms = yield Now()
        missing = sorted({_node(pod) for pod in pods} - set(nodes) - {""})
        gone = []
        for node in missing:
            until_ms = yield Recall(f"quarantine:{node}")
            if until_ms is None:
                yield Remember(f"quarantine:{node}", now_ms + self.quarantine_ms)
            elif now_ms >= until_ms:
                yield Remember(f"quarantine:{node}", None)
                if (yield from self.is_gone(node)):
                    gone.append(node)
        yield from self.remove([pod for pod in pods if _node(pod) in gone], NODE_GONE)
        return _any_to_remove([pod for pod in pods if _node(pod) in missing])

    def collect_unscheduled(self, pods: Sequence[Stored]) -> Found:
        """Delete the pods that are being deleted and were never bound."""
        unbound = [pod for pod in pods if "deletionTimestamp" in pod.document["metadata"] and not _node(pod)]
        yield from self.remove(unbound)
        return _any_to_remove(unbound)

    # ---- decisions

    def has_too_many(self, finished: int) -> bool:
        """Whether there are too many finished pods."""
        return 0 < self.terminated_threshold < finished

    def is_gone(self, node: str) -> Found:
        """Whether the API server has no such node."""
        reply = yield get("nodes", node)
        return bool(reply.reason == "NotFound")

    def remove(self, pods: Sequence[Stored], condition: dict[str, Any] | None = None) -> Generator[Any, Any, None]:
        """Mark pods Failed that have not finished, with `condition`, then delete them at once: markFailedAndDeletePod. What fails is left to the next look."""
        if not pods:
            return
        now = rfc3339((yield Now()))
        unfinished = [pod for pod in pods if pod.document["status"].get("phase") not in TERMINAL]
        replies = yield Parallel(tuple(self.fail_request(pod, condition, now) for pod in unfinished))
        failed = {pod.key for pod, reply in zip(unfinished, replies, strict=True) if not reply.ok}
        yield Parallel(tuple(self.delete_request(pod) for pod in pods if pod.key not in failed))

    def fail_request(self, pod: Stored, condition: dict[str, Any] | None, now: str) -> Request:
        """The patch that makes a pod Failed."""
        status = (with_condition(pod.document, condition, now) if condition else None) or pod.document["status"]
        generation = pod.document["metadata"].get("generation")
        status = {**status, "phase": "Failed", **({"observedGeneration": generation} if generation else {})}
        return patch("pods", pod.key, status_patch(pod.document, status), subresource="status")

    def delete_request(self, pod: Stored) -> Request:
        """The deletion without grace."""
        return delete("pods", pod.key, gracePeriodSeconds=0)


def is_finished(pod: dict[str, Any]) -> bool:
    """Whether a pod has come to its end."""
    return pod.get("status", {}).get("phase") not in UNFINISHED


def is_out_of_service(node: dict[str, Any]) -> bool:
    """Whether a node is not ready and somebody says that it is shut down."""
    return ready_status(node) != TRUE and any(taint["key"] == OUT_OF_SERVICE for taint in taints_of(node))


def _node(pod: Stored) -> str:
    return str(pod.document["spec"].get("nodeName", ""))


def _any_to_remove(pods: Sequence[Stored]) -> bool:
    """Whether one of them is kept by more than finalizers, which somebody else removes."""
    metadata = [pod.document["metadata"] for pod in pods]
    return any("deletionTimestamp" not in found or found.get("deletionGracePeriodSeconds") for found in metadata)


def _eviction_order(pod: Stored) -> tuple[bool, int, str]:
    status = pod.document.get("status", {})
    evicted = status.get("phase") == "Failed" and status.get("reason") == "Evicted"
    return not evicted, parse_time_ns(pod.document["metadata"].get("creationTimestamp", "")) or 0, pod.name
