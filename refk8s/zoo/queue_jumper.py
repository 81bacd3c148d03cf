"""A pod that waits for another attempt goes straight into flight when something happens, past the queue.

The same pod is then tracked in two places at once (k#126962 and its like), and its back-off and its gates are forgotten.
"""

from __future__ import annotations

import attrs

from ..scheduler.events import ClusterEvent
from ..scheduler.program import Cycle
from ..scheduler.queue import IN_FLIGHT, Queue
from ..scheduler.rules import ProfileRules
from .mutant import Mutant, with_scheduler


class Jumper(Cycle):
    """Lets those that are woken jump the queue."""

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
        """The queue with a parked pod in flight."""
        for key in queue.parked:
            return queue._put(rules, attrs.evolve(queue.pods[key], state=IN_FLIGHT))
        return queue


MUTANT = Mutant(
    id="queue-jumper",
    title="a parked pod jumps the queue",
    story=__doc__,
    change=with_scheduler(cycle=Jumper()),
    catches=("SCHED-15",),
    scenario="full-node",
)
