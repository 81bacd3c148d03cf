"""The node's own loops: registration and status of the Node, and its Lease.

Source: pkg/kubelet/kubelet_node_status.go (registerWithAPIServer, tryUpdateNodeStatus), component-helpers/apimachinery/lease/controller.go.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from ..api.patch import create_two_way_merge_patch
from ..api.store import Change, Stored
from ..controllers.runtime import Controller, Handler, Recorder, create, get, patch, update
from ..core.clock import rfc3339, rfc3339_micro
from ..core.flight import Cached, Enqueue, Now, Recall, Reconcile, Remember
from ..core.hands import Hands
from .node_document import Document, has_changed, initial_document, node_status, transitions
from .runtime import NOTHING_RUNS, RUNTIME
from .spec import NodeSpec

REGISTERED: Final = "registered"
REPORTED: Final = "reported"
TRIES: Final = "tries"

RETRIES: Final = 5
"""Tries of one node status update or Lease renewal. Source: nodeStatusUpdateRetry, maxUpdateRetries."""


def patient_ms(failures: int) -> int:
    """How long registration and the Lease wait after failures in a row: 200 ms doubling to 7 s."""
    return min(100 << min(failures, 7), 7_000)


@attrs.frozen(eq=False)
class NodeStatus(Controller):
    """Registers the Node, and keeps its status up to date: each 10 s (`update_ms`) if it has changed, otherwise each 5 minutes (`report_ms`).

    `report_images`: images that pods have pulled are part of it. `events`: whether Events are recorded.

    DEVIATES: a tick is made only when something may have changed or a report is due, because ticks that find nothing have no effect; reports are not
    spread at random over the nodes.
    """

    name: str = "node"
    workers: int = 1
    spec: NodeSpec = attrs.field(kw_only=True)
    recorder: Recorder = attrs.field(kw_only=True)
    update_ms: int = 10_000
    report_ms: int = 300_000
    report_images: bool = False
    events: bool = True

    @property
    def stream(self) -> str:
        """This node."""
        return f"nodes@name={self.spec.name}"

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """The Node object of this kubelet."""
        return ((self.stream, self.on_node),)

    # ---- how events map to keys

    def on_node(self, hands: Hands, change: Change) -> None:
        """If somebody else has changed what the kubelet keeps, it is set right at the next tick."""
        if hands.recall(REGISTERED) is None or change.type == "DELETED":
            return
        if change.prev is None or self.others_work(change.prev.document, change.obj.document):
            hands.enqueue_after(self.name, self.spec.name, self.update_ms, periodic=True)

    def others_work(self, was: Document, now: Document) -> bool:
        """Whether the kubelet would write this status otherwise."""
        status = now.get("status") or {}
        if was.get("status") is status and was["metadata"].get("labels") == now["metadata"].get("labels"):
            return False
        return has_changed(status, node_status(self.spec, status, ""))

    def started(self, hands: Hands) -> None:
        """Register at once."""
        hands.enqueue(self.name, self.spec.name)

    # ---- reconcile

    def reconcile(self, key: str) -> Reconcile:
        """Register the node if that is not done, and report its status if that is due."""
        now_ms = yield Now()
        registered = yield Recall(REGISTERED)
        if registered is None:
            done = yield from self._register(now_ms)
            if not done:
                tries = (yield Recall(TRIES, 0)) + 1
                yield Remember(TRIES, tries)
                yield Enqueue(self.name, key, patient_ms(tries), True)
                return None
            yield Remember(TRIES, None)
            yield Remember(REGISTERED, 1)
        for number in range(RETRIES):
            done = yield from self._update(number)
            if done:
                break
        now_ms = yield Now()
        reported = yield Recall(REPORTED, now_ms)
        after_ms = max(reported + self.report_ms - now_ms, 1) if done else self.update_ms
        yield Enqueue(self.name, key, after_ms, periodic=True, heartbeat=done)
        return None

    def _register(self, now_ms: int) -> Any:
        """Create the Node, or bring the labels of the one that exists up to date. Source: tryRegisterWithAPIServer."""
        document = initial_document(self.spec, rfc3339(now_ms))
        reply = yield create("nodes", document)
        if reply.ok:
            yield Remember(REPORTED, now_ms)
            yield from self._tell(reply.obj, ["Starting", *transitions((), document["status"]["conditions"])])
            return True
        if reply.reason != "AlreadyExists":
            return False
        reply = yield get("nodes", self.spec.name)
        if not reply.ok:
            return False
        yield from self._tell(reply.obj, ["Starting"])
        old = reply.obj.document["metadata"]
        new = {
            **old,
            "labels": {**(old.get("labels") or {}), **document["metadata"]["labels"]},
            "annotations": {**(old.get("annotations") or {}), **document["metadata"]["annotations"]},
        }
        body = create_two_way_merge_patch({"metadata": old}, {"metadata": new}, "Node")
        if not body:
            return True
        reply = yield patch("nodes", self.spec.name, body, subresource="status")
        return reply.ok

    def _update(self, number: int) -> Any:
        """Patch the status if it has changed or a report is due; the first try trusts the cache. Source: tryUpdateNodeStatus."""
        if number:
            reply = yield get("nodes", self.spec.name)
            stored: Stored | None = reply.obj if reply.ok else None
        else:
            cache = yield Cached(self.stream)
            stored = cache.get(self.spec.name)
        now_ms = yield Now()
        reported = yield Recall(REPORTED)
        if stored is None:
            return number == 0 and reported == now_ms  # the Node that was just created is on its way to the cache
        runtime = (yield Recall(RUNTIME, NOTHING_RUNS)) if self.report_images else None
        old = stored.document.get("status") or {}
        new = node_status(self.spec, old, rfc3339(now_ms), runtime)
        is_due = reported is None or now_ms - reported >= self.report_ms
        if not is_due and not has_changed(old, new):
            return True
        body = create_two_way_merge_patch({"status": old}, {"status": new}, "Node")
        if body:
            reply = yield patch("nodes", self.spec.name, body, subresource="status")
            if not reply.ok:
                return False
            yield from self._tell(reply.obj, transitions(old.get("conditions") or (), new["conditions"]))
        yield Remember(REPORTED, now_ms)
        return True

    def _tell(self, stored: Stored, reasons: list[str]) -> Any:
        """Record events about the node. Source: recordNodeStatusEvent, BirthCry."""
        if not self.events:
            return
        for reason in reasons:
            message = "Starting kubelet." if reason == "Starting" else f"Node {self.spec.name} status is now: {reason}"
            yield from self.recorder.emit(stored, "Node", "Normal", reason, message)


@attrs.frozen(eq=False)
class NodeLease(Controller):
    """Renews the node's Lease in kube-node-lease each 10 s (`renew_ms`).

    Source: lease/controller.go (sync, ensureLease, retryUpdateLease), pkg/kubelet/util/nodelease.go (SetNodeOwnerFunc).
    """

    name: str = "lease"
    workers: int = 1
    spec: NodeSpec = attrs.field(kw_only=True)
    duration_s: int = 40
    renew_ms: int = 10_000

    @property
    def key(self) -> str:
        """The Lease's key."""
        return f"kube-node-lease/{self.spec.name}"

    def started(self, hands: Hands) -> None:
        """Claim the Lease at once."""
        hands.enqueue(self.name, self.key)

    def reconcile(self, key: str) -> Reconcile:
        """Renew the Lease; the version that was written last is trusted until a write says otherwise."""
        latest: Stored | None = yield Recall("lease")
        done = False
        if latest is not None:
            done = yield from self._renew(latest)
        if not done:
            reply = yield get("leases", self.key)
            if reply.ok:
                yield from self._renew(reply.obj)
            elif reply.reason != "NotFound" or not (yield from self._create()):
                tries = (yield Recall("lease-tries", 0)) + 1
                yield Remember("lease-tries", tries)
                yield Enqueue(self.name, key, patient_ms(tries), True)
                return None
        yield Remember("lease-tries", None)
        yield Enqueue(self.name, key, self.renew_ms, periodic=True, heartbeat=True)
        return None

    def _renew(self, base: Stored) -> Any:
        for _ in range(RETRIES):
            now_ms = yield Now()
            document = dict(base.document)
            document["spec"] = {
                **base.document["spec"],
                "leaseDurationSeconds": self.duration_s,
                "renewTime": rfc3339_micro(now_ms),
            }
            if not base.document["metadata"].get("ownerReferences"):
                document["metadata"] = {**base.document["metadata"], **(yield from self._owner())}
            reply = yield update("leases", document)
            if reply.ok:
                yield Remember("lease", reply.obj)
                return True
            if reply.reason != "Conflict":
                continue
            reply = yield get("leases", self.key)
            if not reply.ok:
                return False
            base = reply.obj
        yield Remember("lease", None)
        return False

    def _create(self) -> Any:
        owner = yield from self._owner()
        if not owner:
            return False
        now_ms = yield Now()
        document: Document = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.spec.name, "namespace": "kube-node-lease", **owner},
            "spec": {
                "holderIdentity": self.spec.name,
                "leaseDurationSeconds": self.duration_s,
                "renewTime": rfc3339_micro(now_ms),
            },
        }
        reply = yield create("leases", document)
        if reply.ok:
            yield Remember("lease", reply.obj)
        return reply.ok

    def _owner(self) -> Any:
        """The Node as owner, nothing if it cannot be read."""
        reply = yield get("nodes", self.spec.name)
        if not reply.ok:
            return {}
        reference = {"apiVersion": "v1", "kind": "Node", "name": self.spec.name, "uid": reply.obj.uid}
        return {"ownerReferences": [reference]}
