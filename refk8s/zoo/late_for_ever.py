"""A rollout that has succeeded is reported as timed out.

The deadline goes on counting after the end, so that a Deployment of last week becomes a failed one (progress.go, DeploymentTimedOut asks for that first).
"""

from __future__ import annotations

from ..api.store import Stored
from ..controllers.decisions_conditions import new_deployment_condition
from ..controllers.decisions_deployment import PROGRESSING
from ..controllers.decisions_rollout import TIMED_OUT, is_complete
from ..controllers.deployment import DeploymentController
from ..controllers.deployment_writes import Sync, Working, check
from ..controllers.runtime import update
from ..core.flight import Now
from .mutant import Mutant, with_controller


class Strict(DeploymentController):
    """Counts on."""

    def _roll(self, work: Working, replica_sets: list[Stored]) -> Sync:
        """Roll; what was complete before is late now."""
        done = is_complete(work.deployment, work.deployment.status)
        if not done:
            return (yield from super()._roll(work, replica_sets))
        work.set_condition(new_deployment_condition(PROGRESSING, "False", TIMED_OUT, "too late", (yield Now())))
        check((yield update("deployments", work.document, "status")))
        return None


MUTANT = Mutant(
    id="late-for-ever",
    title="a finished rollout times out",
    story=__doc__,
    change=with_controller("deployment", Strict),
    catches=("DEPLOYMENT-ROWS",),
    scenario="rollout",
)
