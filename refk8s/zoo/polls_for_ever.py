"""A controller looks again every five minutes at what it has brought in order long ago.

Level-triggered code that "requeues to be safe" with RequeueAfter: nothing is written, nothing gets better, and the cluster is never at rest (a lasso).

The scenario has it watched for circles from the 10th undisturbed step on, and no heartbeats between; two looks that find the same are enough then.
"""

from __future__ import annotations

from typing import ClassVar

from ..controllers.replicaset import ReplicaSetController
from ..core.flight import Reconcile, Requeue
from .mutant import Mutant, with_controller
from .scenes import apply, replica_set, scene


class Anxious(ReplicaSetController):
    """Comes back in five minutes, whatever it found."""

    every_ms: ClassVar = 300_000

    def reconcile(self, key: str) -> Reconcile:
        """Reconcile it, and do so again."""
        result = yield from super().reconcile(key)
        return result if result is not None else Requeue(self.every_ms)


MUTANT = Mutant(
    id="polls-for-ever",
    title="a controller looks again every five minutes, for ever",
    story=__doc__,
    change=with_controller("replicaset", Anxious),
    catches=("LIVE-02",),
    scenario=scene(apply(replica_set(replicas=1)), heartbeats=False, bounds={"undisturbed": 10}),
    steps=20_000,
)
