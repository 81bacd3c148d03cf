"""A rollout starts with all new pods at once, whatever maxSurge says.

Twice the pods for a moment: a full cluster, a licence or a database with too many connections (C4).
"""

from __future__ import annotations

from ..api.store import Stored
from ..controllers import deployment_math
from ..controllers.deployment import DeploymentController
from ..controllers.deployment_writes import Sync, Working, new_and_old, resize_all
from ..controllers.rolling import desired_replicas
from ..kinds.replicaset import ReplicaSet
from .mutant import Mutant, with_controller


class Bold(DeploymentController):
    """Scales the new ReplicaSet up first."""

    def _roll(self, work: Working, replica_sets: list[Stored]) -> Sync:
        """The new ReplicaSet gets its final size, then the rollout begins."""
        new, _ = yield from new_and_old(work, replica_sets, may_create=True)
        if new is not None:
            plan = deployment_math.resize(work.deployment, new.view(ReplicaSet), desired_replicas(work.deployment))
            yield from resize_all(work, [new], plan)
        return (yield from super()._roll(work, replica_sets))


MUTANT = Mutant(
    id="overshoot",
    title="a rollout exceeds maxSurge",
    story=__doc__,
    change=with_controller("deployment", Bold),
    catches=("DEPLOYMENT-01",),
    scenario="rollout",
)
