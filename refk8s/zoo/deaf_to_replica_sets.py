"""The Deployment controller does not hear what its ReplicaSets report.

A missing handler again: the rollout takes its first step, and its status stays that of the beginning.
"""

from __future__ import annotations

from typing import Any

from ..controllers.deployment import DeploymentController
from ..core.hands import Hands
from .mutant import Mutant, with_controller
from .scenes import apply, deployment, scene


class Deaf(DeploymentController):
    """Looks at Deployments only."""

    def on_replica_set(self, hands: Hands, change: Any) -> None:
        """Do nothing."""


MUTANT = Mutant(
    id="deaf-to-replica-sets",
    title="a Deployment does not follow its ReplicaSets",
    story=__doc__,
    change=with_controller("deployment", Deaf),
    catches=("CONV-01", "CONV-05"),
    scenario=scene(apply(deployment(progressDeadlineSeconds=2147483647))),
)
