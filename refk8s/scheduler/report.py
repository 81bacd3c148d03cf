"""Tells a pod why it was not placed: the FailedScheduling event, the PodScheduled condition, and where it is nominated to run.

Source: pkg/scheduler/schedule_one.go, handleSchedulingFailure, updatePod.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import attrs

from ..controllers.runtime import Controller, patch
from ..core.flight import Cached, Cancel, Enqueue, Now, Recall, Reconcile, Remember
from .memory import QUEUE, condition_patch, recorder_of
from .messages import event_note
from .queue import EMPTY_QUEUE, MAX_UNSCHEDULABLE_MS, UNSCHEDULABLE, Queue, Queued

MANY = 1 << 30
BINDING_REJECTED = "binding rejected"


@attrs.frozen(eq=False)
class ReportFailure(Controller):
    """Reports failures; its keys are pods.

    DEVIATES: a status patch that fails is not sent again, where upstream retries it (pkg/scheduler/util/utils.go, PatchPodStatus), because the pod's next try
    reports it anew.
    """

    name: str = "status"
    workers: int = MANY

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

    def report(
        self, key: str, where: str, uid: str, message: str, nominating: tuple[str, ...] = ()
    ) -> Generator[Any, Any, None]:
        """Record the event and patch condition and nomination, if they differ. `nominating` is as in Decision."""
        pod = (yield Cached("pods")).get(where)
        if pod is None or pod.uid != uid or pod.document["spec"].get("nodeName"):
            return
        yield from recorder_of(pod.document).emit(pod, "Pod", "Warning", "FailedScheduling", event_note(message))
        reason = "SchedulerError" if message.startswith(BINDING_REJECTED) else "Unschedulable"
        wanted = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
        conditions = condition_patch(pod.document, wanted, (yield Now()))
        status: dict[str, Any] = {"conditions": conditions} if conditions else {}
        for node in nominating:
            if (pod.document["status"].get("nominatedNodeName") or "") != node:
                status["nominatedNodeName"] = node or None
        if not status:
            return
        done = yield patch("pods", where, {"status": status}, subresource="status")
        if not done.ok:
            yield from self.say_again(key)

    def say_again(self, key: str) -> Generator[Any, Any, None]:
        """Upstream only logs that the condition could not be written: the next attempt writes it, and a run waits for that one."""
        queue: Queue = yield Recall(QUEUE, EMPTY_QUEUE)
        entry = queue.pods.get(key)
        if entry is not None and entry.state == UNSCHEDULABLE:
            now_ms = yield Now()
            yield Cancel("flush", key)
            yield Enqueue("flush", key, max(1, leftover_in(entry, now_ms)))


def is_being_reported(key: str) -> Generator[Any, Any, bool]:
    """Whether a failure of this pod is still to be told, or on its way to the API server."""
    return (yield Recall(f"failed:{key}")) is not None or (yield Recall(f"reporting:{key}")) is not None


def leftover_in(entry: Queued, now_ms: int) -> int:
    """When a parked pod is tried again though nothing has happened that it waits for."""
    return entry.since_ms + MAX_UNSCHEDULABLE_MS - now_ms
