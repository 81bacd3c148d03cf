"""The ReplicaSet controller does not hear that a pod has gone.

A handler that is missing for one kind of event: the pod is not replaced until something else wakes its ReplicaSet (level-triggered, but never triggered).
"""

from __future__ import annotations

from ..api.store import Stored
from ..controllers.replicaset import ReplicaSetController
from ..core.hands import Hands
from .mutant import Mutant, with_controller
from .scenes import apply, delete, pod, replica_set, scene, sleep


class Deaf(ReplicaSetController):
    """Overlooks ends."""

    def _pod_deleted(self, hands: Hands, pod: Stored) -> None:
        """Do nothing."""


MUTANT = Mutant(
    id="deaf-to-deletions",
    title="a deleted pod is not replaced",
    story=__doc__,
    change=with_controller("replicaset", Deaf),
    catches=("CONV-02", "CONV-05"),
    scenario=scene(apply(pod("web")), apply(replica_set()), sleep("10s"), delete("pods", "web")),
)
