"""A controller notes in the object when it has looked at it last.

A write at every look is one at every resync, and its own event makes the next look: a cluster that is never quiet (V2).
"""

from __future__ import annotations

from ..controllers.deployment import DeploymentController
from ..controllers.runtime import patch
from ..core.clock import rfc3339
from ..core.flight import Enqueue, Now, Reconcile
from .mutant import Mutant, with_controller
from .scenes import apply, deployment, scene


class Bookkeeper(DeploymentController):
    """Stamps what it has seen, and looks again."""

    def reconcile(self, key: str) -> Reconcile:
        """Reconcile, write the time, and come back in half a minute."""
        result = yield from super().reconcile(key)
        stamp = {"metadata": {"annotations": {"looked-at": rfc3339((yield Now()))}}}
        yield patch("deployments", key, stamp, "merge")
        yield Enqueue(self.name, key, 30_000, periodic=True)
        return result


MUTANT = Mutant(
    id="stamped",
    title="a controller writes the time of its last look",
    story=__doc__,
    change=with_controller("deployment", Bookkeeper),
    catches=("CONV-04",),
    scenario=scene(apply(deployment(replicas=0))),
)
