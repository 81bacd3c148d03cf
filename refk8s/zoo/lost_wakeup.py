"""Nothing wakes a pod that could not be placed.

k#109437 (catalogue K7): an event that makes a pod schedulable was not taken for one, and the pod waited until the next flush, five minutes later.
"""

from __future__ import annotations

from ..scheduler.events import ClusterEvent
from ..scheduler.program import Cycle
from ..scheduler.queue import Queue
from ..scheduler.rules import ProfileRules
from .mutant import Mutant, with_scheduler


class Sleeper(Cycle):
    """Hears nothing."""

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
        """The queue as it is."""
        return queue


MUTANT = Mutant(
    id="lost-wakeup",
    title="an unschedulable pod is not woken",
    story=__doc__,
    rows=("K7",),
    change=with_scheduler(cycle=Sleeper()),
    catches=("SCHED-06", "CONV-06"),
    scenario="full-node",
)
