"""A kubelet stops a deleted pod's containers and never tells the API server that it is done.

The pod stays Terminating for ever, its name stays taken, and its namespace cannot go (A21; k8s-lite-go loses unbound pods so).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kubelet.records import StatusEntry
from ..kubelet.rules import Rules
from .mutant import Mutant, with_kubelet
from .scenes import apply, delete, pod, scene, wait_running


class Shy(Rules):
    """Never removes a pod."""

    def may_delete(self, document: Mapping[str, Any], entry: StatusEntry) -> bool:
        """Not yet."""
        return False


MUTANT = Mutant(
    id="never-gone",
    title="a deleted pod stays Terminating",
    story=__doc__,
    change=with_kubelet(rules=Shy),
    catches=("CONV-03",),
    scenario=scene(apply(pod("web", terminationGracePeriodSeconds=2)), wait_running("web"), delete("pods", "web")),
)
