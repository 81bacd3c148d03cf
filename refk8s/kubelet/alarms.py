"""When a pod's worker has to take its next turn, and whether a run of the model waits for it.

Source: pkg/kubelet/active_deadline.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.clock import unix_ms
from . import probing, starting
from .behaviour import NEVER
from .probes import health
from .records import NO_ALARM, STARTING, STOPPING, SYNCING, TERMINATING
from .statuses import NO_SANDBOX

if TYPE_CHECKING:
    from .turn import Turn


def alarm(turn: Turn) -> tuple[int, bool]:
    """When the next turn is due, and whether nothing new will come of it (so that a run need not wait for it)."""
    if turn.state == TERMINATING or turn.busy == STOPPING:
        return (turn.until_ms, False)
    if turn.state != SYNCING:
        return NO_ALARM
    if turn.busy == STARTING:
        return (turn.until_ms, not starting.is_news(turn, turn.plan[0]))
    due_ms, news = turn.retry_ms, turn.retry_is_news and turn.retry_ms < NEVER
    sandbox = turn.sandbox or NO_SANDBOX
    for run in sandbox.running(turn.now_ms):
        if run.exit_ms < NEVER:
            due_ms = min(due_ms, run.exit_ms)
            news = news or turn.behaviour_named(run.name).is_news(run.attempt)
    for container in probing.probed(turn):
        instance = sandbox.find(container.name)
        if instance is not None and instance.runs(turn.now_ms):
            next_ms = health(container, instance, turn.now_ms).next_ms
            due_ms = min(due_ms, next_ms)
            if next_ms < NEVER:
                news = news or turn.behaviour_of(container).is_news(instance.attempt)
    ends_ms = deadline_ms(turn)
    if ends_ms < NEVER:
        due_ms, news = min(due_ms, ends_ms), True
    return (due_ms, not news) if due_ms < NEVER else NO_ALARM


def deadline_ms(turn: Turn) -> int:
    """When the pod's active deadline passes. Source: pkg/kubelet/active_deadline.go."""
    deadline_s = turn.require_pod().spec.active_deadline_seconds
    if deadline_s is None or turn.entry is None or "startTime" not in turn.entry.status:
        return NEVER
    return unix_ms(turn.entry.status["startTime"]) + deadline_s * 1_000


def evicted(turn: Turn) -> tuple[str, str] | None:
    """Reason and message if the pod has passed its active deadline."""
    if turn.pod is None or turn.pod.spec.active_deadline_seconds is None or deadline_ms(turn) > turn.now_ms:
        return None
    return "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"
