"""What the controllers of one scheduler share: queue, cache and the preemptions under way, in the memory of its process.

Event handlers use the functions that take `hands`, reconciles those that are generators.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final

from ..controllers.runtime import Recorder
from ..core.clock import rfc3339
from ..core.flight import Cached, Enqueue, Note, Now, Recall, Remember
from ..core.hands import Hands
from .cache import EMPTY_CACHE, Cache
from .queue import EMPTY_QUEUE, Queue
from .rules import DEFAULT_SCHEDULER, ProfileRules, Profiles

__all__ = [
    "CACHE",
    "MOVED",
    "PREEMPTING",
    "QUEUE",
    "UNSURE",
    "WAITING",
    "condition_of",
    "condition_patch",
    "keep",
    "keep_in",
    "recorder_of",
    "rules_in",
    "rules_now",
]

QUEUE: Final = "queue"
CACHE: Final = "cache"
PREEMPTING: Final = "preempting"
"""((key of a pod that evicts others, key of its last victim or ""), …)."""
MOVED: Final = "moved"
"""The note that pods moved in the queue or the cache."""
WAITING: Final = "waiting"
"""The keys of the pods that wait for Permit."""
UNSURE: Final = "~unsure"
"""The memory that a binding got no answer: it may have taken effect all the same. For invariants only."""

Effects = Generator[Any, Any, None]


def rules_in(hands: Hands, profiles: Profiles) -> ProfileRules:
    """The rules of the queue as things are now."""
    cache: Cache = hands.recall(CACHE, EMPTY_CACHE)
    preempting = hands.recall(PREEMPTING, ())
    if not preempting:
        return ProfileRules(profiles, cache.snapshot.listers)
    return ProfileRules(profiles, cache.snapshot.listers, _preempts(preempting, hands.cache("pods")))


def rules_now(profiles: Profiles) -> Generator[Any, Any, ProfileRules]:
    """The rules of the queue as things are now."""
    cache: Cache = yield Recall(CACHE, EMPTY_CACHE)
    preempting = yield Recall(PREEMPTING, ())
    if not preempting:
        return ProfileRules(profiles, cache.snapshot.listers)
    return ProfileRules(profiles, cache.snapshot.listers, _preempts(preempting, (yield Cached("pods"))))


def keep_in(hands: Hands, old: Queue, queue: Queue) -> None:
    """Remember the queue; arm the timers of new back-offs; wake the cycle if there is somebody to try."""
    if queue is old:
        return
    hands.remember(QUEUE, queue)
    hands.note(MOVED, queue)
    for key in queue.backing_off:
        if key not in old.backing_off:
            hands.enqueue_after("flush", key, max(1, queue.pods[key].due_ms() - hands.now_ms))
    if queue.head() is not None:
        hands.enqueue("cycle", "next")


def keep(old: Queue, queue: Queue) -> Effects:
    """Remember the queue; arm the timers of new back-offs; wake the cycle if there is somebody to try."""
    if queue is old:
        return
    yield Remember(QUEUE, queue)
    yield Note(MOVED, queue)
    fresh = [key for key in queue.backing_off if key not in old.backing_off]
    now_ms = (yield Now()) if fresh else 0
    for key in fresh:
        yield Enqueue("flush", key, max(1, queue.pods[key].due_ms() - now_ms))
    if queue.head() is not None:
        yield Enqueue("cycle", "next")


def recall_queue() -> Generator[Any, Any, Queue]:
    """The queue."""
    queue: Queue = yield Recall(QUEUE, EMPTY_QUEUE)
    return queue


def recorder_of(document: Mapping[str, Any]) -> Recorder:
    """The event recorder for a pod: of the profile that it asks for."""
    return Recorder(document["spec"].get("schedulerName") or DEFAULT_SCHEDULER)


def condition_of(document: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    """The condition `kind` of an object."""
    conditions: Sequence[dict[str, Any]] = document.get("status", {}).get("conditions") or ()
    for condition in conditions:
        if condition.get("type") == kind:
            return condition
    return None


def condition_patch(document: Mapping[str, Any], wanted: Mapping[str, Any], now_ms: int) -> list[dict[str, Any]]:
    """The conditions of a patch that makes the pod's condition `wanted`; [] if it is so already. Source: pkg/api/v1/pod/util.go, UpdatePodCondition."""
    known = condition_of(document, wanted["type"])
    if known is not None and all(known.get(field) == value for field, value in wanted.items()):
        return []
    flipped = known is None or known.get("status") != wanted["status"]
    made = {
        **wanted,
        "lastTransitionTime": rfc3339(now_ms) if flipped or known is None else known.get("lastTransitionTime"),
    }
    generation = document["metadata"].get("generation")
    if generation:
        made["observedGeneration"] = generation
    return [made]


def _preempts(preempting: tuple[tuple[str, str], ...], pods: Any) -> Callable[[str], bool]:
    """Whether the preemption for a pod is under way: until the deletion of its last victim has begun. Source: executor.go, isRunningPreemption."""
    victims = dict(preempting)

    def under_way(key: str) -> bool:
        if key not in victims:
            return False
        victim = victims[key]
        if not victim:
            return True
        stored = pods.get(victim)
        return stored is not None and not stored.document["metadata"].get("deletionTimestamp")

    return under_way
