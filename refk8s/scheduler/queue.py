"""The scheduling queue: active, back-off, unschedulable and gated pods, and nominations, as one persistent value.

A pod enters `active` (or `gated`), is popped into a scheduling cycle, and comes back to `unschedulable` with the plugins that rejected it; an event that one
of these plugins waits for moves it to `backoff` or `active`. Events that happen while a pod is in flight count when it comes back. machines.py has the table
of these moves.
Source: pkg/scheduler/backend/queue/{scheduling_queue,active_queue,backoff_queue,unschedulable_pods,nominator}.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import attrs

from ..core.digest import cell
from ..core.heap import EMPTY_HEAP, Heap, peek, pop, push
from ..core.table import EMPTY, Table
from .events import ClusterEvent
from .framework import Status
from .moves import Move, moved
from .nodeinfo import PodInfo

MAX_UNSCHEDULABLE_MS: Final = 300_000
WINDOW_MS: Final = 1_000
"""Back-off ends at the end of a window: those that end in the same one go by the queue's order."""

ABSENT: Final = ""
ACTIVE: Final = "active"
BACKOFF: Final = "backoff"
UNSCHEDULABLE: Final = "unschedulable"
GATED: Final = "gated"
IN_FLIGHT: Final = "in flight"


class Rules(Protocol):
    """What the queue asks about pods: the plugins of their profiles."""

    def key(self, pod: PodInfo, since_ms: int) -> tuple[int, ...]:
        """The place of a pod in the order of the queue: the lowest key first."""

    def gate(self, pod: PodInfo) -> Status | None:
        """Which plugin keeps the pod out of the queue, None if none does."""

    def opens(self, pod: PodInfo, gate: str, event: ClusterEvent) -> bool:
        """Whether the plugin `gate` waits for events of this kind."""

    def backoff_ms(self, attempts: int) -> int:
        """How long a pod has to wait after so many failed attempts."""

    def worth(self, pod: PodInfo, rejectors: Sequence[str], event: ClusterEvent, old: object, new: object) -> bool:
        """Whether the event may make a pod schedulable that was rejected by these plugins."""


@attrs.define(eq=False)  # made often and never changed; not frozen, because that would double the price of making one
class Queued:
    """A pod on its way through the queue.

    `state` is one of the names above; `since_ms` when it came, or came back from its last attempt; `attempts` counts scheduling attempts, `rejections` those
    that ended in a rejection, `errors` consecutive ones that ended in an error; `rejectors` are the plugins that said no, `gate` the one that keeps it out of
    the queue; `order` breaks ties of priority and time; `heard` is the first event after it was popped, `wait_ms` how long it has to wait after its last
    attempt.
    """

    pod: PodInfo
    state: str
    since_ms: int
    order: int
    attempts: int = 0
    rejections: int = 0
    errors: int = 0
    rejectors: tuple[str, ...] = ()
    gate: str = ""
    heard: int = 0
    wait_ms: int = 0

    @property
    def fingerprint(self) -> int:
        """The hash of what matters of this entry."""
        return cell(
            self.pod.key,
            self.pod.pod.metadata.resource_version,
            self.state,
            self.since_ms,
            self.order,
            self.attempts,
            self.rejections,
            self.errors,
            ",".join((*self.rejectors, self.gate)),
            self.wait_ms,
        )

    def backoff_window(self) -> int:
        """The beginning of the window in which its back-off ends, in ms; 0 without back-off. Source: backoff_queue.go, getBackoffTime."""
        return (self.since_ms + self.wait_ms) // WINDOW_MS * WINDOW_MS if self.wait_ms else 0

    def due_ms(self) -> int:
        """When it may be tried again: at the end of that window."""
        return self.backoff_window() + WINDOW_MS if self.wait_ms else self.since_ms

    def backs_off(self, now_ms: int) -> bool:
        """Whether its back-off is not over. Source: backoff_queue.go, isPodBackingoff."""
        return self.wait_ms > 0 and now_ms < self.due_ms()


Happened = tuple[ClusterEvent, Any, Any]
"""An event and the object before and after it."""


@attrs.define(eq=False)  # made often and never changed; not frozen, because that would double the price of making one
class Queue:
    """All pods that this scheduler has to place, by uid.

    `active` is the heap of those to try (with lazy removal); `parked` (unschedulable or gated) and `backing_off` index the pods in those states, so that an
    event of the cluster costs nothing while no pod waits for one. `nominations` says where a pod is to go once there is room, `nominated` which pods are to go
    to a node, in the order of their nominations. `events` happened while one of the pods `flying` was in flight.
    """

    pods: Table[str, Queued] = EMPTY
    active: Heap = EMPTY_HEAP
    parked: Table[str, bool] = EMPTY
    backing_off: Table[str, bool] = EMPTY
    next_order: int = 0
    fingerprint: int = 0
    nominations: Table[str, str] = EMPTY
    nominated: Table[str, tuple[str, ...]] = EMPTY
    flying: Table[str, bool] = EMPTY
    events: tuple[Happened, ...] = ()
    log: Move | None = None

    @property
    def token(self) -> str:
        """Identifies the content (refk8s.core.flight.token)."""
        return f"{self.fingerprint & ((1 << 128) - 1):x}"

    def _put(self, rules: Rules, entry: Queued) -> Queue:
        key = entry.pod.key
        old = self.pods.get(key)
        fingerprint = self.fingerprint + entry.fingerprint - (old.fingerprint if old else 0)
        active, log, parked, backing_off = self.active, self.log, self.parked, self.backing_off
        was = old.state if old is not None else ABSENT
        if was != entry.state:
            log = moved(log, key, was, entry.state)
            if entry.state == ACTIVE:
                active = push(active, (*rules.key(entry.pod, entry.since_ms), entry.order, key))
            parked = parked.set(key, True) if entry.state in (UNSCHEDULABLE, GATED) else parked.discard(key)
            backing_off = backing_off.set(key, True) if entry.state == BACKOFF else backing_off.discard(key)
        return Queue(
            self.pods.set(key, entry),
            active,
            parked,
            backing_off,
            max(self.next_order, entry.order + 1),
            fingerprint,
            self.nominations,
            self.nominated,
            self.flying,
            self.events,
            log,
        )

    # ---- pods come, change and go

    def add(self, rules: Rules, pod: PodInfo, now_ms: int) -> Queue:
        """The queue with a new pod: active, or gated if a PreEnqueue plugin keeps it out. A known pod is left as it is."""
        if pod.key in self.pods:
            return self
        added = self._enter(rules, Queued(pod, ABSENT, now_ms, self.next_order), now_ms)
        return (
            added.nominate(pod.key, pod.pod.status.nominated_node_name)
            if added.pods[pod.key].state == ACTIVE
            else added
        )

    def update(self, rules: Rules, pod: PodInfo, now_ms: int) -> Queue:
        """The queue with a newer version of a waiting pod, which stays where it is; an unknown one is added.

        Source: scheduling_queue.go, Update; nominator.go, UpdateNominatedPod.
        """
        old = self.pods.get(pod.key)
        if old is None:
            return self.add(rules, pod, now_ms)
        queue = self._put(rules, attrs.evolve(old, pod=pod))
        before, after = old.pod.pod.status.nominated_node_name, pod.pod.status.nominated_node_name
        return queue if old.state == IN_FLIGHT or not (before or after) else queue.nominate(pod.key, after)

    def remove(self, key: str) -> Queue:
        """The queue without a pod and its nomination, which may be unknown."""
        queue = self.nominate(key, "").landed(key)
        old = self.pods.get(key)
        if old is None:
            return queue
        return Queue(
            self.pods.delete(key),
            self.active,
            self.parked.discard(key),
            self.backing_off.discard(key),
            self.next_order,
            queue.fingerprint - old.fingerprint,
            queue.nominations,
            queue.nominated,
            queue.flying,
            queue.events,
            moved(self.log, key, old.state, ABSENT),
        )

    # ---- attempts

    def head(self) -> Queued | None:
        """The pod to try next: the first of `active`; if there is none, the first to come out of back-off that is not there for an error.

        Source: active_queue.go; feature gate SchedulerPopFromBackoffQ (on by default).
        """
        heap = self.active
        while heap is not None:
            entry = self.pods.get(peek(heap)[-1])
            if entry is not None and entry.state == ACTIVE and entry.order == peek(heap)[-2]:
                return entry
            heap = pop(heap)
        waiting = [entry for entry in (self.pods[key] for key in self.backing_off) if not entry.errors]
        return min(waiting, key=lambda e: (e.backoff_window(), -e.pod.priority, e.since_ms, e.order), default=None)

    def take(self, rules: Rules, entry: Queued) -> Queue:
        """The queue in which `entry` (its head) is in a scheduling cycle."""
        heap = self.active
        while heap is not None:
            known = self.pods.get(peek(heap)[-1])
            stale = known is None or known.state != ACTIVE or known.order != peek(heap)[-2]
            if not stale and known is not entry:
                break
            heap = pop(heap)
            if not stale:
                break
        flying = Queued(
            entry.pod,
            IN_FLIGHT,
            entry.since_ms,
            entry.order,
            entry.attempts + 1,
            entry.rejections,
            entry.errors,
            heard=len(self.events),
            wait_ms=entry.wait_ms,
        )
        taken = self._put(rules, flying)
        taken.active = heap
        return taken

    def flies(self, key: str) -> Queue:
        """The queue in which events are kept for a pod that stays in flight for more than a moment (it waits for Permit)."""
        if key not in self.pods or key in self.flying:
            return self
        return attrs.evolve(self, flying=self.flying.set(key, True), fingerprint=self.fingerprint + cell("flying", key))

    def landed(self, key: str) -> Queue:
        """The queue in which no events are kept for the pod any more. Source: active_queue.go, done."""
        if key not in self.flying:
            return self
        flying = self.flying.delete(key)
        fingerprint = self.fingerprint - cell("flying", key)
        if not len(flying):
            fingerprint -= sum(_cell(i, event) for i, event in enumerate(self.events))
        return attrs.evolve(self, flying=flying, events=self.events if len(flying) else (), fingerprint=fingerprint)

    def unschedulable(self, rules: Rules, key: str, rejectors: Iterable[str], now_ms: int) -> Queue:
        """The queue after an attempt for pod `key` failed: rejected by plugins, or (none) ended by an error, which is retried after back-off.

        A rejected pod is parked, unless what happened during the attempt may help it. Source: scheduling_queue.go, AddUnschedulableIfNotPresent.
        """
        old = self.pods.get(key)
        if old is None:
            return self
        names = tuple(sorted(rejectors))
        errors, rejections = (0, old.rejections + 1) if names else (old.errors + 1, old.rejections)
        wait_ms = rules.backoff_ms(errors or rejections)
        back = attrs.evolve(
            old, since_ms=now_ms, errors=errors, rejections=rejections, rejectors=names, wait_ms=wait_ms
        )
        heard = self.events[old.heard :] if key in self.flying else ()
        if not names or any(rules.worth(back.pod, names, *event) for event in heard):
            return self.landed(key)._enter(rules, back, now_ms)
        return self.landed(key)._put(rules, attrs.evolve(back, state=UNSCHEDULABLE))

    # ---- events

    def move(
        self,
        rules: Rules,
        event: ClusterEvent,
        old: object,
        new: object,
        now_ms: int,
        *,
        at_most: int | None = None,
        besides: str = "",
    ) -> Queue:
        """The queue after an event of the cluster: every waiting pod for which it may matter goes to back-off, or to active if that is over.

        With `at_most`, only pods of no higher priority are asked, and never the one called `besides`. Source: scheduling_queue.go,
        movePodsToActiveOrBackoffQueue.
        """
        queue = self
        opened: dict[tuple[str, str], bool] = {}
        for key in self.parked:
            entry = self.pods[key]
            if key == besides or (at_most is not None and entry.pod.priority > at_most):
                continue
            if entry.gate:
                kind = (entry.pod.pod.spec.scheduler_name, entry.gate)
                if kind not in opened:
                    opened[kind] = rules.opens(entry.pod, entry.gate, event)
                if not opened[kind] or self._stays_out(rules, entry):
                    continue
            if rules.worth(entry.pod, entry.rejectors, event, old, new):
                queue = queue.requeue(rules, entry, now_ms)
        return queue.hear(event, old, new)

    def hear(self, event: ClusterEvent, old: object, new: object) -> Queue:
        """The queue that keeps an event for the pods in flight, if there are any."""
        if not len(self.flying):
            return self
        happened = (event, old, new)
        return attrs.evolve(
            self,
            events=(*self.events, happened),
            fingerprint=self.fingerprint + _cell(len(self.events), happened),
        )

    def requeue(self, rules: Rules, entry: Queued, now_ms: int) -> Queue:
        """The queue with a parked pod moved to back-off, or to active if its back-off is over; or still kept out by a plugin."""
        return self._enter(rules, entry, now_ms)

    def activate(self, rules: Rules, key: str) -> Queue:
        """The queue with a parked pod, or one in back-off, moved to active at once. Source: scheduling_queue.go, Activate."""
        entry = self.pods.get(key)
        if entry is None or entry.state not in (UNSCHEDULABLE, GATED, BACKOFF):
            return self
        return self._enter(rules, entry, None)

    def backoff_over(self, rules: Rules, key: str, now_ms: int) -> Queue:
        """The queue after the back-off timer of a pod: active, if it is still in back-off and the time has come."""
        entry = self.pods.get(key)
        if entry is None or entry.state != BACKOFF or entry.backs_off(now_ms):
            return self
        return self._put(rules, attrs.evolve(entry, state=ACTIVE, order=self.next_order))

    def _stays_out(self, rules: Rules, entry: Queued) -> bool:
        """Whether the plugin that keeps the pod out does so still: then nothing changes, whatever happened."""
        gate = rules.gate(entry.pod)
        return gate is not None and gate.plugin == entry.gate and gate.plugin in entry.rejectors

    def _enter(self, rules: Rules, entry: Queued, now_ms: int | None) -> Queue:
        """Let a pod into active or back-off if no plugin keeps it out; `now_ms` None: never back-off."""
        gate = rules.gate(entry.pod)
        if gate is not None:
            rejectors = tuple(sorted({*entry.rejectors, gate.plugin}))
            return self._put(rules, attrs.evolve(entry, state=GATED, gate=gate.plugin, rejectors=rejectors))
        if now_ms is not None and entry.backs_off(now_ms):
            return self._put(rules, attrs.evolve(entry, state=BACKOFF, gate=""))
        return self._put(rules, attrs.evolve(entry, state=ACTIVE, gate="", order=self.next_order))

    # ---- nominations

    def nominate(self, key: str, node: str) -> Queue:
        """The queue in which the pod is nominated to run on `node`, or ("") nowhere. Source: nominator.go."""
        before = self.nominations.get(key) or ""
        if before == node:
            return self
        nominated, nominations, fingerprint = self.nominated, self.nominations, self.fingerprint
        if before:
            left = tuple(other for other in nominated[before] if other != key)
            nominated = nominated.set(before, left) if left else nominated.delete(before)
            nominations = nominations.delete(key)
            fingerprint -= cell("nominated", key, before)
        if node:
            nominated = nominated.set(node, (*(nominated.get(node) or ()), key))
            nominations = nominations.set(key, node)
            fingerprint += cell("nominated", key, node)
        return attrs.evolve(self, nominated=nominated, nominations=nominations, fingerprint=fingerprint)

    def nominated_pods(self) -> dict[str, tuple[PodInfo, ...]]:
        """Node → the pods that are nominated to run there."""
        return {
            node: tuple(self.pods[key].pod for key in keys if key in self.pods) for node, keys in self.nominated.items()
        }

    def waiting(self, state: str) -> list[Queued]:
        """The pods in a state, by key."""
        return [entry for entry in self.pods.values() if entry.state == state]


EMPTY_QUEUE: Final = Queue()


def _cell(index: int, happened: Happened) -> int:
    event, old, new = happened
    return cell("event", index, event.resource.value, int(event.action), _version(old), _version(new))


def _version(of: Any) -> str:
    return of.metadata.resource_version if hasattr(of, "metadata") else ""
