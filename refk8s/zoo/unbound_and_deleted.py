"""A pod that is deleted before it has a node gets a grace period, and nobody is there to end it.

k8s-lite-go: the scheduler lists Pending pods only and the kubelet its own, so that the phase Terminating lasts for ever; upstream deletes such a pod at once
(pod/strategy.go), and the pod garbage collector finds those that slip through: both are missing here.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..api.finalize import PENDING
from ..api.options import DeleteOptions
from ..api.rest import Api
from ..api.rest.call import Call
from ..api.store import Stored
from ..controllers.podgc import Found, PodCollector
from .mutant import Mutant, both, with_api, with_controller
from .scenes import apply, delete, pod, scene, sleep


class GracefulApi(Api):
    """Gives every pod its grace period."""

    def start_deletion(self, call: Call, old: Stored, options: DeleteOptions) -> int | None:
        """Thirty seconds, for a pod without a node, too."""
        begun = bool(old.document["metadata"].get("deletionTimestamp"))
        return (PENDING if begun else 30) if call.row.plural == "pods" else None


class Blind(PodCollector):
    """Overlooks pods without a node."""

    def collect_unscheduled(self, pods: Sequence[Stored]) -> Found:
        """Find none."""
        yield from ()
        return False


MUTANT = Mutant(
    id="unbound-and-deleted",
    title="a pod deleted before it was bound never goes",
    story=__doc__,
    rows=("zero b",),
    change=both(with_api(GracefulApi()), with_controller("podgc", Blind)),
    catches=("CONV-03",),
    scenario=scene(apply(pod("huge", cpu="64")), sleep("2s"), delete("pods", "huge")),
)
