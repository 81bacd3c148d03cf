"""A pod is Ready as soon as its containers run; readiness probes count for the containers only.

Clients reach a server that has not opened its port yet: the class that probes are there for.
"""

from __future__ import annotations

from ..kubelet.records import Document
from ..kubelet.rules import Rules
from ..kubelet.statuses import Scene
from .mutant import Mutant, with_kubelet


class Hasty(Rules):
    """Takes Running for Ready."""

    def status(self, scene: Scene, host_ip: str, *, is_terminal: bool) -> Document:
        """Ready by the phase."""
        made = super().status(scene, host_ip, is_terminal=is_terminal)
        ready = "True" if made["phase"] == "Running" else "False"
        made["conditions"] = [{**c, "status": ready} if c["type"] == "Ready" else c for c in made["conditions"]]
        return made


MUTANT = Mutant(
    id="running-is-ready",
    title="a running pod is Ready whatever its probes say",
    story=__doc__,
    change=with_kubelet(rules=Hasty),
    catches=("POD-04",),
    scenario="rollout",
)
