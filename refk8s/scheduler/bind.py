"""The binding cycle: a pod for which a node was found waits for Permit, is bound there, or gives its room back.

Source: pkg/scheduler/schedule_one.go, bindingCycle, handleBindingCycleError.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import attrs

from ..api.store import Stored
from ..controllers.runtime import Controller
from ..core.flight import Cached, Enqueue, Note, Now, Recall, Reconcile, Remember
from ..core.wire import TIMEOUT, Response
from ..kinds.pod import Pod
from .cache import EMPTY_CACHE, Cache
from .events import ActionType, ClusterEvent, EventResource
from .framework import Code, Point, Profile, Status, Wait
from .memory import CACHE, MOVED, QUEUE, UNSURE, WAITING, keep, recorder_of, rules_now
from .messages import fit_error
from .nodeinfo import PodInfo
from .queue import EMPTY_QUEUE, IN_FLIGHT, Queue
from .report import BINDING_REJECTED, is_being_reported
from .rules import NO_PROFILES, Profiles, scheduler_of

__all__ = ["POD_GONE", "Bind"]

MANY = 1 << 30
MAX_PERMIT_MS = 15 * 60_000
POD_GONE = ClusterEvent(EventResource.ASSIGNED_POD, ActionType.DELETE)


@attrs.frozen(eq=False)
class Bind(Controller):
    """Binds assumed pods; a failure gives the pod's room back and the pod a new attempt after back-off. Its keys are pods."""

    name: str = "bind"
    workers: int = MANY
    profiles: Profiles = NO_PROFILES

    def forget(self, cache: Cache, key: str) -> Cache:
        """The cache after a failed binding. Source: schedule_one.go, unreserveAndForget."""
        return cache.forget(key)

    def reconcile(self, key: str) -> Reconcile:
        """Wait for Permit, run PreBind, Bind and PostBind, record the event; or undo the assumption."""
        decided = yield Recall(f"bind:{key}")
        if decided is None or (yield from is_being_reported(key)):
            return None  # the report of an earlier failure comes first, as upstream's cycle writes it before it goes on; `status` wakes us
        where, uid, node = decided
        queue: Queue = yield Recall(QUEUE, EMPTY_QUEUE)
        entry = queue.pods.get(key)
        stored = (yield Cached("pods")).get(where)
        pod = entry.pod if entry is not None else _info(stored, uid)
        if pod is None:
            yield Remember(f"bind:{key}", None)
            yield from self.give_back(key, decided, f"{BINDING_REJECTED}: the pod is gone")
            return None
        if (yield Recall(f"permit:{key}")) is not None and not (yield from self.permitted(pod, decided)):
            return None
        yield Remember(f"bind:{key}", None)
        why_not = yield from self.run(self.profiles[scheduler_of(pod)], pod, node)
        if why_not:
            yield from self.give_back(key, decided, why_not)
            return None
        queue = yield Recall(QUEUE, EMPTY_QUEUE)
        yield Remember(QUEUE, queue.remove(key))
        yield Note(MOVED, key)
        if stored is not None:
            message = f"Successfully assigned {where} to {node}"
            yield from recorder_of(stored.document).emit(stored, "Pod", "Normal", "Scheduled", message)
        return None

    def run(self, profile: Profile, pod: PodInfo, node: str) -> Generator[Any, Any, str]:
        """Run the plugins of PreBind, Bind and PostBind; returns what went wrong, "" if the pod is bound."""
        for plugin in profile.at(Point.PRE_BIND):
            why_not = yield from plugin.pre_bind(pod, node)
            if why_not:
                return str(why_not)
        done: Response | None = None
        for plugin in profile.at(Point.BIND):
            done = yield from plugin.bind(pod, node)
            if done is not None:
                break
        if done is None or not done.ok:
            if done is not None and done.code == TIMEOUT:
                yield Remember(UNSURE, 1)
            return f"{BINDING_REJECTED}: {(done.message or done.reason) if done is not None else 'no plugin binds it'}"
        for plugin in profile.at(Point.POST_BIND):
            yield from plugin.post_bind(pod, node)
        return ""

    def permitted(self, pod: PodInfo, decided: tuple[str, str, str]) -> Generator[Any, Any, bool]:
        """Whether a pod that waits for Permit may be bound now; one that has waited too long, or is refused, is rejected."""
        _, _, node = decided
        deadline_ms, waits_for = yield Recall(f"permit:{pod.key}")
        now_ms = yield Now()
        cache: Cache = yield Recall(CACHE, EMPTY_CACHE)
        verdict = permission(self.profiles[scheduler_of(pod)], pod, node, cache)
        if isinstance(verdict, tuple) and now_ms < deadline_ms:
            yield Enqueue("bind", pod.key, deadline_ms - now_ms)
            return False
        waiting = yield Recall(WAITING, ())
        yield Remember(WAITING, tuple(key for key in waiting if key != pod.key) or None)
        yield Remember(f"permit:{pod.key}", None)
        if verdict is None:
            queue: Queue = yield Recall(QUEUE, EMPTY_QUEUE)
            yield Remember(QUEUE, queue.landed(pod.key))
            return True
        yield Remember(f"bind:{pod.key}", None)
        if isinstance(verdict, tuple):
            plugin, waited_ms = waits_for
            why = f"rejected due to timeout after waiting {_go_duration(waited_ms)} at plugin {plugin}"
            verdict = Status(Code.UNSCHEDULABLE, plugin, (why,))
        yield from self.give_back(pod.key, decided, fit_error(1, [verdict]), verdict.plugin)
        return False

    def give_back(
        self, key: str, decided: tuple[str, str, str], message: str, *rejectors: str
    ) -> Generator[Any, Any, None]:
        """Forget the assumed pod, wake those that its room may help, and put it back unless it is gone, bound or another one by now."""
        where, uid, node = decided
        cache: Cache = yield Recall(CACHE, EMPTY_CACHE)
        yield Remember(CACHE, self.forget(cache, key))
        now_ms = yield Now()
        rules = yield from rules_now(self.profiles)
        old: Queue = yield Recall(QUEUE, EMPTY_QUEUE)
        queue, entry = old, old.pods.get(key)
        current = _info((yield Cached("pods")).get(where), uid)
        if current is None or current.pod.spec.node_name:
            queue = queue.remove(key)
        elif entry is not None and entry.state == IN_FLIGHT:
            queue = queue.update(rules, current, now_ms).unschedulable(rules, key, rejectors, now_ms).nominate(key, "")
        if entry is not None:
            queue = queue.move(rules, POD_GONE, placed(entry.pod.pod, node), None, now_ms, besides=key)
        yield from keep(old, queue)
        yield Enqueue("cycle", "next")
        yield Remember(f"failed:{key}", (where, uid, message, ("",)))
        yield Enqueue("status", key)


def permission(profile: Profile, pod: PodInfo, node: str, cache: Cache) -> Status | tuple[str, int] | None:
    """What the Permit plugins say: None = go on, a Status = no, (plugin, ms) = wait at most so long. Source: framework.go, RunPermitPlugins."""
    waits: tuple[str, int] | None = None
    for plugin in profile.at(Point.PERMIT):
        verdict = plugin.permit(pod, node, cache.snapshot)
        if isinstance(verdict, Wait):
            timeout_ms = min(verdict.timeout_ms, MAX_PERMIT_MS)
            if waits is None or timeout_ms < waits[1]:
                waits = (plugin.name, timeout_ms)
        elif verdict is not None:
            return verdict
    return waits


def placed(pod: Pod, node: str) -> Pod:
    """The pod as the cache has it, with its node, though nobody else may know of that yet. Source: eventhandlers.go, handleAssumedPodDeletion."""
    return pod if pod.spec.node_name else attrs.evolve(pod, spec=attrs.evolve(pod.spec, node_name=node))


def _info(stored: Stored | None, uid: str) -> PodInfo | None:
    return None if stored is None or stored.uid != uid else PodInfo.of(stored.view(Pod))


def _go_duration(ms: int) -> str:
    """The time as Go writes it, from whole milliseconds below an hour."""
    minutes, rest = divmod(ms, 60_000)
    if minutes:
        return f"{minutes}m{rest / 1000:g}s"
    return f"{ms / 1000:g}s" if ms >= 1000 or not ms else f"{ms}ms"
