"""A kubelet lets every pod in that is bound to its node.

Two schedulers, or a pod created with a node's name, overcommit the node; the kubelet's own check is the last one (catalogue K10).
"""

from __future__ import annotations

from ..kinds.node import Node
from ..kinds.pod import Pod
from ..kubelet.admission import Rejection, Share, Taken
from ..kubelet.rules import Rules
from .mutant import Mutant, with_kubelet
from .scenes import apply, pod, scene


class Hospitable(Rules):
    """Never says no."""

    def admit(self, pod: Pod, share: Share, node: Node, taken: Taken) -> tuple[Rejection, ...]:
        """No objection."""
        return ()


MUTANT = Mutant(
    id="open-door",
    title="a kubelet admits more than its node has",
    story=__doc__,
    rows=("K10",),
    change=with_kubelet(rules=Hospitable),
    catches=("KUBELET-01",),
    scenario=scene(apply(pod("a", cpu="3", nodeName="node"), pod("b", cpu="3", nodeName="node"))),
)
