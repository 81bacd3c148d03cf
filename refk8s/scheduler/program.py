"""kube-scheduler as a process: the cycle takes pods from the queue one by one, each binding is a request of its own that can fail.

Controllers of the process: `cycle` (one worker: a scheduling cycle is atomic), `bind` and `status` (one flight per pod), and `flush` (back-off timers).
Source: pkg/scheduler/{scheduler,schedule_one,eventhandlers}.go.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

import attrs

from ..api.store import ADDED, DELETED, Change, Stored
from ..controllers.runtime import Controller, Handler, Recorder, create, patch
from ..core.clock import rfc3339
from ..core.digest import cell
from ..core.flight import Cached, Cancel, Enqueue, Note, Now, Recall, Reconcile, Remember, Requeue
from ..core.hands import Hands
from ..core.process import Program
from ..core.wire import TIMEOUT
from ..kinds.node import Node
from ..kinds.pod import Pod
from .cache import EMPTY_CACHE, Cache
from .cycle import Decision, schedule
from .events import ActionType, ClusterEvent, EventResource, node_events, pod_events, worth_requeuing
from .framework import Profile
from .messages import event_note
from .nodeinfo import PodInfo
from .plugins import default_profile
from .queue import BACKOFF, EMPTY_QUEUE, MAX_UNSCHEDULABLE_MS, UNSCHEDULABLE, Queue, Queued

MANY: Final = 1 << 30
UNSURE: Final = "~unsure"
"""The memory that a binding got no answer: it may have taken effect all the same. For invariants only."""
TERMINAL: Final = ("Succeeded", "Failed")


def _recorder() -> Recorder:
    return Recorder("default-scheduler")


@attrs.frozen(eq=False)
class Cycle(Controller):
    """What the scheduler watches, its queue, and the scheduling cycle."""

    name: str = "cycle"
    workers: int = 1
    profile: Profile = attrs.Factory(default_profile)

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Pods and nodes; namespaces, services and ReplicaSets for affinity and default spreading."""
        return (
            ("nodes", self.on_node),
            ("pods", self.on_pod),
            ("namespaces", self.on_lister),
            ("services", self.on_lister),
            ("replicasets", self.on_lister),
        )

    def started(self, hands: Hands) -> None:
        """The queue may be taken from."""
        hands.enqueue(self.name, "next")

    # ---- how events change the cache and the queue

    def on_pod(self, hands: Hands, change: Change) -> None:
        """Bound pods are the cache's, waiting ones the queue's; finished ones count as gone, as the scheduler's informer filters them."""
        now = None if change.type == DELETED or _finished(change.obj) else change.obj
        was = None if change.prev is None or _finished(change.prev) else change.prev
        if change.prev is not None and change.obj.uid != change.prev.uid:
            was = None
        if now is not None and now.document["spec"].get("nodeName"):
            self._bound(hands, now, was)
        elif now is not None:
            if self.responsible(now):
                queue: Queue = hands.recall("queue", EMPTY_QUEUE)
                info = PodInfo.of(now.view(Pod))
                queue_after = queue.update(self.profile, info, hands.now_ms)
                if was is not None and info.key in queue_after.parked:
                    queue_after = self.reconsider(queue_after, info.key, was.view(Pod), info.pod, hands)
                self._set_queue(hands, queue, queue_after)
        else:
            self._gone(hands, change.obj)

    def _bound(self, hands: Hands, now: Stored, was: Stored | None) -> None:
        pod = now.view(Pod)
        info = PodInfo.of(pod)
        cache: Cache = hands.recall("cache", EMPTY_CACHE)
        hands.remember("cache", self.confirm(cache, info, pod.spec.node_name))
        queue: Queue = hands.recall("queue", EMPTY_QUEUE)
        left = queue.remove(info.key)
        self._set_queue(hands, queue, left)
        if not len(left.parked):
            return  # nobody waits for what this may mean
        if was is not None and was.document["spec"].get("nodeName"):
            before = was.view(Pod)
            for event in pod_events(before, pod):
                self._move(hands, event, before, pod)
        else:
            self._move(hands, ClusterEvent(EventResource.ASSIGNED_POD, ActionType.ADD), None, pod)

    def _gone(self, hands: Hands, last: Stored) -> None:
        pod = last.view(Pod)
        cache: Cache = hands.recall("cache", EMPTY_CACHE)
        queue: Queue = hands.recall("queue", EMPTY_QUEUE)
        self._set_queue(hands, queue, queue.remove(pod.metadata.uid))
        node = cache.placed.get(pod.metadata.uid)
        if node is not None:
            hands.remember("cache", self.release(cache, pod.metadata.uid))
            self._move(hands, ClusterEvent(EventResource.ASSIGNED_POD, ActionType.DELETE), _placed(pod, node), None)

    def on_node(self, hands: Hands, change: Change) -> None:
        """Nodes are the cache's; what changed may make waiting pods schedulable."""
        cache: Cache = hands.recall("cache", EMPTY_CACHE)
        if change.type == DELETED:
            hands.remember("cache", self.node_gone(cache, change.key))
            self._move(hands, ClusterEvent(EventResource.NODE, ActionType.DELETE), change.obj.view(Node), None)
            return
        node = change.obj.view(Node)
        if change.type == ADDED or change.prev is None:
            hands.remember("cache", cache.put_node(node))
            self._move(hands, ClusterEvent(EventResource.NODE, ActionType.ADD), None, node)
            return
        before = change.prev.view(Node)
        events = node_events(before, node)
        if events or before.status.images != node.status.images or before.spec != node.spec:
            hands.remember("cache", cache.put_node(node))
        for event in events:
            self._move(hands, event, before, node)

    def on_lister(self, hands: Hands, change: Change) -> None:
        """Namespaces, services and ReplicaSets are looked at by plugins."""
        cache: Cache = hands.recall("cache", EMPTY_CACHE)
        listers, document = cache.snapshot.listers, change.obj.document
        gone = change.type == DELETED
        namespace, name = change.obj.namespace, change.obj.name
        if change.resource == "namespaces":
            listers = listers.without_namespace(name) if gone else listers.with_namespace(document)
        elif change.resource == "services":
            listers = listers.without_service(namespace, name) if gone else listers.with_service(document)
        elif gone:
            listers = listers.without_owner("apps/v1", "ReplicaSet", namespace, name)
        elif change.prev is None:
            listers = listers.with_owner("apps/v1", "ReplicaSet", document)
        hands.remember("cache", cache.with_listers(listers))

    def _move(self, hands: Hands, event: ClusterEvent, old: object, new: object) -> None:
        queue: Queue = hands.recall("queue", EMPTY_QUEUE)
        if len(queue.parked):
            cache: Cache = hands.recall("cache", EMPTY_CACHE)
            self._set_queue(hands, queue, self.wake(queue, event, old, new, cache, hands.now_ms))

    def _set_queue(self, hands: Hands, old: Queue, queue: Queue) -> None:
        if queue is old:
            return
        hands.remember("queue", queue)
        for key in queue.backing_off:
            if key not in old.backing_off:
                hands.enqueue_after("flush", key, max(1, _due_in(queue.pods[key], hands.now_ms)))
        if queue.head() is not None:
            hands.enqueue(self.name, "next")

    # ---- seams: each decision by itself

    def responsible(self, pod: Stored) -> bool:
        """Whether the pod is for this scheduler."""
        return bool(pod.document["spec"].get("schedulerName", "default-scheduler") == self.profile.scheduler_name)

    def confirm(self, cache: Cache, pod: PodInfo, node: str) -> Cache:
        """The cache after the informer showed `pod` bound to `node`."""
        return cache.put(pod, node)

    def release(self, cache: Cache, key: str) -> Cache:
        """The cache after the informer showed a placed pod gone or finished."""
        return cache.drop(key)

    def node_gone(self, cache: Cache, name: str) -> Cache:
        """The cache after the informer showed a node gone."""
        return cache.drop_node(name)

    def wake(self, queue: Queue, event: ClusterEvent, old: object, new: object, cache: Cache, now_ms: int) -> Queue:
        """The queue after an event that unschedulable pods may wait for."""
        return queue.move(self.profile, event, old, new, cache.snapshot.listers, now_ms)

    def reconsider(self, queue: Queue, key: str, old: Pod, new: Pod, hands: Hands) -> Queue:
        """The queue after a parked pod itself changed: a change that its rejectors wait for moves it. Source: scheduling_queue.go, Update."""
        entry = queue.pods[key]
        listers = hands.recall("cache", EMPTY_CACHE).snapshot.listers
        for event in pod_events(old, new):
            if worth_requeuing(self.profile, entry.pod, entry.rejectors, event, old, new, listers):
                return queue.requeue(entry, hands.now_ms)
        return queue

    def decide(self, entry: Queued, cache: Cache) -> Decision:
        """The decision of one cycle; ties go by the pod's uid."""
        turn = cell("tie", entry.pod.key)
        return schedule(self.profile, entry.pod, cache.snapshot, choose=lambda best: best[turn % len(best)])

    def assume(self, cache: Cache, pod: PodInfo, node: str) -> Cache:
        """The cache after the decision."""
        return cache.assume(pod, node)

    # ---- the cycle

    def reconcile(self, key: str) -> Reconcile:
        """Take the head of the queue, decide, and hand it over to `bind` or `status`."""
        queue: Queue = yield Recall("queue", EMPTY_QUEUE)
        entry = queue.head()
        if entry is None:
            return None
        cache: Cache = yield Recall("cache", EMPTY_CACHE)
        queue = queue.take(entry)
        pod = entry.pod
        # Source: schedule_one.go, skipPodSchedule: a pod that is being deleted or was assumed already is passed over.
        if pod.terminating or pod.key in cache.assumed:
            queue = queue.remove(pod.key)
            yield Remember("queue", queue)
            return Requeue() if queue.head() is not None else None
        decision = self.decide(entry, cache)
        where = f"{pod.namespace}/{pod.name}"
        yield Note("decision", (where, pod, decision, cache))
        if decision.chosen:
            yield Remember("cache", self.assume(cache, pod, decision.chosen))
            yield Remember(f"bind:{pod.key}", (where, pod.uid, decision.chosen))
            yield Enqueue("bind", pod.key)
        else:
            now_ms = yield Now()
            queue = queue.unschedulable(pod.key, decision.unschedulable_plugins, now_ms)
            parked = queue.pods[pod.key]
            delay = _due_in(parked, now_ms) if parked.state == BACKOFF else MAX_UNSCHEDULABLE_MS
            yield Enqueue(
                "flush", pod.key, max(1, delay), periodic=parked.state != BACKOFF or _is_known(pod, decision.message)
            )
            yield Remember(f"failed:{pod.key}", (where, pod.uid, decision.message))
            yield Enqueue("status", pod.key)
        yield Remember("queue", queue)
        return Requeue() if queue.head() is not None else None


@attrs.frozen(eq=False)
class Bind(Controller):
    """Sends the binding of an assumed pod; a failure gives its room back and the pod a new attempt after back-off."""

    name: str = "bind"
    workers: int = MANY
    recorder: Recorder = attrs.field(factory=_recorder)
    profile: Profile = attrs.Factory(default_profile)

    def forget(self, cache: Cache, key: str) -> Cache:
        """The cache after a failed binding. Source: schedule_one.go, handleBindingCycleError."""
        return cache.forget(key)

    def reconcile(self, key: str) -> Reconcile:
        """POST the binding, record the event, or undo the assumption."""
        decided = yield Recall(f"bind:{key}")
        if decided is None or (yield from _is_being_reported(key)):
            return None  # the report of an earlier failure comes first, as upstream's cycle writes it before it goes on; `status` wakes us
        where, uid, node = decided
        yield Remember(f"bind:{key}", None)
        pod = (yield Cached("pods")).get(where)
        namespace, _, name = where.rpartition("/")
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name, "namespace": namespace, "uid": uid},
            "target": {"kind": "Node", "name": node},
        }
        done = yield create("pods", binding, "binding", name)
        queue: Queue = yield Recall("queue", EMPTY_QUEUE)
        if done.ok:
            yield Remember("queue", queue.remove(key))
            if pod is not None:
                yield from self.recorder.emit(
                    pod, "Pod", "Normal", "Scheduled", f"Successfully assigned {where} to {node}"
                )
            return None
        if done.code == TIMEOUT:
            yield Remember(UNSURE, 1)
        cache: Cache = yield Recall("cache", EMPTY_CACHE)
        left = self.forget(cache, key)
        yield Remember("cache", left)
        now_ms = yield Now()
        queue = yield from self.room_is_free(queue, key, node, left, now_ms)
        # Source: schedule_one.go, handleBindingCycleError and handleSchedulingFailure: back to the queue unless it is gone, bound or another one by now.
        current = (yield Cached("pods")).get(where)
        if current is None or current.uid != uid or current.document["spec"].get("nodeName"):
            queue = queue.remove(key)
        else:
            queue = queue.unschedulable(key, (), now_ms)
            if key in queue.pods:
                yield Enqueue("flush", key, max(1, _due_in(queue.pods[key], now_ms)))
        yield Remember("queue", queue)
        yield Enqueue("cycle", "next")
        yield Remember(f"failed:{key}", (where, uid, f"binding rejected: {done.message or done.reason}"))
        yield Enqueue("status", key)
        return None

    def room_is_free(self, queue: Queue, key: str, node: str, cache: Cache, now_ms: int) -> Generator[Any, Any, Queue]:
        """The queue after an assumed pod was forgotten, which counts as the deletion of an assigned pod. Source: schedule_one.go, handleBindingCycleError."""
        entry = queue.pods.get(key)
        if entry is None or not len(queue.parked):
            return queue
        event = ClusterEvent(EventResource.ASSIGNED_POD, ActionType.DELETE)
        moved = queue.move(self.profile, event, _placed(entry.pod.pod, node), None, cache.snapshot.listers, now_ms)
        for other in moved.backing_off:
            if other not in queue.backing_off:
                yield Enqueue("flush", other, max(1, _due_in(moved.pods[other], now_ms)))
        return moved


@attrs.frozen(eq=False)
class ReportFailure(Controller):
    """Tells the pod why it was not placed: the FailedScheduling event and the PodScheduled condition."""

    name: str = "status"
    workers: int = MANY
    recorder: Recorder = attrs.field(factory=_recorder)

    def reconcile(self, key: str) -> Reconcile:
        """Report the failure; then a binding that has been decided meanwhile may go out."""
        failed = yield Recall(f"failed:{key}")
        if failed is not None:
            yield Remember(f"failed:{key}", None)
            yield Remember(f"reporting:{key}", 1)
            yield from self.report(key, *failed)
            yield Remember(f"reporting:{key}", None)
        if (yield Recall(f"bind:{key}")) is not None:
            yield Enqueue("bind", key)
        return None

    def report(self, key: str, where: str, uid: str, message: str) -> Generator[Any, Any, None]:
        """Record the event and patch the condition, if it differs. Source: schedule_one.go, handleSchedulingFailure, updatePod."""
        pod = (yield Cached("pods")).get(where)
        if pod is None or pod.uid != uid or pod.document["spec"].get("nodeName"):
            return
        yield from self.recorder.emit(pod, "Pod", "Warning", "FailedScheduling", event_note(message))
        reason = "SchedulerError" if message.startswith("binding rejected") else "Unschedulable"
        known = _condition(pod.document, "PodScheduled")
        wanted: dict[str, Any] = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
        if known is not None and all(known.get(field) == value for field, value in wanted.items()):
            return
        now_ms = yield Now()
        flipped = known is None or known.get("status") != "False"
        wanted["lastTransitionTime"] = rfc3339(now_ms) if flipped or known is None else known.get("lastTransitionTime")
        generation = pod.document["metadata"].get("generation")
        if generation:
            wanted["observedGeneration"] = generation
        done = yield patch("pods", where, {"status": {"conditions": [wanted]}}, subresource="status")
        if not done.ok:
            yield from self.say_again(key)

    def say_again(self, key: str) -> Generator[Any, Any, None]:
        """Upstream only logs that the condition could not be written: the next attempt writes it, and a run waits for that one."""
        queue: Queue = yield Recall("queue", EMPTY_QUEUE)
        entry = queue.pods.get(key)
        if entry is not None and entry.state == UNSCHEDULABLE:
            now_ms = yield Now()
            yield Cancel("flush", key)
            yield Enqueue("flush", key, max(1, _leftover_in(entry, now_ms)))


@attrs.frozen(eq=False)
class Flush(Controller):
    """The timers of the queue: the end of a pod's back-off, and another try for one that has been unschedulable for five minutes.

    Source: scheduling_queue.go, flushBackoffQCompleted, flushUnschedulablePodsLeftover. DEVIATES: a timer per pod instead of scans every second and every 30
    seconds, because idle scans cost steps; a pod moves up to that much earlier.
    """

    name: str = "flush"
    workers: int = 1

    def reconcile(self, key: str) -> Reconcile:
        """Move the pod on if its time has come, else wait for it: a timer may be left from an earlier stay in the queue."""
        queue: Queue = yield Recall("queue", EMPTY_QUEUE)
        now_ms = yield Now()
        entry = queue.pods.get(key)
        if entry is None or entry.state not in (BACKOFF, UNSCHEDULABLE):
            return None
        left_ms = _due_in(entry, now_ms) if entry.state == BACKOFF else _leftover_in(entry, now_ms)
        if left_ms > 0:
            yield Enqueue("flush", key, left_ms, periodic=entry.state == UNSCHEDULABLE)
            return None
        moved = queue.backoff_over(key, now_ms) if entry.state == BACKOFF else queue.requeue(entry, now_ms)
        yield Remember("queue", moved)
        yield Enqueue("cycle", "next")
        return None


def kube_scheduler(
    cycle: Cycle | None = None, bind: Bind | None = None, report: ReportFailure | None = None
) -> Program:
    """The program of a kube-scheduler; the arguments are seams."""
    cycle = cycle or Cycle()
    return Program("kube-scheduler", (cycle, bind or Bind(profile=cycle.profile), report or ReportFailure(), Flush()))


def _finished(pod: Stored) -> bool:
    return pod.document.get("status", {}).get("phase") in TERMINAL


def _placed(pod: Pod, node: str) -> Pod:
    """The pod as the cache has it, with its node, though nobody else may know of that yet. Source: eventhandlers.go, handleAssumedPodDeletion."""
    return pod if pod.spec.node_name else attrs.evolve(pod, spec=attrs.evolve(pod.spec, node_name=node))


def _is_known(pod: PodInfo, message: str) -> bool:
    """Whether the pod says already why it could not be placed: another try with this outcome is no news, and a run need not wait for it."""
    return any(
        c.type == "PodScheduled" and c.status == "False" and c.message == message for c in pod.pod.status.conditions
    )


def _is_being_reported(key: str) -> Generator[Any, Any, bool]:
    """Whether a failure of this pod is still to be told, or on its way to the API server."""
    return (yield Recall(f"failed:{key}")) is not None or (yield Recall(f"reporting:{key}")) is not None


def _leftover_in(entry: Queued, now_ms: int) -> int:
    """When a parked pod is tried again though nothing has happened that it waits for."""
    return entry.since_ms + MAX_UNSCHEDULABLE_MS - now_ms


def _due_in(entry: Queued, now_ms: int) -> int:
    return entry.since_ms + entry.backoff_ms() - now_ms


def _condition(document: dict[str, Any], kind: str) -> dict[str, Any] | None:
    for condition in document.get("status", {}).get("conditions") or ():
        if condition.get("type") == kind:
            return condition  # type: ignore[no-any-return]
    return None
