"""A ReplicaSet counts every pod that its selector matches, whoever owns it.

k#24152, k#28328, k#30028: without controller references, controllers with the same selector took each other's pods for theirs, fought over
them, or were content with what another one had made (catalogue G9).
"""

from __future__ import annotations

from ..api.store import Stored
from ..controllers.ranking import is_pod_active
from ..controllers.replicaset import Failure, ReplicaSetController, _selector
from ..core.flight import Cached
from ..kinds.pod import Pod
from .mutant import Mutant, with_controller
from .scenes import apply, replica_set, scene, sleep


class Greedy(ReplicaSetController):
    """Looks at labels only."""

    def _manage(self, stored: Stored, active: list[Pod], count: int) -> Failure:
        """As many as match."""
        selector, cache = _selector(stored), (yield Cached("pods"))
        matching = [pod.view(Pod) for pod in cache.all(stored.namespace) if is_pod_active(pod.view(Pod))]
        found = [pod for pod in matching if selector is not None and selector.matches(pod.metadata.labels)]
        return (yield from super()._manage(stored, found, len(found)))


OTHER = {**replica_set("other", replicas=2)}
OTHER["spec"] = replica_set("web", replicas=2)["spec"]

MUTANT = Mutant(
    id="claimed-by-selector",
    title="two ReplicaSets with the same selector share pods",
    story=__doc__,
    rows=("G9",),
    change=with_controller("replicaset", Greedy),
    catches=("CONV-02",),
    scenario=scene(apply(replica_set(replicas=2)), sleep("3s"), apply(OTHER)),
)
