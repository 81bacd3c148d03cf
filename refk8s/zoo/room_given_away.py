"""A pod's share of the node is free as soon as it is to be deleted, while its containers still stop.

k#104824, k#106884: a forced deletion, or a phase that ends too early, lets another pod in while the old one still uses memory and ports (catalogue L2, K10).
"""

from __future__ import annotations

from ..kubelet.records import TERMINATING, Worker
from ..kubelet.rules import Rules
from .mutant import Mutant, with_kubelet
from .scenes import annotated, apply, delete, pod, scene, wait_running


class Generous(Rules):
    """Counts a pod no longer once it is asked to stop."""

    def releases(self, worker: Worker | None, *, gone: bool) -> bool:
        """When the termination begins."""
        return worker is None or worker.is_terminated or worker.state == TERMINATING


MUTANT = Mutant(
    id="room-given-away",
    title="a terminating pod's room is given to the next one",
    story=__doc__,
    rows=(
        "L2",
        "K10",
    ),
    change=with_kubelet(rules=Generous),
    catches=("KUBELET-01",),
    scenario=scene(
        apply(annotated(pod("old", cpu="3"), behaviour="stop 20s")),
        wait_running("old"),
        delete("pods", "old", gracePeriodSeconds=0),
        apply(pod("new", cpu="3")),
    ),
)
