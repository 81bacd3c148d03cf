"""A pod that has ended keeps the conditions that it had while it ran.

k#108594: a terminal phase with Ready True left pods that were no more in the endpoints of their Services (P5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kubelet.phase import TERMINAL
from ..kubelet.records import Document
from ..kubelet.rules import Rules
from .mutant import Mutant, with_kubelet
from .scenes import annotated, apply, pod, scene


class Optimist(Rules):
    """Reconciles conditions later."""

    def merge(self, api: Mapping[str, Any], status: Document, now: str, *, could_run: bool) -> Document:
        """A terminal phase with the conditions that the API server has."""
        made = super().merge(api, status, now, could_run=could_run)
        return (
            {**made, "conditions": api["conditions"]} if made["phase"] in TERMINAL and api.get("conditions") else made
        )


MUTANT = Mutant(
    id="finished-and-ready",
    title="a pod that has ended stays Ready",
    story=__doc__,
    change=with_kubelet(rules=Optimist),
    catches=("POD-03",),
    scenario=scene(apply(annotated(pod("job", restartPolicy="Never"), behaviour="exit 0 after 2s"))),
)
