"""A controller looks again every second at what it has brought in order long ago.

Level-triggered code that "requeues to be safe" with RequeueAfter: nothing is written, nothing gets better, and the cluster is never at rest (a lasso).
"""

from __future__ import annotations

from ..controllers.replicaset import ReplicaSetController
from ..core.flight import Reconcile, Requeue
from .mutant import Mutant, with_controller
from .scenes import apply, replica_set, scene


class Anxious(ReplicaSetController):
    """Comes back in a second, whatever it found."""

    def reconcile(self, key: str) -> Reconcile:
        """Reconcile it, and do so again."""
        result = yield from super().reconcile(key)
        return result if result is not None else Requeue(1_000)


MUTANT = Mutant(
    id="polls-for-ever",
    title="a controller looks again every second, for ever",
    story=__doc__,
    change=with_controller("replicaset", Anxious),
    catches=("LIVE-02", "CONV-04"),
    scenario=scene(apply(replica_set(replicas=1))),
    steps=20_000,
)
