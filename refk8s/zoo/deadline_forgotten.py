"""A rollout that is stuck is never reported, because nobody looks again when the deadline passes.

k#34458: the sync returned without planning a look at the deadline, and without events there is no other (catalogue R8).
"""

from __future__ import annotations

from ..api.store import Stored
from ..controllers.deployment import DeploymentController
from ..controllers.deployment_writes import Sync, Working
from .mutant import Mutant, with_controller
from .scenes import apply, deployment, scene


class Patient(DeploymentController):
    """Waits for events only."""

    def _roll(self, work: Working, replica_sets: list[Stored]) -> Sync:
        """Roll, and never look again."""
        yield from super()._roll(work, replica_sets)
        return None


MUTANT = Mutant(
    id="deadline-forgotten",
    title="a stuck rollout is not reported",
    story=__doc__,
    rows=("R8",),
    change=with_controller("deployment", Patient),
    catches=("CONV-01",),
    scenario=scene(apply(deployment(progressDeadlineSeconds=60)), behaviours=[{"do": "no image"}]),
)
