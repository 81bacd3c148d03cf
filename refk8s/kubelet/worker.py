"""The kubelet's pod workers: what they watch, how events map to them, and the turns that they take.

Source: pkg/kubelet/kubelet.go (HandlePodAdditions … HandlePodCleanups), pod_workers.go.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from ..api.store import ADDED, DELETED, Cache, Change, Stored
from ..controllers.runtime import Controller, Handler, get
from ..core.flight import Cached, Cancel, Emit, Enqueue, Note, Now, Recall, Reconcile, Remember, Requeue
from ..core.hands import Hands
from ..kinds.node import Node
from .admission import NOTHING_TAKEN, Taken
from .events import pod_event
from .node_document import initial_node
from .records import NO_ALARM, SYNCING, Worker, memory_of, split_key, worker_key
from .rules import RULES, Rules
from .runtime import NOTHING_RUNS, RUNTIME, Runtime
from .spec import NodeSpec
from .turn import Known, Turn

MANY: Final = 1 << 30

STARTED: Final = "started"
TAKEN: Final = "~taken"


@attrs.frozen(eq=False)
class PodWorkers(Controller):
    """One worker per pod, by uid. A turn is atomic: it asks nobody, except when a pod's node affinity has to be judged by a fresh node.

    `statuses` and `node_status` are the names of the controllers that send pod statuses and the node's; `report_images`: the latter tells which images
    there are; `events`: whether Events are recorded.
    """

    name: str = "pods"
    workers: int = MANY
    spec: NodeSpec = attrs.field(kw_only=True)
    rules: Rules = RULES
    statuses: str = "status"
    node_status: str = "node"
    report_images: bool = False
    events: bool = True

    # ---- what it watches

    @property
    def stream(self) -> str:
        """The pods of this node."""
        return f"pods@node={self.spec.name}"

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """The pods bound to this node."""
        return ((self.stream, self.on_pod),)

    # ---- how events map to keys

    def started(self, hands: Hands) -> None:
        """What only the runtime knows is an orphan; then all pods get a worker, the oldest first, so that they are admitted in that order."""
        hands.remember(STARTED, 1)
        pods = sorted(hands.cache(self.stream).all(), key=_age)
        known = {stored.uid for stored in pods}
        runtime: Runtime = hands.recall(RUNTIME, NOTHING_RUNS)
        for uid, sandbox in runtime.pods.items():
            if uid not in known:
                hands.enqueue(self.name, worker_key(sandbox.key, uid))
        for stored in pods:
            hands.enqueue(self.name, worker_key(stored.key, stored.uid))

    def on_pod(self, hands: Hands, change: Change) -> None:
        """A pod has come, changed or gone. An echo of its status wakes nobody, unless it is not what was sent."""
        if hands.recall(STARTED) is None:
            return
        stored = change.obj
        key = worker_key(stored.key, stored.uid)
        if change.type == DELETED:
            hands.remember(f"gone:{stored.uid}", stored)
            hands.enqueue(self.name, key)
        elif change.type == ADDED or change.prev is None or self.matters(change):
            hands.enqueue(self.name, key)
        else:
            self.reconcile_status(hands, stored, key)

    def matters(self, change: Change) -> bool:
        """Whether a change is about more than the status."""
        now, was = change.obj.document, change.prev.document  # type: ignore[union-attr]  # asked of modifications only
        if now["spec"] is not was["spec"] and now["spec"] != was["spec"]:
            return True
        meta, before = now["metadata"], was["metadata"]
        for field in ("deletionTimestamp", "deletionGracePeriodSeconds", "generation", "labels", "annotations"):
            if meta.get(field) != before.get(field):
                return True
        phase = now["status"].get("phase")
        return bool(now["spec"].get("readinessGates")) or (
            phase != was["status"].get("phase") and phase in ("Failed", "Succeeded")
        )

    def reconcile_status(self, hands: Hands, stored: Stored, key: str) -> None:
        """If somebody else has changed the status, it is sent again at the next tick. Source: status_manager.go, needsReconcile."""
        worker: Worker | None = hands.recall(memory_of(stored.uid))
        entry = worker.entry if worker is not None else None
        if entry is not None and entry.sent == entry.version and entry.status != stored.document["status"]:
            hands.enqueue_after(self.statuses, key, self.rules.retry_ms)

    # ---- reconcile

    def reconcile(self, key: str) -> Reconcile:
        """One turn of a pod's worker."""
        turn: Turn = yield from self._turn(key)
        known, worker = turn.known, turn.worker
        was = known.worker
        if turn.runtime is not known.runtime:
            yield Remember(RUNTIME, turn.runtime)
            if self.report_images and turn.runtime.images is not known.runtime.images:
                yield Enqueue(self.node_status, self.spec.name, self.rules.retry_ms, True)
        released = self.rules.releases(worker, gone=known.gone)
        if turn.share is not None and not released:
            yield Remember(TAKEN, known.taken.add(turn.share))
            if worker is not None and worker.state == SYNCING:
                yield Note("admitted", (turn.stored, known.node))
        elif released and was is not None and not self.rules.releases(was, gone=False):
            taken = yield Recall(TAKEN, NOTHING_TAKEN)
            yield Remember(TAKEN, taken.remove(known.uid))
        if worker is None or was is None or worker.token != was.token or worker.last is not was.last:
            yield Remember(memory_of(known.uid), worker)
        if known.gone and worker is None:
            yield Remember(f"gone:{known.uid}", None)
        before, after = was.alarm if was is not None else NO_ALARM, worker.alarm if worker is not None else NO_ALARM
        if before != after or 0 < before[0] <= known.now_ms:
            if before[0] > known.now_ms:
                yield Cancel(self.name, key)
            if after[0]:
                yield Enqueue(self.name, key, max(after[0] - known.now_ms, 0), after[1])
        if self.events and turn.stored is not None:
            for event in turn.events:
                yield Emit(pod_event(turn.stored, self.spec.name, known.now_ms, *event))
        if turn.news:
            yield Enqueue(self.statuses, key)
        return Requeue(self.rules.room_ms) if turn.waits else None

    def _turn(self, key: str) -> Any:
        """Make the turn; the node is read from the API server if that may save a pod. Source: predicate.go, generalFilter."""
        pod_key, uid = split_key(key)
        fresh: Node | None = None
        staying: Taken | None = None
        while True:
            cache = yield Cached(self.stream)
            stored = cache.get(pod_key)
            worker = yield Recall(memory_of(uid))
            gone = stored is None or stored.uid != uid
            if gone:
                stored = yield Recall(f"gone:{uid}", worker.last if worker is not None else None)
            runtime = yield Recall(RUNTIME, NOTHING_RUNS)
            now_ms = yield Now()
            known = Known(uid, pod_key, stored, gone, worker, runtime, now_ms)
            if worker is None:
                taken = yield Recall(TAKEN, NOTHING_TAKEN)
                node = fresh
                if node is None:
                    found = (yield Cached(f"nodes@name={self.spec.name}")).get(self.spec.name)
                    node = found.view(Node) if found is not None else initial_node(self.spec)
                known = Known(
                    uid, pod_key, stored, gone, worker, runtime, now_ms, taken, node, fresh is not None, staying
                )
            turn = Turn(self.rules, self.spec, known)
            turn.run()
            if turn.wants_staying:
                staying = _staying(known.taken, cache)
                continue
            if not turn.wants_node:
                return turn
            reply = yield get("nodes", self.spec.name)
            fresh = reply.obj.view(Node) if reply.ok else known.node


def _staying(taken: Taken, cache: Cache) -> Taken:
    """What the pods take together that the API server still knows."""
    known = {stored.uid for stored in cache.all()}
    for uid in [uid for uid in taken.shares if uid not in known]:
        taken = taken.remove(uid)
    return taken


def _age(stored: Stored) -> tuple[str, str]:
    return (stored.document["metadata"].get("creationTimestamp", ""), stored.key)
