"""kube-scheduler as a process: the cycle takes pods from the queue one by one, each binding is a request of its own that can fail.

Controllers of the process: `cycle` (one worker: a scheduling cycle is atomic), `bind`, `status` and `preempt` (one flight per pod), and `flush` (back-off
timers).
Source: pkg/scheduler/{scheduler,schedule_one,eventhandlers}.go.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

import attrs

from ..api.registry import RESOURCES
from ..api.store import ADDED, DELETED, Change, Stored
from ..controllers.runtime import Controller, Handler
from ..core.digest import cell
from ..core.flight import Cached, Enqueue, Note, Now, Recall, Reconcile, Remember, Requeue
from ..core.hands import Hands
from ..core.process import Program
from ..kinds.codec import EMPTY
from ..kinds.node import Node
from ..kinds.pod import Pod
from .bind import POD_GONE, Bind, permission, placed
from .cache import EMPTY_CACHE, Cache
from .cycle import Decision, schedule
from .events import ActionType, ClusterEvent, EventResource, node_events, pod_events
from .evict import Evict, ordered
from .filters import Nominated
from .framework import Code, Point, Status
from .memory import CACHE, MOVED, PREEMPTING, QUEUE, UNSURE, WAITING, keep, keep_in, recorder_of, rules_in, rules_now
from .messages import fit_error
from .nodeinfo import PodInfo
from .plugins import default_profile
from .queue import BACKOFF, EMPTY_QUEUE, MAX_UNSCHEDULABLE_MS, UNSCHEDULABLE, Queue, Queued
from .report import ReportFailure, leftover_in
from .rules import DEFAULT_SCHEDULER, NO_PROFILES, ProfileRules, Profiles, scheduler_of

__all__ = ["UNSURE", "Bind", "Cycle", "Evict", "Flush", "ReportFailure", "kube_scheduler"]

TERMINAL: Final = ("Succeeded", "Failed")
POD_BOUND: Final = ClusterEvent(EventResource.ASSIGNED_POD, ActionType.ADD)
LISTED: Final = (
    "namespaces",
    "services",
    "replicasets",
    "statefulsets",
    "replicationcontrollers",
    "poddisruptionbudgets",
)
"""What plugins look at besides pods and nodes, as far as it is served."""
OWNERS: Final = {
    "replicasets": ("apps/v1", "ReplicaSet"),
    "statefulsets": ("apps/v1", "StatefulSet"),
    "replicationcontrollers": ("v1", "ReplicationController"),
}


def _default_profiles() -> Profiles:
    return Profiles.of(default_profile())


@attrs.frozen(eq=False)
class Cycle(Controller):
    """What the scheduler watches, its queue, and the scheduling cycle."""

    name: str = "cycle"
    workers: int = 1
    profiles: Profiles = attrs.Factory(_default_profiles)

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Pods and nodes; namespaces for affinity, services and owners for default spreading, disruption budgets for preemption."""
        listed = tuple((resource, self.on_lister) for resource in LISTED if resource in RESOURCES)
        return (("nodes", self.on_node), ("pods", self.on_pod), *listed)

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
                self._pending(hands, now, was)
        else:
            self._gone(hands, change.obj)

    def _pending(self, hands: Hands, now: Stored, was: Stored | None) -> None:
        """A pod without a node is new or has changed. Source: eventhandlers.go, updatePodInSchedulingQueue."""
        old: Queue = hands.recall(QUEUE, EMPTY_QUEUE)
        rules = self.rules(hands)
        info = PodInfo.of(now.view(Pod))
        cache: Cache = hands.recall(CACHE, EMPTY_CACHE)
        if info.key in cache.assumed and info.key not in old.pods:
            queue = old  # it was bound a moment ago, and this is old news
        else:
            queue = old.update(rules, info, hands.now_ms)
        if was is not None:
            before = was.view(Pod)
            if info.key in queue.parked:
                queue = self.reconsider(queue, info.key, before, info.pod, hands)
            elif info.key in queue.flying:
                for event in pod_events(before, info.pod):
                    queue = queue.hear(event, before, info.pod)
            nominated = before.status.nominated_node_name
            if nominated and nominated != info.pod.status.nominated_node_name:
                priority = before.spec.priority or 0
                queue = queue.move(rules, POD_GONE, before, None, hands.now_ms, at_most=priority)
            if info.terminating and not before.metadata.deletion_timestamp and info.key in cache.assumed:
                hands.remember(CACHE, self.release(cache, info.key))
                gone = placed(info.pod, cache.assumed[info.key])
                queue = queue.move(rules, POD_GONE, gone, None, hands.now_ms, besides=info.key)
        keep_in(hands, old, queue)

    def _bound(self, hands: Hands, now: Stored, was: Stored | None) -> None:
        pod = now.view(Pod)
        info = PodInfo.of(pod)
        cache: Cache = hands.recall(CACHE, EMPTY_CACHE)
        hands.remember(CACHE, self.confirm(cache, info, pod.spec.node_name))
        hands.note(MOVED, pod)
        queue: Queue = hands.recall(QUEUE, EMPTY_QUEUE)
        left = queue.remove(info.key)
        keep_in(hands, queue, left)
        if not len(left.parked) and not len(left.flying):
            return  # nobody waits for what this may mean
        if was is not None and was.document["spec"].get("nodeName"):
            before = was.view(Pod)
            for event in pod_events(before, pod):
                self._move(hands, event, before, pod)
        else:
            self._move(hands, POD_BOUND, None, pod)

    def _gone(self, hands: Hands, last: Stored) -> None:
        pod = last.view(Pod)
        key = pod.metadata.uid
        cache: Cache = hands.recall(CACHE, EMPTY_CACHE)
        queue: Queue = hands.recall(QUEUE, EMPTY_QUEUE)
        keep_in(hands, queue, queue.remove(key))
        node = cache.placed.get(key)
        if node is not None:
            hands.remember(CACHE, self.release(cache, key))
            hands.note(MOVED, pod)
            self._move(hands, POD_GONE, placed(pod, node), None)
        elif pod.status.nominated_node_name:
            self._move(hands, POD_GONE, pod, None, at_most=pod.spec.priority or 0)

    def on_node(self, hands: Hands, change: Change) -> None:
        """Nodes are the cache's; what changed may make waiting pods schedulable."""
        cache: Cache = hands.recall(CACHE, EMPTY_CACHE)
        if change.type == DELETED:
            hands.remember(CACHE, self.node_gone(cache, change.key))
            self._move(hands, ClusterEvent(EventResource.NODE, ActionType.DELETE), change.obj.view(Node), None)
            return
        node = change.obj.view(Node)
        if change.type == ADDED or change.prev is None:
            hands.remember(CACHE, cache.put_node(node))
            self._move(hands, ClusterEvent(EventResource.NODE, ActionType.ADD), None, node)
            self._await(hands)
            return
        before = change.prev.view(Node)
        events = node_events(before, node)
        if events or before.status.images != node.status.images or before.spec != node.spec:
            hands.remember(CACHE, cache.put_node(node))
        for event in events:
            self._move(hands, event, before, node)
        if events:
            self._await(hands)

    def on_lister(self, hands: Hands, change: Change) -> None:
        """The other objects are looked at by plugins."""
        cache: Cache = hands.recall(CACHE, EMPTY_CACHE)
        listers, document = cache.snapshot.listers, change.obj.document
        gone = change.type == DELETED
        namespace, name = change.obj.namespace, change.obj.name
        if change.resource == "namespaces":
            listers = listers.without_namespace(name) if gone else listers.with_namespace(document)
        elif change.resource == "services":
            listers = listers.without_service(namespace, name) if gone else listers.with_service(document)
        elif change.resource == "poddisruptionbudgets":
            listers = listers.without_budget(namespace, name) if gone else listers.with_budget(document)
        elif gone:
            listers = listers.without_owner(*OWNERS[change.resource], namespace, name)
        elif change.prev is None or change.resource == "replicationcontrollers":
            listers = listers.with_owner(*OWNERS[change.resource], document)
        hands.remember(CACHE, cache.with_listers(listers))

    def _move(self, hands: Hands, event: ClusterEvent, old: object, new: object, at_most: int | None = None) -> None:
        queue: Queue = hands.recall(QUEUE, EMPTY_QUEUE)
        if len(queue.parked) or len(queue.flying):
            keep_in(hands, queue, self.wake(queue, event, old, new, self.rules(hands), hands.now_ms, at_most))

    def _await(self, hands: Hands) -> None:
        """A node has come or changed: the next try of a pod that failed for want of one is no old news any more, and a run waits for it."""
        queue: Queue = hands.recall(QUEUE, EMPTY_QUEUE)
        for key in queue.backing_off:
            if queue.pods[key].errors:
                hands.enqueue_after("flush", key, max(1, queue.pods[key].due_ms() - hands.now_ms))

    def rules(self, hands: Hands) -> ProfileRules:
        """The rules of the queue as things are now."""
        return rules_in(hands, self.profiles)

    # ---- seams: each decision by itself

    def responsible(self, pod: Stored) -> bool:
        """Whether the pod is for this scheduler."""
        return (pod.document["spec"].get("schedulerName") or DEFAULT_SCHEDULER) in self.profiles

    def confirm(self, cache: Cache, pod: PodInfo, node: str) -> Cache:
        """The cache after the informer showed `pod` bound to `node`."""
        return cache.put(pod, node)

    def release(self, cache: Cache, key: str) -> Cache:
        """The cache after the informer showed a placed pod gone or finished."""
        return cache.drop(key)

    def node_gone(self, cache: Cache, name: str) -> Cache:
        """The cache after the informer showed a node gone."""
        return cache.drop_node(name)

    def wake(
        self,
        queue: Queue,
        event: ClusterEvent,
        old: object,
        new: object,
        rules: ProfileRules,
        now_ms: int,
        at_most: int | None = None,
    ) -> Queue:
        """The queue after an event that unschedulable pods may wait for."""
        return queue.move(rules, event, old, new, now_ms, at_most=at_most)

    def reconsider(self, queue: Queue, key: str, old: Pod, new: Pod, hands: Hands) -> Queue:
        """The queue after a parked pod itself changed: a change that its rejectors wait for moves it. Source: scheduling_queue.go, Update."""
        entry, rules = queue.pods[key], self.rules(hands)
        for event in pod_events(old, new):
            if rules.worth(entry.pod, entry.rejectors, event, old, new):
                return queue.requeue(rules, entry, hands.now_ms)
        return queue

    def decide(self, entry: Queued, cache: Cache, nominated: Nominated = EMPTY) -> Decision:
        """The decision of one cycle; ties go by the pod's uid."""
        turn = cell("tie", entry.pod.key)
        profile = self.profiles[scheduler_of(entry.pod)]
        return schedule(
            profile, entry.pod, cache.snapshot, nominated=nominated, choose=lambda best: best[turn % len(best)]
        )

    def assume(self, cache: Cache, pod: PodInfo, node: str) -> Cache:
        """The cache after the decision."""
        return cache.assume(pod, node)

    # ---- the cycle

    def reconcile(self, key: str) -> Reconcile:
        """Take the head of the queue, decide, and hand it over to `bind`, or to `status` and `preempt`."""
        queue: Queue = yield Recall(QUEUE, EMPTY_QUEUE)
        entry = queue.head()
        if entry is None:
            return None
        cache: Cache = yield Recall(CACHE, EMPTY_CACHE)
        rules = yield from rules_now(self.profiles)
        queue, pod = queue.take(rules, entry), entry.pod
        if pod.terminating or pod.key in cache.assumed:
            yield from self.skip(pod)
            queue = queue.remove(pod.key)
            yield Remember(QUEUE, queue)
            return Requeue() if queue.head() is not None else None
        nominated = queue.nominated_pods() if len(queue.nominated) else EMPTY
        decision = self.decide(entry, cache, nominated)
        where = f"{pod.namespace}/{pod.name}"
        yield Note("decision", (where, pod, decision, cache, nominated, queue))
        if decision.chosen:
            queue = yield from self.place(rules, queue, pod, decision.chosen, cache)
        else:
            yield from self.preempt(pod, decision)
            now_ms = yield Now()
            rules = yield from rules_now(self.profiles)
            nomination = decision.nominating or (pod.pod.status.nominated_node_name,)
            queue = queue.unschedulable(rules, pod.key, decision.unschedulable_plugins, now_ms)
            queue = queue.nominate(pod.key, nomination[0])
            yield from self.reject(queue, pod, decision.message, decision.nominating, now_ms)
        yield Remember(QUEUE, queue)
        yield Note(MOVED, queue)
        return Requeue() if queue.head() is not None else None

    def skip(self, pod: PodInfo) -> Generator[Any, Any, None]:
        """Pass over a pod that is being deleted, or was assumed already. Source: schedule_one.go, skipPodSchedule."""
        if pod.terminating:
            where = f"{pod.namespace}/{pod.name}"
            stored = (yield Cached("pods")).get(where)
            if stored is not None and stored.uid == pod.uid:
                yield from recorder_of(stored.document).emit(
                    stored, "Pod", "Warning", "FailedScheduling", f"skip schedule deleting pod: {where}"
                )

    def place(
        self, rules: ProfileRules, queue: Queue, pod: PodInfo, node: str, cache: Cache
    ) -> Generator[Any, Any, Queue]:
        """Assume the pod on the node, reserve it, ask Permit, and hand it over to `bind`; or give it up. Source: prepareForBindingCycle."""
        where = f"{pod.namespace}/{pod.name}"
        profile = self.profiles[scheduler_of(pod)]
        assumed = self.assume(cache, pod, node)
        refused: Status | tuple[str, int] | None = None
        for plugin in profile.at(Point.RESERVE):
            refused = refused or plugin.reserve(pod, node, assumed.snapshot)
        refused = refused or permission(profile, pod, node, assumed)
        if isinstance(refused, Status):
            now_ms = yield Now()
            queue = queue.unschedulable(rules, pod.key, (refused.plugin,), now_ms).nominate(pod.key, "")
            yield from self.reject(queue, pod, fit_error(1, [refused]), ("",), now_ms)
            return queue
        yield Remember(CACHE, assumed)
        yield Remember(f"bind:{pod.key}", (where, pod.uid, node))
        waiting = yield Recall(WAITING, ())
        if refused is not None:
            now_ms = yield Now()
            yield Remember(f"permit:{pod.key}", (now_ms + refused[1], refused))
            yield Remember(WAITING, (*waiting, pod.key))
            queue = queue.flies(pod.key)
        for key in (*waiting, pod.key):
            yield Enqueue("bind", key)
        return queue.nominate(pod.key, "")

    def preempt(self, pod: PodInfo, decision: Decision) -> Generator[Any, Any, None]:
        """Have the victims evicted, if that was decided. Source: preemption/executor.go, prepareCandidateAsync."""
        found = decision.post_filter
        if found is None or found.status.code is not Code.SUCCESS or not found.nominated_node_name:
            return
        order = ordered(pod, found.nominated_node_name, found.details.candidates[found.nominated_node_name].victims)
        if not order[-1]:
            return
        preempting = yield Recall(PREEMPTING, ())
        yield Remember(PREEMPTING, (*(entry for entry in preempting if entry[0] != pod.key), (pod.key, "")))
        yield Remember(f"preempt:{pod.key}", order)
        yield Enqueue("preempt", pod.key)

    def reject(
        self, queue: Queue, pod: PodInfo, message: str, nominating: tuple[str, ...], now_ms: int
    ) -> Generator[Any, Any, None]:
        """Set the timer of a pod that was not placed, and have its failure reported."""
        parked = queue.pods[pod.key]
        backs_off = parked.state == BACKOFF
        delay = parked.due_ms() - now_ms if backs_off else MAX_UNSCHEDULABLE_MS
        known = _is_known(pod, message)
        yield Enqueue("flush", pod.key, max(1, delay), periodic=not backs_off, retry=backs_off and known)
        yield Remember(f"failed:{pod.key}", (f"{pod.namespace}/{pod.name}", pod.uid, message, nominating))
        yield Enqueue("status", pod.key)


@attrs.frozen(eq=False)
class Flush(Controller):
    """The timers of the queue: the end of a pod's back-off, and another try for one that has been unschedulable for five minutes.

    Source: scheduling_queue.go, flushBackoffQCompleted, flushUnschedulablePodsLeftover. DEVIATES: a timer per pod instead of scans every second and every 30
    seconds, because idle scans cost steps; a pod moves up to that much earlier.
    """

    name: str = "flush"
    workers: int = 1
    profiles: Profiles = NO_PROFILES

    def reconcile(self, key: str) -> Reconcile:
        """Move the pod on if its time has come, else wait for it: a timer may be left from an earlier stay in the queue."""
        queue: Queue = yield Recall(QUEUE, EMPTY_QUEUE)
        now_ms = yield Now()
        entry = queue.pods.get(key)
        if entry is None or entry.state not in (BACKOFF, UNSCHEDULABLE):
            return None
        left_ms = entry.due_ms() - now_ms if entry.state == BACKOFF else leftover_in(entry, now_ms)
        if left_ms > 0:
            yield Enqueue("flush", key, left_ms, periodic=entry.state == UNSCHEDULABLE)
            return None
        rules = yield from rules_now(self.profiles)
        backs_off = entry.state == BACKOFF
        yield from keep(
            queue, queue.backoff_over(rules, key, now_ms) if backs_off else queue.requeue(rules, entry, now_ms)
        )
        return None


def kube_scheduler(
    cycle: Cycle | None = None,
    bind: Bind | None = None,
    report: ReportFailure | None = None,
    evict: Evict | None = None,
    profiles: Profiles | None = None,
) -> Program:
    """The program of a kube-scheduler with these profiles (default: the default one); the other arguments are seams."""
    cycle = cycle or Cycle()
    if profiles is not None:
        cycle = attrs.evolve(cycle, profiles=profiles)
    of = cycle.profiles
    parts = (attrs.evolve(part, profiles=of) for part in (bind or Bind(), evict or Evict(), Flush()))
    binder, evictor, flush = parts
    return Program("kube-scheduler", (cycle, binder, report or ReportFailure(), evictor, flush))


def _finished(pod: Stored) -> bool:
    return pod.document.get("status", {}).get("phase") in TERMINAL


def _is_known(pod: PodInfo, message: str) -> bool:
    """Whether the pod says already why it could not be placed: another try with this outcome is no news, and a run need not wait for it."""
    return any(
        c.type == "PodScheduled" and c.status == "False" and c.message == message for c in pod.pod.status.conditions
    )
