"""What a decided preemption does: takes back nominations of less important pods on the node, then evicts the victims; the last one alone, at the end.

While this is under way the preemptor does not come back into the queue (PreEnqueue of DefaultPreemption); it waits for its victims to be gone like any other.
Source: pkg/scheduler/framework/preemption/executor.go, prepareCandidateAsync; feature gate SchedulerAsyncPreemption (on by default); KEP-4832.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import attrs

from ..api.store import Stored
from ..controllers.runtime import Controller, delete, patch
from ..core.flight import Cached, Now, Parallel, Recall, Reconcile, Remember
from ..core.wire import Response
from .memory import PREEMPTING, QUEUE, condition_patch, keep, recorder_of, rules_now
from .nodeinfo import PodInfo
from .queue import EMPTY_QUEUE, Queue
from .rules import DEFAULT_SCHEDULER, NO_PROFILES, Profiles

__all__ = ["Evict", "ordered"]

MANY = 1 << 30
NOT_FOUND = 404


def ordered(pod: PodInfo, node: str, victims: Sequence[PodInfo]) -> tuple[Any, ...]:
    """What is to be done for a pod: (its namespace and name, uid, priority, node, victims as keys), without victims that are being deleted already."""
    keys = tuple(f"{victim.namespace}/{victim.name}" for victim in victims if not victim.terminating)
    return f"{pod.namespace}/{pod.name}", pod.uid, pod.priority, node, keys


@attrs.frozen(eq=False)
class Evict(Controller):
    """Evicts the victims of a preemption; its keys are preemptors."""

    name: str = "preempt"
    workers: int = MANY
    profiles: Profiles = NO_PROFILES

    def reconcile(self, key: str) -> Reconcile:
        """Do what was ordered for the preemptor `key`, then let it back into the queue; at once if something failed."""
        order = yield Recall(f"preempt:{key}")
        if order is None:
            return None
        yield Remember(f"preempt:{key}", None)
        _, _, priority, node, victims = order
        failed = yield from self.take_back_nominations(priority, node)
        *others, last = victims
        held = not others or (yield from self.evict(order, others))
        if held:
            preempting = yield Recall(PREEMPTING, ())
            yield Remember(PREEMPTING, tuple((uid, last if uid == key else victim) for uid, victim in preempting))
            held = yield from self.evict(order, [last])
        preempting = yield Recall(PREEMPTING, ())
        yield Remember(PREEMPTING, tuple(entry for entry in preempting if entry[0] != key) or None)
        if failed or not held:
            rules = yield from rules_now(self.profiles)
            queue: Queue = yield Recall(QUEUE, EMPTY_QUEUE)
            yield from keep(queue, queue.activate(rules, key))
        return None

    # ---- seams

    def take_back_nominations(self, priority: int, node: str) -> Generator[Any, Any, bool]:
        """Pods of lower priority that are nominated to the node may no longer fit there: clear their nominations; whether that failed."""
        queue: Queue = yield Recall(QUEUE, EMPTY_QUEUE)
        pods = yield Cached("pods")
        requests = []
        for key in queue.nominated.get(node) or ():
            entry = queue.pods.get(key)
            if entry is not None and entry.pod.priority < priority:
                where = f"{entry.pod.namespace}/{entry.pod.name}"
                stored = pods.get(where)
                if stored is not None and stored.document["status"].get("nominatedNodeName"):
                    requests.append(patch("pods", where, {"status": {"nominatedNodeName": None}}, subresource="status"))
        if not requests:
            return False
        answers = yield Parallel(tuple(requests))
        return any(not answer.ok for answer in answers)

    def evict(self, order: tuple[Any, ...], victims: Sequence[str]) -> Generator[Any, Any, bool]:
        """Say of each victim why it goes, and delete it; whether all went well. Victims that are gone already are no failure.

        DEVIATES: all conditions first, then all deletions, because upstream's goroutines (one per victim) would be flights of their own.
        """
        where, uid, _, node, _ = order
        pods = yield Cached("pods")
        preemptor = pods.get(where)
        scheduler = (preemptor.document["spec"].get("schedulerName") if preemptor is not None else "") or (
            DEFAULT_SCHEDULER
        )
        there = [stored for stored in (pods.get(victim) for victim in victims) if stored is not None]
        answers = yield from self.tell(there, scheduler)
        going = [stored for stored, answer in zip(there, answers, strict=True) if answer is None or answer.ok]
        well = all(answer is None or answer.ok or answer.code == NOT_FOUND for answer in answers)
        if not going:
            return well
        deleted = yield Parallel(tuple(delete("pods", stored.key) for stored in going))
        for stored, answer in zip(going, deleted, strict=True):
            if answer.ok:
                message = f"Preempted by pod {uid} on node {node}"
                yield from recorder_of({"spec": {"schedulerName": scheduler}}).emit(
                    stored, "Pod", "Normal", "Preempted", message
                )
        return well and all(answer.ok or answer.code == NOT_FOUND for answer in deleted)

    def tell(self, victims: Sequence[Stored], scheduler: str) -> Generator[Any, Any, list[Response | None]]:
        """Set the victims' condition DisruptionTarget; the answers, None where it was so already."""
        wanted = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "PreemptionByScheduler",
            "message": f"{scheduler}: preempting to accommodate a higher priority pod",
        }
        now_ms = yield Now()
        conditions = [condition_patch(stored.document, wanted, now_ms) for stored in victims]
        requests = [
            patch("pods", stored.key, {"status": {"conditions": made}}, subresource="status")
            for stored, made in zip(victims, conditions, strict=True)
            if made
        ]
        answers = iter((yield Parallel(tuple(requests))) if requests else ())
        return [next(answers) if made else None for made in conditions]
