"""The scheduling queue: active, back-off, unschedulable and gated pods, as one persistent value.

A pod enters `active` (or `gated`), is popped into a scheduling cycle, and comes back to `unschedulable` with the plugins that rejected it; an event that one
of these plugins waits for moves it to `backoff` or `active`. Scheduling cycles are atomic here, so that no event falls into one.
Source: pkg/scheduler/backend/queue/{scheduling_queue,active_queue,backoff_queue,unschedulable_pods}.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from ..core.digest import cell
from ..core.heap import EMPTY_HEAP, Heap, peek, pop, push
from ..core.table import EMPTY, Table
from .events import ClusterEvent, worth_requeuing
from .framework import Profile
from .listers import Listers
from .nodeinfo import PodInfo
from .queue_sort import queue_sort_key

INITIAL_BACKOFF_MS: Final = 1_000
MAX_BACKOFF_MS: Final = 10_000
MAX_UNSCHEDULABLE_MS: Final = 300_000

ACTIVE: Final = "active"
BACKOFF: Final = "backoff"
UNSCHEDULABLE: Final = "unschedulable"
GATED: Final = "gated"
IN_FLIGHT: Final = "in flight"


@attrs.define(eq=False)  # made often and never changed; not frozen, because that would double the price of making one
class Queued:
    """A pod on its way through the queue.

    `state` is one of the names above; `since_ms` when it entered it; `attempts` counts scheduling attempts, `rejections` those that ended in
    "unschedulable", `errors` consecutive ones that ended in an error; `rejectors` are the plugins that said no; `order` breaks ties of priority and time.
    """

    pod: PodInfo
    state: str
    since_ms: int
    order: int
    attempts: int = 0
    rejections: int = 0
    errors: int = 0
    rejectors: tuple[str, ...] = ()

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
            ",".join(self.rejectors),
        )

    def backoff_ms(self) -> int:
        """How long it has to wait after its last attempt: 1 s doubled per rejection (or consecutive error), at most 10 s.

        Source: backoff_queue.go, calculateBackoffDuration.
        """
        count = self.errors if self.errors else self.rejections
        return 0 if not count else min(INITIAL_BACKOFF_MS << min(count - 1, 10), MAX_BACKOFF_MS)


@attrs.define(eq=False)  # made often and never changed; not frozen, because that would double the price of making one
class Queue:
    """All pods that this scheduler has to place, by uid.

    `active` is the heap of those to try (with lazy removal); `parked` and `backing_off` index the pods in those states, so that an event of the cluster costs
    nothing while no pod waits for one.
    """

    pods: Table[str, Queued] = EMPTY
    active: Heap = EMPTY_HEAP
    parked: Table[str, bool] = EMPTY
    backing_off: Table[str, bool] = EMPTY
    next_order: int = 0
    fingerprint: int = 0

    @property
    def token(self) -> str:
        """Identifies the content (refk8s.core.flight.token)."""
        return f"{self.fingerprint & ((1 << 128) - 1):x}"

    def _put(self, entry: Queued) -> Queue:
        old = self.pods.get(entry.pod.key)
        fingerprint = self.fingerprint + entry.fingerprint - (old.fingerprint if old else 0)
        active = self.active
        if entry.state == ACTIVE:
            active = push(active, (*queue_sort_key(entry.pod.priority, entry.since_ms), entry.order, entry.pod.key))
        key = entry.pod.key
        parked = self.parked.set(key, True) if entry.state == UNSCHEDULABLE else self.parked.discard(key)
        backing_off = self.backing_off.set(key, True) if entry.state == BACKOFF else self.backing_off.discard(key)
        return Queue(
            self.pods.set(key, entry), active, parked, backing_off, max(self.next_order, entry.order + 1), fingerprint
        )

    def add(self, profile: Profile, pod: PodInfo, now_ms: int) -> Queue:
        """The queue with a new pod: active, or gated if a PreEnqueue plugin keeps it out. A known pod is left as it is."""
        if pod.key in self.pods:
            return self
        gate = profile.pre_enqueue(pod)
        state, rejectors = (ACTIVE, ()) if gate is None else (GATED, (gate.plugin,))
        return self._put(Queued(pod, state, now_ms, self.next_order, rejectors=rejectors))

    def update(self, profile: Profile, pod: PodInfo, now_ms: int) -> Queue:
        """The queue with a newer version of a waiting pod; one that was gated and no longer is becomes active."""
        old = self.pods.get(pod.key)
        if old is None:
            return self.add(profile, pod, now_ms)
        if old.state == GATED and profile.pre_enqueue(pod) is None:
            return self._put(attrs.evolve(old, pod=pod, state=ACTIVE, since_ms=now_ms, rejectors=()))
        return self._put(attrs.evolve(old, pod=pod))

    def remove(self, key: str) -> Queue:
        """The queue without a pod, which may be unknown."""
        old = self.pods.get(key)
        if old is None:
            return self
        return Queue(
            self.pods.delete(key),
            self.active,
            self.parked.discard(key),
            self.backing_off.discard(key),
            self.next_order,
            self.fingerprint - old.fingerprint,
        )

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
        return min(waiting, key=lambda entry: (entry.since_ms + entry.backoff_ms(), entry.order), default=None)

    def take(self, entry: Queued) -> Queue:
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
        flying = attrs.evolve(entry, state=IN_FLIGHT, attempts=entry.attempts + 1)
        return attrs.evolve(self._put(flying), active=heap)

    def unschedulable(self, key: str, rejectors: Iterable[str], now_ms: int) -> Queue:
        """The queue after an attempt for pod `key` failed: rejected by plugins, or (none) ended by an error, which is retried after back-off."""
        old = self.pods.get(key)
        if old is None:
            return self
        names = tuple(sorted(rejectors))
        if not names:
            return self._put(attrs.evolve(old, state=BACKOFF, since_ms=now_ms, errors=old.errors + 1, rejectors=()))
        return self._put(
            attrs.evolve(
                old, state=UNSCHEDULABLE, since_ms=now_ms, rejections=old.rejections + 1, errors=0, rejectors=names
            )
        )

    def move(
        self, profile: Profile, event: ClusterEvent, old: object, new: object, listers: Listers, now_ms: int
    ) -> Queue:
        """The queue after an event of the cluster: every unschedulable pod for which it may matter goes to back-off, or to active if that is over."""
        queue = self
        for key in self.parked:
            entry = self.pods[key]
            if worth_requeuing(profile, entry.pod, entry.rejectors, event, old, new, listers):
                queue = queue.requeue(entry, now_ms)
        return queue

    def requeue(self, entry: Queued, now_ms: int) -> Queue:
        """The queue with an unschedulable pod moved to back-off, or to active if its back-off is over."""
        over = entry.since_ms + entry.backoff_ms() <= now_ms
        if over:
            return self._put(attrs.evolve(entry, state=ACTIVE, since_ms=now_ms, order=self.next_order))
        return self._put(attrs.evolve(entry, state=BACKOFF))

    def backoff_over(self, key: str, now_ms: int) -> Queue:
        """The queue after the back-off timer of a pod: active, if it is still in back-off and the time has come."""
        entry = self.pods.get(key)
        if entry is None or entry.state != BACKOFF or entry.since_ms + entry.backoff_ms() > now_ms:
            return self
        return self._put(attrs.evolve(entry, state=ACTIVE, since_ms=now_ms, order=self.next_order))

    def waiting(self, state: str) -> list[Queued]:
        """The pods in a state, by key."""
        return [entry for entry in self.pods.values() if entry.state == state]


EMPTY_QUEUE: Final = Queue()
