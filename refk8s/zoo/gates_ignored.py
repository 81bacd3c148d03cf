"""Readiness gates do not count: a pod is Ready when its containers are.

A load balancer that has to register the pod first (KEP-580) gets no say, and a rolling update takes the last reachable pod away.
"""

from __future__ import annotations

from ..kubelet.records import Document
from ..kubelet.rules import Rules
from ..kubelet.statuses import Scene
from .mutant import Mutant, with_kubelet
from .scenes import apply, pod, scene


class Gateless(Rules):
    """Looks at containers only."""

    def status(self, scene: Scene, host_ip: str, *, is_terminal: bool) -> Document:
        """Ready as ContainersReady is."""
        made = super().status(scene, host_ip, is_terminal=is_terminal)
        ready = next(c["status"] for c in made["conditions"] if c["type"] == "ContainersReady")
        made["conditions"] = [{**c, "status": ready} if c["type"] == "Ready" else c for c in made["conditions"]]
        return made


MUTANT = Mutant(
    id="gates-ignored",
    title="a pod is Ready though its readiness gate is not",
    story=__doc__,
    change=with_kubelet(rules=Gateless),
    catches=("POD-05", "CONV-05"),
    scenario=scene(apply(pod("web", readinessGates=[{"conditionType": "example.com/registered"}]))),
)
