"""A rollout takes all old pods away at once, whatever maxUnavailable says.

The service is down until the new pods are ready; if they never are, it stays down (C5).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ..api.store import Stored
from ..controllers import deployment_math
from ..controllers.deployment import DeploymentController
from ..controllers.deployment_writes import Working, resize_all, views
from .mutant import Mutant, with_controller


class Ruthless(DeploymentController):
    """Scales old ReplicaSets down to nothing."""

    def _shrink_old(self, work: Working, new: Stored, old: list[Stored]) -> Generator[Any, Any, bool]:
        """All of them, now."""
        plan = deployment_math.scale_down_for_recreate(work.deployment, views(old))
        yield from resize_all(work, old, plan)
        return bool(plan)


MUTANT = Mutant(
    id="outage",
    title="a rollout exceeds maxUnavailable",
    story=__doc__,
    change=with_controller("deployment", Ruthless),
    catches=("DEPLOYMENT-02",),
    scenario="rollout",
)
