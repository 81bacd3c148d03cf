"""A controller records an Event at the end of every sync.

sample-controller does, and so do its many descendants: each resync writes an Event for each object, changed or not (V3).
"""

from __future__ import annotations

from ..controllers.replicaset import KIND, RECORDER, ReplicaSetController
from ..core.flight import Cached, Reconcile
from .mutant import Mutant, with_controller
from .scenes import apply, replica_set, scene


class Chatty(ReplicaSetController):
    """Tells that it has looked."""

    def reconcile(self, key: str) -> Reconcile:
        """Reconcile and say so."""
        result = yield from super().reconcile(key)
        stored = (yield Cached("replicasets")).get(key)
        if stored is not None:
            yield from RECORDER.emit(stored, KIND, "Normal", "Synced", "ReplicaSet synced successfully")
        return result


MUTANT = Mutant(
    id="chatty-sync",
    title="a controller records every look",
    story=__doc__,
    change=with_controller("replicaset", Chatty),
    catches=("CONV-05",),
    scenario=scene(apply(replica_set(replicas=1))),
)
