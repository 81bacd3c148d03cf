"""The phase of a finished pod is computed again from the containers that are left of it, which are none.

k#54499, k#58711: Succeeded pods became Pending again after their containers had been collected, and were counted as running (catalogue L1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kubelet.phase import TERMINAL
from ..kubelet.records import Document
from ..kubelet.rules import Rules
from .mutant import Mutant, with_kubelet
from .scenes import annotated, apply, patch, pod, scene, wait


class Recomputing(Rules):
    """Forgets that the pod had ended."""

    def merge(self, api: Mapping[str, Any], status: Document, now: str, *, could_run: bool) -> Document:
        """The status of a pod without containers."""
        made = super().merge(api, status, now, could_run=could_run)
        return {**made, "phase": "Pending"} if api.get("phase") in TERMINAL else made


MUTANT = Mutant(
    id="phase-from-leftovers",
    title="a finished pod becomes Pending again",
    story=__doc__,
    rows=("L1",),
    change=with_kubelet(rules=Recomputing),
    catches=("POD-01", "POD-ROWS"),
    scenario=scene(
        apply(annotated(pod("job", restartPolicy="Never"), behaviour="exit 0 after 2s")),
        wait("pods", "job", "status.phase", "Succeeded"),
        patch("pods", "job", {"status": {"reason": "Seen"}}, subresource="status"),
    ),
)
