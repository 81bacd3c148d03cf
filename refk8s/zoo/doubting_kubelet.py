"""A kubelet shows PodScheduled Unknown for a pod that it runs.

Conditions have owners and a few legal changes; a writer that knows nothing of a condition must leave it alone.
"""

from __future__ import annotations

from ..kubelet.records import Document
from ..kubelet.rules import Rules
from ..kubelet.statuses import Scene
from .mutant import Mutant, with_kubelet


class Doubting(Rules):
    """Does not know who has sent the pod."""

    def status(self, scene: Scene, host_ip: str, *, is_terminal: bool) -> Document:
        """PodScheduled is Unknown."""
        made = super().status(scene, host_ip, is_terminal=is_terminal)
        made["conditions"] = [
            {**c, "status": "Unknown"} if c["type"] == "PodScheduled" else c for c in made["conditions"]
        ]
        return made


MUTANT = Mutant(
    id="doubting-kubelet",
    title="a kubelet takes PodScheduled back",
    story=__doc__,
    change=with_kubelet(rules=Doubting),
    catches=("SCHEDULED-ROWS",),
    scenario="first-pod",
)
