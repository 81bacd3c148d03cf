"""The pod garbage collector writes how a pod's containers ended.

Container states are the kubelet's to tell: what a controller invents there, restarts and Jobs take for the truth (catalogue P4).
"""

from __future__ import annotations

from typing import Any

from ..api.store import Stored
from ..controllers.podgc import PodCollector
from ..controllers.runtime import patch
from ..core.wire import Request
from .mutant import Mutant, with_controller
from .scenes import apply, delete, pod, scene, wait_running


class Inventive(PodCollector):
    """Makes an end up."""

    def fail_request(self, pod: Stored, condition: dict[str, Any] | None, now: str) -> Request:
        """The pod is Failed, and its containers were killed."""
        ended = {"terminated": {"exitCode": 137, "reason": "Killed", "startedAt": now, "finishedAt": now}}
        containers = [{**c, "state": ended} for c in pod.document["status"].get("containerStatuses") or ()]
        body = {"status": {"phase": "Failed", "containerStatuses": containers}}
        return patch("pods", pod.key, body, "merge", "status")


MUTANT = Mutant(
    id="foreign-hand",
    title="the pod collector writes container states",
    story=__doc__,
    change=with_controller("podgc", Inventive),
    catches=("CONTAINER-ROWS",),
    scenario=scene(
        apply(pod("web")),
        wait_running("web"),
        {"stopNode": {"name": "node"}},
        delete("nodes", "node"),
    ),
)
