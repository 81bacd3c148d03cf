"""status.startTime is the time at which the kubelet looked first, so that it is another one after the kubelet has restarted.

What a process keeps in its memory only, and writes, makes every restart a change (V8: rebuilding all caches must write nothing).
"""

from __future__ import annotations

from ..core.clock import rfc3339
from ..kubelet.records import Document
from ..kubelet.rules import Rules
from ..kubelet.statuses import Scene
from .mutant import Mutant, with_kubelet


class Newborn(Rules):
    """Dates a pod's start anew."""

    def status(self, scene: Scene, host_ip: str, *, is_terminal: bool) -> Document:
        """With the present as the start time."""
        made = super().status(scene, host_ip, is_terminal=is_terminal)
        return {**made, "startTime": rfc3339(scene.now_ms)}


MUTANT = Mutant(
    id="start-time-of-the-kubelet",
    title="a restarted kubelet dates all pods anew",
    story=__doc__,
    change=with_kubelet(rules=Newborn),
    catches=("CONV-05", "CONV-06"),
    scenario="first-pod",
)
