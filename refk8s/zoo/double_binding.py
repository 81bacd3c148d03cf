"""A pod is bound though it has a node already.

Two schedulers that decide at the same time both succeed, and two kubelets run the pod, or the room on one node is lost (catalogue K12; k8s-lite-go).
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.store import Document
from .mutant import Mutant, with_api
from .scenes import apply, pod, scene


class GenerousApi(Api):
    """Binds what it is asked to bind."""

    def bind_check(self, pod: Document) -> str:
        """Nothing speaks against it."""
        return ""


MUTANT = Mutant(
    id="double-binding",
    title="two schedulers bind the same pod",
    story=__doc__,
    rows=(
        "K12",
        "zero a",
    ),
    change=with_api(GenerousApi()),
    catches=("SCHED-05", "POD-02", "API-09"),
    scenario=scene(*(apply(pod(f"web-{n}", cpu="900m")) for n in range(8)), nodes=3, components={"schedulers": 2}),
    seeds=40,
    leader_election=False,
)
