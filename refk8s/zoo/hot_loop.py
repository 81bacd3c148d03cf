"""A controller tries again at once, for ever, to do what cannot be done.

The status of a ReplicaSet that is gone: NotFound is taken for an error that goes away (catalogue D4 is of this class).

In this scenario, which begins at rest, 51 steps are the most that any of 60 seeds takes at one instant without the bug; it allows 80.
"""

from __future__ import annotations

from ..controllers.replicaset import ReplicaSetController
from ..controllers.runtime import get
from ..core.flight import Reconcile, Requeue
from .mutant import Mutant, with_controller
from .scenes import apply, delete, replica_set, scene, sleep


class Stubborn(ReplicaSetController):
    """Never gives up on a ReplicaSet."""

    def reconcile(self, key: str) -> Reconcile:
        """Reconcile it, and if it is not there look again."""
        result = yield from super().reconcile(key)
        found = yield get("replicasets", key)
        return result if found.ok else Requeue()


MUTANT = Mutant(
    id="hot-loop",
    title="a controller loops on an object that is gone",
    story=__doc__,
    change=with_controller("replicaset", Stubborn),
    catches=("LIVE-01",),
    scenario=scene(
        apply(replica_set(replicas=1)), sleep("5s"), delete("replicasets", "web"), given=[], bounds={"stepsAtOnce": 80}
    ),
    steps=10_000,
)
