"""A controller counts its syncs in the object that it watches: each write is an event, and each event a sync.

The classic of first controllers: a status field that is different every time (a counter, a time, an unsorted list), written unconditionally.

In this scenario nobody writes an object more than 3 times without the bug (60 seeds); it allows 10.
"""

from __future__ import annotations

from ..controllers.replicaset import ReplicaSetController
from ..controllers.runtime import patch
from ..core.flight import Cached, Reconcile
from .mutant import Mutant, with_controller
from .scenes import apply, replica_set, scene


class Counting(ReplicaSetController):
    """Notes in the ReplicaSet how often it has looked at it."""

    def reconcile(self, key: str) -> Reconcile:
        """Reconcile, and count."""
        result = yield from super().reconcile(key)
        stored = (yield Cached("replicasets")).get(key)
        if stored is not None:
            count = int((stored.document["metadata"].get("annotations") or {}).get("syncs", "0")) + 1
            yield patch("replicasets", key, {"metadata": {"annotations": {"syncs": str(count)}}}, "merge")
        return result


MUTANT = Mutant(
    id="wakes-itself",
    title="a controller's own writes wake it, for ever",
    story=__doc__,
    change=with_controller("replicaset", Counting),
    catches=("LIVE-03",),
    scenario=scene(apply(replica_set(replicas=1)), bounds={"writes": 10}),
    steps=20_000,
)
