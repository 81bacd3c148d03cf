"""A rollout never takes away old pods that are not healthy.

k#16737: broken pods of the old version used up maxUnavailable, so that nothing could be scaled down, and the version that would have
mended it could not come (catalogue R5).

Its trace is a whole rollout: only when all is quiet is it sure that nothing will come any more, so nothing can be left out of the way there.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ..api.store import Stored
from ..controllers import deployment_math
from ..controllers.deployment import DeploymentController
from ..controllers.deployment_writes import Working, resize_all, views
from ..kinds.replicaset import ReplicaSet
from .mutant import Mutant, with_controller
from .scenes import apply, deployment, scene, sleep


class Tidy(DeploymentController):
    """Leaves the unhealthy alone."""

    def _shrink_old(self, work: Working, new: Stored, old: list[Stored]) -> Generator[Any, Any, bool]:
        """Only what the healthy ones allow."""
        plan = deployment_math.scale_down_old(work.deployment, new.view(ReplicaSet), views(old))
        yield from resize_all(work, old, plan)
        return bool(plan)


BROKEN = deployment(replicas=2, progressDeadlineSeconds=2**31 - 1)
BROKEN["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = {"httpGet": {"path": "/", "port": 80}}

MUTANT = Mutant(
    id="unhealthy-in-the-way",
    title="unhealthy old pods block a rollout",
    story=__doc__,
    rows=("R5",),
    change=with_controller("deployment", Tidy),
    catches=("CONV-01",),
    scenario=scene(
        apply(BROKEN),
        sleep("5s"),
        {"setImage": {"resource": "deployments", "name": "web", "container": "web", "image": "web:2"}},
        behaviours=[{"images": "web:1", "do": "never ready"}],
        heartbeats=False,
    ),
)
